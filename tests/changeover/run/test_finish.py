"""`finish` gives a big table up in chunks: writers go on, after a kill it goes on, it says what it took."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.changeover.database.killer import killed_at
from tests.changeover.run import club, killing
from tests.changeover.run.club import Club

from changeover.engine.entries import Ending, EntryKind
from changeover.run.state_dir import state_of

PLAN = """---
database: ${database}
accept:
  notes.title: "nobody has one yet"
parameters:
  database: {required: true, help: "path of the database"}
---
# Notes get a title

## Execute

```sql {#title scope="notes changeover_notes" rows="notes=*"}
ALTER TABLE notes RENAME TO changeover_notes;
CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL, title TEXT NOT NULL DEFAULT '');
INSERT INTO notes (id, body) SELECT id, body FROM changeover_notes;
```

## Rollback

```sql {#no-title undoes=title scope="notes changeover_notes" rows="notes=*"}
CREATE TABLE notes_new (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
INSERT INTO notes_new SELECT id, body FROM notes;
DROP TABLE notes;
DROP TABLE changeover_notes;
ALTER TABLE notes_new RENAME TO notes;
```

## Finish

```sql {#tidy scope="changeover_notes"}
DROP TABLE changeover_notes;
```
"""
ROWS = 5_000


@pytest.fixture
def done(tmp_path: Path) -> Club:
    """A run that is done, with the old table of 5,000 rows kept."""
    one = Club(tmp_path)
    (tmp_path / "PLAN.md").write_text(PLAN)
    with closing(sqlite3.connect(one.database)) as connection:
        connection.executescript(f"""
            PRAGMA journal_mode = WAL;
            CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})
              INSERT INTO notes SELECT i, hex(randomblob(40)) FROM n;
        """)
    club.prove(one)
    assert club.start(one).ending is Ending.DONE
    return one


def rows(one: Club, table: str) -> int:
    return killing.count(one.database, f"SELECT count(*) FROM {table}")


def test_writers_go_on_between_the_chunks_and_the_journal_says_what_it_took(done: Club) -> None:
    moments: list[str] = []
    with closing(sqlite3.connect(done.database, isolation_level=None, timeout=0)) as writer:

        def write(moment: str) -> None:
            moments.append(moment)
            if moment == "after chunk":
                writer.execute("INSERT INTO notes (body) VALUES ('meanwhile')")

        outcome = club.again(done, "finish", hook=write)
    assert outcome.ending is Ending.FINISHED, outcome.reason
    chunks = moments.count("after chunk")
    assert chunks > 3
    assert moments.index("after chunk") < moments.index("begun")
    assert rows(done, "notes") == ROWS + chunks
    assert rows(done, "sqlite_schema WHERE name = 'changeover_notes'") == 0
    told = [entry for entry in outcome.entries if entry.kind is EntryKind.DONE and entry.id == "tidy"][-1]
    assert "changeover_notes: 5,000 rows deleted in" in told.text("found")


def test_a_finish_killed_between_two_chunks_is_finished_by_the_next_and_never_taken_back(done: Club) -> None:
    moments: list[str] = []

    def stopped(moment: str) -> None:
        moments.append(moment)
        if moments.count("after chunk") == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        club.again(done, "finish", hook=stopped)
    left = rows(done, "changeover_notes")
    assert 0 < left < ROWS
    assert killed_at(lambda hook: killing.finish(done, hook), "after chunk")
    assert 0 < rows(done, "changeover_notes") < left
    assert state_of(done.database).newest() is not None
    assert club.again(done, "finish").ending is Ending.FINISHED
    assert rows(done, "notes") == ROWS
    assert rows(done, "sqlite_schema WHERE name = 'changeover_notes'") == 0


def test_a_script_that_still_reads_what_it_drops_finds_every_row(tmp_path: Path, done: Club) -> None:
    plan = PLAN.replace(
        '## Finish\n\n```sql {#tidy scope="changeover_notes"}\n',
        '## Finish\n\n```sql {#tidy scope="changeover_notes archive"}\n'
        "CREATE TABLE archive (id INTEGER PRIMARY KEY, body TEXT);\n"
        "INSERT INTO archive SELECT id, body FROM changeover_notes;\n",
    )
    other = Club(tmp_path / "other")
    other.folder.mkdir()
    (other.folder / "PLAN.md").write_text(plan)
    killing.rollback(done, lambda moment: None)
    done.database.rename(other.database)
    club.prove(other)
    assert club.start(other).ending is Ending.DONE
    assert club.again(other, "finish").ending is Ending.FINISHED
    assert rows(other, "archive") == ROWS
