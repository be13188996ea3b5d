"""Losses that people reported of other tools' migrations: each is stopped before it happens, or does not happen."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.world.reports import REPORTS, Report

from changeover import api
from changeover.engine.entries import Ending

STOPPED = [report for report in REPORTS if report.found]
KEPT = [report for report in REPORTS if not report.found]


def laid_out(report: Report, folder: Path) -> tuple[Path, Path]:
    """The plan and the database of a report."""
    plan, database = folder / "PLAN.md", folder / "app.db"
    plan.write_text(report.plan())
    execute(database, report.before)
    return plan, database


def execute(database: Path, script: str) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.executescript(script)


def told(plan: Path, database: Path) -> str:
    """What `check` says, and where it finds no error what the rehearsal says."""
    checked = api.check(plan, str(database))
    words = [f"[{problem.rule}] {problem}" for problem in checked.problems]
    if checked.is_sound:
        words += api.rehearse(plan, str(database)).faults
    return "\n".join(words)


@pytest.mark.parametrize("report", STOPPED, ids=lambda report: report.source)
def test_what_was_lost_elsewhere_is_told_before(report: Report, tmp_path: Path) -> None:
    words = told(*laid_out(report, tmp_path))
    assert [name for name in report.found if name not in words] == [], words


@pytest.mark.parametrize("report", KEPT, ids=lambda report: report.source)
def test_what_was_lost_elsewhere_is_kept(report: Report, tmp_path: Path) -> None:
    plan, database = laid_out(report, tmp_path)
    assert api.check(plan, str(database)).is_sound
    record = api.rehearse(plan, str(database))
    assert record.passed, "\n".join(record.faults)
    assert api.run(plan, str(database)).ending is Ending.DONE
    execute(database, report.writes)
    require(database, report.stays)
    assert api.rollback(plan, str(database)).ending is Ending.ROLLED_BACK
    require(database, report.stays)


def require(database: Path, query: str) -> None:
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute(query).fetchone() == (1,), query
