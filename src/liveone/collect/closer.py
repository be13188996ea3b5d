"""Closes local days: computes ``readings_agg_1d`` from five-minute rows.

Rule: a day is closed once its local midnight and a grace are past, and again whenever late data
re-opened it. Closing is a pure function of the rows, so doing it twice does no harm.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from liveone.domain.aggregates import Day, FiveMinutes
from liveone.domain.counters import rated_kw
from liveone.domain.days import close_day
from liveone.domain.system import System
from liveone.domain.zones import zone_of
from liveone.errors import BadInput, LiveOneError
from liveone.store import aggregates, systems
from liveone.store.store import Store

GRACE_S = 120
"""After local midnight, so that the last readings of a day are in before it is closed."""

CHUNK_DAYS = 31
ATTEMPTS = 5
GAP_DAYS = 400
DAY_S = 86_400
FIRST_DAY = "1973-01-01"


@dataclass(frozen=True, slots=True)
class Closed:
    """The days of one system that were closed, oldest first; ``error`` is why the rest was not."""

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
    """Close every day that is over and is open or was re-opened. Systems without such days are left out.

    ``look_back_days`` bounds how far back days that were never closed are looked for; re-opened days
    are always found. ``choose`` says which systems are looked at, instead of all. A system whose days
    cannot be closed does not keep the others from it. ``goes_on`` is asked before each chunk of days: where
    another process took the job over, what is left is left to it. Raises StoreError when the systems
    themselves cannot be read.
    """
    every = systems.list_systems(store)
    chosen = every if choose is None else choose(every)
    results = [_catch_up_one(store, system, now_at, look_back_days, goes_on) for system in chosen]
    return [result for result in results if result.days or result.error]


def only(store: Store, system_id: int | None) -> Choose | None:
    """Chooses one system; None where none is named. Raises StoreError, and BadInput for one not there."""
    if system_id is None:
        return None
    chosen = [_system(store, system_id)]
    return lambda every: chosen


def regenerate(store: Store, system_id: int | None, now_at: float) -> list[Closed]:
    """Compute all finished days anew, of one system or of all. Raises StoreError, BadInput."""
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
        for chunk in _chunks(_open_days(store, system, now_at, look_back_days)):
            if not goes_on():
                break
            done += _close_chunk(store, system, chunk)
    except LiveOneError as error:
        return Closed(system.id, done, error)
    return Closed(system.id, done)


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
    """Close days, and once more those whose rows changed between reading and saving.

    What keeps changing is left open for the next minute, and everything where the system was moved to
    another zone meanwhile.
    """
    closed: set[str] = set()
    changed = list(days)
    for _ in range(ATTEMPTS):
        rows = {day: _rows(store, system, day) for day in changed}
        for day in list(rows):
            rows |= {
                gap: _rows(store, system, gap)
                for gap in _gap_before(system, day, rows[day])
                if gap not in rows
            }
        found = [_closed(system, day, rows[day]) for day in rows]
        saved = [day for day in found if day is not None]
        aggregates.save_days(store, system.id, saved)
        closed.update(day.day for day in saved)
        changed = [day for day in rows if _rows(store, system, day) != rows[day]]
        if not changed:
            break
    for day in days if _moved(store, system) else changed:
        aggregates.clear_days(store, system.id, day, day)
    return sorted(closed)


def _moved(store: Store, system: System) -> bool:
    now = systems.get_system(store, system.id)
    return now is not None and zone_of(now) != zone_of(system)


def _gap_before(system: System, day: str, rows: Sequence[FiveMinutes]) -> list[str]:
    """The days without any row just before ``day``: the gap's energy belongs to them too."""
    zone = zone_of(system)
    earlier = [row.interval_end for row in rows if row.interval_end <= zone.bounds(day)[0]]
    if not earlier or day <= zone.day_of(earlier[-1]):
        return []
    found: list[str] = []
    gap = zone.next_day(zone.day_of(earlier[-1]))
    while gap < day and len(found) < GAP_DAYS:
        found.append(gap)
        gap = zone.next_day(gap)
    return found


def _closed(system: System, day: str, rows: Sequence[FiveMinutes]) -> Day | None:
    return close_day(rows, zone=zone_of(system), day=day, rated_kw=rated_kw(system))


def _rows(store: Store, system: System, day: str) -> list[FiveMinutes]:
    start_at, end_at = zone_of(system).bounds(day)
    return aggregates.five_minutes_with_context(store, system.id, start_at, end_at)


def _chunks(days: Sequence[str]) -> Iterator[Sequence[str]]:
    return (days[start : start + CHUNK_DAYS] for start in range(0, len(days), CHUNK_DAYS))


def _system(store: Store, system_id: int) -> System:
    system = systems.get_system(store, system_id)
    if system is None:
        raise BadInput(f"There is no system {system_id}.", hint="`liveone systems list` shows them.")
    return system
