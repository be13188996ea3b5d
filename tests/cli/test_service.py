"""`liveone service`: a unit for exactly this program and these settings; nobody else's is overwritten."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from liveone.cli import service
from liveone.cli.root import root

HARDENED_LEAST = 2.0
"""systemd-analyze's exposure level, 0 to 10; docs/operations/security.md tells what was measured."""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(service, "SYSTEM_FOLDER", tmp_path / "system")
    monkeypatch.setattr(service, "_is_there", lambda unit: False)
    path = tmp_path / "liveone.toml"
    path.touch()
    return path


def run(settings: Path, *words: str) -> str:
    done = CliRunner().invoke(root, ["--config", str(settings), "service", *words])
    return done.output + (str(done.exception) if done.exception else "")


def test_a_unit_of_ones_own_is_written_and_taken_away(settings: Path, tmp_path: Path) -> None:
    said = run(settings, "install", "--user")
    path = tmp_path / "config/systemd/user/liveone.service"
    assert f"Written: {path}" in said
    assert "systemctl --user enable --now liveone.service" in said
    text = path.read_text()
    assert f"ExecStart={Path(sys.executable).with_name('liveone')} serve" in text
    assert f'"LIVEONE_CONFIG={settings}"' in text
    assert f"ReadWritePaths={tmp_path}" in text
    assert "User=" not in text
    assert run(settings, "install", "--user").startswith("Written"), "again, as after an upgrade"
    assert "Removed" in run(settings, "remove", "--user")
    assert not path.exists()
    assert settings.exists()


def test_a_unit_of_the_system_runs_as_somebody_who_is_not_root(settings: Path, tmp_path: Path) -> None:
    if settings.stat().st_uid == 0:
        assert "belongs to root" in run(settings, "install", "--no-start")
    assert "there is no user nobody-at-all" in run(settings, "install", "--as", "nobody-at-all")
    run(settings, "install", "--as", "www-data", "--no-start")
    assert "\nUser=www-data\n" in (tmp_path / "system/liveone.service").read_text()


def test_a_unit_that_somebody_else_wrote_stays(settings: Path, tmp_path: Path) -> None:
    path = tmp_path / "system/liveone.service"
    path.parent.mkdir()
    path.write_text("[Unit]\nDescription=mine\n")
    for command in (["install", "--as", "www-data"], ["install", "--as", "www-data", "--no-start"]):
        assert "this command did not write it" in run(settings, *command)
    assert path.read_text() == "[Unit]\nDescription=mine\n"


def test_print_writes_nothing(settings: Path, tmp_path: Path) -> None:
    said = run(settings, "install", "--as", "www-data", "--print")
    assert said.startswith(service.MARK)
    assert not (tmp_path / "system").exists()


def test_without_settings_it_says_where_to_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(root, ["service", "install", "--print"])
    assert "there are no settings here" in str(done.exception)


@pytest.mark.parametrize("who", [("--as", "www-data"), ("--user",)], ids=["system", "own"])
def test_systemd_understands_the_unit_and_calls_it_well_hardened(
    settings: Path, tmp_path: Path, who: tuple[str, ...]
) -> None:
    if shutil.which("systemd-analyze") is None:
        assert os.environ.get("CI") != "true", "systemd-analyze is missing: run .ci/debian-packages"
        pytest.skip("systemd-analyze is not installed")
    unit = tmp_path / "liveone.service"
    unit.write_text(run(settings, "install", "--print", *who))
    verified = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False, timeout=120
    )
    assert "liveone.service" not in verified.stderr
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", unit],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    level = re.search(r"exposure level for \S+: ([\d.]+)", judged.stdout)
    assert level is not None, judged.stdout + judged.stderr
    assert float(level[1]) <= HARDENED_LEAST
