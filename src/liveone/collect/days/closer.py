"""Closes local days: computes ``readings_agg_1d`` from five-minute rows.

Rule: a day is closed once its local midnight and a grace period have passed, and again whenever late data
re-opened it. The result depends only on the rows, so closing twice does no harm.
"""

import logging
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter

from liveone.domain.aggregates import FiveMinutes
from liveone.domain.counters import rated_kw
from liveone.domain.days import close_these
from liveone.domain.system import System
from liveone.domain.zones import Zone, zone_of
from liveone.errors import BadInput, LiveOneError
from liveone.store import aggregates, day_rules, systems
from liveone.store.store import Store

GRACE_S = 120
"""Seconds after local midnight before a day is closed, so that its last readings are in."""

CHUNK_DAYS = 31
ATTEMPTS = 5
GAP_DAYS = 400
DAY_S = 86_400
FIRST_DAY = "1973-01-01"
_END = attrgetter("interval_end")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Closed:
    """The days of one system that were closed, oldest first; ``error`` says why the rest was not."""

    system_id: int
    days: Sequence[str]
    error: LiveOneError | None = None


Choose = Callable[[Sequence[System]], Sequence[System]]
"""Some of all systems."""


def catch_up(
    store: Store,
    now_at: float,
    *,
    look_back_days: int | None = None,
    choose: Choose | None = None,
    goes_on: Callable[[], bool] = lambda: True,
) -> list[Closed]:
    """Close every day that is over and is open or re-opened.

    Systems without such days are left out of the result.

    ``look_back_days`` limits the search for days that were never closed; re-opened days are always found.
    ``choose`` selects the systems to look at. A system whose days cannot be closed does not hold up the
    others. ``goes_on`` is asked before each chunk of days, and is False once another process has taken the
    job over. Raises StoreError if the systems cannot be read.
    """
    every = systems.list_systems(store)
    chosen = every if choose is None else choose(every)
    results = [_catch_up_one(store, system, now_at, look_back_days, goes_on) for system in chosen]
    return [result for result in results if result.days or result.error]


def only(store: Store, system_id: int | None) -> Choose | None:
    """A function that selects one system; None if none is named.

    Raises StoreError, and BadInput for an unknown id.
    """
    if system_id is None:
        return None
    chosen = [_system(store, system_id)]
    return lambda every: chosen


def regenerate(store: Store, system_id: int | None, now_at: float) -> list[Closed]:
    """Compute all finished days again, of one system or of all. Raises StoreError, BadInput."""
    chosen = systems.list_systems(store) if system_id is None else [_system(store, system_id)]
    return [
        Closed(system.id, _close(store, system, _finished_days(store, system, now_at))) for system in chosen
    ]


def close_one(store: Store, system_id: int, day: str) -> Closed:
    """Compute one local day of one system, ``YYYY-MM-DD``. Raises StoreError, BadInput."""
    return Closed(system_id, _close(store, _system(store, system_id), [day]))


def _catch_up_one(
    store: Store, system: System, now_at: float, look_back_days: int | None, goes_on: Callable[[], bool]
) -> Closed:
    done: list[str] = []
    try:
        if look_back_days is None:
            _open_outdated(store, system)
        waiting = _open_days(store, system, now_at, look_back_days)
        for chunk in _chunks(waiting):
            if not goes_on():
                break
            done += _close_chunk(store, system, chunk)
            if len(waiting) > CHUNK_DAYS:
                log.info("system %s: %s of %s open days computed", system.id, len(done), len(waiting))
    except LiveOneError as error:
        return Closed(system.id, done, error)
    return Closed(system.id, done)


def _open_outdated(store: Store, system: System) -> None:
    outdated = day_rules.open_outdated(store, system)
    if outdated:
        log.info("system %s: %s days are computed anew, by this release's rules", system.id, outdated)


def _open_days(store: Store, system: System, now_at: float, look_back_days: int | None = None) -> list[str]:
    since_day = FIRST_DAY
    if look_back_days is not None:
        since_day = zone_of(system).date_of(now_at - look_back_days * DAY_S)
    return aggregates.open_days(store, system, now_at=now_at - GRACE_S, since_day=since_day)


def _finished_days(store: Store, system: System, now_at: float) -> list[str]:
    zone = zone_of(system)
    saved = [day.day for day in aggregates.days(store, system.id, FIRST_DAY, zone.date_of(now_at))]
    finished = {day for day in saved if zone.bounds(day)[1] + GRACE_S <= now_at}
    return sorted(finished.union(_open_days(store, system, now_at)))


def _close(store: Store, system: System, days: Sequence[str]) -> list[str]:
    return [day for chunk in _chunks(days) for day in _close_chunk(store, system, chunk)]


def _close_chunk(store: Store, system: System, days: Sequence[str]) -> list[str]:
    """Close days, and a second time those whose rows changed between reading and saving.

    Days that keep changing are left open for the next minute, and so are all if the system's zone was changed
    meanwhile.
    """
    closed: set[str] = set()
    changed = list(days)
    for _ in range(ATTEMPTS):
        done, changed = _close_once(store, system, changed)
        closed.update(done)
        if not changed:
            break
    for day in days if _moved(store, system) else changed:
        aggregates.clear_days(store, system.id, day, day)
    return sorted(closed)


def _close_once(store: Store, system: System, days: Sequence[str]) -> tuple[list[str], list[str]]:
    """(days closed, days to close again because rows changed) of days whose rows are read at once."""
    zone = zone_of(system)
    span = zone.bounds(days[0])[0], zone.bounds(days[-1])[1]
    rows = aggregates.five_minutes_around(store, system.id, *span)
    wanted = sorted({*days, *(gap for day in days for gap in _gap_before(zone, day, rows))})
    found = list(close_these(rows, wanted, zone=zone, rated_kw=rated_kw(system)))
    aggregates.save_days(store, system.id, found)
    # Saved first and compared then: a row that came in between re-opened a day that the save has just closed.
    is_same = aggregates.five_minutes_around(store, system.id, *span) == rows
    return [day.day for day in found], [] if is_same else wanted


def _moved(store: Store, system: System) -> bool:
    now = systems.get_system(store, system.id)
    return now is not None and zone_of(now) != zone_of(system)


def _gap_before(zone: Zone, day: str, rows: Sequence[FiveMinutes]) -> list[str]:
    """The days without a row just before ``day``: they share the gap's energy."""
    position = bisect_right(rows, zone.bounds(day)[0], key=_END)
    if position == 0 or day <= (last := zone.day_of(rows[position - 1].interval_end)):
        return []
    found: list[str] = []
    gap = zone.next_day(last)
    while gap < day and len(found) < GAP_DAYS:
        found.append(gap)
        gap = zone.next_day(gap)
    return found


def _chunks(days: Sequence[str]) -> Iterator[list[str]]:
    """The days in order, in groups that are small and near enough for their rows to be read together."""
    chunk: list[str] = []
    for day in days:
        if chunk and (len(chunk) == CHUNK_DAYS or _days_apart(chunk[0], day) >= 2 * CHUNK_DAYS):
            yield chunk
            chunk = []
        chunk.append(day)
    if chunk:
        yield chunk


def _days_apart(earlier: str, later: str) -> int:
    return (date.fromisoformat(later) - date.fromisoformat(earlier)).days


def _system(store: Store, system_id: int) -> System:
    system = systems.get_system(store, system_id)
    if system is None:
        raise BadInput(f"There is no system {system_id}.", hint="`liveone systems list` shows them.")
    return system
