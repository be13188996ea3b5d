"""From an answer to a reading: every unit and sign is stated by a recorded answer; absent is never zero."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.vendors.small_portal import recorded

from liveone.domain.grid_sign import GridSignChoice
from liveone.domain.reading import Reading
from liveone.vendors.base import Poll, ProtocolViolation
from liveone.vendors.numbers import number, whole, whole_watts
from liveone.vendors.selectlive.parse import parse_poll

NIGHT = "SPMC482_unknown_night.json"


def poll_of(
    answer: dict[str, Any] | str, *, memory: dict[str, Any] | None = None, sign: GridSignChoice = "auto"
) -> Poll:
    body = answer if isinstance(answer, str) else json.dumps(answer)
    return parse_poll(body, memory=memory or {}, grid_sign=sign, now_at=1_755_540_010.9)


def reading_with(**changed: Any) -> Reading:
    answer = json.loads(recorded(NIGHT))
    answer["items"] |= changed
    return poll_of(answer).reading


def reading_without(*names: str) -> Reading:
    answer = json.loads(recorded(NIGHT))
    for name in names:
        del answer["items"][name]
    return poll_of(answer).reading


def test_recorded_answers_of_portal_and_box_state_every_unit_and_sign(shared_data: Path) -> None:
    for answer in json.loads((shared_data / "hfdata_recorded.json").read_text()).values():
        items = answer["items"]
        assert items["battery_w"] > 200, "the recording is of a discharging battery"
        assert poll_of(answer).reading == Reading(
            inverter_time=items["timestamp"],
            received_time=1_755_540_010,
            solar_w=round(items["solarinverter_w"]) + round(items["shunt_w"]),
            solar_inverter_w=round(items["solarinverter_w"]),
            shunt_w=round(items["shunt_w"]),
            load_w=round(items["load_w"]),
            battery_w=round(items["battery_w"]),
            grid_w=0,
            battery_soc_pct=items["battery_soc"],
            fault_code=0,
            fault_at=0,
            generator_status=0,
            solar_kwh_total=items["solar_wh_total"],
            load_kwh_total=items["load_wh_total"],
            battery_in_kwh_total=items["battery_in_wh_total"],
            battery_out_kwh_total=items["battery_out_wh_total"],
            grid_in_kwh_total=items["grid_in_wh_total"],
            grid_out_kwh_total=items["grid_out_wh_total"],
        )


def test_at_a_recorded_night_a_positive_battery_carries_the_house(shared_data: Path) -> None:
    for answer in json.loads((shared_data / "hfdata_recorded.json").read_text()).values():
        reading = poll_of(answer).reading
        assert reading.solar_w is not None
        assert reading.battery_w is not None
        assert reading.load_w is not None
        assert 0 < reading.solar_w + reading.battery_w - reading.load_w < 100


def test_a_generator_that_feeds_in_is_import_and_the_battery_charges() -> None:
    reading = poll_of(recorded("SPMC482_unknown_generator.json")).reading
    assert (reading.grid_w, reading.battery_w, reading.generator_status) == (3401, -2851, 1)


def test_the_owner_can_set_the_sign_of_grid_power() -> None:
    generator = recorded("SPMC482_unknown_generator.json")
    assert poll_of(generator, sign="normal").reading.grid_w == -3401
    assert poll_of(generator, sign="inverted").reading.grid_w == 3401


def test_ticks_of_the_import_counter_turn_the_sign_from_poll_to_poll() -> None:
    answer = json.loads(recorded(NIGHT))
    memory: dict[str, Any] = {}
    seen = []
    for minute in range(5):
        kwh = 44.5 + minute * 0.085
        answer["items"] |= {"grid_w": 3000, "grid_in_wh_total": kwh, "timestamp": 1_755_525_600 + 60 * minute}
        poll = poll_of(answer, memory=memory)
        memory = json.loads(json.dumps(poll.memory))
        seen.append(poll.reading.grid_w)
    assert seen == [-3000, -3000, -3000, 3000, 3000]


def test_a_first_start_has_counters_of_zero_not_none() -> None:
    reading = poll_of(recorded("SPMC482_unknown_first-start.json")).reading
    assert (reading.solar_kwh_total, reading.load_kwh_total, reading.battery_in_kwh_total) == (0, 0, 0)
    assert (reading.solar_w, reading.battery_w) == (1477, -1201)


def test_a_fault_is_read_with_numbers_as_text_a_null_and_a_missing_field() -> None:
    reading = poll_of(recorded("SPMC482_unknown_fault.json")).reading
    assert (reading.inverter_time, reading.fault_code, reading.fault_at) == (1_755_540_000, 23, 1_755_539_000)
    assert (reading.load_w, reading.battery_soc_pct, reading.battery_in_kwh_total) == (421, 31.25, 1011.5)
    assert reading.battery_w is None
    assert reading.solar_kwh_total is None


@pytest.mark.parametrize(
    "rubbish", [None, True, "", "n/a", "12,5", "1_0", "NaN", "0x10", [], {}, 1e9, -1e9, "٣"]
)
def test_rubbish_in_a_field_spoils_that_field_only(rubbish: Any) -> None:
    reading = reading_with(battery_w=rubbish, battery_soc=rubbish, fault_code=12.5)
    assert (reading.battery_w, reading.battery_soc_pct, reading.fault_code) == (None, None, None)
    assert (reading.load_w, reading.solar_w) == (549, 12)


@pytest.mark.parametrize("written", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 400])
def test_numbers_that_are_none_in_json_are_none(written: str) -> None:
    body = recorded(NIGHT).replace('"battery_w": 612.4', f'"battery_w": {written}')
    poll = poll_of(body)
    assert poll.reading.battery_w is None
    assert poll.raw["items"]["battery_w"] is None


def test_limits_of_what_is_believed() -> None:
    assert reading_with(battery_soc=100.4).battery_soc_pct == 100
    assert reading_with(battery_soc=-0.5).battery_soc_pct is None
    assert reading_with(load_w=-30).load_w == 0
    assert reading_with(load_w=-300).load_w is None
    assert reading_with(load_wh_total=-1).load_kwh_total is None
    assert reading_with(fault_ts=5).fault_at is None
    assert reading_with(fault_ts=0).fault_at == 0
    assert reading_with(fault_ts=None).fault_at is None


def test_an_absent_part_of_solar_makes_the_total_unknown() -> None:
    reading = reading_without("shunt_w")
    assert (reading.solar_w, reading.solar_inverter_w, reading.shunt_w) == (None, 0, None)
    assert reading_with(shunt_w=None).solar_w is None
    assert reading_without("shunt_w", "solarinverter_w").solar_w is None


def test_a_part_that_was_never_sent_in_an_hour_is_one_the_device_does_not_have() -> None:
    answer = json.loads(recorded(NIGHT))
    del answer["items"]["shunt_w"]
    answer["items"]["solarinverter_w"] = 900
    memory: dict[str, Any] = {}
    totals = []
    for minute in range(61):
        answer["items"]["timestamp"] = 1_755_525_600 + 60 * minute
        for _ in range(2):
            poll = poll_of(answer, memory=memory)
            memory = json.loads(json.dumps(poll.memory))
        totals.append(poll.reading.solar_w)
    assert totals[:59] == [None] * 59
    assert totals[59:] == [900, 900]
    answer["items"]["shunt_w"] = None
    assert poll_of(answer, memory=memory).reading.solar_w is None


def test_solar_is_never_negative_but_its_parts_stay_as_measured() -> None:
    reading = reading_with(solarinverter_w=-40.2, shunt_w=11.5)
    assert (reading.solar_w, reading.solar_inverter_w, reading.shunt_w) == (0, -40, 12)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "not JSON"),
        ("<html>owner@example.org</html>", "not JSON"),
        ('{"items": {"load', "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[1]", "not a JSON object"),
        ("{}", "no items"),
        ('{"items": {}}', "no items"),
        ('{"items": [1]}', "no items"),
        ('{"items": {"load_w": 1}}', "no timestamp"),
        ('{"items": {"timestamp": null}}', "no timestamp"),
    ],
)
def test_an_answer_that_is_no_sample_is_refused_with_its_redacted_beginning(body: str, message: str) -> None:
    with pytest.raises(ProtocolViolation, match=message) as caught:
        poll_of(body)
    assert "owner@" not in str(caught.value) + caught.value.raw
    assert caught.value.hint


@pytest.mark.parametrize("timestamp", [0, 86_400, "soon", True, 1_755_540_010 + 3700, 4_000_000_000, 1e300])
def test_a_sample_from_an_insane_time_is_refused_with_a_hint(timestamp: Any) -> None:
    with pytest.raises(ProtocolViolation, match="time") as caught:
        reading_with(timestamp=timestamp)
    assert "clock" in caught.value.hint


def test_an_old_sample_keeps_the_devices_own_time() -> None:
    reading = reading_with(timestamp=1_755_540_010 - 90_000)
    assert reading.delay_s == 90_000


def test_a_sample_far_ahead_is_refused_whatever_the_box_says_of_the_time() -> None:
    ahead_at = 1_755_540_010 + 2 * 365 * 86_400
    answer = json.loads(recorded(NIGHT)) | {"now": ahead_at}
    answer["items"] |= {"timestamp": ahead_at}
    with pytest.raises(ProtocolViolation, match="in the future"):
        parse_poll(json.dumps(answer), memory={}, grid_sign="auto", now_at=1_755_540_010)


def test_our_own_clock_may_be_unset_as_long_as_the_portals_is_right() -> None:
    poll = parse_poll(recorded(NIGHT), memory={}, grid_sign="auto", now_at=12.0)
    assert poll.reading.inverter_time == 1_755_525_600


def test_the_kept_answer_is_json_without_secrets() -> None:
    answer = json.loads(recorded(NIGHT))
    answer |= {
        "owner": "me@example.org",
        "session": "abc",
        "note": "pw is hunter2",
        "odd": "\ud800",
        "big": 2**70,
    }
    raw = parse_poll(
        json.dumps(answer), memory={}, grid_sign="auto", now_at=1_755_540_010, secrets=("hunter2",)
    ).raw
    text = json.dumps(raw, allow_nan=False, ensure_ascii=False).encode()
    assert all(secret not in text for secret in (b"me@", b"abc", b"hunter2"))
    assert raw["items"] == answer["items"]


@pytest.mark.parametrize(
    ("given_w", "whole_w"), [(0.5, 1), (-0.5, -1), (1.5, 2), (2.5, 3), (-2.49, -2), (None, None)]
)
def test_watts_are_rounded_half_away_from_zero(given_w: float | None, whole_w: int | None) -> None:
    assert whole_watts(given_w) == whole_w


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(list(json.loads(recorded(NIGHT))["items"])), JSON), JSON)
def test_no_rubbish_breaks_the_parser_and_what_it_keeps_is_sane(items: dict[str, Any], memory: Any) -> None:
    answer = json.loads(recorded(NIGHT))
    answer["items"] |= items | {"timestamp": 1_755_525_600}
    poll = poll_of(json.dumps(answer), memory={"grid_sign": memory, "solar_parts": memory})
    reading = poll.reading
    assert reading.solar_w is None or reading.solar_w >= 0
    assert reading.load_w is None or reading.load_w >= 0
    assert reading.battery_soc_pct is None or 0 <= reading.battery_soc_pct <= 100
    json.dumps([poll.raw, poll.memory], allow_nan=False)


@given(st.floats(-1e6, 1e6, allow_nan=False))
def test_a_number_as_text_is_the_same_number(value: float) -> None:
    assert number(f" {value} ", -1e6, 1e6) == number(value, -1e6, 1e6) == value
    assert whole(str(int(value)), -(10**6), 10**6) == int(value)
