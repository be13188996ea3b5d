"""A device that is asked more often than readings are made, where its owner wants it: the page moves with it.

Rule: every answer counts, for as long as it held, in the mean that a reading takes. Nothing is asked before
the first poll, and a device that fails is left alone for a while.
"""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar

from liveone.domain.reading import Reading
from liveone.errors import LiveOneError
from liveone.vendors.adapter import Adapter
from liveone.vendors.base import Memory, Poll, VendorAccount
from liveone.vendors.means import HeldMean
from liveone.vendors.numbers import whole_watts
from liveone.vendors.parameters import Settings, VendorParameter
from timed_http.deadline import Deadline

EVERY = VendorParameter(
    "every_s", "Ask every (s)", "number", lowest=1, highest=60,
    help="For a page that moves by the second; readings are kept as ever, each the mean of all answers.",
)  # fmt: skip
WATTS = ("solar_w", "solar_inverter_w", "shunt_w", "load_w", "battery_w", "grid_w")
HELD_TIMES = 3
"""An answer counts until so many more should have come."""

ASK_S, AFTER_FAILURE_S = 5.0, 10.0


class FollowedAdapter(Adapter):
    """An adapter with ``every_s`` among its parameters. Without it, it is asked when it is polled alone."""

    parameters: ClassVar[tuple[VendorParameter, ...]] = (EVERY,)

    def __init__(self, account: VendorAccount) -> None:
        super().__init__(account)
        every_s = self.settings.get(EVERY.name)
        self._every_s = None if every_s is None else float(every_s)
        self._guard = threading.Lock()
        self._follower: threading.Thread | None = None
        self._newest: tuple[float, Poll] | None = None
        self._means = {name: HeldMean() for name in WATTS}
        self.on_value: Callable[[], None] = lambda: None
        """Called after each answer, in the thread that asked."""

    @classmethod
    def streams(cls, settings: Settings) -> bool:
        """Whether it is asked between polls, with these settings."""
        return settings.get(EVERY.name) is not None

    def poll(self, vendor_site_id: str, *, memory: Memory, now_at: float) -> Poll:
        """The newest sample; of one that is followed its powers on average since the last poll."""
        if self._every_s is None:
            return super().poll(vendor_site_id, memory=memory, now_at=now_at)
        self._follow()
        poll = self.newest(now_at)
        if poll is None:
            return super().poll(vendor_site_id, memory=memory, now_at=now_at)
        return replace(poll, reading=self._mean(poll.reading, now_at), memory=memory)

    def newest(self, now_at: float) -> Poll | None:
        """The last answer, while it counts."""
        with self._guard:
            if self._newest is None or time.monotonic() - self._newest[0] > self._holds_s():
                return None
            return self._newest[1]

    def close(self) -> None:
        """Ask no more."""
        super().close()
        if self._follower is not None and self._follower is not threading.current_thread():
            self._follower.join(ASK_S + 1)

    def _holds_s(self) -> float:
        return HELD_TIMES * (self._every_s or 0.0)

    def _follow(self) -> None:
        with self._guard:
            if self._follower is None and not self._closed.is_set():
                self._follower = threading.Thread(target=self._ask_on, name=repr(self), daemon=True)
                self._follower.start()

    def _ask_on(self) -> None:
        """Ask on a grid of ``every_s``; what took longer than that leaves its turns out."""
        every_s = self._every_s or AFTER_FAILURE_S
        due_s = time.monotonic()
        while not self._closed.is_set():
            failed = not self._ask_once()
            now_s = time.monotonic()
            due_s += every_s * max(1, -(-(now_s - due_s) // every_s))
            self._closed.wait(AFTER_FAILURE_S if failed else due_s - now_s)

    def _ask_once(self) -> bool:
        with suppress(LiveOneError):
            poll = self.read(self.ask(Deadline(ASK_S)), self.settings, now_at=time.time())
            self._note(poll)
            self.on_value()
            return True
        return False

    def _note(self, poll: Poll) -> None:
        now_s = time.monotonic()
        with self._guard:
            self._newest = now_s, poll
            for name, mean in self._means.items():
                mean.note(now_s, getattr(poll.reading, name), self._holds_s())

    def _mean(self, reading: Reading, now_at: float) -> Reading:
        """A reading whose powers are means. What the last answer lacks is absent."""
        now_s = time.monotonic()
        with self._guard:
            taken = {name: mean.take(now_s, self._holds_s()) for name, mean in self._means.items()}
        found: Mapping[str, Any] = {
            name: whole_watts(value) for name, value in taken.items() if getattr(reading, name) is not None
        }
        return replace(reading, received_time=int(now_at), **found)
