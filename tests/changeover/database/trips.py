"""A trip of a rehearsal with plain SQLite: forward, new rows, back, forward again."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.changeover.database.household import tell

from changeover.database.change.undo import setting_aside
from changeover.database.rehearse import judge, script_values, writes
from changeover.database.rehearse.effects import Effects, observed
from changeover.database.rehearse.written import Written
from changeover.database.schema import catalogue
from changeover.problems import Position
from changeover.sql import text

NOWHERE = Position("test", 1)


@dataclass(frozen=True)
class Seen:
    """What a trip forward, back and forward again showed."""

    written: Written
    effects: Effects
    verdict: judge.RollbackVerdict

    @property
    def findings(self) -> set[str]:
        return {finding.name for finding in self.verdict.findings}


def copied(source: Path, target: Path) -> Path:
    tell(source, "PRAGMA wal_checkpoint(TRUNCATE)")
    return Path(shutil.copy(source, target))


def run_script(path: Path, script: str) -> None:
    """As the engine runs scripts: keys not enforced, RENAME without rewriting what refers to the old name."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA legacy_alter_table = ON")
        connection.executescript(script)


def trip(
    folder: Path, setup: str, forward: str, back: str, scope: str, *, spared: frozenset[str] = frozenset()
) -> Seen:
    """Forward, new rows, back, forward again, with plain SQLite."""
    original, work = folder / "original.db", folder / "work.db"
    tell(original, setup)
    tell(copied(original, work), "PRAGMA journal_mode = WAL")
    run_script(work, forward)
    said = script_values.read(text.split(forward, NOWHERE), text.split(back, NOWHERE))
    with observed(work, folder / "effects.db") as effects:
        written = writes.write(work, scope.split(), original=original, spared=spared, said=said)
        effects.reached = written.reached
    with closing(sqlite3.connect(work)) as connection:
        kept = setting_aside(
            text.split(back, NOWHERE), catalogue.read(connection), text.split(forward, NOWHERE)
        )
    run_script(work, ";".join(statement.text for statement in kept))
    seen = judge.after_rollback(original, written, effects, work)
    run_script(work, forward)
    return Seen(written, effects, judge.after_forward(seen, work))


def rebuilt(definition: str, values: str, table: str = "p") -> str:
    return (
        f"CREATE TABLE n ({definition}); INSERT INTO n SELECT {values} FROM {table}; DROP TABLE {table};"
        f" ALTER TABLE n RENAME TO {table};"
    )
