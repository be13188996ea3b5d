"""What lies beneath the history: raw readings of a short stretch, and how complete each day is."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from liveone.domain.intervals import INTERVAL_S
from liveone.domain.quality import expected_intervals
from liveone.domain.reading import Reading
from liveone.domain.zones import Zone, zone_of
from liveone.errors import BadInput
from liveone.store import readings
from liveone.web.answers import answer, bad_parameter
from liveone.web.auth.access import CallerDep, ServicesDep, system_for
from liveone.web.auth.before_body import AskedFirst
from liveone.web.history.ranges import MOST_POINTS, TimeParameters, window
from liveone.web.history.series import HistorySource
from liveone.web.now.daily import COUNT, days_of
from liveone.web.now.readings_json import ENERGY_KEYS, POWER_KEYS, iso_or_none, power, totals
from liveone.web.numbers import rounded
from liveone.web.openapi.models import DONE
from liveone.web.routes.data import SystemId

router = APIRouter(route_class=AskedFirst, prefix="/api", tags=["data"])
LONGEST_S = 86_400
LONGEST_DAYS = 20_000
LONGEST_FAULT_DAYS, MOST_FAULTS = 31, 100
Start = Annotated[str | None, Query(alias="startTime")]
End = Annotated[str | None, Query(alias="endTime")]


@router.get("/readings", summary="Raw readings", responses=DONE)
def raw(
    caller: CallerDep,
    services: ServicesDep,
    system_id: SystemId = None,
    start_time: Start = None,
    end_time: End = None,
) -> Response:
    """Every reading taken in `(startTime, endTime]`, at most a day of them, as columns.

    The times are ISO 8601 or `YYYY-MM-DD` (its local midnight), and are widened to whole five minutes.
    `time` is when the device took the sample; powers are W in house signs, `soc` %, counters kWh.
    """
    system = system_for(services.store, caller, system_id)
    zone, now_at = zone_of(system), services.clock.now_at()
    asked = TimeParameters("auto", None, start_time, end_time, str(MOST_POINTS))
    stretch = window(asked, zone, now_at)
    if stretch.end_at - stretch.start_at > LONGEST_S + 3600 or stretch.in_days:
        raise bad_parameter("startTime", "Time range exceeds maximum of 1 day for raw readings")
    found = readings.between(services.store, system.id, stretch.start_at, stretch.end_at)
    return answer(
        {
            "success": True,
            "start": zone.iso(stretch.start_at),
            "end": zone.iso(stretch.end_at),
            "cadenceS": services.cadence_s,
            "count": len(found),
            "columns": _columns(found, zone),
        }
    )


@router.get("/faults", summary="What the device reported as faults", responses=DONE)
def faults(
    caller: CallerDep,
    services: ServicesDep,
    system_id: SystemId = None,
    days: Annotated[
        int, Query(ge=1, le=LONGEST_FAULT_DAYS, description="how many days back from now")
    ] = LONGEST_FAULT_DAYS,
) -> Response:
    """Each fault of the last `days` days, the newest first, at most 100: its `code`, when it `began` as the
    device says, the `first` and `last` reading that reported it, and how many `readings` did."""
    system = system_for(services.store, caller, system_id)
    zone, now_at = zone_of(system), int(services.clock.now_at())
    soon_at = now_at + LONGEST_S  # a device's clock may run ahead
    found = readings.faults(services.store, system.id, now_at - days * LONGEST_S, soon_at, MOST_FAULTS)
    rows = [
        {
            "code": fault.code,
            "began": iso_or_none(zone, fault.began_at or None),
            "first": zone.iso(fault.first_at),
            "last": zone.iso(fault.last_at),
            "readings": fault.readings,
        }
        for fault in found
    ]
    return answer({"success": True, "days": days, "faults": rows})


@router.get("/coverage", summary="How complete each day is", responses=DONE)
def coverage(
    caller: CallerDep,
    services: ServicesDep,
    system_id: SystemId = None,
    start_time: Start = None,
    end_time: End = None,
) -> Response:
    """For each local day from `startTime` to `endTime` (`YYYY-MM-DD`, both included): of how many five-minute
    intervals there are readings (`read`), and how many the day has (`expected`: 288, or 276 and 300).
    """
    system = system_for(services.store, caller, system_id)
    zone = zone_of(system)
    days = _days(start_time, end_time, zone)
    source = HistorySource(services.store, system, zone, services.clock.now_at())
    known = days_of(source, days[0], days[-1], [COUNT], flags=False)
    read = [count or 0 for count in known.columns[COUNT]]
    expected = [_passed(day, zone, source.now_at) for day in days]
    return answer({"success": True, "start": days[0], "last": days[-1], "read": read, "expected": expected})


def _columns(found: list[Reading], zone: Zone) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {"time": [zone.iso(one.inverter_time) for one in found]}
    powers = [power(one) for one in found]
    columns |= {key: [each[key] for each in powers] for key in POWER_KEYS}
    columns["soc"] = [rounded(one.battery_soc_pct) for one in found]
    columns["faultCode"] = [one.fault_code for one in found]
    counters = [totals(one) for one in found]
    return columns | {key: [each[key] for each in counters] for key in ENERGY_KEYS}


def _days(start_day: str | None, end_day: str | None, zone: Zone) -> list[str]:
    for name, text in (("startTime", start_day), ("endTime", end_day)):
        try:
            zone.bounds(text or "")
        except BadInput as error:
            raise bad_parameter(name, f"{name} is not a day of the form YYYY-MM-DD") from error
    assert start_day
    assert end_day
    if start_day > end_day:
        raise bad_parameter("startTime", "startTime must not be after endTime")
    days = [start_day]
    while days[-1] < end_day:
        if len(days) == LONGEST_DAYS:
            raise bad_parameter("startTime", f"Time range exceeds maximum of {LONGEST_DAYS} days")
        days.append(zone.next_day(days[-1]))
    return days


def _passed(day: str, zone: Zone, now_at: float) -> int:
    """How many of the day's intervals have passed."""
    start_at, end_at = zone.bounds(day)
    if end_at <= now_at:
        return expected_intervals(day, zone)
    return max(0, int(now_at) - start_at) // INTERVAL_S
