"""The past of a source, from what its device remembers: history where LiveOne has none of its own.

Rule: an hour of which there is a value already stays as it is, so that what was polled is never replaced, and
the same again changes nothing. What comes in is an import: it stands in the log of changes and can be undone.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, runtime_checkable

from liveone.domain.averages import Timed
from liveone.domain.reading import Reading
from liveone.domain.sources import ROLE_FIELDS, HouseSource, SourceReading, merge
from liveone.errors import BadInput
from liveone.store import bulk, readings
from liveone.store import sources as stored
from liveone.store.bulk import Imported, Terms
from liveone.store.changes import ChangeEntry
from liveone.store.readings import row_of
from liveone.store.store import Store
from liveone.transfer.fields import column_of
from liveone.wiring.house_sources import SourceBook
from liveone.wiring.push_intake import is_alone

HOUR_S, DAY_S = 3600, 86_400


@runtime_checkable
class Remembers(Protocol):
    """A device, or a program, that keeps history."""

    def backfill(self, start_at: int, end_at: int) -> Iterator[Timed]:
        """What it remembers of ``(start_at, end_at]``, oldest first, in the house's units and signs."""
        ...


def backfill_source(
    store: Store, book: SourceBook, source: HouseSource, start_at: int, end_at: int, *, made_by: str
) -> Imported:
    """Bring in what a source remembers of ``(start_at, end_at]``. Raises LiveOneError."""
    vendor: object = None if source.is_pushed else book.vendor(source)
    if not isinstance(vendor, Remembers):
        raise BadInput(
            f"{source.name} ({source.vendor_type}) keeps no history that could be asked for",
            hint="A file of it comes in by `liveone import`.",
        )
    fields = _fields(source)
    _refuse_shared(source, stored.list_sources(store, source.system_id))
    alone = is_alone(store, source)
    rows = (
        row_of(_reading(source, fields, moment, alone=alone))
        for day in _days(vendor.backfill(start_at, end_at), fields)
        for moment in _without_known(store, source.system_id, fields, day)
    )
    terms = Terms(
        ChangeEntry("import", f"what {source.name} remembers", made_by), [column_of(name) for name in fields]
    )
    return bulk.import_readings(store, source.system_id, rows, terms=terms)


def _fields(source: HouseSource) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for role in source.roles for name in ROLE_FIELDS[role]))


def _refuse_shared(source: HouseSource, others: Sequence[HouseSource]) -> None:
    """The history of one of several parts of a sum would be taken for the whole. Raises BadInput."""
    for other in others:
        if other.id != source.id and (shared := set(other.roles) & set(source.roles)):
            raise BadInput(
                f"{source.name} and {other.name} both give {', '.join(sorted(shared))}",
                hint="The history of one of them alone would be too little; leave that role out of one.",
            )


def _days(moments: Iterable[Timed], fields: Sequence[str]) -> Iterator[list[Timed]]:
    """The moments with their values of these fields, a day at a time."""
    day: list[Timed] = []
    for at, values in moments:
        kept = {name: value for name, value in values.items() if name in fields}
        if day and at // DAY_S != day[0][0] // DAY_S:
            yield day
            day = []
        if kept:
            day.append((at, kept))
    if day:
        yield day


def _without_known(store: Store, system_id: int, fields: Sequence[str], day: Sequence[Timed]) -> list[Timed]:
    """Each value of whose field nothing is known in its hour."""
    there = readings.between(store, system_id, _hour(day[0][0]) - HOUR_S, _hour(day[-1][0]))
    known: defaultdict[int, set[str]] = defaultdict(set)
    for reading in there:
        known[_hour(reading.inverter_time)].update(
            name for name in fields if getattr(reading, name) is not None
        )
    kept = [
        (at, {name: value for name, value in values.items() if name not in known[_hour(at)]})
        for at, values in day
    ]
    return [(at, values) for at, values in kept if values]


def _hour(at: int) -> int:
    """The end of the hour that a moment belongs to."""
    return -(-at // HOUR_S) * HOUR_S


def _reading(source: HouseSource, fields: Sequence[str], moment: Timed, *, alone: bool) -> Reading:
    """The load follows from the balance where nothing else gives readings of the house."""
    at, values = moment
    reading = Reading(inverter_time=at, received_time=at, **values)
    if not alone:
        return reading
    given = frozenset(values) & frozenset(fields)
    part = SourceReading(source.name, frozenset(source.roles), given, reading)
    return merge([part], now_at=at, late_s=float("inf")).reading or reading
