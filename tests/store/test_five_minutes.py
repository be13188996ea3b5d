"""Five-minute rows equal a plain oracle, in whatever order and pieces the readings came."""

import random
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.store.conftest import a_system
from tests.store.samples import NOON, recorded, sample

from liveone.domain.aggregates import FiveMinutes
from liveone.domain.intervals import interval_end
from liveone.domain.reading import COUNTERS, POWERS, Reading
from liveone.store import aggregates, readings
from liveone.store.database import Statement
from liveone.store.files import create
from liveone.store.store import Store, open_store

CADENCE_S = 60


def oracle(found: list[Reading], end: int, cadence_s: int = CADENCE_S) -> FiveMinutes:
    """The definition, said plainly: one interval from its readings."""
    ordered = sorted(found, key=lambda each: each.inverter_time)
    times = [each.inverter_time for each in ordered]
    weights = []
    for place, at in enumerate(times):
        before = Fraction(at - times[place - 1], 2) if place else Fraction(at - (end - 300))
        after = Fraction(times[place + 1] - at, 2) if at != times[-1] else Fraction(end - at)
        weights.append(min(before, Fraction(cadence_s)) + min(after, Fraction(cadence_s)))
    values: dict[str, object] = {"interval_end": end, "sample_count": len(ordered)}
    for power in POWERS:
        pairs = [(w, getattr(r, f"{power}_w")) for w, r in zip(weights, ordered, strict=True)]
        known = [(w, p) for w, p in pairs if p is not None]
        if known:
            mean = sum(w * p for w, p in known) / sum(w for w, _ in known)
            rounded = int(abs(mean) + Fraction(1, 2)) * (1 if mean >= 0 else -1)
            low, high = min(p for _, p in known), max(p for _, p in known)
            values |= {f"{power}_w_avg": rounded, f"{power}_w_min": low, f"{power}_w_max": high}
    for name in ("battery_soc_pct", *(f"{counter}_kwh_total" for counter in COUNTERS)):
        there = [getattr(r, name) for r in ordered if getattr(r, name) is not None]
        values[f"{name}_last"] = there[-1] if there else None
    return FiveMinutes(**values)  # type: ignore[arg-type]


def expected(found: list[Reading]) -> list[FiveMinutes]:
    ends = sorted({interval_end(each.inverter_time) for each in found})
    return [oracle([r for r in found if interval_end(r.inverter_time) == end], end) for end in ends]


watts = st.none() | st.integers(-20_000, 20_000)
counter = st.none() | st.floats(0, 1e6)
any_reading = st.builds(
    replace,
    st.builds(sample, st.integers(NOON, NOON + 1200)),
    solar_w=watts,
    load_w=watts,
    battery_w=watts,
    grid_w=watts,
    battery_soc_pct=st.none() | st.floats(0, 100),
    solar_kwh_total=counter,
    grid_out_kwh_total=counter,
)
some_readings = st.lists(any_reading, min_size=1, max_size=25, unique_by=lambda each: each.inverter_time)


def stored_rows(store: Store) -> list[FiveMinutes]:
    return aggregates.five_minutes(store, 1, 0, NOON + 10**9)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=some_readings, seed=st.integers(0, 99))
def test_rows_equal_the_oracle_whatever_the_order(store: Store, found: list[Reading], seed: int) -> None:
    store.database.write([Statement(f"DELETE FROM {each}") for each in ("readings_agg_5m", "systems")])
    store.database.write([Statement("DELETE FROM sqlite_sequence")])
    a_system(store)
    shuffled = random.Random(seed).sample(found, len(found))
    offered = [replace(recorded(NOON), reading=each) for each in shuffled]
    for start in range(0, len(offered), 4):
        readings.record(store, offered[start : start + 4])
    assert stored_rows(store) == expected(found)
    again = aggregates.rebuild_5m(store, 1, NOON - 1000, NOON + 5000)
    assert stored_rows(store) == expected(found)
    assert again == len(expected(found))


def test_means_round_half_away_from_zero(store: Store) -> None:
    a_system(store)
    readings.record(
        store,
        [
            recorded(NOON - 200, solar_w=1, battery_w=-1, load_w=None, grid_w=None),
            recorded(NOON - 100, solar_w=2, battery_w=-2, load_w=None, grid_w=None),
        ],
    )
    (row,) = stored_rows(store)
    assert (row.solar_w_avg, row.battery_w_avg) == (2, -2)
    assert (row.load_w_avg, row.load_w_min, row.load_w_max) == (None, None, None)


def test_a_sample_after_a_gap_stands_for_no_more_than_twice_the_cadence(tmp_path: Path) -> None:
    create(tmp_path / "slow.db")
    with closing(open_store(tmp_path / "slow.db", cadence_s=30)) as store:
        a_system(store)
        found = [(NOON - 290, 1000), (NOON - 60, 100), (NOON, 0)]
        readings.record(store, [recorded(at, solar_w=power) for at, power in found])
        (row,) = stored_rows(store)
        assert row.solar_w_avg == round((1000 * 40 + 100 * 60 + 0 * 30) / 130)


def test_an_interval_that_lost_its_readings_goes_when_rebuilt(any_store: Store) -> None:
    readings.record(any_store, [recorded(NOON), recorded(NOON + 600)])
    any_store.database.write([Statement("DELETE FROM readings WHERE inverter_time = ?", (NOON,))])
    assert aggregates.rebuild_5m(any_store, 1, NOON - 300, NOON + 10**7) == 1
    assert [row.interval_end for row in stored_rows(any_store)] == [NOON + 600]


def test_systems_do_not_mix(store: Store) -> None:
    a_system(store)
    a_system(store, "1587")
    readings.record(
        store, [recorded(NOON, 1, solar_w=1), recorded(NOON, 2, solar_w=2), recorded(NOON - 9, 2)]
    )
    assert [row.sample_count for row in aggregates.five_minutes(store, 1, 0, NOON)] == [1]
    assert [row.sample_count for row in aggregates.five_minutes(store, 2, 0, NOON)] == [2]
