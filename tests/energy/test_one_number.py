"""One day has one number, at every door, and it is the true one: random houses against what really flowed.

``HOUSES=500`` tries that many instead of a few.
"""

import os
import random
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.energy.houses import DAY_S, Happening, House, Meter
from tests.sample import AT_LENGTH
from tests.web.support import SetClock, services

from liveone.collect.days import closer
from liveone.domain.aggregates import ENERGIES, Day
from liveone.domain.reading import COUNTERS
from liveone.domain.system import System
from liveone.domain.zones import Zone, zone_of
from liveone.store import aggregates, bulk, systems
from liveone.store.files import create
from liveone.store.readings import row_of
from liveone.store.store import Store, open_store
from liveone.transfer.readings_out import DAY_COLUMNS, day_rows
from liveone.web.history.fields import fields_of
from liveone.web.history.intervals import history
from liveone.web.history.ranges import TimeParameters, window
from liveone.web.history.rules import V2
from liveone.web.history.series import HistorySource
from liveone.web.now.data import overview
from liveone.web.now.readings_json import DAY_ENERGY_KEYS, ENERGY_KEYS

WH = 0.001
ZONES = {
    "+10:00": "2026-06-01",
    "Asia/Kathmandu": "2026-06-01",
    "Australia/Lord_Howe": "2025-10-04",
    "Europe/Berlin": "2025-10-25",
    "America/Havana": "2025-03-08",
    "America/St_Johns": "2025-11-01",
}
"""Zones, each with a day before something happens to its clocks where they have such days."""

KINDS = ("silence", "zeros", "frozen", "absent", "exchange")
FED_S = 6 * 3600


@st.composite
def houses(draw: st.DrawFn) -> tuple[Zone, House]:
    name = draw(st.sampled_from(sorted(ZONES)))
    dice = random.Random(draw(st.integers(0, 10**9)))
    zone = Zone(600) if name == "+10:00" else Zone(0, name)
    start_at = zone.bounds(ZONES[name])[0] + dice.choice((0, 0, 7 * 3600))
    cadence_s = dice.choice((10, 30, 60, 60, 300, 300, 600, 900, 1800, 3600))
    days = 2 if cadence_s < 60 else 3
    meters = {name: _meter(dice) for name in COUNTERS}
    happenings = [_happening(dice, start_at, days) for _ in range(dice.choice((0, 1, 1, 2)))]
    return zone, House(start_at, days, cadence_s, dice.randrange(10**6), meters, happenings)


def _meter(dice: random.Random) -> Meter:
    return Meter(
        resolution_kwh=dice.choice((0.001, 0.01, 0.085, 0.085, 1.0, 10.0)),
        shown_every_s=dice.choice((0, 0, 0, 1800, 3600, DAY_S)),
        start_kwh=dice.choice((0.0, 20.0, 1000.0, 25_000.0)),
        is_there=dice.random() > 0.1,
        is_dead=dice.random() < 0.1,
    )


def _happening(dice: random.Random, start_at: int, days: int) -> Happening:
    kind = dice.choice(KINDS)
    from_at = start_at + dice.randrange(0, days * DAY_S - 7200, 60)
    longest_s = 4 * 3600 if kind == "frozen" else 20 * 3600
    lasts_s = min(dice.choice((600, 1800, 7200, 6 * 3600, 20 * 3600)), longest_s)
    to_at = min(from_at + lasts_s, start_at + days * DAY_S - 3600)
    counter = "" if kind == "silence" else dice.choice(COUNTERS)
    return Happening(kind, from_at, max(from_at, to_at), counter, dice.choice((-900.0, 700.0, 50_000.0)))


@contextmanager
def lived(zone: Zone, house: House) -> Iterator[tuple[Store, System]]:
    """The house's readings as they came, a quarter of a day at a time, its days closed meanwhile."""
    with tempfile.TemporaryDirectory(prefix="liveone-houses-") as folder:
        create(Path(folder) / "live.db")
        store = open_store(Path(folder) / "live.db", cadence_s=house.cadence_s)
        system = systems.add_system(
            store,
            owner="alice",
            vendor_type="select.live",
            vendor_site_id="1",
            display_name="Home",
            timezone_offset_min=zone.offset_min,
            time_zone=zone.name,
        )
        waiting = list(house.readings())
        for until_at in range(house.start_at + FED_S, house.end_at + FED_S, FED_S):
            fed = [one for one in waiting if one.inverter_time <= until_at]
            waiting = waiting[len(fed) :]
            bulk.import_readings(store, system.id, map(row_of, fed))
            closer.catch_up(store, until_at, look_back_days=3)
        yield store, system
        store.close()


def kwh_of(day: Day) -> list[float]:
    return [getattr(day, f"{name}_kwh") or 0.0 for name in ENERGIES]


def asked(source: HistorySource, interval: str, first: str, last: str) -> list[list[float]]:
    """The six energies of a history from the day ``first`` to ``last``, a row for each value."""
    stretch = window(TimeParameters(interval, None, first, last), source.zone, source.now_at)
    names = [f"{name}_kwh" for name in COUNTERS]
    wanted = fields_of(names, V2, in_days=stretch.in_days, by_day=interval == "1d")
    series = [values.data for _, values in history(source, stretch, wanted).series]
    return [[value or 0.0 for value in row] for row in zip(*series, strict=True)]


def estimated_of(source: HistorySource, interval: str, first: str, last: str) -> list[bool]:
    """Which of the six energies a history from ``first`` to ``last`` marks as estimated, at least in part."""
    stretch = window(TimeParameters(interval, None, first, last), source.zone, source.now_at)
    names = [f"{name}_kwh" for name in COUNTERS]
    wanted = fields_of(names, V2, in_days=stretch.in_days, by_day=interval == "1d")
    return [bool(values.estimated) for _, values in history(source, stretch, wanted).series]


def summed(rows: list[list[float]]) -> list[float]:
    return [sum(column) for column in zip(*rows, strict=True)]


@settings(
    max_examples=int(os.environ.get("HOUSES", "12")),
    derandomize="HOUSES" not in os.environ and not AT_LENGTH,
    deadline=None,
)
@given(houses())
def test_every_door_tells_the_same_number_and_it_is_true(drawn: tuple[Zone, House]) -> None:
    zone, house = drawn
    with lived(zone, house) as (store, system):
        now_at = house.end_at + 3 * 3600
        closer.catch_up(store, now_at)
        every = aggregates.days(store, system.id, "2000-01-01", "2100-01-01")
        days = {day.day: kwh_of(day) for day in every}
        closer.regenerate(store, system.id, now_at)
        anew = aggregates.days(store, system.id, "2000-01-01", "2100-01-01")
        assert [replace(day, version=1) for day in every] == anew
        told_alike(HistorySource(store, system, zone_of(system), now_at), days)
        for counter, found_kwh, true_kwh, allowed_kwh in against_the_truth(store, system, zone, house):
            assert found_kwh == pytest.approx(true_kwh, abs=allowed_kwh), (
                f"{counter} of {house.meters[counter]}"
            )


def told_alike(source: HistorySource, days: Mapping[str, list[float]]) -> None:
    """History at every interval, export, and the page's numbers are those of the stored days, to 1 Wh."""
    zone, names = source.zone, sorted(days)
    exported = {row[0]: row for row in day_rows(source.store, source.system, 0, 4 * 10**9, lambda _: None)}
    places = [DAY_COLUMNS.index(f"{name}_kwh") for name in ENERGIES]
    for day in names:
        start_at, end_at = zone.bounds(day)
        by_day = asked(source, "1d", day, day)
        assert by_day == [pytest.approx(days[day], abs=WH)]
        five = asked(source, "5m", zone.iso(start_at), zone.iso(end_at))
        assert summed(five) == pytest.approx(days[day], abs=WH)
        if start_at % 1800 == end_at % 1800 == 0:
            half = asked(source, "30m", zone.iso(start_at), zone.iso(end_at))
            assert summed(half) == pytest.approx(days[day], abs=WH)
        assert [exported[day][place] or 0.0 for place in places] == pytest.approx(days[day], abs=WH)
        marked = estimated_of(source, "5m", zone.iso(start_at), zone.iso(end_at))
        assert estimated_of(source, "1d", day, day) == marked, "a day is estimated if a part of it is"
        assert list(exported[day][-6:]) == marked, "the export marks what the page marks"
        wired = replace(services(source.store), clock=SetClock(int(end_at) + 3600))
        told = overview(wired, source.system, end_at + 3600)["historical"]["yesterday"]
        assert [told["energy"][key] or 0.0 for key in DAY_ENERGY_KEYS] == pytest.approx(days[day], abs=WH)
    now = overview(services(source.store), source.system, source.now_at)
    today = [now["latest"]["energy"]["today"][key] or 0.0 for key in ENERGY_KEYS]
    gained = now["historical"]["sinceFirst"]["energy"]
    whole = summed([today, *(days[day] for day in names)])
    assert [gained[key] or 0.0 for key in ENERGY_KEYS] == pytest.approx(whole, abs=2 * WH)


def against_the_truth(
    store: Store, system: System, zone: Zone, house: House
) -> Iterator[tuple[str, float, float, float]]:
    """Each energy from the first interval to the last: found, true, and how far it may be off."""
    rows = aggregates.five_minutes(store, system.id, 0, 4 * 10**9)
    first_at, last_at = rows[0].interval_end, rows[-1].interval_end
    source = HistorySource(store, system, zone, last_at)
    found = summed(asked(source, "5m", zone.iso(first_at), zone.iso(last_at)))
    for name, kwh in zip(COUNTERS, found, strict=True):
        yield name, kwh, house.true_kwh(name, first_at, last_at), allowed_kwh(house, name, first_at, last_at)


def allowed_kwh(house: House, name: str, first_at: int, last_at: int) -> float:
    """How well an energy can be known: a counter to its resolution, power to some per cent and what may have
    happened between samples, and what flowed in a silence not at all, where no counter bridges it."""
    meter, true_kwh = house.meters[name], house.true_kwh(name, first_at, last_at)
    mine = [each for each in house.happenings if each.counter == name and each.kind != "frozen"]
    is_fine = meter.is_there and not meter.is_dead and meter.resolution_kwh < 1 and not meter.shown_every_s
    if is_fine and not mine:
        return 0.3 + 2 * meter.resolution_kwh + 0.02 * true_kwh
    silent_kwh = sum(
        house.true_kwh(name, max(first_at, each.from_at - 7200), min(last_at, each.to_at + 7200))
        for each in house.happenings
        if each.kind == "silence" and each.from_at < last_at and each.to_at > first_at
    )
    return 0.5 + 1.5 * meter.resolution_kwh + 0.1 * true_kwh + house.cadence_s / 1200 + silent_kwh


@pytest.mark.parametrize(
    ("kind", "begins_h", "lasts_h"), [("zeros", 20, 20), ("zeros", 23, 15), ("absent", 20, 20)]
)
def test_a_counter_of_once_a_day_whose_tick_is_hidden_counts_no_hour_twice(
    kind: str, begins_h: int, lasts_h: int
) -> None:
    zone = Zone(600)
    start_at = zone.bounds("2026-06-01")[0]
    from_at = start_at + begins_h * 3600
    hidden = Happening(kind, from_at, from_at + lasts_h * 3600, "load")
    meters = {name: Meter(0.01, DAY_S if name == "load" else 0, 1000.0) for name in COUNTERS}
    house = House(start_at, 4, 300, 7, meters, [hidden])
    with lived(zone, house) as (store, system):
        closer.catch_up(store, house.end_at + 3 * 3600)
        found = {each[0]: each[1:] for each in against_the_truth(store, system, zone, house)}
    found_kwh, true_kwh, _ = found["load"]
    assert found_kwh == pytest.approx(true_kwh, abs=0.1 * true_kwh + 0.25)


def test_a_dead_counter_is_known_by_bursts_that_two_samples_an_hour_apart_saw() -> None:
    """Of each burst only one row of five minutes was seen before and behind: they held too little alone."""
    zone = Zone(0, "America/Havana")
    meters = {name: Meter(0.01, 0, 1000.0, is_dead=name == "battery_in") for name in COUNTERS}
    house = House(1741410000, 3, 3600, 47213, meters, [], 10.0)
    with lived(zone, house) as (store, system):
        closer.catch_up(store, house.end_at + 3 * 3600)
        found = {each[0]: each[1:] for each in against_the_truth(store, system, zone, house)}
    found_kwh, true_kwh, allowed_kwh = found["battery_in"]
    assert true_kwh > 10
    assert found_kwh == pytest.approx(true_kwh, abs=allowed_kwh)
