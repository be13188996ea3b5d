"""The newest frame of the server's log that we know of (the replication index). It serves two purposes.

A replica asked with the index of our last write waits until it has it, so that we read what we wrote; and
an index that differs says that somebody has committed. After a crash of its primary a server counts anew:
an answer to something asked after all we know of is believed even when it is lower.
"""

import threading
from collections.abc import Mapping
from typing import Any

from liveone.clock import SystemClock

_MONOTONIC_S = SystemClock().monotonic_s


class Frames:
    """The newest frame known of. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._index: int | None = None
        self._noted_s = 0.0

    @property
    def index(self) -> int | None:
        """The newest frame, None before the first answer."""
        return self._index

    def age_s(self) -> float:
        """How long ago the server last said which frame is its newest."""
        return _MONOTONIC_S() - self._noted_s if self._noted_s else float("inf")

    def note(self, answered: Mapping[str, Any], asked_s: float) -> None:
        """Take the index from an answer to what was asked at ``asked_s`` (monotonic seconds)."""
        given = answered.get("replication_index")
        if given is None:
            return
        with self._lock:
            known = self._index
            fresh = known is None or asked_s >= self._noted_s
            # Answers may overtake each other: one to an older question may only raise the number.
            self._index = int(given) if fresh or known is None else max(known, int(given))
            self._noted_s = _MONOTONIC_S()
