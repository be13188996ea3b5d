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
from liveone.store import aggregates, arrivals, readings, systems
from liveone.store.arrivals import Arrival, ArrivalPlace
from liveone.store.store import Store


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
    """Readings as they come in; see ``arrivals``. ``chosen`` are the systems; empty means all of them."""

    def __init__(self, store: Store, chosen: Collection[int] = ()) -> None:
        self._store, self._chosen = store, frozenset(chosen)

    def start(self) -> dict[str, Any]:
        """Behind the newest reading of each system."""
        return _cursor(arrivals.place_now(self._store))

    def after(self, cursor: Any, most: int) -> Sequence[OutgoingItem]:
        """A cursor that is none, as after a release that counted otherwise, starts anew."""
        found = arrivals.after(self._store, self._place(cursor), most, self._chosen)
        return self._items(found)

    def newest(self) -> OutgoingItem | None:
        """The reading that came in last."""
        there = readings.newest_at(self._store)
        known = {key: at for key, at in there.items() if not self._chosen or key in self._chosen}
        if not known:
            return None
        last = max(known, key=lambda key: known[key])
        (reading,) = readings.between(self._store, last, known[last] - 1, known[last])
        return self._items([Arrival(last, reading, arrivals.place_now(self._store))])[0]

    def _items(self, found: Sequence[Arrival]) -> list[OutgoingItem]:
        names = (
            {system.id: system.display_name for system in systems.list_systems(self._store)} if found else {}
        )
        return [
            OutgoingItem(
                _cursor(each.place), "reading", each.system_id, names.get(each.system_id, ""),
                each.reading.inverter_time, f"reading-{each.system_id}-{each.reading.inverter_time}",
                _values(each.reading),
            )
            for each in found
        ]  # fmt: skip

    def _place(self, cursor: Any) -> ArrivalPlace:
        match cursor:
            case {"newest": dict(newest), "late": [int(late_id), int(late_at)]}:
                return ArrivalPlace({int(key): int(at) for key, at in newest.items()}, late_id, late_at)
            case int(reading_id):
                return arrivals.place_of_id(self._store, reading_id)
            case _:
                return arrivals.place_now(self._store)


def _cursor(place: ArrivalPlace) -> dict[str, Any]:
    newest = {str(key): at for key, at in place.newest_at.items()}
    return {"newest": newest, "late": [place.late_id, place.late_at]}


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
