"""A production database of the size at which things went wrong, and a plan around any script."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from click.testing import CliRunner

from changeover.cli.root import main

INTERVALS = 71_314
SYSTEMS = 3
ROWS = INTERVALS * SYSTEMS
"""213,942: as many 5-minute rows as the statement on half a key would have changed."""

SCHEMA = """
CREATE TABLE systems (
  id INTEGER PRIMARY KEY AUTOINCREMENT, user_id TEXT NOT NULL, system_number TEXT NOT NULL,
  timezone_offset INTEGER NOT NULL DEFAULT 10);
CREATE INDEX user_system_idx ON systems (user_id, system_number);
CREATE TABLE readings (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  system_id INTEGER NOT NULL REFERENCES systems (id) ON DELETE CASCADE,
  inverter_time INTEGER NOT NULL, solar_w INTEGER NOT NULL, battery_soc REAL NOT NULL);
CREATE UNIQUE INDEX readings_unique ON readings (system_id, inverter_time);
CREATE TABLE readings_agg_5m (
  system_id INTEGER NOT NULL, interval_end INTEGER NOT NULL, solar_w_avg INTEGER,
  sample_count INTEGER NOT NULL, PRIMARY KEY (system_id, interval_end)) WITHOUT ROWID;
CREATE TABLE polling_status (
  id INTEGER PRIMARY KEY, system_id INTEGER NOT NULL REFERENCES systems (id) ON DELETE CASCADE,
  last_response TEXT);
"""
FILL = """
INSERT INTO systems (user_id, system_number) VALUES ('simon', '1586'), ('ada', '2001'), ('simon', '2002');
INSERT INTO polling_status (system_id) SELECT id FROM systems;
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {last})
INSERT INTO readings_agg_5m SELECT s.id, 1700000100 + 300 * n.i, n.i % 5000, 5 FROM systems s, n;
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {last})
INSERT INTO readings (system_id, inverter_time, solar_w, battery_soc)
SELECT s.id, 1700000100 + 300 * n.i, n.i % 5000, 50.5 FROM systems s, n;
"""
PLAN = """---
database: house.db
downtime: 1m
rollback-within: 1m
{header}---
# A change

## Pre-flight

- [ ] every reference holds {{#references}}

```sql {{for=references expect=empty}}
PRAGMA foreign_key_check;
```
{preflight}
## Execute

{execute}
## Rollback

{rollback}
"""


def make(folder: Path) -> "House":
    """A database in WAL mode with 213,942 readings and as many 5-minute rows, in about a second."""
    folder.mkdir(parents=True, exist_ok=True)
    one = House(folder)
    with closing(sqlite3.connect(one.database, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(f"{SCHEMA}BEGIN;{FILL.format(last=INTERVALS - 1)}COMMIT;")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return one


@dataclass(frozen=True)
class Said:
    """What a command ended with, and everything it said."""

    exit_code: int
    text: str


@dataclass(frozen=True)
class House:
    """One folder: the database, the plan."""

    folder: Path

    @property
    def database(self) -> Path:
        """The living database."""
        return self.folder / "house.db"

    def copy_to(self, folder: Path) -> "House":
        """The same house in another folder."""
        folder.mkdir(parents=True)
        shutil.copyfile(self.database, folder / "house.db")
        return House(folder)

    @property
    def plan(self) -> Path:
        """The plan."""
        return self.folder / "PLAN.md"

    def write(
        self,
        script: str = "",
        attributes: str = "",
        *,
        undo: str = "SELECT 1;",
        undo_attributes: str = "",
        **parts: str,
    ) -> None:
        """A plan whose Execute is one script; or whatever ``parts`` (header, execute, rollback ...) say."""
        given = {
            "header": "",
            "preflight": "",
            "execute": f"### Change {{budget=30s}}\n\n```sql {{#change {attributes}}}\n{script}\n```\n",
            "rollback": f"```sql {{#back undoes=change {undo_attributes or attributes}}}\n{undo}\n```\n",
        } | parts
        self.plan.write_text(PLAN.format(**given))

    def say(self, command: str, *arguments: str) -> Said:
        """Run ``changeover COMMAND PLAN.md`` in this process, with the folder's database."""
        place = () if command == "check" else ("--database", str(self.database))
        result = CliRunner().invoke(main, [command, str(self.plan), *place, *arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return Said(result.exit_code, result.output)

    def fingerprint(self) -> tuple[str, int]:
        """The hash of the database file, and how much its WAL holds: the same when nothing was written."""
        wal = self.folder / "house.db-wal"
        return sha256(self.database.read_bytes()).hexdigest(), wal.stat().st_size if wal.exists() else 0
