"""Points and what they measured (plan 0006): raw values, 5-minute rows, and which days wait to be computed.

Rule: values are recorded once. The same again, by whomever and in whatever order, change nothing; 5-minute
rows and the opening of days follow in the transaction that brought the values.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from liveone.domain.intervals import INTERVAL_S, interval_end
from liveone.domain.points import (
    MOST_POINTS,
    POINT_ROLES,
    KnownPoint,
    Point,
    PointAddress,
    PointInterval,
    address_of,
    checked_point_name,
    kept_points,
    kind_of,
)
from liveone.domain.zones import Zone, zone_of
from liveone.errors import BadInput
from liveone.store.database import BulkInsert, Row, SchemaChanged
from liveone.store.exact import json_rows
from liveone.store.point_removal import remove_values
from liveone.store.store import Query, Store
from liveone.store.systems import some_systems

UPGRADE_FIRST = "Run `liveone upgrade` first: plan 0006 brings points into the database."
VALUE_COLUMNS = ("point_id", "at", "value")

Told = tuple[int, int, Sequence[Point]]
"""What was told of one moment: system, instant (UTC epoch seconds), points."""
PointValue = tuple[int, int, float]
"""Point, instant (UTC epoch seconds), value."""
Steps = list[Query | BulkInsert]


def list_points(store: Store, system_id: int) -> list[KnownPoint]:
    """The points of a system in the owner's order; none while the database cannot keep any."""
    asked = Query("points_list", (system_id,))
    answers = store.snapshot_for(lambda shape: [asked] if shape.keeps_points else [])
    return [_known(row) for rows in answers for row in rows]


def newest_values(
    store: Store, system_id: int, until_at: int
) -> list[tuple[KnownPoint, int | None, float | None]]:
    """The points of a system with the newest value of each up to ``until_at``, and when it was taken."""
    asked = Query("points_newest", (system_id, until_at))
    answers = store.snapshot_for(lambda shape: [asked] if shape.keeps_points else [])
    return [(_known(row), row[10], row[11]) for rows in answers for row in rows]  # type: ignore[misc]


def newest_of_all(store: Store, after_at: int, until_at: int) -> list[tuple[KnownPoint, float]]:
    """The points of all systems that have a value of ``(after_at, until_at]``, with the newest of each."""
    asked = Query("points_newest_all", (after_at, until_at))
    answers = store.snapshot_for(lambda shape: [asked] if shape.keeps_points else [])
    return [(_known(row), float(str(row[11]))) for rows in answers for row in rows]


def find_point(store: Store, system_id: int, point_id: int) -> KnownPoint:
    """A point of a system. Raises BadInput."""
    for point in list_points(store, system_id):
        if point.id == point_id:
            return point
    raise BadInput(f"system {system_id} has no point {point_id}", hint="See `liveone points list`.")


def edit_point(
    store: Store,
    system_id: int,
    point_id: int,
    *,
    name: str | None = None,
    role: str | None = None,
    position: int | None = None,
    hidden: bool | None = None,
) -> KnownPoint:
    """Change what is the owner's to change; None leaves it. Raises BadInput."""
    if role is not None and role not in POINT_ROLES:
        known = ", ".join(filter(None, POINT_ROLES))
        raise BadInput(f"{role[:40]!r} is no role of a point", hint=f"Known: {known}; or none.")
    find_point(store, system_id, point_id)
    new_name = None if name is None else checked_point_name(name)
    is_hidden = None if hidden is None else int(hidden)
    store.write([Query("points_edit", (system_id, point_id, new_name, role, position, is_hidden))])
    return find_point(store, system_id, point_id)


def remove_point(store: Store, point: KnownPoint) -> None:
    """Remove a point with all that it measured, in short transactions. What its device tells makes it
    anew."""
    remove_values(store, point.id)
    store.write([Query("points_remove", (point.id,))])


def recording(store: Store, told: Sequence[Told]) -> Steps:
    """Steps that record what was told, with all that follows from it; none where the database keeps no
    points.

    New points are made at once. Raises StoreError.
    """
    kept = [(system_id, at, kept_points(points)) for system_id, at, points in told]
    if not any(points for _, _, points in kept):
        return []
    ids = meet(store, [(system_id, point) for system_id, _, points in kept for point in points])
    if not ids:
        return []
    zones = {each.id: zone_of(each) for each in some_systems(store, {system_id for system_id, _, _ in kept})}
    return [
        step
        for system_id, zone in zones.items()
        for step in value_steps(store, zone, _values(ids, [each for each in kept if each[0] == system_id]))
    ]


def meet(store: Store, told: Iterable[tuple[int, Point]]) -> dict[tuple[int, PointAddress], int]:
    """The ids of points by system and address; those that are new are made. Of a system that has as many as
    there may be, new ones are left out. None while the database keeps no points."""
    if not (store.shape.keeps_points or store.detect_again().keeps_points):
        return {}
    try:
        return _meet(store, told)
    except SchemaChanged:
        if store.shape.keeps_points:
            raise
        return {}


def _meet(store: Store, told: Iterable[tuple[int, Point]]) -> dict[tuple[int, PointAddress], int]:
    wanted = {(system_id, address_of(point)): point for system_id, point in told}
    systems = json_rows([list({system_id for system_id, _ in wanted})])[1:-1]
    ids = _ids(store, systems)
    missing = [
        (system_id, *address, kind_of(point.key, point.unit), point.role, point.name)
        for (system_id, address), point in wanted.items()
        if (system_id, address) not in ids
    ]
    if missing:
        store.write([Query("points_meet", (json_rows(missing), MOST_POINTS))])
        ids = _ids(store, systems)
    return {key: ids[key] for key in wanted if key in ids}


def value_steps(store: Store, zone: Zone, values: Sequence[PointValue]) -> Steps:
    """Steps that record values of points of one system, whose days are counted in ``zone``."""
    if not values:
        return []
    ends = sorted({(point_id, interval_end(at)) for point_id, at, _ in values})
    return [BulkInsert("point_readings", VALUE_COLUMNS, values), *follow_steps(store, zone, ends)]


def follow_steps(store: Store, zone: Zone, ends: Sequence[tuple[int, int]]) -> Steps:
    """Steps that bring up to date what follows from the values in intervals ``(point id, interval end)``."""
    days = sorted({(point_id, zone.day_of(end)) for point_id, end in ends})
    return [
        Query("point_5m", (json_rows(ends), store.cadence_s)),
        Query("point_days_reopen", (json_rows(days),)),
    ]


def record_values(store: Store, zone: Zone, values: Sequence[PointValue]) -> None:
    """Record values of points of one system. Raises StoreError."""
    if values:
        store.write(value_steps(store, zone, values))


def spans_taken(store: Store, spans: Sequence[tuple[int, int]], span_s: int) -> set[tuple[int, int]]:
    """Which spans ``(point id, end_at)`` of ``span_s`` seconds have a value already."""
    return set(store.read_newest("point_values_taken", json_rows(spans), span_s))  # type: ignore[arg-type]


def intervals(
    store: Store, point_id: int, start_at: int, end_at: int, *, before: int = 0, after: int = 0
) -> list[PointInterval]:
    """The 5-minute rows that end in ``(start_at, end_at]``, oldest first, with as many before and after
    them."""
    around = Query("point_5m_around", (point_id, start_at, end_at, before, after))
    plain = Query("point_5m_between", (point_id, start_at, end_at))
    (rows,) = store.snapshot([around if before or after else plain])
    return list(map(PointInterval._make, rows))


def buckets(  # noqa: PLR0917
    store: Store, point_id: int, start_at: int, end_at: int, step_s: int, offset_s: int
) -> list[Row]:
    """Rows ``(bucket end, mean, min, max, last)`` of buckets ``(end - step_s, end]`` that hold rows."""
    return store.read("point_buckets", point_id, start_at, end_at, step_s, offset_s)


def values_between(store: Store, point_id: int, after_at: int, until_at: int) -> list[tuple[int, float]]:
    """The raw values of a point taken in ``(after_at, until_at]``, oldest first."""
    rows = store.read("point_values_between", point_id, after_at, until_at)
    return [(int(str(at)), float(str(value))) for at, value in rows]


def extent(store: Store, point_id: int) -> tuple[int, int]:
    """When the first and the last value of a point were taken; an empty span without any."""
    ((first_at, last_at),) = store.read("points_extent", point_id)
    return (1, 0) if first_at is None or last_at is None else (int(str(first_at)), int(str(last_at)))


def count_values(store: Store, system_id: int) -> int:
    """How many raw values the points of a system have; 0 while the database keeps none."""
    asked = Query("points_count", (system_id,))
    answers = store.snapshot_for(lambda shape: [asked] if shape.keeps_points else [])
    return sum(int(str(count)) for ((count,),) in answers)


def aligned(start_at: int, end_at: int) -> tuple[int, int]:
    """The whole intervals that hold the instants in ``(start_at, end_at]``."""
    return start_at // INTERVAL_S * INTERVAL_S, -(-end_at // INTERVAL_S) * INTERVAL_S


def _values(ids: Mapping[tuple[int, PointAddress], int], told: Sequence[Told]) -> list[PointValue]:
    return [
        (ids[system_id, address], at, point.value)
        for system_id, at, points in told
        for point in points
        if (system_id, address := address_of(point)) in ids
    ]


def _ids(store: Store, systems: str) -> dict[tuple[int, PointAddress], int]:
    rows: list[Any] = store.read_newest("points_ids", systems)
    return {(system_id, PointAddress(*address)): point_id for system_id, *address, point_id in rows}


def _known(row: Row) -> KnownPoint:
    *columns, hidden = row[:10]
    return KnownPoint(*columns, bool(hidden))  # type: ignore[arg-type,call-arg]
