"""A thousandfold unit is noticed whatever else a counter does."""

from collections.abc import Callable

import pytest

from liveone.domain.reading import Reading
from liveone.domain.units import UnitWatch

PLACE = {name: place for place, name in enumerate(Reading.__slots__)}


def rows(total_of: Callable[[int], float], watts: float = 1200) -> list[tuple[float | None, ...]]:
    """A hundred minutes of a load, with what its counter shows of the minute."""
    found = []
    for minute in range(100):
        values: list[float | None] = [None] * len(PLACE)
        values[PLACE["inverter_time"]] = 60 * minute
        values[PLACE["load_w"]], values[PLACE["load_kwh_total"]] = watts, total_of(minute)
        found.append(tuple(values))
    return found


def leaps(*at: int, kwh: float = 25_000.0) -> Callable[[int], float]:
    return lambda minute: sum(kwh for place in at if minute >= place)


@pytest.mark.parametrize("leap", [leaps(), leaps(3), leaps(50), leaps(3, 50), leaps(3, 40, 70)])
@pytest.mark.parametrize(("factor", "suspect"), [(1, {}), (1000, {"load": True}), (0.001, {"load": False})])
def test_leaps_hide_no_unit_and_are_none(
    leap: Callable[[int], float], factor: float, suspect: dict[str, bool]
) -> None:
    watch = UnitWatch()
    watch.see(rows(lambda minute: leap(minute) + factor * 0.02 * minute))
    assert watch.suspects() == suspect


def test_a_counter_that_leaps_and_stands_says_nothing() -> None:
    watch = UnitWatch()
    watch.see(rows(leaps(10, 20, 30, 40, 50)))
    assert watch.suspects() == {}
