"""Enphase: ten recorded gateways of firmware 3.7 to 8.3. The cloud that gives tokens is a stand-in over
HTTP."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from tests.vendors.patient_kit import PatientConformance
from tests.vendors.recordings import ARE_HERE, VENDORS, needs_recordings, text
from tests.vendors.wire import Heard, Wire, reply

from liveone.errors import ConfigError
from liveone.vendors.adapter import account_of
from liveone.vendors.base import CredentialsRefused, ProtocolViolation, TemporaryFailure
from liveone.vendors.conformance.device import served
from liveone.vendors.conformance.kit import RecordedAnswer
from liveone.vendors.enphase.device import LEGACY, METERS, PAGE, POWER, PRODUCTION, READINGS, SECCTRL, Envoy
from liveone.vendors.enphase.parse import sample_of
from liveone.vendors.enphase.token import EnvoyToken

PATHS = (METERS, READINGS, POWER, SECCTRL, PRODUCTION, LEGACY, PAGE)


def gateway(folder: str) -> Mapping[str, Any]:
    """What a recorded gateway answers with 200, by path."""
    if not ARE_HERE:
        return {}
    found = {"/info": text(f"enphase/{folder}/info")}
    for path in PATHS:
        name = f"enphase/{folder}/{path.strip('/').replace('/', '_')}"
        log = VENDORS / f"{name}_log.json"
        if (VENDORS / name).exists() and (not log.exists() or json.loads(log.read_text())["code"] == 200):
            found[path] = text(name)
    return found


SYSTEM = {
    "solar_w": 2660,
    "load_w": 651,
    "battery_w": -2032,
    "grid_w": 23,
    "battery_soc_pct": 96,
    "solar_kwh_total": 18442.496933,
    "grid_in_kwh_total": 4873.881221,
    "grid_out_kwh_total": pytest.approx(7554.062483),
}
COLLAR = {
    "solar_w": 0,
    "load_w": 2463,
    "battery_w": -1298,
    "grid_w": 3761,
    "battery_soc_pct": 89,
    "solar_kwh_total": pytest.approx(47.077959),
    "battery_in_kwh_total": pytest.approx(8.052959),
    "battery_out_kwh_total": pytest.approx(0.344359),
    "grid_in_kwh_total": pytest.approx(108.563587),
    "grid_out_kwh_total": pytest.approx(22.728922),
}
SPLIT = {
    "solar_w": 166,
    "load_w": 733,
    "grid_w": 567,
    "solar_kwh_total": pytest.approx(26785.327449),
    "grid_in_kwh_total": pytest.approx(16908.20878),
    "grid_out_kwh_total": pytest.approx(17357.690272),
}
NEW = "<envoy_info><device><sn>990000000001</sn><software>D8.2.1</software></device></envoy_info>"


@needs_recordings
class TestEnvoy(PatientConformance):
    adapter = Envoy
    recordings = (
        RecordedAnswer("day", gateway("7.3.517_system_2"), SYSTEM, name="7.3.517", now_at=1_694_553_770),
        RecordedAnswer(
            "night",
            gateway("3.9.36_bad_auth"),
            {"solar_w": 0, "solar_kwh_total": 14578.52},
            name="3.9.36",
            now_at=1_694_046_740,
        ),
        RecordedAnswer("no battery", gateway("4.10.35"), SPLIT, name="4.10.35", now_at=1_695_301_420),
        RecordedAnswer("first start", {"/info": NEW, PRODUCTION: "{}"}, None),
    )


@needs_recordings
@pytest.mark.parametrize(
    ("folder", "meant"),
    [
        ("3.7.0", {"solar_w": 6630, "solar_kwh_total": 133_000}),
        ("3.9.36_bad_auth", {"solar_w": 0, "solar_kwh_total": 14578.52}),
        ("5.0.62", {"solar_w": 7904, "solar_kwh_total": 133798.554}),
        ("7.3.130_no_consumption", {"solar_w": 3625, "solar_kwh_total": 4545.92953}),
        ("7.6.175_with_cts_3phase", {"solar_w": 489, "load_w": 453, "grid_w": -36}),
        ("8.2.4382_ACB", {"solar_w": 308, "grid_w": 23, "battery_soc_pct": 39}),
        (
            "8.3.5433_tot_is_net_cons",
            {"solar_w": 353, "load_w": 787, "grid_w": 434, "load_kwh_total": 20055.053325},
        ),
    ],
)
def test_each_recorded_gateway_means_this(folder: str, meant: dict[str, float]) -> None:
    with served(gateway(folder)) as url:
        envoy = Envoy(account_of("enphase", {"url": url, "token": "a.b.c"}))
        reading = envoy.poll("house", memory={}, now_at=1_786_000_000).reading
        envoy.close()
    assert {name: getattr(reading, name) for name in meant} == meant
    absent = {"load_w", "grid_w", "battery_w", "battery_soc_pct"} - set(meant)
    assert {name for name in absent if getattr(reading, name) is not None} == set()


@needs_recordings
@pytest.mark.parametrize(
    ("folder", "derived"),
    [("4.10.35", ("load_w",)), ("8.3.5433_tot_is_net_cons", ("grid_w",)), ("5.0.62", ())],
)
def test_what_no_meter_measured_is_marked(folder: str, derived: tuple[str, ...]) -> None:
    with served(gateway(folder)) as url:
        envoy = Envoy(account_of("enphase", {"url": url, "token": "a.b.c"}))
        assert envoy.poll("house", memory={}, now_at=1_786_000_000).derived == derived
        envoy.close()


def production(acb: Mapping[str, object]) -> dict[str, Any]:
    made = [{"type": "eim", "activeCount": 1, "wNow": 100.0, "whLifetime": 5, "readingTime": 10_000}]
    return {
        "info": NEW,
        "production": {"production": made, "storage": [{"type": "acb", "activeCount": 1, **acb}]},
    }


@pytest.mark.parametrize(
    ("acb", "power_w"),
    [
        ({"wNow": 260, "state": "discharging", "readingTime": 9_990}, 260),
        ({"wNow": 260, "state": "charging", "readingTime": 9_990}, -260),
        ({"wNow": -260, "state": "charging", "readingTime": 9_990}, -260),
        ({"wNow": 260, "state": "discharging", "readingTime": 10}, None),
        ({"wNow": None, "readingTime": 9_990}, None),
    ],
)
def test_an_ac_battery_counts_while_its_reading_is_of_now(
    acb: Mapping[str, object], power_w: float | None
) -> None:
    assert sample_of(production(acb)).values["battery_w"] == power_w


class Cloud(Wire):
    """A stand-in for Enlighten, Entrez and a gateway of firmware 8 at once; ``good`` is the token it
    takes."""

    def __init__(self) -> None:
        super().__init__(self._route)
        self.good, self.made = "h.1.s", 1

    def _route(self, request: Heard) -> list[bytes]:
        if request.path == "/info":
            return reply(200, NEW)
        if request.path == "/login/login.json":
            return reply(200, '{"session_id": "abc"}') if "s3cret" in request.body else reply(401, "{}")
        if request.path == "/tokens":
            wanted = {"session_id": "abc", "serial_num": "990000000001", "username": "me@example.org"}
            return reply(200, self.good) if json.loads(request.body) == wanted else reply(403, "")
        if request.headers.get("authorization") != f"Bearer {self.good}":
            return reply(401, "<html>401</html>")
        pages = {PRODUCTION: '{"production": [{"type": "inverters", "wNow": 5}]}'}
        return reply(200, pages[request.path]) if request.path in pages else reply(404, "")


def envoy_at(cloud: Cloud, **given: str) -> Envoy:
    class Near(Envoy):
        def tokens(self, email: str, password: str) -> EnvoyToken:
            return EnvoyToken(email, password, enlighten=cloud.url, entrez=cloud.url)

    return Near(account_of("enphase", {"url": cloud.url, **given}, timeout_s=10))


def test_a_token_is_fetched_once_and_again_when_it_is_refused() -> None:
    with Cloud() as cloud:
        envoy = envoy_at(cloud, email="me@example.org", password="s3cret")
        for _ in range(2):
            assert envoy.poll("house", memory={}, now_at=1.7e9).reading.solar_w == 5
        assert cloud.paths("POST") == ["/login/login.json", "/tokens"]
        cloud.good = "h.2.s"
        assert envoy.poll("house", memory={}, now_at=1.7e9).reading.solar_w == 5
        assert len(cloud.paths("POST")) == 4
        envoy.close()


def test_a_refused_password_is_not_sent_again_and_again() -> None:
    with Cloud() as cloud:
        envoy = envoy_at(cloud, email="me@example.org", password="wrong")
        for _ in range(3):
            with pytest.raises(CredentialsRefused, match="refused the e-mail"):
                envoy.poll("house", memory={}, now_at=1.7e9)
        assert cloud.paths("POST") == ["/login/login.json"]
        envoy.close()


@pytest.mark.parametrize(("given", "said"), [({}, "asks for a token"), ({"token": "h.0.s"}, "refused")])
def test_without_a_good_token_it_says_what_to_do(given: dict[str, str], said: str) -> None:
    with Cloud() as cloud:
        envoy = envoy_at(cloud, **given)
        with pytest.raises(CredentialsRefused, match=said):
            envoy.poll("house", memory={}, now_at=1.7e9)
        envoy.close()


def test_a_token_goes_to_no_old_gateway() -> None:
    old = NEW.replace("D8.2.1", "R4.10.35")
    heard: list[Heard] = []

    def answer(request: Heard) -> list[bytes]:
        heard.append(request)
        return reply(200, old) if request.path == "/info" else reply(404, "")

    with Wire(answer) as wire:
        envoy = Envoy(account_of("enphase", {"url": wire.url, "token": "a.b.c"}, timeout_s=5))
        with pytest.raises((TemporaryFailure, ProtocolViolation)):
            envoy.poll("house", memory={}, now_at=1.7e9)
        envoy.close()
    assert not any("authorization" in request.headers for request in heard)


def test_an_account_without_its_password_is_refused() -> None:
    with pytest.raises(ConfigError, match="password"):
        Envoy(account_of("enphase", {"url": "http://192.168.1.5", "email": "me@example.org"}))
