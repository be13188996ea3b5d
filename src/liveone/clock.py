"""The only reader of the system clock.

Instants are UTC epoch seconds; elapsed time uses the monotonic clock, which never steps.
"""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Time as an interface, so that a simulation can run a month in a minute."""

    def now_at(self) -> float:
        """The current instant in UTC epoch seconds; may step when the machine's clock is set."""
        ...

    def monotonic_s(self) -> float:
        """Seconds since an arbitrary start; never goes back."""
        ...

    async def sleep(self, seconds_s: float) -> None:
        """Return after ``seconds_s`` seconds of this clock."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_at(self) -> float:
        return time.time()

    def monotonic_s(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds_s: float) -> None:
        await asyncio.sleep(max(0.0, seconds_s))
