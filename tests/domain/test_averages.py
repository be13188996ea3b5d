"""Values that came faster than readings are kept: each counts for the time it held."""

from hypothesis import given
from hypothesis import strategies as st

from liveone.domain.averages import averaged


def test_a_power_counts_for_as_long_as_it_held_and_a_counter_by_its_newest_value() -> None:
    samples = [
        (0, {"solar_w": 1000, "solar_kwh_total": 1.0}),
        (45, {"solar_w": 0}),
        (50, {"solar_kwh_total": 1.5}),
    ]
    assert averaged(samples, start_at=0, end_at=60) == {"solar_w": 750, "solar_kwh_total": 1.5}


def test_what_held_before_the_span_counts_until_the_next_value() -> None:
    samples = [(-500, {"grid_w": -300}), (30, {"grid_w": 100})]
    assert averaged(samples, start_at=0, end_at=60) == {"grid_w": -100}


def test_what_was_never_sent_is_absent() -> None:
    assert averaged([(1, {"grid_w": None, "battery_w": 5})], start_at=0, end_at=60) == {"battery_w": 5}
    assert averaged([], start_at=0, end_at=60) == {}


@given(st.dictionaries(st.integers(0, 59), st.integers(-5000, 5000), min_size=1))
def test_a_mean_lies_between_its_values_and_is_that_of_every_second(sent: dict[int, int]) -> None:
    samples = [(at, {"grid_w": watts}) for at, watts in sorted(sent.items())]
    found = averaged(samples, start_at=0, end_at=60)["grid_w"]
    first = min(sent)
    held, by_second = sent[first], []
    for second in range(first, 60):
        held = sent.get(second, held)
        by_second.append(held)
    assert abs(found - sum(by_second) / len(by_second)) <= 0.5 + 1e-9
    assert min(sent.values()) <= found <= max(sent.values())
