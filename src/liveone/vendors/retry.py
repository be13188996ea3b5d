"""Try again, a bounded number of times, inside a deadline, with a growing pause that differs each time."""

import random
from collections.abc import Callable
from typing import TypeVar

from liveone.vendors.base import TemporaryFailure
from timed_http.deadline import Deadline

ATTEMPTS_MAX = 3
PAUSE_S = 0.5
"""The first pause is up to this long, each next one up to twice the one before."""

T = TypeVar("T")


def with_retries(attempt: Callable[[Deadline], T], *, timeout_s: float, pause: Callable[[float], None]) -> T:
    """The result of the first attempt that does not end in TemporaryFailure, else the last failure.

    All attempts and pauses together take at most ``timeout_s``, and one attempt at most half of it, so
    that a server that hangs once can still be asked a second time.
    """
    deadline = Deadline(timeout_s)
    for number in range(ATTEMPTS_MAX):
        try:
            return attempt(deadline.within(timeout_s / 2))
        except TemporaryFailure:
            wait_s = PAUSE_S * 2**number * (0.5 + random.random() / 2)
            if number == ATTEMPTS_MAX - 1 or wait_s >= deadline.left_s():
                raise
            pause(wait_s)
    raise AssertionError("unreachable")
