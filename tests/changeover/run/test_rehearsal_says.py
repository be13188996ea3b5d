"""What a rehearsal says of values that nobody has written yet, and of those that a new trigger fills."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.changeover.run.club import Club

from changeover.run.records import Record
from changeover.run.rehearsal import rehearse

PLAN = """---
database: ${{database}}
accept: {accept}
parameters:
  database: {{required: true, help: "path of the database"}}
---
# One table changes

## Execute

```sql {{#change scope="t" rows="t=*"}}
{forward}
```

## Rollback

```sql {{#back undoes=change scope="t" rows="t=*"}}
{back}
```
"""
RETYPED = (
    "CREATE TABLE n (id INTEGER PRIMARY KEY, code {0}, slug TEXT);"
    " INSERT INTO n (id, code, slug) SELECT id, CAST(code AS {0}), slug FROM t; DROP TABLE t;"
    " ALTER TABLE n RENAME TO t;"
)
FILLS = (
    "CREATE TRIGGER slugs AFTER INSERT ON t BEGIN"
    " UPDATE t SET slug = 'n-' || new.id WHERE id = new.id; END; UPDATE t SET slug = 'n-' || id;"
)


def rehearsed(folder: Path, forward: str, back: str, accept: str = "{}") -> Record:
    one = Club(folder)
    folder.mkdir()
    (folder / "PLAN.md").write_text(PLAN.format(forward=forward, back=back, accept=accept))
    with closing(sqlite3.connect(one.database)) as connection:
        connection.executescript(
            "PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER PRIMARY KEY, code TEXT, slug TEXT);"
            "INSERT INTO t VALUES (1, '5', 'a'), (2, '7', 'b');"
        )
    return rehearse(one.plan(), one.values(), one.database, who="tests")


def test_a_value_that_would_not_come_back_is_noted_and_accepted_by_name(tmp_path: Path) -> None:
    there, back = RETYPED.format("INTEGER"), RETYPED.format("TEXT")
    record = rehearsed(tmp_path / "one", there, back)
    assert record.passed, record.faults
    (note,) = [one for one in record.notes if "t.code.later" in one]
    assert "'00123' would come back as '123'" in note
    record = rehearsed(tmp_path / "two", there, back, '{t.code.later: "digits only"}')
    assert not [one for one in record.notes if "later" in one]


def test_a_column_that_a_new_trigger_fills_is_said_to_be_the_triggers(tmp_path: Path) -> None:
    undo = "DROP TRIGGER slugs; UPDATE t SET slug = char(96 + id);"
    record = rehearsed(tmp_path / "one", FILLS, undo)
    assert not record.passed
    assert "[t.slug]" in record.faults[0]
    assert "trigger slugs, which the change makes, fills it" in record.faults[0]
    assert rehearsed(tmp_path / "two", FILLS, undo, '{t.slug: "the trigger fills it"}').passed
