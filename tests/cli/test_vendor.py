"""`liveone vendor`: the skeleton passes the kit, and a recording tells of the device and not of its owner."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from liveone.cli.root import root
from liveone.vendors.conformance.device import served
from liveone.vendors.recording import masked

ROOT = Path(__file__).parents[2]


def run(*words: str) -> str:
    done = CliRunner().invoke(root, words)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def test_a_skeleton_passes_the_conformance_kit_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    assert "pytest" in run("vendor", "new", "my-meter", "--into", str(folder))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(folder / "src"), str(ROOT / "src")])}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder / "tests")]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    project = (folder / "pyproject.toml").read_text()
    assert 'my-meter = "liveone_my_meter.device:MyMeter"' in project


def test_the_list_names_register_maps_and_presets() -> None:
    listed = run("vendor", "list")
    for name in ("sungrow-sh", "victron-gx", "eastron-sdm630", "zigbee2mqtt"):
        assert name in listed
    assert "eastron-sdm630" in listed.split("modbus-meter", 1)[1]


def test_a_skeleton_overwrites_nothing_and_no_make_is_made_twice(tmp_path: Path) -> None:
    for name, says in (
        ("Meter", "is no name of a make"),
        ("select.live", "is no name"),
        ("shelly", "already"),
    ):
        assert says in str(CliRunner().invoke(root, ["vendor", "new", name]).exception)
    done = CliRunner().invoke(root, ["vendor", "new", "mine", "--into", str(tmp_path)])
    assert "exists already" in str(done.exception)


def test_a_recording_means_the_same_reading_and_hides_its_owner(tmp_path: Path) -> None:
    data = {
        "active_power_w": -123,
        "total_power_import_kwh": 5,
        "wifi_ssid": "The Smiths",
        "unique_id": "00000ff123456789012",
    }
    pages = {"/api": {"product_type": "HWE-P1", "serial": "3c39e7aabbcc"}, "/api/v1/data": data}
    out = tmp_path / "meter.json"
    with served(pages) as url:
        assert "2 answers" in run("vendor", "record", "homewizard", "--url", url, "--out", str(out))
    text = out.read_text()
    found = json.loads(text)
    assert found["reading"]["grid_w"] == -123
    assert found["answers"]["/api"] == {"product_type": "HWE-P1", "serial": "1x11x1xxxxxx"}
    assert not [each for each in ("Smiths", "3c39e7", "123456789012") if each in text]
    assert "exists already" in str(
        CliRunner()
        .invoke(root, ["vendor", "record", "homewizard", "--url", url, "--out", str(out)])
        .exception
    )


def test_a_device_that_does_not_answer_is_recorded_as_that(tmp_path: Path) -> None:
    out = tmp_path / "nothing.json"
    with served({}, "500") as url:
        run("vendor", "record", "homewizard", "--url", url, "--out", str(out))
    found = json.loads(out.read_text())
    assert (found["answers"], found["reading"], "500" in found["error"]) == ({}, None, True)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"lat": -33.8568, "load": 33.5}, {"lat": 0.0, "load": 33.5}),
        ({"Serial": 121512009, "sn": "A1"}, {"Serial": 111111111, "sn": "x1"}),
        ({"site": {"owner": {"first": "Ann"}}}, {"site": {"owner": {"first": "xxx"}}}),
        ("at 192.168.1.30, aa:bb:cc:dd:ee:ff", "at 111.111.1.11, xx:xx:xx:xx:xx:xx"),
        ("0-0:96.1.1(4530303331303033)", "0-0:96.1.1(1111111111111111)"),
        ("1-0:1.8.1(001234.567*kWh)", "1-0:1.8.1(001234.567*kWh)"),
        ('{"mac": "aabb"}', {"mac": "xxxx"}),
        ({"pv": None, "on": True, "list": [1, "x"]}, {"pv": None, "on": True, "list": [1, "x"]}),
        ("the password is hunter2 here", "the password is xxxxxx1 here"),
    ],
)
def test_what_is_of_a_person_or_a_place_is_masked_and_nothing_else(value: object, shown: object) -> None:
    assert masked(value, ("hunter2",)) == shown
