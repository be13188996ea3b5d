"""Files as households have them, siblings of the cases that were reported: each with the energy that flowed.

Every case goes through the import and the closing of days, as a person would do it.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from liveone.collect.days import closer
from liveone.domain.aggregates import Day
from liveone.domain.reading import Reading
from liveone.domain.system import System, SystemInfo
from liveone.domain.zones import Zone, zone_of
from liveone.store import aggregates, bulk, systems
from liveone.store.files import create
from liveone.store.readings import row_of
from liveone.store.store import Store, open_store

HOUR_S, DAY_S = 3600, 86_400
START_AT = 1_780_236_000
"""2026-06-01 00:00 at +10:00."""

Shown = Callable[[int, float], float | None]
"""What a counter shows at an instant when so much has flowed in truth (kWh)."""


@dataclass(frozen=True)
class Case:
    """``watts`` flow all the time; the ``power`` and the counter (``shown``) of it are read every ``every_s``
    seconds, but not in ``silent`` hours; ``right_kwh`` is the sum of all days, to ``within_kwh``."""

    name: str
    watts: int
    hours: float
    right_kwh: float
    shown: Shown
    every_s: int = 300
    power: str = "load_w"
    sign: int = 1
    counter: str = "load_kwh_total"
    silent: tuple[float, float] = (0, 0)
    ratings: str = ""
    within_kwh: float = 0.02
    zone: Zone = field(default_factory=lambda: Zone(600))
    start_at: int = START_AT


def ticks(size_kwh: float, start_kwh: float = 1000.0) -> Shown:
    return lambda _, kwh: start_kwh + int(kwh / size_kwh + 1e-6) * size_kwh


def half_ticks(size_kwh: float) -> Shown:
    """Ticks of which the first had begun before the readings did."""
    return lambda _, kwh: 1000 + int(kwh / size_kwh + 0.5 + 1e-6) * size_kwh


def late(every_s: int, start_kwh: float = 1000.0, watts: int = 1000) -> Shown:
    """A counter that is brought up to date now and then."""
    return lambda at, _: start_kwh + (at - START_AT) // every_s * every_s * watts / 3_600_000


def standing(from_h: float, to_h: float) -> Shown:
    """A counter that stands still for some hours, and makes up for it."""

    def shown(at: int, kwh: float) -> float:
        hours = (at - START_AT) / HOUR_S
        return 1000 + (kwh * from_h / hours if from_h < hours < to_h else kwh)

    return shown


def paused(from_h: float, to_h: float) -> Shown:
    """A counter that does not count for some hours, and goes on where it stood."""

    def shown(at: int, kwh: float) -> float:
        hours = (at - START_AT) / HOUR_S
        return 1000 + kwh - (kwh / hours if hours else 0) * (min(max(hours, from_h), to_h) - from_h)

    return shown


def zero(from_h: float, to_h: float) -> Shown:
    return lambda at, kwh: 0.0 if from_h <= (at - START_AT) / HOUR_S < to_h else 5000 + kwh


def exchanged(at_h: float, by_kwh: float) -> Shown:
    return lambda at, kwh: 12_000 + kwh + (by_kwh if (at - START_AT) / HOUR_S > at_h else 0)


CASES = (
    Case("moves every half hour", 4000, 4, 16, late(1800, watts=4000), power="solar_w", ratings="5kW"),
    Case("moves every hour, read each minute", 1000, 30, 30, late(3600), every_s=60),
    Case("moves once a day, at night", 1000, 48, 48, late(DAY_S)),
    Case("ticks of 10 kWh", 4000, 30, 120, ticks(10.0)),
    Case("ticks of 10 kWh, begun before", 4000, 30, 120, lambda _, kwh: int((kwh + 3) / 10 + 1e-6) * 10.0),
    Case("ticks of 10 kWh, read each hour, 9 kW", 9000, 60, 540, ticks(10.0), every_s=3600, within_kwh=10),
    Case("ticks of 10 kWh, read each hour, 7 kW", 7000, 60, 420, ticks(10.0), every_s=3600, within_kwh=10),
    Case("ticks of 1 kWh, read every 5 minutes, 11 kW", 11_000, 24, 264, ticks(1.0), within_kwh=1),
    Case("ticks of 10 kWh, hourly, half of one before", 5000, 24, 120, half_ticks(10.0), every_s=3600),
    Case("ticks of 10 kWh, quarter-hourly, half of one before", 5000, 24, 120, half_ticks(10.0), every_s=900),
    Case("ticks of 1 kWh, little power", 150, 48, 7.2, ticks(1.0), within_kwh=0.25),
    Case("ticks of 1 Wh", 150, 24, 3.6, ticks(0.001)),
    Case("frozen for two hours", 4000, 4, 16, standing(1, 3), power="solar_w", ratings="7.5kW, 48V"),
    Case("frozen for five hours across midnight", 2000, 40, 80, standing(21, 26)),
    Case(
        "frozen, charging",
        2000,
        12,
        24,
        standing(3, 5),
        power="battery_w",
        sign=-1,
        counter="battery_in_kwh_total",
    ),
    Case(
        "frozen, discharging",
        2000,
        12,
        24,
        standing(3, 5),
        power="battery_w",
        counter="battery_out_kwh_total",
    ),
    Case(
        "frozen, exported",
        2000,
        12,
        24,
        standing(3, 5),
        power="grid_w",
        sign=-1,
        counter="grid_out_kwh_total",
    ),
    Case("does not count for three hours", 1000, 24, 24, paused(10, 13), within_kwh=0.1),
    Case("stays at zero", 1000, 24, 24, lambda *_: 0.0, within_kwh=0.1),
    Case("stands for ever", 700, 72, 50.4, lambda *_: 1234.5, within_kwh=0.1),
    Case("zeros all night", 300, 24, 7.2, zero(0.5, 6)),
    Case("zeros for two days, power not read", 1000, 96, 96, zero(20, 68), power="solar_w"),
    Case("frozen for three days, power not read", 3000, 96, 288, standing(20, 92), power="solar_w"),
    Case("zeros after a silence", 1000, 14.25, 14.25, zero(11.9, 12.1), silent=(2, 12)),
    Case("another meter, higher, after three days", 1000, 74, 74, exchanged(72, 700), silent=(1, 73)),
    Case("another meter, lower, after ten hours", 1000, 24, 24, exchanged(9, -11_000), silent=(4, 14)),
    Case("another meter at once", 500, 24, 12, exchanged(12, 40_000)),
    Case("hourly, without a counter", 1000, 72, 72, lambda *_: None, every_s=3600, within_kwh=0.1),
    Case(
        "half-hourly on the half hour, in Kathmandu",
        1000,
        48,
        48,
        lambda *_: None,
        every_s=1800,
        zone=Zone(345),
        within_kwh=0.1,
    ),
    Case("ten seconds", 1000, 6, 6, ticks(0.085), every_s=10, within_kwh=0.1),
    Case(
        "on the day of 25 hours",
        1000,
        30,
        30,
        ticks(1.0),
        zone=Zone(0, "Australia/Lord_Howe"),
        start_at=START_AT,
        within_kwh=1.0,
    ),
)


def readings(case: Case) -> Iterator[Reading]:
    for at in range(case.start_at, case.start_at + round(case.hours * HOUR_S) + 1, case.every_s):
        hours = (at - case.start_at) / HOUR_S
        if not case.silent[0] < hours < case.silent[1]:
            kwh = case.watts * hours / 1000
            shown = {case.power: case.watts * case.sign, case.counter: case.shown(at, kwh)}
            yield Reading(at, at, **shown)  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    create(tmp_path / "live.db")
    store = open_store(tmp_path / "live.db")
    yield store
    store.close()


def sunny_w(hour: float) -> int:
    return round(5000 * max(0.0, math.sin((hour % 24 - 6) / 12 * math.pi)))


def a_house(store: Store) -> System:
    return systems.add_system(
        store,
        owner=None,
        vendor_type="none",
        vendor_site_id="1",
        display_name="Home",
        timezone_offset_min=600,
    )


def closed(store: Store, found: list[Reading]) -> list[Day]:
    """The days of readings, as they are closed a month later."""
    system = a_house(store)
    bulk.import_readings(store, system.id, map(row_of, found))
    closer.catch_up(store, START_AT + 30 * DAY_S)
    return aggregates.days(store, system.id, "2026-01-01", "2026-12-31")


@pytest.mark.parametrize(("wakes_h", "every_s"), [(24, 300), (30, 300), (30, 3600)])
def test_an_inverter_that_sleeps_at_night_and_counts_by_the_day_makes_nothing_in_the_dark(
    store: Store, wakes_h: int, every_s: int
) -> None:
    """Its counter is 0 again when it wakes. What the days had in the mean was put into the nights, once."""
    made_kwh, found, true_kwh = 0.0, [], [0.0, 0.0, 0.0]
    for second in range(0, 3 * DAY_S, 60):
        hour, kwh = second / HOUR_S, sunny_w(second / HOUR_S) / 60_000
        made_kwh = kwh if second in (wakes_h * HOUR_S, (wakes_h + 24) * HOUR_S) else made_kwh + kwh
        true_kwh[int(hour // 24)] += kwh
        if second % every_s == 0 and 6 <= hour % 24 <= 20:
            found.append(
                row_of(Reading(START_AT + second, START_AT + second, sunny_w(hour), solar_kwh_total=made_kwh))
            )
    system = a_house(store)
    bulk.import_readings(store, system.id, found)
    closer.catch_up(store, START_AT + 30 * DAY_S)
    days = aggregates.days(store, system.id, "2026-06-01", "2026-06-03")
    assert [day.solar_kwh for day in days] == [pytest.approx(kwh, abs=0.1) for kwh in true_kwh]


@pytest.mark.parametrize("power", ["load_w", "solar_w"], ids=["with power", "without"])
def test_what_a_counter_of_zeros_gained_is_in_the_days_in_which_it_flowed(store: Store, power: str) -> None:
    """It was put into the five minutes in which the counter came back, where no power was read."""
    case = Case("zeros", 1000, 48, 48, zero(20, 30), power=power)
    system = a_house(store)
    bulk.import_readings(store, system.id, map(row_of, readings(case)))
    closer.catch_up(store, START_AT + 30 * DAY_S)
    days = aggregates.days(store, system.id, "2026-06-01", "2026-06-02")
    assert [day.load_kwh for day in days] == [pytest.approx(24, abs=0.1)] * 2
    assert [day.estimated and day.estimated[1] for day in days] == [True, True]


@pytest.mark.parametrize("late_h", [0, 1 / 6, 1 / 4])
def test_a_heat_pump_counts_once_where_its_counter_follows_late(store: Store, late_h: float) -> None:
    """2.5 kW for 20 of 50 minutes, ticks of 0.1 kWh: what was shown late was told twice."""

    def used_kwh(hour: float) -> float:
        cycles, minutes = divmod(hour * 60, 50)
        return 0.08 * hour + 2.5 * (cycles * 20 + min(minutes, 20)) / 60

    found = []
    for second in range(0, 49 * HOUR_S, 60):
        hour, at = second / HOUR_S, START_AT + second
        watts = 2580 if 0 < second // 60 % 50 <= 20 else 80
        shown = math.floor(used_kwh(max(0.0, hour - late_h)) * 10 + 1e-6) / 10
        found.append(Reading(at, at, load_w=watts, load_kwh_total=500 + shown))
    days = [day.load_kwh for day in closed(store, found)[1:3]]
    assert days == [pytest.approx(used_kwh(24), abs=1.0)] * 2


@pytest.mark.parametrize("is_counted_only", [False, True])
def test_days_that_nobody_saw_are_told_as_the_day_before_went(store: Store, is_counted_only: bool) -> None:
    """From noon to the second morning: a straight line gave sun to the night, and took it from the day."""
    made_kwh, found, true_kwh = 0.0, [], [0.0] * 4
    for second in range(0, 4 * DAY_S, 300):
        watts = sunny_w(second / HOUR_S)
        if not 36 < second / HOUR_S < 80:
            shown = {} if is_counted_only else {"solar_w": watts}
            found.append(
                Reading(START_AT + second, START_AT + second, **shown, solar_kwh_total=900 + made_kwh)
            )
        made_kwh += watts / 12_000
        true_kwh[second // DAY_S] += watts / 12_000
    assert [day.solar_kwh for day in closed(store, found)[-4:]] == [
        pytest.approx(kwh, abs=0.5) for kwh in true_kwh
    ]


@pytest.mark.parametrize("shown", [0.0, None, 5020.0])
def test_what_a_counter_gained_unseen_for_days_is_told_once_however_its_days_are_closed(
    store: Store, shown: float | None
) -> None:
    """0, absent or standing for 72 hours without power: longer than what a day reads of other days."""
    system = a_house(store)
    for hour in range(0, 120, 12):
        ats = range(START_AT + hour * HOUR_S, START_AT + (hour + 12) * HOUR_S, 300)
        kwhs = [5000 + (at - START_AT) / HOUR_S for at in ats]
        rows = [
            Reading(at, at, 0, load_kwh_total=shown if 5020 < kwh < 5092 else kwh)
            for at, kwh in zip(ats, kwhs, strict=True)
        ]
        bulk.import_readings(store, system.id, map(row_of, rows))
        closer.catch_up(store, ats[-1])
    closer.catch_up(store, START_AT + 30 * DAY_S)
    days = aggregates.days(store, system.id, "2026-01-01", "2026-12-31")
    assert sum(day.load_kwh or 0 for day in days) == pytest.approx(120, abs=0.2)
    closer.regenerate(store, system.id, START_AT + 30 * DAY_S)
    assert aggregates.days(store, system.id, "2026-01-01", "2026-12-31") == days


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_what_flowed_is_told(store: Store, case: Case) -> None:
    system = systems.add_system(
        store,
        owner=None,
        vendor_type="none",
        vendor_site_id="1",
        display_name="Home",
        timezone_offset_min=case.zone.offset_min,
        time_zone=case.zone.name,
        info=SystemInfo(ratings=case.ratings),
    )
    bulk.import_readings(store, system.id, map(row_of, readings(case)))
    closer.catch_up(store, case.start_at + 30 * DAY_S)
    assert zone_of(system) == case.zone
    energy = {"solar": "solar_kwh", "load": "load_kwh", "battery_in": "battery_charge_kwh"} | {
        "battery_out": "battery_discharge_kwh",
        "grid_out": "grid_export_kwh",
    }
    column = energy[case.counter.removesuffix("_kwh_total")]
    days = aggregates.days(store, system.id, "2026-01-01", "2026-12-31")
    assert sum(getattr(day, column) or 0 for day in days) == pytest.approx(
        case.right_kwh, abs=case.within_kwh
    )
