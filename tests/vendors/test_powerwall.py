"""Tesla Powerwall: a recorded gateway; the log-in by a stand-in of a few lines."""

from collections.abc import Mapping
from typing import Any

import pytest
from tests.vendors.patient_kit import PatientConformance
from tests.vendors.recordings import answer, needs_recordings
from tests.vendors.wire import Heard, Wire, reply

from liveone.vendors.adapter import account_of
from liveone.vendors.base import CredentialsRefused
from liveone.vendors.conformance.kit import RecordedAnswer
from liveone.vendors.powerwall.device import LOGIN, METERS, OTHERS, Powerwall

AT = 1_584_305_933
PAGES: Mapping[str, Any] = {
    METERS: answer("powerwall/meters.json"),
    OTHERS["site"]: answer("powerwall/site_info.json"),
    OTHERS["status"]: answer("powerwall/status.json"),
    OTHERS["system"]: {"battery_blocks": answer("powerwall/batteries.json")},
}
MEANT = {
    "solar_w": 10490,
    "battery_w": -8550,
    "grid_w": 32,
    "load_w": 1971,
    "battery_soc_pct": 100,
    "solar_kwh_total": pytest.approx(9864.20582222448),
    "battery_in_kwh_total": pytest.approx(4216.17),
    "battery_out_kwh_total": pytest.approx(3620.01),
    "grid_in_kwh_total": pytest.approx(4824.19160668611),
    "grid_out_kwh_total": pytest.approx(10429.4519916853),
    "load_kwh_total": pytest.approx(4692.98791889705),
}
SUN = ("solar_w", "solar_kwh_total")
BATTERY = ("battery_w", "battery_soc_pct", "battery_in_kwh_total", "battery_out_kwh_total")


def house(*, without: str = "", **changed: Any) -> Mapping[str, Any]:
    """The recorded house, changed, or without one of its meters."""
    meters = {name: each for name, each in {**PAGES[METERS], **changed}.items() if name != without}
    return {**PAGES, METERS: meters}


class TestPowerwallKit(PatientConformance):
    """The gateway of the recording had no log-in yet; with one see below."""

    pytestmark = needs_recordings
    adapter = Powerwall
    recordings = (
        RecordedAnswer("day", PAGES, MEANT, now_at=AT),
        RecordedAnswer(
            "night",
            house(solar={"instant_power": -9.0}, load={"instant_power": -8527.0}),
            {name: value for name, value in MEANT.items() if not name.startswith(("solar_kwh", "load"))}
            | {"solar_w": 0},
            now_at=AT,
        ),
        RecordedAnswer(
            "no battery",
            {**house(without="battery", site={"instant_power": -8518.2}), OTHERS["system"]: None},
            {
                name: value
                for name, value in MEANT.items()
                if name not in BATTERY and not name.startswith("grid")
            }
            | {"grid_w": -8518},
            now_at=AT,
        ),
        RecordedAnswer("first start", {METERS: {}}, None),
    )

    def account(self, given: Mapping[str, Any]) -> Any:
        return account_of("powerwall", given, timeout_s=self.timeout_s)


@needs_recordings
def test_a_house_without_sun_has_none() -> None:
    never = {"instant_power": 0, "energy_exported": 0, "last_communication_time": "0001-01-01T00:00:00Z"}
    raw = {"meters": house(solar=never)[METERS], "charge": {"percentage": 47.5}}
    reading = Powerwall.read(raw, {}, now_at=AT).reading
    assert all(getattr(reading, name) is None for name in SUN)
    assert reading.battery_soc_pct == 47.5


class Gateway(Wire):
    """A stand-in that wants a log-in; ``cookie`` is the session that it knows."""

    def __init__(self) -> None:
        super().__init__(self._route)
        self.cookie = "one"

    def _route(self, request: Heard) -> list[bytes]:
        if request.path == LOGIN:
            if '"password": "s3cret"' not in request.body:
                return reply(401, '{"code": 401}')
            return reply(200, "{}", ("set-cookie", f"AuthCookie={self.cookie}; Path=/; Secure"))
        if request.headers.get("cookie") != f"AuthCookie={self.cookie}":
            return reply(401, "{}")
        return reply(200, '{"site": {"instant_power": 5}}') if request.path == METERS else reply(404, "")


def test_it_logs_in_once_and_again_when_the_session_has_ended() -> None:
    with Gateway() as gateway:
        powerwall = Powerwall(account_of("powerwall", {"url": gateway.url, "password": "s3cret"}))
        for _ in range(2):
            assert powerwall.poll("house", memory={}, now_at=AT).reading.grid_w == 5
        assert gateway.paths("POST") == [LOGIN]
        gateway.cookie = "two"
        assert powerwall.poll("house", memory={}, now_at=AT).reading.grid_w == 5
        assert gateway.paths("POST") == [LOGIN] * 2
        powerwall.close()


def test_a_refused_password_is_not_sent_again_and_again() -> None:
    with Gateway() as gateway:
        powerwall = Powerwall(account_of("powerwall", {"url": gateway.url, "password": "wrong"}))
        for _ in range(3):
            with pytest.raises(CredentialsRefused, match="refused the password"):
                powerwall.poll("house", memory={}, now_at=AT)
        assert gateway.paths("POST") == [LOGIN]
        powerwall.close()
