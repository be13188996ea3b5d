"""Waiting for the LiveOne that an upgrade starts: with pauses, and no longer than it can still come."""

import subprocess
from pathlib import Path

import pytest

from liveone.errors import LiveOneError
from liveone.migrations import run

REFUSED = {"LIVEONE_URL": "http://127.0.0.1:1"}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Nobody answers; every question is kept."""
    found: list[str] = []

    def refused(url: str) -> bool:
        found.append(url)
        return False

    monkeypatch.setattr(run, "answers", refused)
    return found


def starts_as(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    start = subprocess.Popen
    monkeypatch.setattr(
        run.subprocess, "Popen", lambda _command, **given: start(["sh", "-c", command], **given)
    )


def test_a_liveone_that_does_not_answer_is_asked_with_pauses_and_given_up(
    asked: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(run, "START_S", 0.3)
    starts_as(monkeypatch, "exec sleep 30")
    with pytest.raises(LiveOneError, match="could not be started"):
        run.UpgradeServer(REFUSED, tmp_path / "log").require()
    assert 2 <= len(asked) <= 2 + 0.3 / run.LOOK_EVERY_S


def test_a_liveone_that_ends_is_not_waited_for(
    asked: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    starts_as(monkeypatch, "echo a setting is wrong >&2; exit 2")
    with pytest.raises(LiveOneError, match="could not be started"):
        run.UpgradeServer(REFUSED, tmp_path / "log").require()
    assert "a setting is wrong" in (tmp_path / "log").read_text()
