"""Schedules the next poll of each system by the monotonic clock; the wall clock only gives the grid. Pure.

Rule: a system has one next poll, at most one cadence away unless it is slowed down. So a wall clock that
jumps by hours neither stalls a system nor makes it due twice. A machine that slept goes on at the next moment
of the grid, and does not catch up.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from liveone.collect.polling import grid
from liveone.domain.system import System
from liveone.errors import LiveOneError
from liveone.vendors.base import CredentialsRefused, RateLimited, SiteNotFound

SLOWEST_S = 3600.0
"""The longest back-off that we choose."""

PATIENCE_S = 24 * 3600.0
"""The longest wait that a portal can ask for."""

RETRIED_FAILURES = 10
"""After so many failed polls in a row a system is polled only once a minute, until it answers."""

REST = 0.95
"""The least share of a cadence between a poll off the grid and the next one.

So a start moves towards the grid by 3 of 60 s each time, for a quarter of an hour at most, and misses no
reading; a larger step would.
"""

FIRST_SPACING_S, FIRST_WITHIN = 0.04, 2 / 3
"""Seconds between first polls of systems that appear together, all within this share of a cadence."""


@dataclass(slots=True)
class ScheduledSystem:
    """The place of one system in the schedule. ``due_s`` and ``retry_s`` are monotonic seconds.

    ``late_s`` is by how much the last poll came after them. ``off_grid``: it is not due on its own second of
    the minute; the next poll comes ``REST`` of a cadence later, nearer to the grid.
    """

    system: System
    offset_s: int
    due_s: float
    retry_s: float | None = None
    late_s: float = 0.0
    off_grid: bool = True
    failures: int = 0
    refusals: int = 0
    slowed_by: LiveOneError | None = None
    sample_at: int | None = None
    repeats: int = 0


@dataclass(frozen=True, slots=True)
class Moment:
    """Both clocks at once: ``now_at`` in UTC epoch seconds, ``monotonic_s`` since some start."""

    now_at: float
    monotonic_s: float


class Schedule:
    """The entries of all systems at one cadence."""

    def __init__(self, cadence_s: int) -> None:
        self._cadence_s = cadence_s
        self._entries: dict[int, ScheduledSystem] = {}

    def update(self, systems: Sequence[System], moment: Moment) -> None:
        """Add systems that appeared, remove those gone or inactive, keep the entries of the others."""
        active = {system.id: system for system in systems if system.is_active}
        self._entries = {key: entry for key, entry in self._entries.items() if key in active}
        for key, entry in self._entries.items():
            entry.system = active[key]
        new = [system for key, system in active.items() if key not in self._entries]
        spacing_s = min(FIRST_SPACING_S, self._cadence_s * FIRST_WITHIN / max(1, len(new)))
        for place, system in enumerate(new):
            offset_s = grid.offset_s(system.vendor_type, system.vendor_site_id, self._cadence_s)
            self._entries[system.id] = ScheduledSystem(
                system, offset_s, moment.monotonic_s + place * spacing_s
            )

    def entries(self) -> list[ScheduledSystem]:
        """All entries, in the order of the systems."""
        return list(self._entries.values())

    def due(self, moment: Moment) -> list[ScheduledSystem]:
        """The entries to poll now; each is moved on to its next moment of the grid."""
        return [entry for entry in self._entries.values() if self._is_due(entry, moment)]

    def next_s(self) -> float:
        """Monotonic seconds of the earliest entry; infinity without systems."""
        return min(
            (min(entry.due_s, entry.retry_s or entry.due_s) for entry in self.entries()), default=math.inf
        )

    def postpone(self, entry: ScheduledSystem, moment: Moment, wait_s: float) -> None:
        """Poll a system in ``wait_s``, or at its next moment of the grid if that comes soon after."""
        entry.retry_s = None
        on_grid_s = self._on_grid(entry, moment, at_least_s=wait_s)
        entry.off_grid = on_grid_s > moment.monotonic_s + wait_s + self._cadence_s / 4
        entry.due_s = moment.monotonic_s + wait_s if entry.off_grid else on_grid_s

    def reschedule(
        self,
        entry: ScheduledSystem,
        moment: Moment,
        *,
        error: LiveOneError | None = None,
        sample_at: int | None = None,
    ) -> bool:
        """Plan the next poll after one that ended; True if it is tried again within the minute.

        That is so after an error that may pass, and after the first repeat of a sample (``sample_at`` is its
        time by the device's clock), because portals fail in both ways.
        """
        entry.repeats = entry.repeats + 1 if sample_at is not None and sample_at == entry.sample_at else 0
        entry.sample_at = sample_at or entry.sample_at
        entry.failures = 0 if error is None else entry.failures + 1
        if isinstance(error, CredentialsRefused | SiteNotFound | RateLimited):
            self._slow_down(entry, error, moment)
            return False
        if error is None:
            entry.refusals, entry.slowed_by = 0, None
        again = (
            entry.repeats == 1 if error is None else error.retryable and entry.failures <= RETRIED_FAILURES
        )
        entry.retry_s = self._retry_s(entry, moment) if again else None
        return entry.retry_s is not None

    def _is_due(self, entry: ScheduledSystem, moment: Moment) -> bool:
        late_s = moment.monotonic_s - entry.due_s
        if late_s >= 0:
            entry.retry_s, entry.late_s = None, late_s
            if entry.off_grid and late_s <= self._cadence_s:
                self.postpone(entry, moment, self._cadence_s * REST)
            else:
                # At least half a cadence away: where the wall clock was set back
                # a little, the moment that has just come would come once more.
                half_s = self._cadence_s * 0.5 if late_s <= self._cadence_s else 0.0
                entry.due_s, entry.off_grid = self._on_grid(entry, moment, at_least_s=half_s), False
            return late_s <= self._cadence_s
        if entry.retry_s is not None and entry.retry_s <= moment.monotonic_s:
            entry.late_s = moment.monotonic_s - entry.retry_s
            entry.retry_s = None
            return True
        return False

    def _on_grid(self, entry: ScheduledSystem, moment: Moment, *, at_least_s: float) -> float:
        wait_s = grid.wait_s(moment.now_at, entry.offset_s, self._cadence_s, at_least_s=at_least_s)
        return moment.monotonic_s + wait_s

    def _retry_s(self, entry: ScheduledSystem, moment: Moment) -> float | None:
        wait_s = entry.due_s - moment.monotonic_s
        # Follows from the system, not from chance: a thousand that
        # failed together come back spread, the same way each time.
        share = entry.offset_s * 7 % self._cadence_s / self._cadence_s
        delay_s = grid.retry_wait_s(moment.now_at, wait_s, self._cadence_s, share=share)
        if delay_s is None or delay_s >= wait_s:
            return None
        return moment.monotonic_s + delay_s

    def _slow_down(self, entry: ScheduledSystem, error: LiveOneError, moment: Moment) -> None:
        entry.refusals += 1
        entry.slowed_by = error
        entry.retry_s = None
        # The exponent is bounded, or a thousand refusals overflow the float before min() cuts it.
        least_s = min(SLOWEST_S, self._cadence_s * 2.0 ** min(entry.refusals - 1, 20))
        asked_s = error.retry_after_s if isinstance(error, RateLimited) else None
        if asked_s is not None:
            least_s = min(PATIENCE_S, max(asked_s, self._cadence_s / 2))
        entry.due_s = self._on_grid(entry, moment, at_least_s=least_s)
