"""Days are the sum of their intervals, alone or in a rebuild of everything."""

import random
from pathlib import Path
from zoneinfo import available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.domain.rows import START, close_days, energy_between, interval_energies, recorded, row

from liveone.domain.aggregates import FiveMinutes
from liveone.domain.days import close_day
from liveone.domain.energy import ROWS_AFTER, ROWS_BEFORE
from liveone.domain.intervals import interval_ends
from liveone.domain.reading import COUNTERS
from liveone.domain.zones import Zone

RATED_KW = 9.0
EAST = Zone(600)
NAMES = ["Australia/Lord_Howe", "Asia/Kathmandu", "Asia/Kolkata", "Australia/Darwin", "America/Havana"]
assert set(NAMES) <= available_timezones()


@st.composite
def weeks(draw: st.DrawFn) -> tuple[Zone, list[FiveMinutes]]:
    """Rows over a change of the clocks, with gaps, lone glitches and resets, every quarter of an hour."""
    zone = Zone(0, draw(st.sampled_from(NAMES)))
    start = zone.bounds(draw(st.sampled_from(["2025-04-04", "2025-10-03", "2025-10-31"])))[0]
    generator = random.Random(draw(st.integers(0, 10**9)))
    total, rows, gap_until, calm = 900.0, [], 0, 0
    for end in range(start + 300, start + 4 * 86400, 900):
        ticks = generator.randrange(5)
        total = 0.0 if generator.random() < 0.005 else total + ticks * 0.085
        gap_until = end + generator.randrange(90_000) if generator.random() < 0.01 else gap_until
        calm -= 1
        if end >= gap_until:
            is_wild = calm < 0 and generator.random() < 0.02
            calm = 6 if is_wild else calm
            rows.append(row(end, 77_777.0 if is_wild else round(total, 3), ticks * 340))
    return zone, rows


def context(rows: list[FiveMinutes], start_at: int, end_at: int) -> list[FiveMinutes]:
    before = [r for r in rows if r.interval_end <= start_at]
    after = [r for r in rows if r.interval_end > end_at]
    within = [r for r in rows if start_at < r.interval_end <= end_at]
    return before[-ROWS_BEFORE:] + within + after[:ROWS_AFTER]


@settings(max_examples=40, deadline=None)
@given(weeks())
def test_a_day_computed_alone_equals_the_same_day_in_a_whole_rebuild(
    history: tuple[Zone, list[FiveMinutes]],
) -> None:
    zone, rows = history
    for day in close_days(rows, zone=zone, rated_kw=RATED_KW):
        near = context(rows, *zone.bounds(day.day))
        assert close_day(reversed(near), zone=zone, day=day.day, rated_kw=RATED_KW) == day


@settings(max_examples=40, deadline=None)
@given(weeks())
def test_days_sum_to_their_intervals_in_every_zone(history: tuple[Zone, list[FiveMinutes]]) -> None:
    zone, rows = history
    days = list(close_days(rows, zone=zone, rated_kw=RATED_KW))
    energies = interval_energies(rows, rated_kw=RATED_KW)
    for day in days:
        part = energy_between(energies, *zone.bounds(day.day)).kwh[0]
        assert day.solar_kwh == (None if part is None else pytest.approx(part, abs=1e-5))
    whole = sum(energy.kwh[0] or 0.0 for energy in energies)
    assert sum(day.solar_kwh or 0.0 for day in days) == pytest.approx(whole, abs=0.001)
    assert sum(day.interval_count for day in days) == len(rows)


def test_a_gap_across_midnights_is_split_over_its_days_and_conserved() -> None:
    start, end = START + 22 * 3600, START + 50 * 3600
    rows = [
        row(start - 300, 10.0, 1000),
        row(start, 10.0, 1000),
        row(end, 38.0, 1000),
        row(end + 300, 38.1, 1000),
    ]
    days = list(close_days(rows, zone=EAST, rated_kw=RATED_KW))
    assert [(d.day, d.solar_kwh, d.interval_count) for d in days] == [
        ("2025-08-17", 2.0, 2),
        ("2025-08-18", 24.0, 0),
        ("2025-08-19", 2.1, 2),
    ]
    assert [d.estimated is not None and d.estimated[0] for d in days] == [True] * 3
    assert [d.solar_alltime_kwh for d in days] == [10.0, None, 38.1]


def test_a_day_of_which_nothing_is_known_is_none() -> None:
    assert close_day([], zone=EAST, day="2025-08-17", rated_kw=RATED_KW) is None
    assert close_day([row(START - 600, 5.0)], zone=EAST, day="2025-08-17", rated_kw=RATED_KW) is None


def test_a_day_has_the_extremes_means_and_end_values_of_its_rows() -> None:
    first = FiveMinutes(START + 300, grid_w_avg=-40, grid_w_min=-90, grid_w_max=0, sample_count=4)
    rows = [
        first._replace(battery_soc_pct_last=50.0, solar_kwh_total_last=7.0),
        first._replace(interval_end=START + 600, grid_w_avg=100, grid_w_max=300, battery_soc_pct_last=40.0),
        first._replace(interval_end=START + 86400, grid_w_avg=None, grid_w_min=None, grid_w_max=None),
    ]
    day = close_day(rows, zone=EAST, day="2025-08-17", rated_kw=RATED_KW)
    assert day is not None
    assert (day.grid_w_min, day.grid_w_avg, day.grid_w_max, day.load_w_avg) == (-90, 30, 300, None)
    soc = (day.battery_soc_pct_max, day.battery_soc_pct_min, day.battery_soc_pct_avg, day.battery_soc_pct_end)
    assert soc == (50.0, 40.0, 45.0, 40.0)
    assert (day.interval_count, day.sample_count, day.version, day.solar_alltime_kwh) == (3, 12, 1, 7.0)


def test_rows_of_a_device_clock_that_stood_at_1970_or_ran_far_ahead_are_days_of_their_own() -> None:
    rows = [row(300, 900.0), row(START + 300, 900.0), row(START + 600, 900.1), row(4_000_000_200, 901.0)]
    days = [day.day for day in close_days(rows, zone=EAST, rated_kw=RATED_KW)]
    assert days == ["1970-01-01", "2025-08-17", "2096-10-02"]


def test_the_all_time_counter_of_a_day_is_never_a_glitch() -> None:
    ends = [*interval_ends(START + 86400 - 1200, START + 86400 + 900)]
    totals = [7.0, 7.1, 7.2, 0.0, 7.2, 7.3, 7.4]
    day = close_day(map(row, ends, totals), zone=EAST, day="2025-08-17", rated_kw=RATED_KW)
    assert day is not None
    assert day.solar_alltime_kwh == 7.2


def test_recorded_days_agree_with_the_recording_s_own_counters(shared_data: Path) -> None:
    rows = recorded(shared_data / "selectlive_2025-08-16_18.csv")
    days = list(close_days(rows, zone=EAST, rated_kw=RATED_KW))
    assert [day.day for day in days] == ["2025-08-16", "2025-08-17", "2025-08-18"]
    counted = [r for r in rows if r.solar_kwh_total_last]
    energies = interval_energies(rows, rated_kw=RATED_KW)
    for day in days:
        start, end = EAST.bounds(day.day)
        first = max([r for r in counted if r.interval_end <= start] or counted[:1], key=_end)
        last = max((r for r in counted if r.interval_end <= end), key=_end)
        gained = [b - a for a, b in zip(_counters(first), _counters(last), strict=True)]
        part = energy_between(energies, max(start, counted[0].interval_end), end)
        assert [*part.kwh] == pytest.approx(gained, abs=0.1), day.day


def _end(row: FiveMinutes) -> int:
    return row.interval_end


def _counters(row: FiveMinutes) -> list[float]:
    return [getattr(row, f"{name}_kwh_total_last") for name in COUNTERS]
