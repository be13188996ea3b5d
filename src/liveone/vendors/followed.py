"""A device that is asked more often than readings are made, where its owner wants it: the page moves with it.

Rule: every answer counts, for as long as it held, in the mean that a reading and its points take. Nothing is
asked before the first poll, and a device that fails is left alone for a while.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from liveone.domain.points import Point
from liveone.domain.reading import Reading
from liveone.errors import LiveOneError
from liveone.vendors.adapter import Adapter
from liveone.vendors.base import CredentialsRefused, Memory, Poll, RateLimited, VendorAccount
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
AFTER_REFUSAL_S = 300.0
"""Devices lock out who tries a wrong password too often."""


class FollowedAdapter(Adapter):
    """An adapter with ``every_s`` among its parameters. Without it, it is asked when it is polled alone.

    Of several bases it is the first: ``class Meter(FollowedAdapter, HttpAdapter)``. ``ask_s`` bounds one
    question between polls.
    """

    parameters: ClassVar[tuple[VendorParameter, ...]] = (EVERY,)
    ask_s: ClassVar[float] = ASK_S

    def __init__(self, account: VendorAccount) -> None:
        super().__init__(account)
        every_s = self.settings.get(EVERY.name)
        self._every_s = None if every_s is None else float(every_s)
        self._guard = threading.Lock()
        self._follower: threading.Thread | None = None
        self._newest: tuple[float, Poll] | None = None
        self._means = {name: HeldMean() for name in WATTS}
        self._point_means: dict[tuple[str, str], HeldMean] = {}
        self.on_value: Callable[[], None] = lambda: None
        """Called after each answer, in the thread that asked."""

    @classmethod
    def streams(cls, settings: Settings) -> bool:
        """Whether it is asked between polls, with these settings."""
        return settings.get(EVERY.name) is not None

    def poll(self, vendor_site_id: str, *, memory: Memory, now_at: float) -> Poll:
        """The newest sample; of one that is followed its powers, and its points that are no counters, on
        average since the last poll."""
        if self._every_s is None:
            return super().poll(vendor_site_id, memory=memory, now_at=now_at)
        poll = self.newest(now_at)
        if poll is None:
            poll = super().poll(vendor_site_id, memory=memory, now_at=now_at)
            self._follow()
            return poll
        reading, points = self._mean(poll.reading, now_at), self._mean_points(poll.points)
        return replace(poll, reading=reading, points=points, memory=memory)

    def newest(self, now_at: float) -> Poll | None:
        """The last answer, while it counts."""
        with self._guard:
            if self._newest is None or time.monotonic() - self._newest[0] > self._holds_s():
                return None
            return self._newest[1]

    def close(self) -> None:
        """Ask no more, then release what is open: nobody is using it any longer."""
        self._closed.set()
        if self._follower is not None and self._follower is not threading.current_thread():
            self._follower.join(self.ask_s + 1)
        super().close()

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
            pause_s = self._ask_once()
            now_s = time.monotonic()
            due_s += every_s * max(1, -(-(now_s - due_s) // every_s))
            self._closed.wait(max(pause_s, due_s - now_s))

    def _ask_once(self) -> float:
        """Ask, and how long the device is to be left alone then: 0 where it answered."""
        try:
            poll = self.read(self.ask(Deadline(self.ask_s)), self.settings, now_at=time.time())
        except RateLimited as error:
            return max(AFTER_FAILURE_S, error.retry_after_s or 0.0)
        except CredentialsRefused:
            return AFTER_REFUSAL_S
        except LiveOneError:
            return AFTER_FAILURE_S
        self._note(poll)
        self.on_value()
        return 0.0

    def _note(self, poll: Poll) -> None:
        now_s = time.monotonic()
        with self._guard:
            self._newest = now_s, poll
            for name, mean in self._means.items():
                mean.note(now_s, getattr(poll.reading, name), self._holds_s())
            values = {(each.key, each.unit): each.value for each in poll.points if not each.is_counter}
            for address in values.keys() | self._point_means.keys():
                mean = self._point_means.setdefault(address, HeldMean())
                mean.note(now_s, values.get(address), self._holds_s())

    def _mean(self, reading: Reading, now_at: float) -> Reading:
        """A reading whose powers are means. What the last answer lacks is absent."""
        now_s = time.monotonic()
        with self._guard:
            taken = {name: mean.take(now_s, self._holds_s()) for name, mean in self._means.items()}
        found: Mapping[str, Any] = {
            name: whole_watts(value) for name, value in taken.items() if getattr(reading, name) is not None
        }
        return replace(reading, received_time=int(now_at), **found)

    def _mean_points(self, points: tuple[Point, ...]) -> tuple[Point, ...]:
        """Points whose values are means, but for counters. One that the last answer lacks is absent."""
        now_s, holds_s = time.monotonic(), self._holds_s()
        with self._guard:
            taken = {address: mean.take(now_s, holds_s) for address, mean in self._point_means.items()}
        means = {address: round(value, 3) for address, value in taken.items() if value is not None}
        return tuple(replace(each, value=means.get((each.key, each.unit), each.value)) for each in points)
