"""The answer of ``/api/data``: the newest reading, today so far, yesterday, and how polling goes."""

from typing import Any

from liveone.domain import freshness
from liveone.domain.aggregates import Day
from liveone.domain.counters import rated_kw
from liveone.domain.quality import estimates, expected_intervals
from liveone.domain.reading import POWERS
from liveone.domain.system import System
from liveone.domain.zones import Zone, transitions, zone_of
from liveone.store.polling import PollingStatus
from liveone.store.system_snapshot import read_snapshot
from liveone.web.answers import ApiError
from liveone.web.history.ranges import FIRST_AT
from liveone.web.history.series import HistorySource
from liveone.web.now.battery import battery
from liveone.web.now.daily import earlier, energies, worked_out
from liveone.web.now.lifetime import since_first
from liveone.web.now.readings_json import (
    DAY_ENERGY_KEYS,
    energy_of,
    freshness_json,
    iso_or_none,
    measured,
    quality,
)
from liveone.web.now.readings_json import energies as energies_json
from liveone.web.now.today import day_so_far
from liveone.web.numbers import rounded
from liveone.web.services import Services

CAMEL = {name: f"{name.removesuffix('_w')}W" for name in ("solar_w", "load_w", "battery_w", "grid_w")}
"""Powers that may be derived -> their names in the answer."""

FROZEN_S = 1200
"""How many seconds of readings are searched for values that stand still."""
YEAR_S = 365 * 86_400
YEARS_AHEAD = 3


def overview(services: Services, system: System, now_at: float) -> dict[str, Any]:
    """The whole answer. Raises ApiError 503 when the system has no reading yet."""
    store, cadence_s, zone = services.store, services.cadence_s, zone_of(system)
    today = zone.day_of(now_at)
    span = zone.bounds(today)
    yesterday = zone.day_of(span[0])
    asked = (earlier(yesterday, 1), yesterday)
    known = read_snapshot(store, system.id, span, days=asked, now_at=now_at, recent_s=FROZEN_S)
    latest, status = known.latest, known.status
    if latest is None:
        raise nothing_yet(system, status, zone)
    source = HistorySource(store, system, zone, now_at)
    rows_around = known.five_minutes
    day = day_so_far(system.id, rows_around, zone=zone, day=today, rated_kw=rated_kw(system))
    days = {each.day: each for each in known.days if each.version}
    before = days.get(yesterday) or worked_out(source, yesterday)
    rows = [row for row in rows_around if row.interval_end <= span[1]]
    found = freshness_json(
        latest,
        now_at,
        cadence_s,
        freshness.frozen_counters(rows),
        stands=freshness.frozen_values(known.recent),
    )
    return {
        "success": True,
        "latest": measured(latest, zone, **energy_of(day, zone)),
        "historical": {
            "yesterday": _yesterday(before, days.get(asked[0]), zone) if before else None,
            "sinceFirst": since_first(
                known.lifetime, [each for each in (before, day) if each], rows, latest, zone
            ),
        },
        "inverterTime": zone.iso(latest.inverter_time),
        "receivedTime": zone.iso(latest.received_time),
        **identity(system, zone),
        "timeZone": local_time(zone, now_at),
        "polling": polling_json(system, status, zone),
        "battery": battery(services, system, known.recent, today=today, is_fresh=found["state"] == "fresh"),
        "freshness": found,
        "sources": [
            {"name": one.name, "vendorType": one.vendor_type, "roles": one.roles, "missing": one.missing}
            for one in known.sources
        ],
        "derived": [CAMEL.get(name, name) for name in known.derived],
    }


def nothing_yet(system: System, status: PollingStatus | None, zone: Zone) -> ApiError:
    reason = f"System {system.id} ({system.display_name}) has no reading yet"
    if status is not None and status.last_error:
        reason += f"; the last poll failed: {status.last_error}"
    elif status is None or not status.last_poll_time:
        reason += "; it has not been polled"
    return ApiError(503, f"{reason}.", **identity(system, zone), polling=polling_json(system, status, zone))


def identity(system: System, zone: Zone) -> dict[str, Any]:
    return {
        "systemId": system.id,
        "vendorType": system.vendor_type,
        "vendorSiteId": system.vendor_site_id,
        "displayName": system.display_name,
        "timeZone": {"offsetMin": zone.offset_min, "name": zone.name},
        "systemInfo": {
            "model": system.model,
            "serial": system.serial,
            "ratings": system.ratings,
            "solarSize": system.solar_size,
            "batterySize": system.battery_size,
        },
    }


def local_time(zone: Zone, now_at: float) -> dict[str, Any]:
    """A zone with every change of its offset, so that pages need no tz database of their own.

    The changes are those that this server knows, from the first possible reading to some years ahead.
    """
    fields = {"offsetMin": zone.offset_min, "name": zone.name}
    if zone.name is None:
        return fields
    last_at = (int(now_at) // YEAR_S + YEARS_AHEAD) * YEAR_S
    return fields | {"transitions": transitions(zone, FIRST_AT, last_at)}


def polling_json(system: System, status: PollingStatus | None, zone: Zone) -> dict[str, Any]:
    """The polling of a system; zeros and nulls if it was never polled."""
    return {
        "lastPollTime": iso_or_none(zone, status.last_poll_time if status else None),
        "lastSuccessTime": iso_or_none(zone, status.last_success_time if status else None),
        "lastErrorTime": iso_or_none(zone, status.last_error_time if status else None),
        "lastError": status.last_error if status else None,
        "consecutiveErrors": status.consecutive_errors if status else 0,
        "totalPolls": status.total_polls if status else 0,
        "successfulPolls": status.successful_polls if status else 0,
        "isActive": system.is_active,
    }


def _yesterday(day: Day, before: Day | None, zone: Zone) -> dict[str, Any]:
    kwh = energies(day)
    coverage_pct = 100 * day.interval_count // expected_intervals(day.day, zone)
    return {
        "date": day.day,
        "energy": energies_json(kwh, DAY_ENERGY_KEYS),
        "quality": quality(kwh, estimates(day, before, zone), DAY_ENERGY_KEYS),
        "power": {
            name: {f"{kind}W": rounded(getattr(day, f"{name}_w_{kind}")) for kind in ("min", "avg", "max")}
            for name in POWERS
        },
        "soc": {
            f"{kind}Battery": rounded(getattr(day, f"battery_soc_pct_{kind}"))
            for kind in ("min", "avg", "max", "end")
        },
        "dataQuality": {"intervalCount": day.interval_count, "coverage": f"{coverage_pct}%"},
    }
