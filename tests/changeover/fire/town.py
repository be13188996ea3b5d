"""A little town whose tables have what makes copies go wrong, the plan that rebuilds both, and its oracle.

Rule: an operation that the living database accepted is done to the oracle too, which stays in the old schema;
so the oracle, migrated by hand, is what the living database must be after the change, and itself after a
rollback.
"""

import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tests.changeover.run import club

from changeover.check.load import load_plan
from changeover.database.rehearse.compare import compare
from changeover.plan import params
from changeover.plan.model import Plan
from changeover.run import commands
from changeover.run.rehearsal import rehearse
from changeover.run.state_dir import state_of

OLD = """
CREATE TABLE systems (id INTEGER PRIMARY KEY, label TEXT NOT NULL UNIQUE, watts INTEGER NOT NULL);
CREATE TABLE readings (
  system_id INTEGER NOT NULL REFERENCES systems (id) ON DELETE CASCADE, at INTEGER NOT NULL, w INTEGER,
  PRIMARY KEY (system_id, at)) WITHOUT ROWID;
"""
READINGS = """
CREATE TABLE readings_new (
  system_id INTEGER NOT NULL REFERENCES systems (id) ON DELETE CASCADE, at INTEGER NOT NULL, w INTEGER,
  quality INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (system_id, at)) WITHOUT ROWID;
INSERT INTO readings_new (system_id, at, w) SELECT system_id, at, w FROM readings;
DROP TABLE readings;
ALTER TABLE readings_new RENAME TO readings;
"""
BACK = """
CREATE TABLE readings_old (
  system_id INTEGER NOT NULL REFERENCES systems (id) ON DELETE CASCADE, at INTEGER NOT NULL, w INTEGER,
  PRIMARY KEY (system_id, at)) WITHOUT ROWID;
INSERT INTO readings_old (system_id, at, w) SELECT system_id, at, w FROM readings;
DROP TABLE readings;
ALTER TABLE readings_old RENAME TO readings;
"""
SYSTEMS = """
CREATE TABLE systems_new (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, watts INTEGER NOT NULL,
  role TEXT NOT NULL DEFAULT 'house');
INSERT INTO systems_new (id, name, watts) SELECT id, label, watts FROM systems;
DROP TABLE systems;
ALTER TABLE systems_new RENAME TO systems;
"""
SYSTEMS_BACK = """
CREATE TABLE systems_old (id INTEGER PRIMARY KEY, label TEXT NOT NULL UNIQUE, watts INTEGER NOT NULL);
INSERT INTO systems_old (id, label, watts) SELECT id, name, watts FROM systems;
DROP TABLE systems;
ALTER TABLE systems_old RENAME TO systems;
"""
STEP = '```sql {{#{id} {more}strategy=blocking scope="{table}" rows="{table}=* {other}=0"}}\n{sql}```\n'
PLAN = f"""---
database: town.db
downtime: 3m
rollback-within: 1m
accept: {{readings.quality: "nobody here writes it", systems.role: "nobody here writes it"}}
---
# Both tables anew

## Execute

### Readings {{budget=30s}}

{STEP.format(id="readings", more="", table="readings", other="systems", sql=READINGS)}
### Systems {{budget=30s}}

{STEP.format(id="systems", more="", table="systems", other="readings", sql=SYSTEMS)}
## Rollback

{STEP.format(id="systems-back", more="undoes=systems ", table="systems", other="readings", sql=SYSTEMS_BACK)}
{STEP.format(id="readings-back", more="undoes=readings ", table="readings", other="systems", sql=BACK)}
"""

Work = Callable[[sqlite3.Connection, str], None]
"""One operation; told a connection and what the column of the label is called now."""
SIX_SYSTEMS_AT_THE_SAME_TIMES = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6)
INSERT INTO systems SELECT i, 'house ' || i, 100 * i FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
INSERT INTO readings SELECT s.id, n.i * 300, n.i FROM systems s, n;
"""


@dataclass
class Town:
    """The folder of the living database, its plan and its oracle; it counts what was accepted and refused."""

    folder: Path
    accepted: int = 0
    refused: int = 0
    words: set[str] = field(default_factory=set)

    @property
    def database(self) -> Path:
        """The living database."""
        return self.folder / "town.db"

    @property
    def oracle(self) -> Path:
        """A database of the old schema to which the same was done, and which nobody migrates."""
        return self.folder / "oracle.db"

    def plan(self) -> Plan:
        """The plan."""
        return load_plan(self.folder / "PLAN.md")

    def do(self, work: Work) -> None:
        """Let the application do something, not waiting for a lock; once accepted the oracle does it too."""
        with closing(_open(self.database)) as living:
            try:
                living.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                self.refused += 1
                return
            word = living.execute("SELECT name FROM pragma_table_info('systems') WHERE cid = 1").fetchone()[0]
            found = _result(living, work, word)
        with closing(_open(self.oracle)) as oracle:
            oracle.execute("BEGIN IMMEDIATE")
            assert _result(oracle, work, "label") == found
        self.accepted += 1
        self.words.add(word)

    def go(self, command: str, hook: Callable[[str], None] = lambda moment: None) -> commands.Outcome:
        """``run`` or ``rollback``."""
        plan = self.plan()
        values, settings = params.bind(plan, [], {}), club.settings(hook=hook)
        if command == "run":
            return commands.run(plan, values, self.database, settings)
        run_id = state_of(self.database).newest()
        assert run_id is not None
        return commands.rollback(plan, values, self.database, settings, run_id=run_id)

    def require_new(self) -> None:
        """The living database is what the oracle would be if it were migrated by hand."""
        migrated = self.folder / "migrated.db"
        shutil.copyfile(self.oracle, migrated)
        with closing(sqlite3.connect(migrated)) as connection:
            connection.executescript(READINGS + SYSTEMS)
        difference = compare(migrated, self.database)
        assert difference.equal, str(difference)

    def require_old(self) -> None:
        """The living database is the oracle."""
        difference = compare(self.oracle, self.database)
        assert difference.equal, str(difference)


def make(folder: Path) -> Town:
    """A town whose plan is rehearsed."""
    folder.mkdir(parents=True)
    one = Town(folder)
    (folder / "PLAN.md").write_text(PLAN)
    for path in (one.database, one.oracle):
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute(f"PRAGMA journal_mode = {'WAL' if path == one.database else 'DELETE'}")
            connection.executescript(OLD + SIX_SYSTEMS_AT_THE_SAME_TIMES)
    record = rehearse(one.plan(), params.bind(one.plan(), [], {}), one.database, who="tests")
    assert record.passed, record.faults
    return one


def operations(dice: random.Random) -> dict[str, Work]:
    """What applications do to rows with keys, by name; each with other rows every time it is asked for."""
    system, other = dice.sample(range(1, 9), 2)
    at, w, label = dice.randrange(1, 60) * 300, dice.randrange(5000), f"house {dice.randrange(1, 12)}"

    def swap(connection: sqlite3.Connection, word: str) -> None:
        (one,), (two,) = (
            connection.execute(f"SELECT {word} FROM systems WHERE id = ?", (which,)).fetchone() or ("-",)
            for which in (system, other)
        )
        for value, which in ((f"{one} for a moment", system), (one, other), (two, system)):
            connection.execute(f"UPDATE systems SET {word} = ? WHERE id = ?", (value, which))

    def sql(text: str, *values: object) -> Work:
        return lambda connection, word: _ignore(connection.execute(text.replace("WORD", word), values))

    add = "INTO systems (id, WORD, watts) VALUES (?, ?, ?)"
    reading = "INTO readings (system_id, at, w) VALUES (?, ?, ?)"
    rows = (system, label, w, other, f"{label} too", w + 1)
    return {
        "insert": sql(f"INSERT {reading}", system, at + 1, w),
        "insert or replace": sql(f"INSERT OR REPLACE {add}", *rows[:3]),
        "replace of a reading": sql(f"REPLACE {reading}", system, at, w),
        "insert or ignore": sql(f"INSERT OR IGNORE {add}, (?, ?, ?)", *rows),
        "insert or fail": sql(f"INSERT OR FAIL {add}, (?, ?, ?)", *rows),
        "upsert": sql(
            f"INSERT {reading} ON CONFLICT (system_id, at) DO UPDATE SET w = excluded.w + w",
            system, at, w,
        ),
        "upsert on a unique value": sql(
            f"INSERT {add} ON CONFLICT (WORD) DO UPDATE SET watts = watts + 1",
            dice.randrange(20, 10_000), label, w,
        ),
        "update of a key": sql("UPDATE readings SET at = at + 7 WHERE system_id = ? AND at = ?", system, at),
        "update of a parent's key": sql("UPDATE systems SET id = id + 10000 WHERE id = ?", system),
        "update or replace of a key": sql(
            "UPDATE OR REPLACE readings SET system_id = ? WHERE system_id = ? AND at = ?", other, system, at
        ),
        "swap of unique values": swap,
        "delete": sql("DELETE FROM readings WHERE system_id = ? AND at = ?", system, at),
        "delete of a parent": sql("DELETE FROM systems WHERE id = ? AND watts > 4000", system),
    }  # fmt: skip


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=0)
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _result(connection: sqlite3.Connection, work: Work, word: str) -> tuple[str, int]:
    """What came of an operation: the kind of error (whose rows stay as SQLite leaves them), rows changed."""
    error = ""
    try:
        work(connection, word)
    except sqlite3.IntegrityError as found:
        error = str(found).replace(".name", ".label")
    connection.execute("COMMIT")
    return error, connection.total_changes


def _ignore(_: object) -> None:
    return None
