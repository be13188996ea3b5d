"""Retries writes while a database is briefly busy or unreachable, and sizes the transactions of a long job.

Rule: other writers wait while one writes, and a server takes the lock away after 5 s. So a long job is
divided into short transactions; the time that the last one took sets the size of the next.
"""

import time
from collections.abc import Callable
from typing import TypeVar

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from liveone.clock import SystemClock
from liveone.store.database import Busy, Unavailable

TRIES, PAUSE_S = 6, 0.5
"""A database that is busy or away gets about half a minute before the work gives up (it can be repeated)."""
TARGET_S = 0.5
"""How long one transaction should hold the lock: a tenth of what a server allows."""
ROWS_FIRST, ROWS_LEAST, ROWS_MOST = 2_000, 50, 20_000

T = TypeVar("T")
_MONOTONIC_S = SystemClock().monotonic_s


def persistently(call: Callable[[], T]) -> T:
    """Call again while the database is busy or out of reach. The call must be one that may be repeated."""
    again = Retrying(
        retry=retry_if_exception_type((Busy, Unavailable)),
        stop=stop_after_attempt(TRIES),
        wait=wait_exponential(PAUSE_S),
        sleep=time.sleep,
        reraise=True,
    )
    return again(call)


class Pace:
    """How many rows to write at once: ``rows``, between ``ROWS_LEAST`` and ``ROWS_MOST``."""

    def __init__(self) -> None:
        self.rows = ROWS_FIRST

    def write(self, count: int, write: Callable[[], T]) -> T:
        """Write ``count`` rows and learn from what it took; from a failure, to write less next time."""
        began_s = _MONOTONIC_S()
        try:
            done = write()
        except (Busy, Unavailable):
            self.rows = max(count // 2, ROWS_LEAST)
            raise
        fitting = int(count * TARGET_S / max(_MONOTONIC_S() - began_s, 0.001))
        # A last, small piece says nothing of how many rows would fit.
        if count >= self.rows or fitting < self.rows:
            self.rows = min(max(fitting, ROWS_LEAST), 2 * self.rows, ROWS_MOST)
        return done
