"""What there is to send after a place in the database, in order."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any, Protocol

from liveone.clock import Clock
from liveone.domain.quality import CLOSED
from liveone.domain.system import System
from liveone.domain.zones import zone_of
from liveone.outgoing.outlet import OutgoingItem
from liveone.store import aggregates, readings, systems
from liveone.store.store import Store

AWAY_MOST = 500_000
"""Readings that are caught up with, a year of one system; older ones are passed over."""


class Pages(Protocol):
    """Where items come from."""

    def start(self) -> Any:
        """The cursor behind everything there is now."""
        ...

    def after(self, cursor: Any, most: int) -> Sequence[OutgoingItem]:
        """At most ``most`` items after a cursor."""
        ...

    def newest(self) -> OutgoingItem | None:
        """The last item that there is."""
        ...


class ReadingPages:
    """Readings in the order in which they came in. ``chosen`` are the systems; empty means all of them."""

    def __init__(self, store: Store, chosen: Collection[int] = ()) -> None:
        self._store, self._chosen = store, frozenset(chosen)

    def start(self) -> int:
        """Behind the newest reading."""
        return readings.newest_id(self._store)

    def after(self, cursor: Any, most: int) -> Sequence[OutgoingItem]:
        """A cursor that the database does not know, as after a backup was put back, starts anew."""
        newest = self.start()
        place = cursor if isinstance(cursor, int) and cursor <= newest else newest
        rows = readings.after_id(self._store, max(place, newest - AWAY_MOST), most)
        names = (
            {system.id: system.display_name for system in systems.list_systems(self._store)} if rows else {}
        )
        return [
            OutgoingItem(
                row.id, "reading", row.system_id, names.get(row.system_id, ""), row.reading.inverter_time,
                f"reading-{row.system_id}-{row.reading.inverter_time}",
                _values(row.reading) if not self._chosen or row.system_id in self._chosen else {},
            )
            for row in rows
        ]  # fmt: skip

    def newest(self) -> OutgoingItem | None:
        """The reading that came in last."""
        found = self.after(self.start() - 1, 1)
        return found[0] if found else None


class DayPages:
    """Closed local days, each system's in their order; the cursor is the last day of each system."""

    def __init__(self, store: Store, clock: Clock, chosen: Collection[int] = ()) -> None:
        self._store, self._clock, self._chosen = store, clock, frozenset(chosen)

    def start(self) -> dict[str, str]:
        """Behind yesterday of each system."""
        return {str(system.id): self._yesterday(system) for system in self._systems()}

    def after(self, cursor: Any, most: int) -> Sequence[OutgoingItem]:
        """A system that is new begins today."""
        place = dict(cursor) if isinstance(cursor, dict) else self.start()
        found: list[OutgoingItem] = []
        for system in self._systems():
            last = place.setdefault(str(system.id), self._yesterday(system))
            for day in aggregates.days(self._store, system.id, _next(last), self._yesterday(system)):
                if day.version != CLOSED or len(found) >= most:
                    break
                place = {**place, str(system.id): day.day}
                values = {name: value for name, value in asdict(day).items() if name not in ("version",)}
                end_at = zone_of(system).bounds(day.day)[1]
                key = f"day-{system.id}-{day.day}"
                found.append(OutgoingItem(place, "day", system.id, system.display_name, end_at, key, values))
        return found

    def newest(self) -> OutgoingItem | None:
        """The last day that was closed, of the first system that has one in a month."""
        for system in self._systems():
            month_ago = (date.fromisoformat(self._yesterday(system)) - timedelta(days=31)).isoformat()
            if found := self.after({**self.start(), str(system.id): month_ago}, 31):
                return found[-1]
        return None

    def _systems(self) -> list[System]:
        return [
            each for each in systems.list_systems(self._store) if not self._chosen or each.id in self._chosen
        ]

    def _yesterday(self, system: System) -> str:
        today = zone_of(system).day_of(int(self._clock.now_at()))
        return (date.fromisoformat(today) - timedelta(days=1)).isoformat()


def _next(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def _values(reading: Any) -> dict[str, Any]:
    return {
        name: value
        for name, value in asdict(reading).items()
        if name not in ("inverter_time", "received_time") and value is not None
    }
