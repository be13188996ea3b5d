"""Topics and values in them: what an owner may write, what a preset knows, what is absent. Pure."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveone.errors import ConfigError
from liveone.mqtt.link import Message
from liveone.vendors.base import Poll, VendorError
from liveone.vendors.conformance.kit import NOW_AT
from liveone.vendors.means import HeldMean
from liveone.vendors.measures import HOUSE_FIELDS
from liveone.vendors.mqtt.device import MqttSource
from liveone.vendors.mqtt.heard import HeardTopics
from liveone.vendors.mqtt.places import decoded, place_of
from liveone.vendors.mqtt.presets import plan_of
from liveone.vendors.parameters import Setting


def polled(settings: dict[str, Setting], **topics: Any) -> Poll:
    """What payloads say by topic; a tuple is a payload and its age."""
    heard = {}
    for topic, payload in topics.items():
        body, age_s = payload if isinstance(payload, tuple) else (payload, 1)
        heard[topic] = {"payload": decoded(body.encode()), "age_s": age_s}
    return MqttSource.read({"topics": heard}, settings, now_at=NOW_AT)


def read(settings: dict[str, Setting], **topics: Any) -> dict[str, Any]:
    """The values of the reading that they make."""
    poll = polled(settings, **topics)
    return {name: value for name in HOUSE_FIELDS if (value := getattr(poll.reading, name)) is not None}


VICTRON: dict[str, Setting] = {"preset": "victron-gx", "device": "c0619ab1"}
GX = "N/c0619ab1/system/0"


@pytest.mark.parametrize(
    ("settings", "topics", "meant"),
    [
        (
            VICTRON,
            {
                f"{GX}/Dc/Pv/Power": '{"value": 1200.4}',
                f"{GX}/Ac/PvOnGrid/L1/Power": '{"value": 800}',
                f"{GX}/Ac/PvOnGrid/L2/Power": '{"value": null}',
                f"{GX}/Ac/PvOnOutput/L1/Power": "",
                f"{GX}/Ac/Grid/L1/Power": '{"value": -1500}',
                f"{GX}/Ac/Genset/L1/Power": '{"value": 40}',
                f"{GX}/Ac/Consumption/L1/Power": '{"value": 300}',
                f"{GX}/Dc/Battery/Power": '{"value": 200}',
                f"{GX}/Dc/Battery/Soc": '{"value": 76.5}',
                "N/c0619ab1/grid/30/Ac/Energy/Forward": '{"value": 400.2}',
            },
            {
                "solar_w": 2000,
                "grid_w": -1460,
                "load_w": 300,
                "battery_w": -200,
                "battery_soc_pct": 76.5,
                "grid_in_kwh_total": 400.2,
            },
        ),
        (
            {"preset": "shelly", "device": "shellypro3em-a0b1"},
            {
                "shellypro3em-a0b1/status/em:0": '{"total_act_power": -412.6}',
                "shellypro3em-a0b1/status/emdata:0": '{"total_act": 1234567.8, "total_act_ret": 250000}',
            },
            {"grid_w": -413, "grid_in_kwh_total": 1234.5678, "grid_out_kwh_total": 250},
        ),
        (
            {
                "preset": "shelly",
                "device": "plug",
                "channel": "switch:0",
                "measures": "solar",
                "turned": True,
            },
            {"plug/status/switch:0": '{"apower": -310.2, "ret_aenergy": {"total": 9000}}'},
            {"solar_w": 310, "solar_kwh_total": 9},
        ),
        (
            {"preset": "shelly-gen1", "device": "shellyem3-A4CF12", "channel": "0"},
            {
                "shellies/shellyem3-A4CF12/emeter/0/power": "812.33",
                "shellies/shellyem3-A4CF12/emeter/1/power": "99",
                "shellies/shellyem3-A4CF12/emeter/0/total": "64321",
            },
            {"grid_w": 812, "grid_in_kwh_total": 64.321},
        ),
        (
            {"preset": "tasmota", "device": "tasmota_AB", "measures": "load"},
            {"tele/tasmota_AB/SENSOR": '{"Time": "1970", "ENERGY": {"Total": 3.185, "Power": [60, 40]}}'},
            {"load_w": 100, "load_kwh_total": 3.185},
        ),
        (
            {"preset": "zigbee2mqtt", "device": "Boiler room/meter 1", "measures": "load"},
            {"zigbee2mqtt/Boiler room/meter 1": '{"power": 1500, "energy": 12.5, "linkquality": 80}'},
            {"load_w": 1500, "load_kwh_total": 12.5},
        ),
        (
            {"preset": "statestream", "solar_w": "sensor.pv_power * 1000", "battery_soc_pct": "sensor.soc"},
            {"homeassistant/sensor/pv_power/state": "3.12", "homeassistant/sensor/soc/state": "unavailable"},
            {"solar_w": 3120},
        ),
        (
            {"grid_w": "house/meter one $.in * 1000 + house/meter one $.out * -1000"},
            {"house/meter one": '{"in": 0, "out": 2.379}'},
            {"grid_w": -2379},
        ),
    ],
    ids=["victron", "shelly", "plug, turned", "gen1", "tasmota", "zigbee2mqtt", "statestream", "own"],
)
def test_a_preset_knows_what_its_make_sends(
    settings: dict[str, Setting], topics: dict[str, Any], meant: dict[str, float]
) -> None:
    found = read(settings, **topics)
    found.pop("load_w", None) if "load_w" not in meant else None
    assert found == pytest.approx(meant)


CAR: dict[str, Setting] = {
    "points": "car_w = wallbox $.kw * 1000; car_kwh_total = wallbox $.total; string_+_w = pv/+/w;"
    "flow_c = a/t + b/t"
}


@pytest.mark.parametrize(
    ("settings", "topics", "meant"),
    [
        (
            CAR,
            {
                "wallbox": '{"kw": 7.2, "total": 5200.3}', "pv/East 1/w": "900", "pv/west/w": ("1", 9000),
                "a/t": "4",
            },
            {
                "car_w": (7200, "W"), "car_kwh_total": (5200.3, "kWh"), "string_east_1_w": (900, "W"),
                "flow_c": (4, "°C"),
            },
        ),
        (
            VICTRON,
            {
                "N/c0619ab1/evcharger/40/Ac/Power": '{"value": 7200}',
                "N/c0619ab1/solarcharger/278/Yield/Power": '{"value": 1200}',
                "N/c0619ab1/solarcharger/279/Yield/Power": '{"value": null}',
                f"{GX}/Ac/Grid/L1/Power": '{"value": -1500}',
                "N/c0619ab1/temperature/24/Temperature": '{"value": 21.5}',
            },
            {
                "car_40_w": (7200, "W"), "mppt_278_w": (1200, "W"), "grid_l1_w": (-1500, "W"),
                "temperature_24_c": (21.5, "°C"),
            },
        ),
        (
            {"preset": "shelly", "device": "em"},
            {"em/status/em:0": '{"total_act_power": 5, "b_act_power": 7.5, "b_voltage": 231.2}'},
            {"channel_2_w": (7.5, "W"), "channel_2_v": (231.2, "V")},
        ),
        (
            {"preset": "shelly", "device": "pm", "channel": "switch:1"},
            {"pm/status/switch:1": '{"apower": 5, "voltage": 231.2, "temperature": {"tC": 41.2, "tF": 106}}'},
            {"channel_2_v": (231.2, "V"), "channel_2_c": (41.2, "°C")},
        ),
        (
            {"preset": "shelly-gen1", "device": "x"},
            {"shellies/x/emeter/0/power": "12.5", "shellies/x/emeter/0/total": "4000"},
            {"clamp_0_w": (12.5, "W"), "clamp_0_kwh_total": (4, "kWh")},
        ),
        (
            {"preset": "tasmota", "device": "x"},
            {"tele/x/SENSOR": '{"ENERGY": {"Power": [60, 40]}}'},
            {"channel_1_w": (60, "W"), "channel_2_w": (40, "W")},
        ),
        (
            {"preset": "zigbee2mqtt", "device": "cellar"},
            {"zigbee2mqtt/cellar": '{"temperature": 12.25, "battery": 80, "voltage": 3000}'},
            {"temperature_c": (12.25, "°C")},
        ),
        (
            {"preset": "statestream", "points": "car_w = sensor.car_power"},
            {"homeassistant/sensor/car_power/state": "3680"},
            {"car_w": (3680, "W")},
        ),
    ],
    ids=["own", "victron", "shelly", "plug", "gen1", "tasmota", "zigbee2mqtt", "statestream"],
)  # fmt: skip
def test_what_is_beyond_the_balance_is_a_point(
    settings: dict[str, Setting], topics: dict[str, Any], meant: dict[str, tuple[float, str]]
) -> None:
    """Points alone are an answer, of a device that measures nothing of the balance."""
    poll = polled(settings, **topics)
    assert {each.key: (each.value, each.unit) for each in poll.points} == meant


def test_points_are_means_too_and_counters_are_not() -> None:
    heard = HeardTopics(plan_of(CAR))
    for at_s, kw in ((0, 4.0), (30, 8.0)):
        body = json.dumps({"kw": kw, "total": 100 + kw}).encode()
        heard.take(Message("wallbox", body, is_retained=False), at_s)
    raw = {"topics": heard.topics(60), "means": heard.take_means(60)}
    points = MqttSource.read(raw, CAR, now_at=NOW_AT).points
    assert {each.key: each.value for each in points} == {"car_w": 6000, "car_kwh_total": 108}


STRINGS: dict[str, Setting] = {"solar_w": "pv/+/w", "grid_w": "meter/w"}


@pytest.mark.parametrize(
    ("second", "solar_w"),
    [
        ("250", 350),
        ("", 100),
        ("null", 100),
        ("nan", None),
        ("Infinity", None),
        ("broken", None),
        ('{"w": 1}', None),
        ("true", None),
        (("250", 400), None),
        (("250", 9999), 100),
    ],
    ids=["both", "emptied", "null", "nan", "infinity", "text", "json", "true", "overdue", "taken away"],
)
def test_a_sum_is_absent_where_a_part_should_be_a_number_and_is_none(
    second: Any, solar_w: int | None
) -> None:
    found = read(STRINGS, **{"pv/1/w": "100", "pv/2/w": second, "meter/w": "5"})
    assert found.get("solar_w") == solar_w
    assert found["grid_w"] == 5


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"solar_w": "pv/#"}, "# stands for"),
        ({"solar_w": "pv/a+b"}, "is no topic"),
        ({"solar_w": "pv/+x/w $.a"}, "is no topic"),
        ({"solar_w": "pv $.a["}, "solar_w is no JSONPath"),
        ({"solar_w": "x" * 1001}, "is no topic"),
        ({"preset": "victron-gx"}, "device is missing"),
        ({"preset": "zigbee2mqtt", "device": "a/+/b"}, "is no topic"),
        ({"preset": "shelly", "device": "a", "channel": "light:0"}, "channel"),
        ({"preset": "shelly", "device": "a", "channel": "em:01"}, "channel"),
        ({"preset": "statestream"}, "told no topic"),
        ({"solar_w": "a", "online": "a/+"}, "is no topic"),
        ({}, "told no topic"),
        ({"points": "car_w"}, "no key with its place"),
        ({"points": "Car = a"}, "no key with its place"),
        ({"points": "car_w = a; car_w = b"}, "car_w is there twice"),
        ({"points": "grid_w = a"}, "grid_w is a value of the house"),
        ({"points": " ; "}, "names no point"),
        ({"points": "pv_+_w = a/b"}, "as many"),
        ({"points": "pv_+_w = a/+ + b/+"}, "as many"),
        ({"points": "car_w = a $.b["}, "points: car_w is no JSONPath"),
    ],
)
def test_what_is_no_place_is_refused_in_words(settings: dict[str, Setting], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        plan_of(settings)
    assert caught.value.hint


def test_a_value_that_its_json_has_not_is_absent_from_a_sum_too() -> None:
    settings: dict[str, Setting] = {"grid_w": "m $.in + m $.out * -1", "solar_w": "m $.pv"}
    assert read(settings, m='{"in": 5, "out": 2, "pv": 1}')["grid_w"] == 3
    assert "grid_w" not in read(settings, m='{"in": 5, "pv": 1}')


def test_a_plus_stands_for_one_whole_level() -> None:
    (term,) = place_of("solar_w", "pv/+/w")
    assert term.matches("pv/one/w")
    assert not term.matches("pv/one/two/w")
    assert not term.matches("pv/w")


def test_every_value_counts_for_the_time_that_it_held() -> None:
    mean = HeldMean()
    for at_s, value in ((0, 100.0), (10, 400.0), (40, 100.0)):
        mean.note(at_s, value, 180)
    assert mean.take(60, 180) == pytest.approx((10 * 100 + 30 * 400 + 20 * 100) / 60)
    assert mean.take(120, 180) == 100, "what held before goes on holding"
    mean.note(120, None, 180)
    mean.note(150, 50.0, 180)
    assert mean.take(180, 180) == 50, "absent has no weight"
    assert mean.take(1000, 180) == 50, "a value holds no longer than it may"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(st.binary(max_size=40) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_payload_raises_anything_but_our_errors(payload: bytes) -> None:
    settings: dict[str, Setting] = {"solar_w": "t $.a", "grid_w": "t", "battery_soc_pct": "t $..b[0:2]"}
    with contextlib.suppress(VendorError):
        raw = {"topics": {"t": {"payload": decoded(payload), "age_s": 1}}}
        MqttSource.read(raw, settings, now_at=NOW_AT)
