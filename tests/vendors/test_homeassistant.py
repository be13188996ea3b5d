"""Home Assistant's entities and statistics, against a stand-in that speaks its WebSocket API.

The real one is asked by ``make peers`` (tests/peers).
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from tests.vendors.home_assistant import TOKEN, HomeAssistantStandIn, home_assistant, state
from tests.vendors.patient_kit import PatientConformance

from liveone.errors import ConfigError
from liveone.vendors.adapter import account_of
from liveone.vendors.base import CredentialsRefused, TemporaryFailure, VendorError
from liveone.vendors.conformance.device import Trouble
from liveone.vendors.conformance.kit import NOW_AT, RecordedAnswer
from liveone.vendors.homeassistant.device import HomeAssistant
from liveone.vendors.parameters import Setting
from timed_http.deadline import Deadline

DAY = {
    "sensor.pv_power": state("3.1204", "kW", "PV"),
    "sensor.export": state("2379", "W"),
    "sensor.import": state("0", "W"),
    "sensor.pv_energy": state("5.25", "MWh"),
    "sensor.bought": state("400250", "Wh"),
    "sensor.sold": state("3600", "MJ"),
    "sensor.soc": state("76.5", "%"),
    "sensor.cellar": state("12.5", "°C", "Cellar"),
    "sensor.note": state("fine"),
}
ENTITIES: dict[str, Setting] = {
    "solar_w": "sensor.pv_power",
    "grid_w": "sensor.import - sensor.export",
    "solar_kwh_total": "sensor.pv_energy",
    "grid_in_kwh_total": "sensor.bought",
    "grid_out_kwh_total": "sensor.sold",
    "battery_soc_pct": "sensor.soc",
    "points": "sensor.cellar, sensor.note",
}
MEANT = {
    "solar_w": 3120,
    "grid_w": -2379,
    "solar_kwh_total": 5250.0,
    "grid_in_kwh_total": 400.25,
    "grid_out_kwh_total": 1000.0,
    "battery_soc_pct": 76.5,
    "load_w": 741,
}
NIGHT = DAY | {
    "sensor.pv_power": state("0.0", "kW"),
    "sensor.export": state("unavailable", "W"),
    "sensor.bought": state("unknown", "Wh"),
}


class TestHomeAssistant(PatientConformance):
    adapter = HomeAssistant
    recordings = (
        RecordedAnswer("day", DAY, MEANT, {"cellar": 12.5}, settings=ENTITIES),
        RecordedAnswer(
            "night",
            NIGHT,
            {"solar_w": 0, "solar_kwh_total": 5250.0, "grid_out_kwh_total": 1000.0, "battery_soc_pct": 76.5},
            settings=ENTITIES,
        ),
        RecordedAnswer("no battery", DAY, {"load_w": 2379}, settings={"load_w": "sensor.export"}),
        RecordedAnswer("first start", {}, None, settings=ENTITIES),
    )

    @contextmanager
    def device(
        self, recording: RecordedAnswer, trouble: Trouble | None = None
    ) -> Iterator[Mapping[str, Setting]]:
        if trouble == "refused":
            yield {"url": "http://127.0.0.1:9"}
            return
        with home_assistant(HomeAssistantStandIn(recording.pages, trouble=trouble)) as url:
            yield {"url": url}


@contextmanager
def asked(stand_in: HomeAssistantStandIn, **given: Setting) -> Iterator[HomeAssistant]:
    with home_assistant(stand_in) as url:
        settings = {"url": url, "token": TOKEN, **(given or ENTITIES)}
        adapter = HomeAssistant(account_of("home-assistant", settings))
        try:
            yield adapter
        finally:
            adapter.close()


def test_an_entity_that_was_renamed_is_named_and_the_others_go_on() -> None:
    renamed = {("sensor.pv_power_2" if key == "sensor.pv_power" else key): each for key, each in DAY.items()}
    with asked(HomeAssistantStandIn(renamed)) as adapter:
        poll = adapter.poll("house", memory={}, now_at=NOW_AT)
    assert poll.reading.solar_w is None
    assert poll.reading.load_w is None
    assert poll.reading.grid_w == -2379
    assert list(poll.missing) == ["sensor.pv_power"]
    assert "renamed" in poll.missing["sensor.pv_power"]
    assert "sensor.pv_power_2" in poll.missing["sensor.pv_power"]


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        ("unavailable", "W", "it is unavailable"),
        ("unknown", "W", "it is unknown"),
        ("on", "W", "no number"),
        ("12", "m³", "its unit is 'm³'"),
        ("12", None, "its unit is None"),
        ("nan", "W", "no number"),
        ("1e400", "W", "no number"),
    ],
)
def test_what_an_entity_does_not_give_is_absent_with_the_reason(
    value: str, unit: str | None, said: str
) -> None:
    with asked(HomeAssistantStandIn(DAY | {"sensor.pv_power": state(value, unit)})) as adapter:
        poll = adapter.poll("house", memory={}, now_at=NOW_AT)
    assert poll.reading.solar_w is None
    assert poll.reading.load_w is None
    assert said in poll.missing["sensor.pv_power"]


def test_where_no_entity_gives_a_value_each_is_told() -> None:
    stand_in = HomeAssistantStandIn({"sensor.a": state("unavailable", "W")})
    with (
        asked(stand_in, solar_w="sensor.a") as adapter,
        pytest.raises(TemporaryFailure, match=r"sensor\.a: it is unavailable"),
    ):
        adapter.poll("house", memory={}, now_at=NOW_AT)


def test_a_lost_connection_is_made_again_in_the_same_poll_and_only_then() -> None:
    stand_in = HomeAssistantStandIn(DAY)
    with asked(stand_in) as adapter:
        adapter.poll("house", memory={}, now_at=NOW_AT)
        adapter.poll("house", memory={}, now_at=NOW_AT)
        assert stand_in.logins == 1, "a connection is kept"
        stand_in.drop()
        assert adapter.poll("house", memory={}, now_at=NOW_AT).reading.solar_w == 3120
        assert stand_in.logins == 2


def test_a_refused_token_is_not_sent_again_at_once_and_shown_nowhere(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    stand_in = HomeAssistantStandIn(DAY, token="another")
    with asked(stand_in) as adapter:
        for said in ("refused the token", "not tried again yet"):
            with pytest.raises(CredentialsRefused, match=said) as caught:
                adapter.poll("house", memory={}, now_at=NOW_AT)
            assert TOKEN not in repr(caught.value) + caught.value.hint
    assert stand_in.logins == 1
    assert TOKEN not in caplog.text


def test_a_refused_command_is_told_without_the_token_and_the_conversation_goes_on() -> None:
    stand_in = HomeAssistantStandIn(DAY)
    with asked(stand_in) as adapter:
        with pytest.raises(VendorError, match="refused nonsense: Unknown command") as caught:
            adapter.socket.call("nonsense", Deadline(20))
        assert TOKEN not in str(caught.value)
        adapter.poll("house", memory={}, now_at=NOW_AT)
    assert stand_in.logins == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "told no entity"),
        ({"solar_w": "PV power"}, "solar_w names no entity"),
        ({"solar_w": "sensor.a sensor.b"}, "solar_w names no entity"),
        ({"solar_w": "sensor.a +"}, "solar_w names no entity"),
        ({"battery_soc_pct": "sensor.a + sensor.b"}, "battery_soc_pct is one entity"),
        ({"solar_w": "sensor.a", "points": "cellar"}, "points names no entity"),
        ({"solar_w": "sensor.a", "url": "http://example.com:8123"}, "unencrypted over the internet"),
    ],
)
def test_settings_that_cannot_be_are_refused(given: dict[str, Setting], said: str) -> None:
    settings = {"url": "http://192.168.1.9:8123", "token": TOKEN, **given}
    with pytest.raises(ConfigError, match=said) as caught:
        HomeAssistant(account_of("home-assistant", settings))
    assert TOKEN not in str(caught.value)


HOUR_AT = 1_764_500_400


def rows(
    *values: tuple[str, float | None], from_at: int = HOUR_AT, span_s: int = 3600
) -> list[dict[str, Any]]:
    return [
        {
            "start": (from_at + index * span_s) * 1000,
            "end": (from_at + (index + 1) * span_s) * 1000,
            name: value,
        }
        for index, (name, value) in enumerate(values)
    ]


def test_statistics_are_history_a_mean_in_the_middle_and_a_counter_at_the_end() -> None:
    kept = {
        "sensor.pv_power": rows(("mean", 3000.4), ("mean", None), ("mean", 1000.0)),
        "sensor.import": rows(("mean", 100.0), ("mean", 50.0)),
        "sensor.export": rows(("mean", 2000.0)),
        "sensor.pv_energy": rows(("state", 5200.3), ("state", 5201.0), ("state", 5202.0)),
    }
    stand_in = HomeAssistantStandIn(DAY, statistics={"hour": kept})
    with asked(stand_in) as adapter:
        found = list(adapter.backfill(HOUR_AT, HOUR_AT + 3 * 3600))
    assert found == [
        (HOUR_AT + 1800, {"solar_w": 3000, "grid_w": -1900}),
        (HOUR_AT + 3600, {"solar_kwh_total": 5200.3}),
        (HOUR_AT + 7200, {"solar_kwh_total": 5201.0}),
        (HOUR_AT + 2 * 3600 + 1800, {"solar_w": 1000}),
        (HOUR_AT + 3 * 3600, {"solar_kwh_total": 5202.0}),
    ]
    asked_for = [each for each in stand_in.heard if each["type"] == "recorder/statistics_during_period"]
    assert asked_for[0]["units"] == {"power": "W", "energy": "kWh"}
    assert json.dumps(asked_for).count("sensor.pv_power") == len(asked_for)
