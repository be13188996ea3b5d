"""The overview's cards: the newest data of every system in two queries, however many systems there are.

The energies of a day take some milliseconds for each system, so they are computed once in five minutes and
cached.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from liveone.domain import freshness
from liveone.domain.counters import rated_kw
from liveone.domain.days import close_day
from liveone.domain.intervals import interval_end
from liveone.domain.reading import Reading
from liveone.domain.system import System
from liveone.domain.zones import Zone, zone_of
from liveone.store import polling, readings
from liveone.store.polling import PollingStatus
from liveone.store.system_snapshot import read_snapshot
from liveone.web.now.battery import battery
from liveone.web.now.data import FROZEN_S, identity, nothing_yet, polling_json
from liveone.web.now.readings_json import energy_of, freshness_json, measured
from liveone.web.numbers import Number
from liveone.web.services import Services

AT_ONCE = 8
"""Up to so many systems' days are computed while a page waits; with more, the page asks for them later."""


class Cards:
    """The data of the overview. Keeps one small entry for each system."""

    def __init__(self, services: Services) -> None:
        self._services, self._store, self._cadence_s = services, services.store, services.cadence_s
        self._slow: dict[int, tuple[tuple[int, str], Mapping[str, Any]]] = {}

    def of(self, systems: Sequence[System], now_at: float, *, at_once: bool) -> dict[str, Any]:
        """System id -> card. ``at_once`` leaves out days that are not cached, if there are many."""
        newest, statuses = readings.latest_many(self._store, now_at), polling.statuses(self._store)
        waits = at_once and len(systems) > AT_ONCE
        return {
            str(system.id): self._card(system, newest.get(system.id), statuses.get(system.id), now_at, waits)
            for system in systems
        }

    def today_kwh(self, system: System, latest: Reading, now_at: float) -> Mapping[str, Number | None]:
        """Today's energies so far by the keys of ``ENERGY_KEYS``, as in the card of the system."""
        kept = self._kept(system, latest, zone_of(system), now_at, waits=False)
        today: Mapping[str, Number | None] = kept["energy"]["today"]
        return today

    def _card(
        self,
        system: System,
        latest: Reading | None,
        status: PollingStatus | None,
        now_at: float,
        waits: bool,
    ) -> dict[str, Any]:
        zone = zone_of(system)
        if latest is None:
            error = nothing_yet(system, status, zone)
            return {"error": str(error), "status": error.status, **error.more}
        slow = self._kept(system, latest, zone, now_at, waits)
        found = freshness_json(
            latest,
            now_at,
            self._cadence_s,
            slow.get("frozenCounters", []),
            stands=slow.get("frozenValues", False),
        )
        return {
            **identity(system, zone),
            "latest": measured(latest, zone, **slow.get("energy", {})),
            "polling": polling_json(system, status, zone),
            "battery": slow.get("battery") if found["state"] == "fresh" else None,
            "freshness": found,
        }

    def _kept(
        self,
        system: System,
        latest: Reading,
        zone: Zone,
        now_at: float,
        waits: bool,
    ) -> Mapping[str, Any]:
        key = (interval_end(latest.inverter_time), zone.day_of(now_at))
        known = self._slow.get(system.id)
        if known is not None and known[0] == key:
            return known[1]
        if waits:
            return {}
        found = self._worked_out(system, zone, key[1], now_at)
        self._slow[system.id] = (key, found)
        return found

    def _worked_out(self, system: System, zone: Zone, today: str, now_at: float) -> Mapping[str, Any]:
        """Today's energies so far, and the counters that stand still although power flows."""
        span = zone.bounds(today)
        known = read_snapshot(
            self._store, system.id, span, days=(today, today), now_at=now_at, recent_s=FROZEN_S
        )
        day = close_day(known.five_minutes, zone=zone, day=today, rated_kw=rated_kw(system))
        rows = [row for row in known.five_minutes if row.interval_end <= span[1]]
        return {
            "energy": energy_of(day, zone),
            "battery": battery(self._services, system, known.recent, today=today, is_fresh=True),
            "frozenCounters": freshness.frozen_counters(rows),
            "frozenValues": freshness.frozen_values(known.recent),
        }
