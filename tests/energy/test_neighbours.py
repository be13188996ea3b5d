"""What users of neighbouring projects reported of their counters, and what LiveOne says of the like.

Each case is built after a public report (its address stands beside it), with the energy that really flowed.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from liveone.collect.days import closer
from liveone.domain.reading import Reading
from liveone.domain.zones import Zone
from liveone.store import aggregates, bulk, systems
from liveone.store.files import create
from liveone.store.readings import row_of
from liveone.store.store import open_store

HOUR_S, DAY_S = 3600, 86_400
BERLIN = Zone(0, "Europe/Berlin")


@dataclass(frozen=True)
class Report:
    """``watts`` of the grid and what the counter of imports shows, by the hour since the local midnight of
    ``first_day``; ``right_kwh`` by day, to ``within_kwh``."""

    address: str
    watts: Callable[[float], int]
    shown: Callable[[float], float | None]
    right_kwh: list[float]
    first_day: str = "2026-06-01"
    every_s: int = 300
    within_kwh: float = 0.1


def always(hour: float) -> int:
    return 1000


def by_day(hour: float) -> int:
    return 2000 if 6 < hour % 24 <= 18 else 0


def made(hour: float) -> float:
    """What ``by_day`` has made (kWh)."""
    return hour // 24 * 24 + 2 * (min(max(hour % 24, 6), 18) - 6)


def there_and_back(hour: float) -> int:
    return -1000 if 12 < hour <= 18 else 1000


REPORTS = {
    "a tenth up and down again": Report(
        "github.com/johanmeijer/grott/issues/99",
        always,
        lambda hour: int(hour * 10) / 10 + (0.1 if round(hour * 12) % 12 == 5 else 0) + 215,
        [24, 24],
    ),
    "sixteen bits overflow": Report(
        "github.com/simatec/ioBroker.solax/issues/171", always, lambda hour: (6550 + hour) % 6553.6, [24, 24]
    ),
    "a small register overflows again and again": Report(
        "github.com/arendst/Tasmota/issues/3193", lambda hour: 4000, lambda hour: hour * 4 % 43, [96, 96]
    ),
    "the low word is read before the high one carries": Report(
        "github.com/squishykid/solax/issues/76",
        always,
        lambda hour: 650 + hour - (655.36 if round(hour * 12) == 65 else 0),
        [24, 24],
    ),
    "a counter of the day that is reset seven minutes late": Report(
        "github.com/0xAHA/Growatt_ModbusTCP/issues/225",
        always,
        lambda hour: (hour - 0.12) % 24 if hour > 0.12 else 24 + hour,
        [24, 24, 24],
    ),
    "a counter of the day that is reset after sunset": Report(
        "github.com/wills106/homeassistant-solax-modbus/issues/2016",
        by_day,
        lambda hour: made(hour) % 24 if hour % 24 < 18.2 else 0.0,
        [24, 24],
    ),
    "a counter of the day that stands until sunrise": Report(
        "github.com/hultenvp/solis-sensor/issues/2",
        by_day,
        lambda hour: made(hour) - made(max(0.0, (hour - 7) // 24 * 24 + 6)),
        [24, 24, 24],
        within_kwh=0.3,
    ),
    "rounded up to whole numbers at night": Report(
        "github.com/hultenvp/solis-sensor/issues/421",
        by_day,
        lambda hour: made(hour) * 0.65 % 15.6 if hour % 24 < 23.5 else 16.0,
        [15.6, 15.6],
        within_kwh=0.5,
    ),
    "zero at night": Report(
        "github.com/evcc-io/evcc/issues/30951",
        by_day,
        lambda hour: 12_000 + made(hour) if 6 <= hour % 24 < 18 else 0.0,
        [24, 24, 24],
        within_kwh=0.2,
    ),
    "begins at 0 after a restart, and is corrected half an hour later": Report(
        "github.com/evcc-io/evcc/issues/29654",
        always,
        lambda hour: hour - 10 if 10 < hour < 10.5 else 935.29 + hour,
        [24, 24],
    ),
    "one of two inverters is missing for two hours": Report(
        "github.com/lumapu/ahoy/issues/773",
        always,
        lambda hour: 700 + hour - (400 if 12 < hour < 14 else 0),
        [24, 24],
    ),
    "a spike of 715 kWh": Report(
        "github.com/domoticz/domoticz/pull/6721",
        always,
        lambda hour: 50 + hour + (715 if round(hour * 12) == 100 else 0),
        [24, 24],
    ),
    "a spike that lasts a quarter of an hour": Report(
        "github.com/domoticz/domoticz/pull/6721",
        always,
        lambda hour: 50 + hour + (715 if 100 <= round(hour * 12) < 103 else 0),
        [24, 24],
    ),
    "a disc that turns backwards": Report(
        "github.com/emoncms/emoncms/issues/1137",
        there_and_back,
        lambda hour: 500 + min(hour, 12) - min(max(hour - 12, 0), 6) + max(hour - 18, 0),
        [18, 24],
        within_kwh=0.2,
    ),
    "unavailable every other reading": Report(
        "github.com/home-assistant/core/issues/95154",
        always,
        lambda hour: None if round(hour * 12) % 2 else 100 + hour,
        [24, 24],
    ),
    "the hour that comes twice": Report(
        "github.com/home-assistant/core/issues/102984",
        always,
        lambda hour: 100 + hour,
        [25, 24],
        first_day="2026-10-25",
    ),
    "the hour that does not come": Report(
        "github.com/home-assistant/core/issues/114721",
        always,
        lambda hour: 100 + hour,
        [23, 24],
        first_day="2026-03-29",
    ),
    "a counter of the day on the day without an hour": Report(
        "github.com/ant0nkr/luxpower-ha-integration/issues/116",
        always,
        lambda hour: (hour + 1) % 24,
        [23, 24],
        first_day="2026-03-29",
    ),
}


def readings(report: Report) -> Iterator[Reading]:
    start_at, _ = BERLIN.bounds(report.first_day)
    for at in range(start_at, start_at + 24 * HOUR_S * len(report.right_kwh) + 8 * HOUR_S, report.every_s):
        hour = (at - start_at) / HOUR_S
        yield Reading(at, at, grid_w=report.watts(hour), grid_in_kwh_total=report.shown(hour))


@pytest.mark.parametrize("name", REPORTS, ids=lambda name: name.replace(" ", "-"))
def test_what_was_reported_elsewhere_is_told_right_here(tmp_path: Path, name: str) -> None:
    report = REPORTS[name]
    assert imported_kwh(tmp_path, report.first_day, list(readings(report)))[: len(report.right_kwh)] == [
        pytest.approx(kwh, abs=report.within_kwh) for kwh in report.right_kwh
    ], report.address


def test_a_month_at_the_breaker_adds_nothing(tmp_path: Path) -> None:
    """github.com/home-assistant/frontend/issues/28177: the same value again, 1,400 kWh less in the chart."""
    start_at, _ = BERLIN.bounds("2026-06-01")
    before = [
        Reading(at, at, grid_w=1000, grid_in_kwh_total=5000 + (at - start_at) / HOUR_S)
        for at in range(start_at, start_at + DAY_S // 2, 300)
    ]
    stood_kwh, back_at = before[-1].grid_in_kwh_total or 0, start_at + 31 * DAY_S
    after = [
        Reading(at, at, grid_w=1000, grid_in_kwh_total=stood_kwh + (at - back_at) / HOUR_S)
        for at in range(back_at, back_at + DAY_S, 300)
    ]
    assert sum(imported_kwh(tmp_path, "2026-06-01", before + after)) == pytest.approx(12 + 24, abs=0.2)


def imported_kwh(folder: Path, first_day: str, found: list[Reading]) -> list[float]:
    """By day, as LiveOne closes it."""
    create(folder / "live.db")
    with closing(open_store(folder / "live.db")) as store:
        system = systems.add_system(
            store,
            owner=None,
            vendor_type="none",
            vendor_site_id="1",
            display_name="Home",
            timezone_offset_min=60,
            time_zone=BERLIN.name,
        )
        bulk.import_readings(store, system.id, map(row_of, found))
        closer.catch_up(store, found[-1].inverter_time + 3 * DAY_S)
        return [day.grid_import_kwh or 0 for day in aggregates.days(store, 1, first_day, "2027-12-31")]
