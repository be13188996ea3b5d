"""An honest plan over any little database: written, rehearsed, run, written to, taken back."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from changeover.check.load import load_plan
from changeover.check.rules import check
from changeover.check.schema_copy import read_schema
from changeover.database.connect import opened
from changeover.database.rehearse.compare import compare
from changeover.plan import params
from changeover.plan.model import Plan
from changeover.problems import Severity
from changeover.run import commands
from changeover.run.rehearsal import rehearse
from changeover.run.runner import OperatorPrompt
from changeover.run.state_dir import state_of

PLAN = """---
database: {database}
{header}---
# A change

## Pre-flight

```sql {{#alive expect="some"}}
SELECT 1;
```

## Execute

```sql {{#mig phase=migrate scope="{scope}"{rows}}}
{forward}
```

## Rollback

```sql {{#back undoes=mig scope="{scope}"{rows}}}
{back}
```
"""


@dataclass(frozen=True)
class Place:
    """A database in a folder, with a copy of how it was, and the plan for it."""

    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "app.db"

    @property
    def plan(self) -> Plan:
        return load_plan(self.folder / "PLAN.md")

    @property
    def values(self) -> params.BoundParameters:
        return params.bind(self.plan, (), {})

    def problems(self) -> list[str]:
        """What `check --database` calls an error."""
        with opened(self.database) as connection:
            schema = read_schema(connection, self.database)
        return [str(one) for one in check(self.plan, schema) if one.severity is Severity.ERROR]

    def rehearsed(self) -> tuple[str, ...]:
        """The faults of a rehearsal."""
        return rehearse(self.plan, self.values, self.database, who="tests").faults

    def there(self) -> int:
        """Run the plan; its exit code."""
        return commands.run(self.plan, self.values, self.database, self._settings()).exit_code

    def back(self) -> int:
        """Roll the newest run back; its exit code."""
        run_id = state_of(self.database).newest()
        assert run_id is not None
        settings = self._settings()
        return commands.rollback(self.plan, self.values, self.database, settings, run_id=run_id).exit_code

    def _settings(self) -> commands.Settings:
        return commands.Settings(who="tests", prompt=OperatorPrompt())


def place(folder: Path, setup: str, forward: str, back: str, **more: str) -> Place:
    """Make the database and its plan. ``more``: scope, rows, functions."""
    folder.mkdir(parents=True, exist_ok=True)
    found = Place(folder)
    with closing(sqlite3.connect(found.database, isolation_level=None)) as connection:
        if "functions" in more:
            space: dict[str, Any] = {}
            exec(more["functions"], space)
            space["register"](connection)
            (folder / "functions.py").write_text(more["functions"])
        connection.executescript(setup)
    rows = f' rows="{more["rows"]}"' if "rows" in more else ""
    text = PLAN.format(
        database=found.database,
        header="functions: functions.py\n" if "functions" in more else "",
        scope=more.get("scope", "t"),
        rows=rows,
        forward=forward.strip(),
        back=back.strip(),
    )
    (folder / "PLAN.md").write_text(text)
    return found


def goes_there_and_back(found: Place, *, writes: str = "") -> None:
    """All verbs pass; without ``writes`` in between the database is afterwards what it was."""
    original = found.folder / "original.db"
    with closing(sqlite3.connect(found.database)) as source, closing(sqlite3.connect(original)) as target:
        source.backup(target)
    assert found.problems() == []
    assert found.rehearsed() == ()
    assert found.there() == 0
    if writes:
        with closing(sqlite3.connect(found.database, isolation_level=None)) as connection:
            connection.executescript(writes)
    assert found.back() == 0
    if not writes:
        assert compare(original, found.database).equal
