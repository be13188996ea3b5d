"""Any JSON over HTTP, by a JSONPath for each value."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.vendors.patient_kit import PatientConformance
from tests.vendors.wire import Heard, Wire, reply

from liveone.errors import ConfigError
from liveone.vendors.adapter import account_of
from liveone.vendors.base import VendorError
from liveone.vendors.conformance.kit import NOW_AT, RecordedAnswer
from liveone.vendors.httpjson.device import HttpJson
from liveone.vendors.httpjson.parse import place_of, sample_of
from liveone.vendors.parameters import Setting

DAY = {
    "pv": {"strings": [{"power": 2.1}, {"power": 1.02}]},
    "meter": {"export_w": 2379.4, "imported": 400_200, "at": (NOW_AT - 3) * 1000},
    "soc": "0.765",
    "battery": None,
}
PATHS: dict[str, Setting] = {
    "solar_w": "$.pv.strings[*].power * 1000",
    "grid_w": "$.meter.export_w * -1",
    "grid_in_kwh_total": "$.meter.imported * 0.001",
    "battery_soc_pct": "$.soc * 100",
    "time": "$.meter.at",
}
MEANT = {"solar_w": 3120, "grid_w": -2379, "grid_in_kwh_total": 400.2, "battery_soc_pct": 76.5, "load_w": 741}
NIGHT = DAY | {"pv": {"strings": [{"power": 0}, {"power": 0.0}]}, "meter": {"export_w": -300}}


class TestHttpJson(PatientConformance):
    adapter = HttpJson
    recordings = (
        RecordedAnswer("day", {"": DAY, "/": DAY}, MEANT, settings=PATHS),
        RecordedAnswer(
            "night",
            {"/": NIGHT},
            {"solar_w": 0, "grid_w": 300, "battery_soc_pct": 76.5, "load_w": 300},
            settings=PATHS,
        ),
        RecordedAnswer(
            "no battery", {"/": [DAY]}, {"load_w": 2379}, settings={"load_w": "$[0].meter.export_w"}
        ),
        RecordedAnswer("first start", {"/": {}}, None, settings=PATHS),
    )


def test_a_path_and_a_query_and_a_credential_are_sent() -> None:
    heard: list[Heard] = []

    def answer(request: Heard) -> list[bytes]:
        heard.append(request)
        return reply(200, json.dumps(DAY))

    with Wire(answer) as wire:
        given = {"url": f"{wire.url}/api/now", "query": "unit=1&all", "authorization": "Bearer kit-Secret"}
        adapter = HttpJson(account_of("http-json", {**given, **PATHS}))
        assert adapter.poll("house", memory={}, now_at=NOW_AT).reading.inverter_time == NOW_AT - 3
        adapter.close()
    assert heard[0].path == "/api/now?unit=1&all"
    assert heard[0].headers["authorization"] == "Bearer kit-Secret"


@pytest.mark.parametrize(
    ("path", "said"),
    [("$.a[", "solar_w is no JSONPath"), ("$.a | $.b", "one JSONPath"), ("a b c", "solar_w is no JSONPath")],
)
def test_what_is_no_path_is_refused_with_its_setting(path: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        HttpJson(account_of("http-json", {"url": "http://192.168.1.9", "solar_w": path}))
    assert caught.value.hint


def test_points_alone_are_an_answer_too() -> None:
    paths: dict[str, Setting] = {"points": "car_w = $.pv.strings[0].power * 1000; flow_c = $.none"}
    poll = HttpJson.read({"answer": DAY}, paths, now_at=NOW_AT)
    assert [(each.key, each.unit, each.value) for each in poll.points] == [("car_w", "W", 2100)]
    with pytest.raises(VendorError, match="no value"):
        HttpJson.read({"answer": {}}, paths, now_at=NOW_AT)


def test_without_any_path_there_is_nothing_to_read() -> None:
    with pytest.raises(ConfigError, match="told no value"):
        HttpJson(account_of("http-json", {"url": "http://192.168.1.9"}))


@pytest.mark.parametrize(
    ("sent", "at"),
    [
        (1_764_500_000, 1_764_500_000),
        ("2025-11-30T10:53:20Z", 1_764_500_000),
        ("2025-11-30T10:53:20", None),
        ("x", None),
    ],
)
def test_a_time_is_seconds_milliseconds_or_iso(sent: object, at: float | None) -> None:
    sample = sample_of({"answer": {"at": sent}}, {"time": place_of("time", "$.at")}, {})
    assert sample.at == at


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None)
@given(JSON)
def test_no_json_raises_anything_but_our_errors(answer: Any) -> None:
    paths = {"solar_w": "$.a", "grid_w": "$..b * -1", "battery_soc_pct": "$[*].c[0:2]", "time": "$.c"}
    with contextlib.suppress(VendorError):
        HttpJson.read({"answer": answer}, paths, now_at=NOW_AT)
