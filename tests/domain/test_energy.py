"""Energies of intervals: what a counter gained is kept exactly once, and only that."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.rows import START, energy_between, interval_energies, row, series

from liveone.domain.aggregates import FiveMinutes
from liveone.domain.energy import IntervalEnergy

RATED_KW = 9.0
WH = 0.001


def solar(rows: Sequence[FiveMinutes]) -> list[float | None]:
    return [energy.kwh[0] for energy in interval_energies(rows, rated_kw=RATED_KW)]


def flags(rows: Sequence[FiveMinutes]) -> list[bool]:
    return [energy.estimated[0] for energy in interval_energies(rows, rated_kw=RATED_KW)]


def added(rows: Sequence[FiveMinutes]) -> float:
    return sum(kwh or 0.0 for kwh in solar(rows))


@st.composite
def histories(draw: st.DrawFn, least: int = 2) -> list[FiveMinutes]:
    """A counter that ticks as real ones do, seen ``least`` times or more: rows are missing, power is rough.

    A row lies one to six intervals after the one before; the counter ticks at most ten times in each. The
    first step is that of one interval: a larger one may have begun before (``account.TICK_KWH``).
    """
    steps = st.tuples(st.integers(1, 6), st.integers(0, 60), st.floats(0.8, 1.2))
    begin = [(0, 0, 1.0), (1, draw(st.integers(1, 10)), 1.0)]
    total, place, rows = 900.0, 0, []
    for missed, wanted, off in begin + draw(st.lists(steps, min_size=least - 2, max_size=28)):
        place, ticks = place + missed, min(wanted, 10 * missed)
        total += ticks * 0.085
        rows.append(row(START + 300 * place, round(total, 3), round(ticks * 1020 / max(missed, 1) * off)))
    return rows


@given(histories())
def test_the_sum_of_intervals_is_the_counter_difference_to_one_wh(rows: list[FiveMinutes]) -> None:
    gained = (rows[-1].solar_kwh_total_last or 0) - (rows[0].solar_kwh_total_last or 0)
    assert added(rows) == pytest.approx(gained, abs=WH)
    assert all(kwh >= 0 for kwh in solar(rows) if kwh is not None)


def test_a_first_step_over_a_hole_is_all_its_own_where_power_may_have_carried_it() -> None:
    """Nothing flowed when the counter was first seen, 4 kW when it was seen again twenty minutes later."""
    rows = [row(START, 900.0, 0), row(START + 1200, 901.445, 3793)]
    assert added(rows) == pytest.approx(1.445, abs=WH)


@given(histories(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows: list[FiveMinutes], order: random.Random) -> None:
    shuffled = order.sample(rows, len(rows))
    assert interval_energies(shuffled, rated_kw=RATED_KW) == interval_energies(rows, rated_kw=RATED_KW)


@given(histories(least=6), st.data())
def test_one_wild_value_adds_nothing(rows: list[FiveMinutes], data: st.DataObject) -> None:
    place = data.draw(st.integers(2, len(rows) - 3))
    wild = data.draw(st.sampled_from([0.0, 25_567.0, 53_700.0]))
    spoilt = [*rows]
    spoilt[place] = row(rows[place].interval_end, wild, rows[place].solar_w_avg)
    assert added(spoilt) == pytest.approx(added(rows), abs=WH)


@given(histories(least=4), st.data())
def test_values_that_are_missing_for_a_while_lose_nothing(
    rows: list[FiveMinutes], data: st.DataObject
) -> None:
    first = data.draw(st.integers(2, len(rows) - 2))
    last = data.draw(st.integers(first, len(rows) - 2))
    holed = [
        row(r.interval_end, None, r.solar_w_avg) if first <= place <= last else r
        for place, r in enumerate(rows)
    ]
    assert added(holed) == pytest.approx(added(rows), abs=WH)


def test_adjacent_intervals_are_measured_and_the_first_one_is_unknown() -> None:
    rows = series([5.0, 5.1, 5.1, 5.3])
    assert solar(rows) == pytest.approx([None, 0.1, 0.0, 0.2])
    assert flags(rows) == [False] * 4


def test_a_counter_that_falls_to_zero_for_one_reading_adds_nothing() -> None:
    rows = series([25567.0, 25567.0, 0.0, 25567.0, 25567.085])
    assert solar(rows) == pytest.approx([None, 0.0, 0.0, 0.0, 0.085])
    assert flags(rows) == [False] * 5


def test_a_strange_newest_value_counts_only_power_until_it_is_confirmed() -> None:
    assert solar(series([5.0, 5.1, 700.0])) == pytest.approx([None, 0.1, 0.05])
    confirmed = series([5.0, 5.1, 0.0, 0.085])
    assert solar(confirmed) == pytest.approx([None, 0.1, 0.05, 0.085])
    assert flags(confirmed) == [False, False, True, False]


def test_a_counter_that_starts_anew_gives_its_believed_value_from_there_on() -> None:
    energies = interval_energies(series([5.0, 5.1, 0.0, 0.085]), rated_kw=RATED_KW)
    assert [energy.kwh_total[0] for energy in energies] == [5.0, 5.1, 0.0, 0.085]
    glitch = interval_energies(series([5.0, 5.1, 0.0, 5.2]), rated_kw=RATED_KW)
    assert [energy.kwh_total[0] for energy in glitch] == [5.0, 5.1, 5.1, 5.2]


def test_a_gap_is_spread_by_the_shape_of_power() -> None:
    rows = [row(START, 5.0, 0), row(START + 1200, 5.6, 4000)]
    assert solar(rows) == pytest.approx([None, 0.06, 0.12, 0.18, 0.24])
    assert flags(rows) == [False, True, True, True, True]


def test_a_gap_without_power_is_spread_evenly() -> None:
    rows = [row(START, 5.0, 0), row(START + 900, 5.6, 0)]
    assert solar(rows) == pytest.approx([None, 0.2, 0.2, 0.2])


@pytest.mark.parametrize("after_w", [0, 120])
def test_what_comes_after_a_silence_is_not_put_into_what_was_seen_before_it(after_w: int) -> None:
    """A counter of 10 kWh stands for an hour of 2 kW; a night and a day are not seen, and 50 kWh come."""
    afternoon = [(40.0, 2000)] * 12 + [(40.0, 0)] * 12
    rows = series([total for total, _ in afternoon], [power_w for _, power_w in afternoon])
    rows.append(row(rows[-1].interval_end + 20 * 3600, 90.0, after_w))
    found = [kwh or 0.0 for kwh in solar([row(START, 30.0, 2000), *rows])]
    assert sum(found[2:]) == pytest.approx(50.0, abs=WH)
    assert found[2:13] == pytest.approx([2000 / 12000] * 11, abs=WH)


def test_a_missing_counter_is_replaced_by_power_in_its_direction_only() -> None:
    charging = FiveMinutes(START, battery_w_avg=-1200, grid_w_avg=600, sample_count=5)
    energy = interval_energies([charging], rated_kw=RATED_KW)[0]
    assert energy.kwh[:2] == (None, None)
    assert [*energy.kwh[2:]] == pytest.approx([0.1, 0.0, 0.05, 0.0])
    assert energy.estimated == (False, False, True, True, True, True)


def test_without_counters_a_short_hole_is_bridged_by_power_and_a_long_one_is_unknown() -> None:
    short = [row(START, None, 1200), row(START + 900, None, 1200)]
    assert solar(short) == pytest.approx([0.1] * 4)
    long = solar([row(START, None, 1200), row(START + 14 * 300, None, 1200)])
    assert long == [pytest.approx(0.1), *[None] * 13, pytest.approx(0.1)]


def test_rounding_in_turn_neither_resets_a_counter_nor_adds_to_it() -> None:
    totals = [916.741, 916.7406738281252] * 20 + [916.741]
    rows = series(totals, [0] * len(totals))
    assert added(rows) == pytest.approx(0.0, abs=1e-9)
    assert not any(flags(rows))


def test_an_oven_that_heats_for_ten_minutes_counts_once_where_a_row_is_one_sample() -> None:
    """7 kW are seen at the moment at which they begin, when a counter of 0.1 kWh has nothing to show of them
    yet. Power of that whole row would seem more than the step behind it, and be told beside the step."""
    totals = [5.0, 5.1, 5.1, 5.1, 5.1, 5.7, 6.3, 6.3]
    powers_w = [150, 150, 150, 150, 7000, 7000, 150, 150]
    rows = [each._replace(sample_count=1) for each in series([*totals], powers_w)]
    assert added(rows) == pytest.approx(6.3 - 5.0, abs=WH)


def test_a_sum_between_two_instants_tells_what_is_estimated_and_what_is_unknown() -> None:
    energies: list[IntervalEnergy] = interval_energies(series([5.0, 5.1, None, 5.3, 5.4]), rated_kw=RATED_KW)
    today = energy_between(energies, START + 300, START + 1200)
    assert today.kwh == (pytest.approx(0.3), *[None] * 5)
    assert today.estimated == (True, *[False] * 5)
    assert not energy_between(energies, START + 1200, START + 1500).estimated[0]
    assert energy_between(energies, 0, 300).kwh == (None,) * 6
