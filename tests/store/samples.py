"""Readings of a plain house, by time."""

from dataclasses import replace

from liveone.domain.reading import Reading
from liveone.store.readings import Recorded

NOON = 1_755_309_600  # 2025-08-16 12:00 at +10:00
FULL = Reading(
    inverter_time=NOON,
    received_time=NOON + 2,
    solar_w=4000,
    solar_inverter_w=3900,
    shunt_w=100,
    load_w=1500,
    battery_w=-2400,
    grid_w=0,
    battery_soc_pct=75.5,
    fault_code=0,
    fault_at=0,
    generator_status=0,
    solar_kwh_total=100.25,
    load_kwh_total=80.5,
    battery_in_kwh_total=60.125,
    battery_out_kwh_total=50.0,
    grid_in_kwh_total=3.5,
    grid_out_kwh_total=0.0,
)


def sample(at: int, **changes: object) -> Reading:
    return replace(FULL, **{"inverter_time": at, "received_time": at + 2, **changes})  # type: ignore[arg-type]


def recorded(at: int, system_id: int = 1, **changes: object) -> Recorded:
    return Recorded(system_id, sample(at, **changes), raw='{"solar": 1}', memory={"k": 1}, polled_at=at + 1.5)
