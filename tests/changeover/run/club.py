"""A club's little database, the plan that changes it, and how to run that plan without a terminal."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from changeover.check.load import load_plan
from changeover.plan import params
from changeover.plan.model import Plan
from changeover.run import commands
from changeover.run.rehearsal import rehearse
from changeover.run.runner import OperatorPrompt
from changeover.run.state_dir import state_of

OLD = """
CREATE TABLE members (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, phone TEXT NOT NULL, house TEXT NOT NULL);
CREATE INDEX members_name ON members (name);
CREATE TABLE visits (
  id INTEGER PRIMARY KEY, member_id INTEGER NOT NULL REFERENCES members (id) ON DELETE CASCADE,
  at INTEGER NOT NULL, note TEXT);
CREATE INDEX visits_member ON visits (member_id);
CREATE TABLE prices (id INTEGER PRIMARY KEY, cents INTEGER NOT NULL);
"""

MIGRATE = """
CREATE TABLE members_new (
  id INTEGER PRIMARY KEY AUTOINCREMENT, full_name TEXT NOT NULL, phone TEXT NOT NULL, house TEXT NOT NULL,
  role TEXT NOT NULL DEFAULT 'guest');
INSERT INTO members_new (id, full_name, phone, house) SELECT id, name, phone, house FROM members;
DROP TABLE members;
ALTER TABLE members_new RENAME TO members;
CREATE INDEX members_full_name ON members (full_name);
"""

UNDO = """
CREATE TABLE IF NOT EXISTS changeover_roles (id INTEGER, role TEXT NOT NULL);
INSERT INTO changeover_roles (id, role) SELECT id, role FROM members WHERE role <> 'guest';
CREATE TABLE members_old (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, phone TEXT NOT NULL, house TEXT NOT NULL);
INSERT INTO members_old (id, name, phone, house) SELECT id, full_name, phone, house FROM members;
DROP TABLE members;
ALTER TABLE members_old RENAME TO members;
CREATE INDEX members_name ON members (name);
"""

PLAN = """---
database: ${{database}}
downtime: 3m
rollback-within: 1m
parameters:
  database: {{required: true, help: "path of the club's database"}}
{header}---
# Members have roles

## Pre-flight

- [ ] nobody lacks a phone {{#phones}}

```sql {{for=phones expect=empty}}
SELECT id FROM members WHERE phone = '';
```
{preflight}
## Execute

### Add minutes {{#add budget=10s}}

```sql {{#minutes phase=migrate undo=derived scope="visits badges" rows="visits=* badges=+0"}}
ALTER TABLE visits ADD COLUMN minutes INTEGER;
CREATE TABLE badges (id INTEGER PRIMARY KEY, member_id INTEGER NOT NULL, label TEXT NOT NULL);
```

### Migrate {{#migrate budget=10s}}

```sql {{#members phase=migrate file=migrate.sql scope="members" rows="members=* visits=0 prices=0"}}
```

### Verify {{#verify budget=20s}}

```sql {{#names expect=">= 3"}}
SELECT count(full_name) FROM members;
```
{execute}
## Rollback {{budget=30s}}

```sql {{#undo-members undoes=members file=undo.sql scope="members" rows="members=* visits=0 prices=0"}}
```

```sql {{#all-there expect=">= 3"}}
SELECT count(name) FROM members;
```
{rollback}
## After

```sql {{#orphans expect=empty}}
PRAGMA foreign_key_check;
```
{after}
## Finish

```sql {{#tidy scope="prices"}}
DELETE FROM prices WHERE cents = 0;
```
"""


@dataclass(frozen=True)
class Club:
    """A folder with the database and the plan."""

    folder: Path

    @property
    def database(self) -> Path:
        """The living database."""
        return self.folder / "club.db"

    @property
    def original(self) -> Path:
        """The database as it was at the beginning, never touched."""
        return self.folder / "original.db"

    def plan(self) -> Plan:
        """The plan as it stands."""
        return load_plan(self.folder / "PLAN.md")

    def values(self, **environment: str) -> params.BoundParameters:
        """Its parameters; ``environment`` holds what its ``${NAME}`` need."""
        return params.bind(self.plan(), [f"database={self.database}"], environment)

    def copy_to(self, folder: Path) -> "Club":
        """The whole club, rehearsal records included, in another folder."""
        shutil.copytree(self.folder, folder)
        return Club(folder)


def make(folder: Path, *, members: int = 5, **parts: str) -> Club:
    """A club with its plan; ``parts`` are Markdown for header, preflight, execute, rollback, after."""
    folder.mkdir(parents=True, exist_ok=True)
    club = Club(folder)
    write_plan(club, **parts)
    with closing(sqlite3.connect(club.database, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(OLD)
        connection.execute("BEGIN")
        for number in range(1, members + 1):
            connection.execute(
                "INSERT INTO members (name, phone, house) VALUES (?, ?, ?)",
                (f"Member {number}", f"0{number}", "north" if number % 2 else "south"),
            )
            connection.executemany(
                "INSERT INTO visits (member_id, at, note) VALUES (?, ?, ?)",
                [(number, 1_700_000_000 + n, None if n % 3 else f"note {n}") for n in range(4)],
            )
        connection.executemany("INSERT INTO prices (cents) VALUES (?)", [(0,), (250,)])
        connection.execute("COMMIT")
    with (
        closing(sqlite3.connect(club.database)) as source,
        closing(sqlite3.connect(club.original)) as target,
    ):
        source.backup(target)
    return club


def write_plan(club: Club, **parts: str) -> None:
    """Write plan and scripts."""
    given = dict.fromkeys(("header", "preflight", "execute", "rollback", "after"), "") | parts
    (club.folder / "PLAN.md").write_text(PLAN.format(**given))
    (club.folder / "migrate.sql").write_text(MIGRATE)
    (club.folder / "undo.sql").write_text(UNDO)


def settings(**more: Any) -> commands.Settings:
    """Settings of a session that nobody watches."""
    return replace(commands.Settings(who="tests", prompt=OperatorPrompt()), **more)


def prove(club: Club, **environment: str) -> None:
    """Rehearse the plan, and insist that it passes."""
    record = rehearse(club.plan(), club.values(**environment), club.database, who="tests")
    assert record.passed, record.faults


def start(club: Club, *, environment: dict[str, str] | None = None, **more: Any) -> commands.Outcome:
    """Run the plan."""
    return commands.run(club.plan(), club.values(**environment or {}), club.database, settings(**more))


def again(club: Club, command: str, **more: Any) -> commands.Outcome:
    """Resume, roll back or finish the newest run."""
    run_id = state_of(club.database).newest()
    assert run_id is not None
    act = {
        "resume": commands.resume,
        "rollback": commands.rollback,
        "finish": commands.finish,
        "abandon": commands.abandon,
    }[command]
    return act(club.plan(), club.values(), club.database, settings(**more), run_id=run_id)
