"""Which readings came in after a place, for those who send them on.

Rule: each system goes on after its newest reading by the device's time; whatever comes in behind that stands
in the log of late spans. So nothing is left out, and a reading needs no number. Where late readings lie among
others, those may be given once more.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import chain

from liveone.domain.reading import Reading
from liveone.store import late, readings
from liveone.store.store import Query, Store


@dataclass(frozen=True, slots=True)
class ArrivalPlace:
    """How far somebody came: the time of the last reading by system (a system that is missing begins with its
    first), the last late span that is done, and in the one after it the time of the last reading."""

    newest_at: Mapping[int, int] = field(default_factory=dict)
    late_id: int = 0
    late_at: int = 0


@dataclass(frozen=True, slots=True)
class Arrival:
    """A reading of a system, and the place behind it."""

    system_id: int
    reading: Reading
    place: ArrivalPlace


def place_now(store: Store) -> ArrivalPlace:
    """Behind everything that is there."""
    return ArrivalPlace(readings.newest_at(store), late.newest_span(store))


def place_of_id(store: Store, reading_id: int) -> ArrivalPlace:
    """Behind the reading with that id, as releases until 0.1 remembered it."""
    rows = store.read("readings_newest_by_id", reading_id)
    return ArrivalPlace({int(system_id): int(at) for system_id, at in rows}, late.newest_span(store))  # type: ignore[arg-type]


def after(store: Store, place: ArrivalPlace, most: int, chosen: Collection[int] = ()) -> list[Arrival]:
    """At most ``most`` readings after a place: late ones, then each system's newest, in order of time.

    ``chosen`` are the systems; empty means all. A place that the database does not know, as after a backup
    was put back, is brought back to what is there.
    """
    there = {key: at for key, at in readings.newest_at(store).items() if not chosen or key in chosen}
    known = {key: min(place.newest_at.get(key, 0), at) for key, at in there.items()}
    late_id = min(place.late_id, late.newest_span(store))
    late_at = place.late_at if late_id == place.late_id else 0
    found, behind = _late(store, ArrivalPlace(known, late_id, late_at), most)
    return found or _newest(store, behind, there, most)


def _newest(store: Store, place: ArrivalPlace, there: Mapping[int, int], most: int) -> list[Arrival]:
    waiting = [(key, place.newest_at[key], at) for key, at in there.items() if at > place.newest_at[key]]
    pages = store.snapshot([Query("readings_after", (*span, most)) for span in waiting]) if waiting else []
    rows = chain.from_iterable(
        ((key, readings.reading_of(row)) for row in page)
        for (key, _, _), page in zip(waiting, pages, strict=True)
    )
    found = []
    for key, reading in sorted(rows, key=lambda row: (row[1].inverter_time, row[0]))[:most]:
        newest_at = {**place.newest_at, key: reading.inverter_time}
        place = ArrivalPlace(newest_at, place.late_id)
        found.append(Arrival(key, reading, place))
    return found


def _late(store: Store, place: ArrivalPlace, most: int) -> tuple[list[Arrival], ArrivalPlace]:
    """The readings of the next late span that has any, with the place behind them."""
    for span_id, (system_id, from_at, to_at) in late.spans_after(store, place.late_id):
        until_at = min(to_at, place.newest_at.get(system_id, 0))
        rows = store.read("readings_after", system_id, max(from_at, place.late_at), until_at, most)
        behind = ArrivalPlace(place.newest_at, span_id)
        if rows:
            places = [ArrivalPlace(place.newest_at, place.late_id, int(row[0])) for row in rows]  # type: ignore[arg-type]
            if len(rows) < most:
                places[-1] = behind
            found = zip(rows, places, strict=True)
            return [Arrival(system_id, readings.reading_of(row), each) for row, each in found], behind
        place = behind
    return [], place
