"""What `liveone upgrade` copied before it changed anything goes once it is old, and its run over."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest
from tests.web.support import SetClock, seeded

from changeover.engine.entries import Ending, EntryKind
from changeover.engine.tasks import BACKUP
from changeover.plan.redaction import Redactor
from changeover.run.journal import NAME, Journal
from liveone.cli.doctor import _upgrade_copies
from liveone.migrations.run import state_of
from liveone.settings.config import Config, load
from liveone.wiring.backups import DAY_S, drop_copies_of_upgrades, schedule_of

NOW_AT = 1_764_500_000.0


@pytest.fixture
def config(tmp_path: Path) -> Config:
    path = tmp_path / "liveone.toml"
    path.write_text('[database]\nurl = "live.db"\n')
    return load(path, {})


def ran(config: Config, number: int, days_ago: float, ending: Ending | None, *, copy: str = "") -> Path:
    """A run that began then and ended so, with its copy; None: it was cut off."""
    run_id = f"{number:04d}-20251130-000000"
    folder = state_of(config).run(run_id)
    folder.mkdir(parents=True)
    path = config.database_path.with_name(copy or f"backup-live-{run_id}.db")
    path.write_bytes(b"x" * 1_000_000)
    with Journal(folder / NAME, redactor=Redactor({}), now_at=lambda: NOW_AT - days_ago * DAY_S) as journal:
        journal.add(EntryKind.BEGUN, title="a plan")
        journal.add(EntryKind.OPENED)
        journal.add(EntryKind.DONE, BACKUP, path=str(path))
        if ending is not None:
            journal.add(EntryKind.ENDED, ending=ending.value)
    return path


def test_old_copies_of_runs_that_are_over_go_and_all_others_stay(config: Config) -> None:
    gone = [
        ran(config, number, 91, ending)
        for number, ending in enumerate((Ending.DONE, Ending.FINISHED, Ending.ROLLED_BACK, Ending.REFUSED))
    ]
    stay = [
        ran(config, 5, 89, Ending.DONE),
        ran(config, 6, 400, Ending.STOPPED),
        ran(config, 7, 400, Ending.OPERATOR_NEEDED),
        ran(config, 8, 400, None),
        ran(config, 9, 400, Ending.DONE, copy="live.db"),
        ran(config, 10, 400, Ending.DONE, copy="backup-20240101-000000.db"),
    ]
    drop_copies_of_upgrades(config, NOW_AT)
    assert [path for path in gone if path.exists()] == []
    assert [path for path in stay if not path.exists()] == []


def test_nought_days_keep_them_for_ever(config: Config) -> None:
    path = ran(config, 1, 4000, Ending.DONE)
    drop_copies_of_upgrades(replace(config, backup=replace(config.backup, keep_upgrades_days=0)), NOW_AT)
    assert path.exists()


def test_doctor_says_how_many_there_are_how_large_and_when_they_go(config: Config) -> None:
    assert list(_upgrade_copies(config, NOW_AT)) == []
    ran(config, 1, 12, Ending.DONE)
    ran(config, 2, 10, Ending.STOPPED)
    (line,) = _upgrade_copies(config, NOW_AT)
    assert line.says == (
        "2 (2.0 MB), the oldest 12.0 days old; dropped after 90 days, but not before the run "
        "0002-20251130-000000 is over"
    )


def test_a_journal_that_cannot_be_read_is_said_and_stops_no_backup(
    config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    old = ran(config, 1, 400, Ending.DONE)
    ran(config, 2, 400, Ending.DONE)
    (state_of(config).run("0002-20251130-000000") / NAME).write_bytes(b"rubbish\n{}\n")
    with caplog.at_level(logging.ERROR):
        drop_copies_of_upgrades(config, NOW_AT)
    assert "copies of upgrades could not be dropped" in caplog.text
    assert old.exists()
    (line,) = _upgrade_copies(config, NOW_AT)
    assert not line.ok


def test_they_go_right_after_a_new_backup_was_proven(config: Config) -> None:
    store = seeded(config.database_path, days=1)
    old, clock = ran(config, 1, 91, Ending.DONE), SetClock(NOW_AT)
    schedule = schedule_of(config, store, clock)
    assert schedule.make_if_due()
    assert not old.exists()
    later = ran(config, 2, 91, Ending.DONE)
    assert not schedule.make_if_due()
    assert later.exists()
    store.close()
