"""A house made of sources: what adds up, what is absent, what follows, who is named."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from liveone.domain.bounds import BOUNDS
from liveone.domain.reading import Reading
from liveone.domain.sources import ROLE_FIELDS, ROLES, SourceReading, merge

NOW_AT = 1_764_500_000
LATE_S = 180
EVERY_FIELD = frozenset(field for fields in ROLE_FIELDS.values() for field in fields)
POWERS = ("solar_w", "battery_w", "grid_w", "load_w")


def part(name: str, roles: str, age_s: int = 5, **values: Any) -> SourceReading:
    reading = Reading(inverter_time=NOW_AT - age_s, received_time=NOW_AT, **values)
    return SourceReading(name, frozenset(roles.split()), frozenset(values), reading)  # type: ignore[arg-type]


def merged(*parts: SourceReading) -> Any:
    return merge(parts, now_at=NOW_AT, late_s=LATE_S)


def test_two_inverters_a_meter_and_a_battery_are_one_house() -> None:
    house = merged(
        part("roof", "solar", solar_w=3000, solar_kwh_total=100.0),
        part("barn", "solar", age_s=1, solar_w=500, solar_kwh_total=7.0),
        part("meter", "grid", grid_w=-2000, grid_in_kwh_total=40.0, grid_out_kwh_total=60.0),
        part("battery", "battery", battery_w=-700, battery_soc_pct=55.0),
    )
    reading = house.reading
    assert (reading.solar_w, reading.grid_w, reading.battery_w, reading.load_w) == (3500, -2000, -700, 800)
    assert (reading.solar_kwh_total, reading.grid_out_kwh_total, reading.battery_soc_pct) == (
        107.0,
        60.0,
        55.0,
    )
    assert (house.derived, dict(house.missing)) == (("load_w",), {})
    assert (reading.inverter_time, reading.received_time) == (NOW_AT - 1, NOW_AT)


def test_a_sum_with_a_missing_part_is_absent_and_the_source_is_named() -> None:
    house = merged(
        part("roof", "solar", solar_w=3000, solar_kwh_total=100.0),
        part("barn", "solar", age_s=LATE_S + 1, solar_w=500, solar_kwh_total=7.0),
        part("meter", "grid", grid_w=-2000),
    )
    assert (house.reading.solar_w, house.reading.solar_kwh_total, house.reading.load_w) == (None, None, None)
    assert house.reading.grid_w == -2000
    assert dict(house.missing) == {"barn": f"its newest sample is {LATE_S + 1} s old"}


def test_a_source_that_never_answered_is_named_with_the_reason() -> None:
    silent = SourceReading("barn", frozenset({"solar"}), frozenset({"solar_w"}), None, "cannot reach it")
    house = merged(part("roof", "solar", solar_w=3000), silent)
    assert (house.reading.solar_w, dict(house.missing)) == (None, {"barn": "cannot reach it"})
    assert merged(silent).reading is None


def test_a_counter_is_absent_where_one_of_its_parts_has_none() -> None:
    house = merged(
        part("roof", "solar", solar_w=3000, solar_kwh_total=100.0), part("meter", "solar", solar_w=500)
    )
    assert (house.reading.solar_w, house.reading.solar_kwh_total) == (3500, None)


def test_a_source_gives_only_the_roles_it_was_given() -> None:
    house = merged(
        part("inverter", "solar battery", solar_w=3000, battery_w=-1000, grid_w=5, load_w=1),
        part("meter", "grid", grid_w=-1500),
    )
    assert (house.reading.grid_w, house.reading.load_w) == (-1500, 500)


def test_a_measured_load_is_never_replaced() -> None:
    house = merged(part("meter", "grid", grid_w=300), part("house", "load solar", load_w=None, solar_w=0))
    assert (house.reading.load_w, house.derived) == (None, ())


def test_without_a_meter_at_the_grid_no_load_follows() -> None:
    house = merged(part("roof", "solar", solar_w=3000), part("battery", "battery", battery_w=-1000))
    assert (house.reading.load_w, house.derived) == (None, ())


def test_a_generator_comes_in_where_the_grid_does() -> None:
    house = merged(
        part("meter", "grid", grid_w=0),
        part("diesel", "generator", grid_w=4000),
        part("roof", "solar", solar_w=10),
    )
    assert (house.reading.grid_w, house.reading.load_w) == (4000, 4010)


def test_the_first_fault_is_shown_and_no_fault_is_no_absence() -> None:
    fine, broken = part("a", "solar", solar_w=1, fault_code=0), part("b", "grid", grid_w=1, fault_code=52)
    assert merged(fine, broken).reading.fault_code == 52
    assert merged(fine).reading.fault_code == 0
    assert merged(part("c", "grid", grid_w=1)).reading.fault_code is None


watts = st.none() | st.integers(-5000, 5000)
never_negative = st.none() | st.integers(0, 5000)
counters = st.none() | st.floats(0, 1e6)
readings = st.builds(
    Reading,
    inverter_time=st.integers(NOW_AT - 2 * LATE_S, NOW_AT),
    received_time=st.just(NOW_AT),
    solar_w=never_negative,
    load_w=never_negative,
    battery_w=watts,
    grid_w=watts,
    battery_soc_pct=st.none() | st.floats(0, 100),
    solar_kwh_total=counters,
    load_kwh_total=counters,
    grid_in_kwh_total=counters,
    grid_out_kwh_total=counters,
    battery_in_kwh_total=counters,
    battery_out_kwh_total=counters,
)
sources = st.lists(
    st.builds(
        SourceReading,
        source=st.just(""),
        roles=st.frozensets(st.sampled_from(ROLES)),
        fields=st.frozensets(st.sampled_from(sorted(EVERY_FIELD))),
        reading=st.none() | readings,
    ),
    max_size=5,
).map(lambda found: [replace(each, source=str(number)) for number, each in enumerate(found)])


@given(sources, st.randoms())
def test_the_order_of_the_sources_changes_nothing(parts: list[SourceReading], random: Any) -> None:
    mixed = random.sample(parts, len(parts))
    one, other = merged(*parts), merged(*mixed)
    assert dict(one.missing) == dict(other.missing)
    assert (one.reading is None) == (other.reading is None)
    if one.reading:
        for name in EVERY_FIELD:
            mine, theirs = getattr(one.reading, name), getattr(other.reading, name)
            assert (mine is None) == (theirs is None)
            assert mine is None or abs(mine - theirs) <= 1e-6 * max(1.0, abs(mine))


@given(sources)
def test_nothing_is_made_of_nothing(parts: list[SourceReading]) -> None:
    """Every value is the sum of what all its sources said, or follows from such sums, or is absent."""
    house = merged(*parts)
    if house.reading is None:
        assert set(house.missing) == {each.source for each in parts}
        return
    for name in POWERS:
        value, giving = getattr(house.reading, name), [each for each in parts if gives(each, name)]
        said = [getattr(each.reading, name) if heard(each, house) else None for each in giving]
        if name in house.derived:
            assert not giving
            balance = [
                getattr(house.reading, each) for each in POWERS[:3] if any(gives(one, each) for one in parts)
            ]
            assert BOUNDS["load_w"].believed(sum(balance)) == value
        else:
            assert value == (None if not said or None in said else sum(said))


@given(readings)
def test_one_source_that_gives_everything_is_the_house(reading: Reading) -> None:
    whole = SourceReading("all", frozenset(ROLES), EVERY_FIELD, reading)
    house = merge([whole], now_at=NOW_AT, late_s=2 * LATE_S)
    assert house.reading == reading


def gives(each: SourceReading, name: str) -> bool:
    return name in each.fields and any(name in ROLE_FIELDS[role] for role in each.roles)


def heard(each: SourceReading, house: Any) -> bool:
    return each.source not in house.missing
