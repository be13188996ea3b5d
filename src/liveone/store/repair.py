"""Readings taken away, made partly absent, or put back, with everything that follows from them.

Rule: a piece of some thousand readings a transaction, each of which leaves the database right: what was there
is kept aside, 5-minute rows follow, days are opened again. So it may be interrupted, repeated and undone.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from liveone.domain.zones import zone_of
from liveone.errors import BadInput, sentence
from liveone.store import aggregates, changes, point_repair
from liveone.store.changes import Change, ChangeEntry
from liveone.store.database import CannotHold
from liveone.store.patience import persistently
from liveone.store.ranges import aggregate_steps, aligned
from liveone.store.readings import READING_COLUMNS
from liveone.store.reopen import touched_days
from liveone.store.store import Query, Store
from liveone.store.systems import get_system

PIECE_ROWS = 5_000
FREE_COLUMNS = frozenset(READING_COLUMNS[2:])
"""What may be made absent: everything but the times."""

Progress = Callable[[int], None]
"""Told how far the work has come: UTC epoch seconds."""


@dataclass(frozen=True, slots=True)
class SpanCounts:
    """The readings in a span: how many, and when the first and the last were taken."""

    readings: int
    first_at: int | None
    last_at: int | None


def standing(store: Store, system_id: int, from_at: int, to_at: int) -> SpanCounts:
    """What ``take_out`` would concern; nothing is written."""
    ((count, first_at, last_at),) = store.read("readings_count_range", system_id, from_at, to_at)
    return SpanCounts(int(count or 0), first_at, last_at)  # type: ignore[arg-type]


def take_out(
    store: Store, system_id: int, entry: ChangeEntry, progress: Progress = lambda at: None
) -> Change:
    """Take the readings of ``(from_at, to_at]`` out, or make their ``fields`` absent; as the entry says.

    Raises BadInput for a field that there is none of, CannotHold where the database takes no absent values.
    """
    from_at, to_at = entry.from_at or 0, entry.to_at or 0
    if unknown := set(entry.fields) - FREE_COLUMNS:
        known = ", ".join(READING_COLUMNS[2:])
        raise BadInput(
            sentence("no column is called {name}", name=repr(min(unknown))),
            hint=sentence("Known: {names}.", names=known),
        )
    if entry.fields and not store.holds_partial:
        raise CannotHold(
            sentence("database {label} holds no reading with absent values", label=store.database.label),
            hint=sentence("Exclude whole readings: leave --column out."),
        )
    change_id = changes.begin(store, system_id, entry)
    for start_at, end_at in _pieces(store, change_id, system_id, (from_at, to_at)):
        persistently(partial(_take_piece, store, change_id, (system_id, start_at, end_at), entry))
        progress(end_at)
    system = get_system(store, system_id)
    if system is not None and not entry.fields:
        point_repair.take_out(store, change_id, system, (from_at, to_at))
    changes.end(store, change_id)
    return _known(store, change_id)


def undo(store: Store, change_id: int, made_by: str, progress: Progress = lambda at: None) -> Change:
    """Take a change back: what it added goes, what it took away or altered is as it was.

    Raises BadInput where there is no such change, it is undone already, or later changes rest on it.
    """
    changes.bring_up(store)
    change = _undoable(store, change_id)
    if change.first_at is not None and change.last_at is not None:
        whole = (change.first_at - 1, change.last_at)
        for start_at, end_at in _pieces(store, change.id, change.system_id, whole):
            persistently(partial(_undo_piece, store, change, (start_at, end_at)))
            progress(end_at)
    system = get_system(store, change.system_id)
    if system is not None and change.kind in ("forget", "exclude"):
        changes.make_tables(store)
        point_repair.put_back(store, change_id, system)
    store.write([Query("changes_undone", (change_id, made_by))])
    return _known(store, change_id)


def recomputed(store: Store, system_id: int, start_at: int, end_at: int) -> list[Query]:
    """Steps that bring up to date what follows from the readings of ``(start_at, end_at]``.

    To be made before those readings change, and applied behind that change in its transaction.
    """
    ranges = [aligned(system_id, start_at, end_at)]
    touched = touched_days(store, ranges, {system_id: None})
    return [
        Query("aggregate_5m_clear", (json.dumps(ranges),)),
        *aggregate_steps(store, ranges),
        Query("days_emptied", (system_id, json.dumps(_may_empty(store, system_id, touched)))),
        Query("reopen_days", (touched,)),
    ]


def _take_piece(store: Store, change_id: int, span: tuple[int, int, int], entry: ChangeEntry) -> None:
    """``span`` is the system with the instants between which its readings were taken."""
    before = standing(store, *span)
    if before.first_at is None or before.last_at is None:
        return
    span = (span[0], before.first_at - 1, before.last_at)
    blank = ", ".join(f"{name} = NULL" for name in entry.fields)
    name = "readings_blank_range" if blank else "readings_delete_range"
    grown = (change_id, before.readings, 0, before.readings, before.first_at, before.last_at)
    store.write(
        [
            Query("changes_aside_range", (change_id, *span)),
            Query(name, span, columns=blank),
            *recomputed(store, *span),
            Query("changes_grow", grown),
        ]
    )


def _undo_piece(store: Store, change: Change, span: tuple[int, int]) -> None:
    store.write(
        [
            Query("changes_undo_remove", (change.id, change.system_id, *span)),
            Query("changes_undo_restore", (change.id, *span)),
            Query("changes_undo_clear", (change.id, *span)),
            *recomputed(store, change.system_id, *span),
        ]
    )


def _pieces(
    store: Store, change_id: int, system_id: int, whole: tuple[int, int]
) -> Iterator[tuple[int, int]]:
    """Spans ``(start_at, end_at]`` that hold all readings of ``whole``, about ``PIECE_ROWS`` each."""
    at, last_at = whole
    while (first_at := _asked(store, "changes_next", change_id, system_id, at, last_at)) is not None:
        end_at = _asked(store, "changes_reach", change_id, system_id, first_at - 1, PIECE_ROWS, last_at)
        at = last_at if end_at is None else end_at
        yield first_at - 1, at


def _asked(store: Store, name: str, *params: int) -> int | None:
    ((value,),) = persistently(lambda: store.read(name, *params))
    return None if value is None else int(str(value))


def _may_empty(store: Store, system_id: int, touched: str) -> Sequence[tuple[str, int, int]]:
    """The stored days among those touched that go when they have no 5-minute row any more.

    Not among them: days that never had any. An old database may keep days without their readings.
    """
    system = get_system(store, system_id)
    if system is None:
        return []
    zone, found = zone_of(system), []
    for _, first, last in json.loads(touched):
        days = {day.day: day for day in aggregates.days(store, system_id, first, last)}
        bounds = {day: zone.bounds(day) for day in days}
        asked = json.dumps([(day, *span) for day, span in bounds.items()])
        had = {str(day) for (day,) in store.read("days_with_rows", system_id, asked)}
        found += [(day, *bounds[day]) for day in days if day in had or not days[day].interval_count]
    return found


def _undoable(store: Store, change_id: int) -> Change:
    change = changes.found(store, change_id)
    if change is None:
        raise BadInput(
            sentence("there is no change {change_id}", change_id=str(change_id)),
            hint=sentence("`liveone readings changes` lists them."),
        )
    if change.is_undone:
        raise BadInput(sentence("change {change_id} is undone already", change_id=str(change_id)))
    resting = [str(number) for (number,) in store.read("changes_blocking", change_id)]
    if resting:
        raise BadInput(
            sentence(
                "later changes rest on change {change_id}: {names}",
                change_id=str(change_id),
                names=", ".join(resting),
            ),
            hint=sentence(
                "Undo those first, the newest before the others: liveone readings undo {change_id}",
                change_id=resting[0],
            ),
        )
    return change


def _known(store: Store, change_id: int) -> Change:
    change = changes.found(store, change_id)
    assert change is not None
    return change
