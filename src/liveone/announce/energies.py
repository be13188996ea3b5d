"""What flowed since the first reading, by system: the energies that are told. They equal what the
charts show."""

from collections.abc import Sequence

from liveone.domain.aggregates import ENERGIES, Day
from liveone.domain.counters import rated_kw
from liveone.domain.days import close_day
from liveone.domain.system import System
from liveone.domain.zones import Zone, zone_of
from liveone.store import aggregates
from liveone.store.store import Store
from liveone.store.system_snapshot import read_snapshot

STEP_SHARE = 0.9
"""Home Assistant takes a fall of more than a tenth as a meter that was exchanged, and so do we."""


def since_first(store: Store, system: System, now_at: float) -> list[float | None]:
    """The six energies (kWh) in the order of ``reading.COUNTERS``. Raises StoreError."""
    zone = zone_of(system)
    today = zone.day_of(now_at)
    span = zone.bounds(today)
    yesterday = zone.day_of(span[0])
    known = read_snapshot(store, system.id, span, days=(yesterday, yesterday), now_at=now_at, recent_s=1)
    day = close_day(known.five_minutes, zone=zone, day=today, rated_kw=rated_kw(system))
    stored = next((each for each in known.days if each.day == yesterday and each.version), None)
    before = stored or _worked_out(store, system, zone, yesterday)
    parts = [known.lifetime.kwh, *(_of(each) for each in (before, day) if each is not None)]
    return [_sum(column) for column in zip(*parts, strict=True)]


def never_falling(before: Sequence[float | None], now: Sequence[float | None]) -> list[float | None]:
    """The energies, held where they fall a little. Pure.

    A day that is worked out again may come out some Wh smaller, and a meter that seems to run backwards
    would be taken for one that was exchanged.
    """
    return [_held(old, new) for old, new in zip(before, now, strict=True)]


def _held(old: float | None, new: float | None) -> float | None:
    return old if old is not None and new is not None and STEP_SHARE * old <= new < old else new


def _worked_out(store: Store, system: System, zone: Zone, day: str) -> Day | None:
    rows = aggregates.five_minutes_around(store, system.id, *zone.bounds(day))
    return close_day(rows, zone=zone, day=day, rated_kw=rated_kw(system))


def _of(day: Day) -> list[float | None]:
    return [getattr(day, f"{name}_kwh") for name in ENERGIES]


def _sum(column: Sequence[float | None]) -> float | None:
    known = [kwh for kwh in column if kwh is not None]
    return sum(known) if known else None
