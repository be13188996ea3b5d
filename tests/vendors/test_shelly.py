"""Shelly: a recorded Pro 3EM; the other forms as Shelly's API documents describe them."""

import copy
from typing import Any

import pytest
from tests.vendors.patient_kit import PatientConformance
from tests.vendors.recordings import answer, needs_recordings
from tests.vendors.wire import Heard, Wire, reply

from liveone.vendors.adapter import account_of
from liveone.vendors.base import CredentialsRefused, TemporaryFailure
from liveone.vendors.conformance.kit import RecordedAnswer
from liveone.vendors.digest import challenge_of, digest_header
from liveone.vendors.parameters import Setting, Settings, checked
from liveone.vendors.shelly.device import ShellyMeter

PRO_AT = 1_747_561_101
PRO: dict[str, Any] = answer("shelly/pro_3em.json")
EM = {
    "device": {"type": "SHEM", "mac": "AABBCCDDEEFF", "auth": False, "fw": "v1.14.0"},
    "status": {
        "unixtime": PRO_AT,
        "emeters": [
            {"power": 812.4, "voltage": 231.1, "is_valid": True, "total": 1000.5, "total_returned": 20.0},
            {"power": -95.0, "voltage": 231.0, "is_valid": True, "total": 3.0, "total_returned": 4000.0},
        ],
    },
}
PRO_EM = {
    "device": {"gen": 2, "model": "SPEM-002CEBEU50", "mac": "AABBCCDDEEFF"},
    "status": {
        "sys": {"unixtime": None},
        "em1:0": {"id": 0, "act_power": 500.0, "voltage": 230.0},
        "em1data:0": {"id": 0, "total_act_energy": 100.0, "total_act_ret_energy": 0.0},
        "em1:1": {"id": 1, "act_power": 40.0, "voltage": 230.0},
        "em1data:1": {"id": 1, "total_act_energy": 7000.0, "total_act_ret_energy": 1.0},
    },
}
PLUG = {
    "device": {"gen": 2, "model": "SNPL-00112EU", "mac": "AABBCCDDEEFF"},
    "status": {"switch:0": {"id": 0, "apower": 60.2, "voltage": 229.0, "aenergy": {"total": 1234.5}}},
}
GRID = {"grid_w": 2414, "grid_in_kwh_total": 5415.41419, "grid_out_kwh_total": 0.0}


def settings(**given: Setting) -> Settings:
    return checked(ShellyMeter.parameters, {"url": "http://192.168.1.50", **given}, where="shelly")


@needs_recordings
class TestShelly(PatientConformance):
    adapter = ShellyMeter
    recordings = (
        RecordedAnswer(
            "day",
            {"/shelly": PRO.get("shelly"), "/rpc/Shelly.GetStatus": PRO.get("status")},
            GRID,
            now_at=PRO_AT + 1,
        ),
        RecordedAnswer(
            "night",
            {"/shelly": EM["device"], "/status": EM["status"]},
            {"solar_w": 95, "solar_kwh_total": 4.0},
            settings={"measures": "solar", "turned": True, "channel": "2"},
            name="first generation, at night turned the other way",
            now_at=PRO_AT,
        ),
        RecordedAnswer(
            "no battery",
            {"/shelly": PLUG["device"], "/rpc/Shelly.GetStatus": PLUG["status"]},
            {"load_w": 60, "load_kwh_total": 1.2345},
            settings={"measures": "load"},
            name="plug",
        ),
        RecordedAnswer(
            "first start", {"/shelly": EM["device"], "/status": {"emeters": [{"is_valid": False}]}}, None
        ),
    )


def test_channels_add_up_or_stand_alone() -> None:
    both = ShellyMeter.read(EM, settings(), now_at=PRO_AT).reading
    assert (both.grid_w, both.grid_in_kwh_total, both.grid_out_kwh_total) == (
        717,
        1.0035,
        pytest.approx(4.02),
    )
    first = ShellyMeter.read(EM, settings(channel="1"), now_at=PRO_AT).reading
    assert (first.grid_w, first.grid_in_kwh_total) == (812, 1.0005)
    pro = ShellyMeter.read(PRO_EM, settings(channel="2"), now_at=PRO_AT).reading
    assert (pro.grid_w, pro.grid_in_kwh_total, pro.inverter_time) == (40, 7.0, PRO_AT)


@pytest.mark.parametrize("kind", ["pm1", "switch", "cover", "light", "cct", "rgb", "rgbw"])
def test_whatever_measures_a_load_does_so_in_the_same_form(kind: str) -> None:
    """A shutter, as a recorded Shelly 2PM Gen3 tells it; dimmers likewise."""
    told = {"id": 0, "apower": 12.5, "voltage": 219.2, "aenergy": {"total": 314.614}}
    raw = {
        "device": {"gen": 3, "model": "S3SW-002P16EU"},
        "status": {f"{kind}:0": told, "input:0": {"id": 0}},
    }
    reading = ShellyMeter.read(raw, settings(measures="load"), now_at=PRO_AT).reading
    assert (reading.load_w, reading.load_kwh_total) == (13, 0.314614)


def test_a_zero_has_no_sign() -> None:
    raw = {"device": {"gen": 3}, "status": {f"em1:{number}": {"act_power": -0.0} for number in (0, 1)}}
    points = ShellyMeter.read(raw, settings(), now_at=PRO_AT).points
    assert [str(each.value) for each in points] == ["0.0", "0.0"]


def test_a_sum_lacks_where_a_channel_does() -> None:
    sent = copy.deepcopy(EM)
    sent["status"]["emeters"][1]["is_valid"] = False  # type: ignore[index]
    with pytest.raises(TemporaryFailure, match="no value"):
        ShellyMeter.read(sent, settings(), now_at=PRO_AT)
    assert ShellyMeter.read(sent, settings(channel="1"), now_at=PRO_AT).reading.grid_w == 812


@needs_recordings
def test_a_meter_that_says_it_is_broken_is_not_believed() -> None:
    sent = copy.deepcopy({"device": PRO["shelly"], "status": PRO["status"]})
    sent["status"]["em:0"]["errors"] = ["power_meter_failure"]
    with pytest.raises(TemporaryFailure, match="power_meter_failure"):
        ShellyMeter.read(sent, settings(), now_at=PRO_AT)


def test_a_digest_is_the_one_of_rfc_7616() -> None:
    """The example of its section 3.9.1."""
    sent = (
        'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, '
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
        'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    challenge = challenge_of(sent)
    assert challenge is not None
    header = digest_header(
        challenge,
        user="Mufasa",
        password="Circle of Life",
        method="GET",
        path="/dir/index.html",
        cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    )
    assert 'response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"' in header
    md5 = challenge_of(sent.replace("SHA-256", "MD5"))
    assert md5 is not None
    header = digest_header(
        md5,
        user="Mufasa",
        password="Circle of Life",
        method="GET",
        path="/dir/index.html",
        cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    )
    assert 'response="8ca523f5e9506fed4657c9700eebdbec"' in header
    assert challenge_of('Basic realm="x"') is None
    assert challenge_of('Digest realm="x", nonce="y", algorithm=SHA-1') is None


def test_a_restricted_device_is_asked_with_a_digest_and_the_password_never_sent() -> None:
    asks = ("www-authenticate", 'Digest qop="auth", realm="shellypro3em", nonce="1747", algorithm=SHA-256')

    def device(request: Heard) -> list[bytes]:
        if request.path == "/shelly":
            return reply(200, '{"gen": 2, "mac": "AABBCCDDEEFF"}')
        sent = request.headers.get("authorization", "")
        if not sent.startswith("Digest") or 'username="admin"' not in sent:
            return reply(401, "", asks)
        return reply(200, '{"em1:0": {"act_power": 5.0}}')

    with Wire(device) as wire:
        meter = ShellyMeter(account_of("shelly", {"url": wire.url, "password": "kit-Secret"}))
        assert meter.poll("house", memory={}, now_at=PRO_AT).reading.grid_w == 5
        meter.close()
        assert not any("kit-Secret" in str(request) for request in wire.heard)
        stranger = ShellyMeter(account_of("shelly", {"url": wire.url}))
        with pytest.raises(CredentialsRefused):
            stranger.poll("house", memory={}, now_at=PRO_AT)
        stranger.close()
