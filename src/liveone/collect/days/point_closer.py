"""Closes the days of points: computes ``point_readings_agg_1d`` from five-minute rows.

Rule: a day is open from its first value on, and again whenever another value of it comes. When it is over it
is computed, together with the days around it whose energies its values may change. The result depends only on
the rows, so computing twice does no harm.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from operator import attrgetter

from liveone.domain.counters import rated_kw
from liveone.domain.energy import ROWS_AFTER, ROWS_BEFORE
from liveone.domain.points import KnownPoint, PointInterval, close_days, partner_of
from liveone.domain.system import System
from liveone.domain.zones import Zone, zone_of
from liveone.errors import LiveOneError
from liveone.store import point_days, points, systems
from liveone.store.point_days import OpenDay
from liveone.store.store import Store

GRACE_S = 120
MOST_DAYS = 5_000
"""Days in one round; the next minute goes on with the rest."""

CHUNK_DAYS = 31
GAP_DAYS = 400

log = logging.getLogger(__name__)


def catch_up(store: Store, now_at: float, *, goes_on: Callable[[], bool] = lambda: True) -> int:
    """Close every open day of a point that is over; gives how many. Raises StoreError.

    ``goes_on`` is asked before each chunk of days.
    """
    latest = (datetime.fromtimestamp(now_at, UTC).date() + timedelta(days=1)).isoformat()
    waiting = point_days.open_days(store, latest, MOST_DAYS)
    done = 0
    for system_id, of_system in groupby(waiting, key=attrgetter("system_id")):
        system = systems.get_system(store, system_id)
        if system is not None:
            done += _close_system(store, system, list(of_system), now_at, goes_on)
    return done


def _close_system(
    store: Store, system: System, waiting: Sequence[OpenDay], now_at: float, goes_on: Callable[[], bool]
) -> int:
    known, done = points.list_points(store, system.id), 0
    for point, days in _wanted(known, waiting):
        over = [day for day in days if _is_over(zone_of(system), day, now_at)]
        for first in range(0, len(over), CHUNK_DAYS):
            if not goes_on():
                return done
            try:
                done += _close(
                    store, system, (point, partner_of(point, known)), over[first : first + CHUNK_DAYS], now_at
                )
            except LiveOneError as error:
                log.error("closing days of point %s of system %s: %s", point.id, system.id, error)
                break
    return done


def _wanted(
    known: Sequence[KnownPoint], waiting: Sequence[OpenDay]
) -> Iterator[tuple[KnownPoint, list[str]]]:
    """The points with days to compute: their own open days, and those of their partners."""
    days: defaultdict[int, set[str]] = defaultdict(set)
    for each in waiting:
        days[each.point_id].add(each.day)
    for point in known:
        partner = partner_of(point, known)
        wanted = days[point.id] | (days[partner.id] if partner else set())
        if wanted:
            yield point, sorted(wanted)


def _close(
    store: Store,
    system: System,
    pair: tuple[KnownPoint, KnownPoint | None],
    chunk: Sequence[str],
    now_at: float,
) -> int:
    """Close days of a point, and those around them that their values reach."""
    zone, point = zone_of(system), pair[0]
    days = [day for day in _reached(store, zone, point, chunk) if _is_over(zone, day, now_at)]
    span = zone.bounds(days[0])[0], zone.bounds(days[-1])[1]
    own, theirs = (_around(store, each, span) for each in pair)
    found = close_days(point, own, theirs, days, zone=zone, rated_kw=rated_kw(system))
    known = {each.day for each in found}
    point_days.save_days(store, point.id, found, [day for day in days if day not in known])
    return len(found)


def _around(store: Store, point: KnownPoint | None, span: tuple[int, int]) -> list[PointInterval]:
    return points.intervals(store, point.id, *span, before=ROWS_BEFORE, after=ROWS_AFTER) if point else []


def _reached(store: Store, zone: Zone, point: KnownPoint, chunk: Sequence[str]) -> list[str]:
    """The days to compute: the chunk, the days next to it, and days whose energies depend on its rows.

    A day depends on rows that far away if gaps lie between.
    """
    first, last = _days_later(chunk[0], -1), zone.next_day(chunk[-1])
    if point.has_energy:
        span = zone.bounds(chunk[0])[0], zone.bounds(chunk[-1])[1]
        rows = points.intervals(store, point.id, *span, before=ROWS_AFTER, after=ROWS_BEFORE)
        if rows:
            first = min(first, max(zone.day_of(rows[0].interval_end), _days_later(first, -GAP_DAYS)))
            last = max(last, min(zone.day_of(rows[-1].interval_end), _days_later(last, GAP_DAYS)))
    return list(_days(first, last))


def _is_over(zone: Zone, day: str, now_at: float) -> bool:
    return zone.bounds(day)[1] + GRACE_S <= now_at


def _days(first: str, last: str) -> Iterable[str]:
    day = date.fromisoformat(first)
    while day.isoformat() <= last:
        yield day.isoformat()
        day += timedelta(days=1)


def _days_later(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
