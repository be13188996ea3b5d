"""Counter truth: which values of a counter are believed."""

from collections.abc import Sequence

import pytest
from tests.domain.rows import row

from liveone.domain.counters import bound_kwh, chain_of, rated_kw
from liveone.domain.series import series_of
from liveone.domain.system import System

RATED_KW = 9.0


def believed(ends: Sequence[int], totals: Sequence[float]) -> list[int]:
    rows = [row(end, total) for end, total in zip(ends, totals, strict=True)]
    return chain_of(series_of(rows, ends, "solar"), RATED_KW).places


@pytest.mark.parametrize(
    ("case", "totals", "expected"),
    [
        ("steady", [5.0, 5.1, 5.1, 5.3], [0, 1, 2, 3]),
        ("one zero stands for the value before", [25567.0, 0.0, 25567.1, 25567.2], [0, 1, 2, 3]),
        ("one leap", [5.0, 900.0, 5.1, 5.2], [0, 2, 3]),
        ("one leap small enough to pass alone", [5.0, 5.0, 5.3, 5.0, 5.1], [0, 1, 3, 4]),
        ("two different glitches in turn", [5.0, 5.1, 0.0, 900.0, 5.2, 5.3], [0, 1, 4, 5]),
        ("a glitch at the start", [0.0, 25567.0, 25567.1], [1, 2]),
        ("a strange newest value waits", [5.0, 5.1, 700.0], [0, 1]),
        ("a drop with a witness is a reset", [5.0, 5.1, 0.0, 0.1], [0, 1, 2, 3]),
        ("a new inverter", [5.0, 5.1, 300.0, 300.1], [0, 1, 2, 3]),
        ("rounding is no drop", [916.741, 916.7406738281252, 916.741], [0, 1, 2]),
        ("a single value", [5.0], [0]),
        ("nothing", [], []),
    ],
)
def test_belief(case: str, totals: list[float], expected: list[int]) -> None:
    assert believed(range(300, 300 * len(totals) + 1, 300), totals) == expected, case


def test_values_more_than_400_days_apart_are_not_compared() -> None:
    ends = [300, 600, 600 + 401 * 86400, 900 + 401 * 86400]
    assert believed(ends, [5.0, 5.1, 5.1, 5.2]) == [0, 1, 2, 3]
    assert believed([300, 300 + 401 * 86400], [5.0, 5.1]) == []


def test_the_bound_is_rated_power_times_time_with_a_margin_and_some_ticks() -> None:
    assert bound_kwh(9.0, 3600) == pytest.approx(13.75)


@pytest.mark.parametrize(
    ("ratings", "solar_size", "expected"),
    [
        ("7.5kW, 48V", "9 kW", 9.0),
        ("7.5kW, 48V", None, 7.5),
        ("5000W", "", 5.0),
        ("7,5 kVA", "2 x 6.6 kWp", 13.2),
        ("1.2 MW", None, 1200.0),
        ("48V", "63.6 kWh", 100.0),
        (None, "0 kW", 100.0),
    ],
)
def test_rated_power_is_read_from_the_system_s_own_texts(
    ratings: str | None, solar_size: str | None, expected: float
) -> None:
    system = System(1, None, "select.live", "1586", "Home", 600, ratings=ratings, solar_size=solar_size)
    assert rated_kw(system) == pytest.approx(expected)


def test_a_counter_that_stands_is_one_run_however_long() -> None:
    rows = [row(300 * place, total) for place, total in enumerate([5.0] * 40 + [5.1, 5.1, 5.2], start=1)]
    assert chain_of(series_of(rows, [each.interval_end for each in rows], "solar"), RATED_KW).runs == [
        0,
        40,
        42,
    ]
