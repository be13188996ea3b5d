"""A night on which the clocks go back, in a house that makes 1 kW throughout: its day says whose zone it has.

26 October 2025 has 25 hours in Berlin, and 24 for whoever counts by an offset. All of it is older than a day
when LiveOne meets it, and is written after newer readings, as an import would.
"""

import csv
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tests.migration.stage import History

from liveone.collect.days import closer
from liveone.domain.reading import Reading
from liveone.store import bulk
from liveone.store.readings import row_of
from liveone.store.store import open_store

BACK_AT = 1_761_440_400
"""2025-10-26 01:00 UTC: in Berlin 03:00 becomes 02:00."""
SYSTEM_ID, ZONE, DAY = 2, "Europe/Berlin", "2025-10-26"
HOUR_S, STEP_S = 3600, 300
KWH = "SELECT round(solar_kwh, 3) FROM readings_agg_1d WHERE system_id = '2' AND day = ?"


def lived_through(past: History) -> History:
    """The same history with the two days around that night, closed by the offset."""
    with closing(open_store(past.database)) as store:
        around = readings(BACK_AT - 36 * HOUR_S, BACK_AT + 36 * HOUR_S)
        bulk.import_readings(store, SYSTEM_ID, map(row_of, around))
        closer.close_one(store, SYSTEM_ID, DAY)
    return past


def readings(since_at: int, until_at: int) -> Iterator[Reading]:
    """1 kW of sun every five minutes in (since, until]."""
    for at in range(since_at + STEP_S, until_at + 1, STEP_S):
        yield Reading(
            at,
            at + 2,
            solar_w=1000,
            solar_inverter_w=1000,
            shunt_w=0,
            load_w=400,
            battery_w=0,
            grid_w=-600,
            battery_soc_pct=50.0,
            fault_code=0,
            fault_at=0,
            generator_status=0,
        )


def late(path: Path, *, hours_after: int) -> Path:
    """A file of six hours that nobody had, which ``liveone import`` reads."""
    since_at = BACK_AT + hours_after * HOUR_S
    names = ("solar_w", "solar_inverter_w", "shunt_w", "load_w", "battery_w", "grid_w", "battery_soc_pct")
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("time", *names, "fault_code", "fault_at", "generator_status"))
        for one in readings(since_at, since_at + 6 * HOUR_S):
            rows.writerow((one.inverter_time, *(getattr(one, name) for name in names), 0, 0, 0))
    return path
