"""`systems add` and `discover` know the zone of the machine that they run on."""

from pathlib import Path

import pytest
from tests.cli.house import built

from liveone.cli import host_zone


def test_the_environment_comes_first_then_the_machine_s_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_zone, "TIMEZONE", tmp_path / "timezone")
    monkeypatch.setattr(host_zone, "LOCALTIME", tmp_path / "localtime")
    monkeypatch.setenv("TZ", "no/zone")
    assert host_zone.host_zone() is None
    (tmp_path / "localtime").symlink_to("/usr/share/zoneinfo/Europe/Berlin")
    assert host_zone.host_zone() == "Europe/Berlin"
    (tmp_path / "timezone").write_text("Asia/Kathmandu\n")
    assert host_zone.host_zone() == "Asia/Kathmandu"
    monkeypatch.setenv("TZ", ":Australia/Darwin")
    assert host_zone.host_zone() == "Australia/Darwin"


def test_a_system_is_added_in_the_machine_s_zone_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_zone, "TIMEZONE", tmp_path / "none")
    monkeypatch.setattr(host_zone, "LOCALTIME", tmp_path / "none")
    with built(tmp_path / "home") as house:
        monkeypatch.setenv("TZ", "")
        refused = house.run("systems", "add", "none", "--name", "Old house")
        assert "time zone" in str(refused.exception) or "This machine has none" in str(refused.exception)
        monkeypatch.setenv("TZ", "Europe/Berlin")
        assert "Europe/Berlin" in house.ok("systems", "add", "none", "--name", "Old house")
        assert "--timezone Europe/Berlin" in house.ok("systems", "discover")
