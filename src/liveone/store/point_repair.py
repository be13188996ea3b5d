"""Values of points taken away and put back together with the readings of their time.

Rule: as for readings, a piece of some thousand values a transaction, each of which leaves the database right:
what was there is kept aside, 5-minute rows follow, days are opened again.
"""

from functools import partial

from liveone.domain.intervals import interval_end
from liveone.domain.system import System
from liveone.domain.zones import zone_of
from liveone.store import points
from liveone.store.patience import persistently
from liveone.store.store import Query, Store

PIECE_VALUES = 5_000
LAST_ID = 2**63 - 1


def take_out(store: Store, change_id: int, system: System, span: tuple[int, int]) -> None:
    """Take the values of a system's points out that were taken in ``span`` (from exclusive)."""
    for point in points.list_points(store, system.id):
        at, until_at = span
        while (end_at := _reach(store, point.id, at, until_at)) is not None:
            persistently(partial(_take_piece, store, change_id, system, (point.id, at, end_at)))
            at = end_at


def put_back(store: Store, change_id: int, system: System) -> None:
    """Put back what a change took out. What came at the same instants meanwhile stays."""
    if not store.shape.keeps_points:
        return
    asked = Query("changes_points_waiting", (change_id, PIECE_VALUES))
    while rows := persistently(lambda: store.snapshot([asked])[0]):
        values = [(int(str(row[1])), int(str(row[2])), float(str(row[3]))) for row in rows]
        steps = points.value_steps(store, zone_of(system), values)
        clear = Query("changes_points_clear", (change_id, rows[-1][0]))
        persistently(partial(store.write, [*steps, clear]))
    persistently(lambda: store.write([Query("changes_points_clear", (change_id, LAST_ID))]))


def rebuild(store: Store, system: System) -> None:
    """Make the 5-minute rows of a system's points anew, and open their days."""
    for point in points.list_points(store, system.id):
        at = -1
        while (end_at := _reach(store, point.id, at, LAST_ID)) is not None:
            values = points.values_between(store, point.id, at, end_at)
            whole = points.aligned(values[0][0] - 1, end_at)
            ends = sorted({(point.id, interval_end(taken_at)) for taken_at, _ in values})
            clear = Query("point_5m_range_clear", (point.id, *whole))
            persistently(partial(store.write, [clear, *points.follow_steps(store, zone_of(system), ends)]))
            at = end_at


def _reach(store: Store, point_id: int, at: int, until_at: int) -> int | None:
    ((end_at,),) = persistently(
        lambda: store.read("point_values_reach", point_id, at, PIECE_VALUES, until_at)
    )
    return None if end_at is None else int(str(end_at))


def _take_piece(store: Store, change_id: int, system: System, span: tuple[int, int, int]) -> None:
    """``span`` is the point with the instants between which its values were taken."""
    point_id, start_at, end_at = span
    values = points.values_between(store, *span)
    ends = sorted({(point_id, interval_end(at)) for at, _ in values})
    whole = points.aligned(start_at, end_at)
    store.write(
        [
            Query("changes_points_aside", (change_id, *span)),
            Query("point_values_delete_range", span),
            Query("point_5m_range_clear", (point_id, *whole)),
            *points.follow_steps(store, zone_of(system), _all_ends(ends, point_id, whole)),
        ]
    )


def _all_ends(ends: list[tuple[int, int]], point_id: int, whole: tuple[int, int]) -> list[tuple[int, int]]:
    """The intervals whose rows are to be made anew: those that lost values, and the first and the last, which
    reach beyond the span."""
    edges = {(point_id, whole[0] + 300), (point_id, whole[1])}
    return sorted({*ends, *edges})
