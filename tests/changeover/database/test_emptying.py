"""A table is emptied in chunks before it is dropped: nothing else is touched, and a kill loses no work."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from changeover.database import lease as leases
from changeover.database import wal
from changeover.database.change import emptying
from changeover.database.change.emptying import ChunkPace
from changeover.database.lock import Holder
from changeover.database.schema import catalogue
from changeover.errors import LeaseLost

ROWS = 3_000
AT_ONCE = ChunkPace(pause_s=0.0, rest=0.0)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Tables of several kinds, each with so many rows; children that a followed key would take along."""
    with closing(sqlite3.connect(tmp_path / "live.db", isolation_level=None)) as found:
        found.executescript(f"""
            PRAGMA journal_mode = WAL;
            PRAGMA foreign_keys = ON;
            CREATE TABLE plain (id INTEGER PRIMARY KEY, body TEXT);
            CREATE TABLE child (id INTEGER PRIMARY KEY, plain_id REFERENCES plain (id) ON DELETE CASCADE);
            CREATE TABLE named (rowid TEXT, oid TEXT);
            CREATE TABLE clustered (a TEXT COLLATE NOCASE, b INTEGER, PRIMARY KEY (a, b)) WITHOUT ROWID;
            CREATE TABLE told (id INTEGER PRIMARY KEY);
            CREATE TRIGGER tells AFTER DELETE ON told BEGIN INSERT INTO named VALUES ('told', old.id); END;
            CREATE VIRTUAL TABLE found USING fts5 (body);
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})
              INSERT INTO plain SELECT i, hex(randomblob(50)) FROM n;
            INSERT INTO child SELECT id, id FROM plain;
            INSERT INTO named SELECT 'one', id FROM plain;
            INSERT INTO clustered SELECT char(64 + id % 26), id FROM plain;
        """)
        yield found


def table_of(connection: sqlite3.Connection, name: str) -> catalogue.Table:
    found = catalogue.read(connection).table(name)
    assert found is not None
    return found


def count(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0])


@pytest.mark.parametrize("name", ["plain", "named", "clustered"])
def test_every_row_goes_in_several_transactions_and_no_other_row(
    connection: sqlite3.Connection, name: str
) -> None:
    others = {"plain", "named", "clustered", "child"} - {name}
    commits: list[str] = []
    told: list[tuple[int, int]] = []
    found = emptying.empty(
        connection,
        table_of(connection, name),
        pace=AT_ONCE,
        hook=commits.append,
        progress=lambda done, total: told.append((done, total)),
    )
    assert (found.rows, count(connection, name)) == (ROWS, 0)
    assert found.chunks > 1
    assert commits.count("after chunk") >= found.chunks
    assert told[-1] == (ROWS, ROWS)
    assert {count(connection, other) for other in others} == {ROWS}
    assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,), "as it was before"


def test_the_lock_is_let_go_of_for_longer_than_it_was_held(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Held for most of the time, it is found held by a busy handler whenever that looks."""
    slept_s: list[float] = []
    monkeypatch.setattr(emptying.time, "sleep", slept_s.append)
    pace = ChunkPace(pause_s=0.0)
    found = emptying.empty(connection, table_of(connection, "plain"), pace=pace)
    assert slept_s
    assert all(0 < one <= pace.rest * found.longest_s for one in slept_s)
    assert pace.rest >= 2


def test_what_was_deleted_before_a_kill_stays_deleted_and_the_next_goes_on(
    connection: sqlite3.Connection,
) -> None:
    def killed(moment: str) -> None:
        if moment == "after chunk":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        emptying.empty(connection, table_of(connection, "plain"), pace=AT_ONCE, hook=killed)
    left = count(connection, "plain")
    assert left == ROWS - emptying.ROWS_FIRST
    assert emptying.empty(connection, table_of(connection, "plain"), pace=AT_ONCE).rows == left


def test_a_chunk_that_takes_too_long_is_taken_back_and_made_smaller(connection: sqlite3.Connection) -> None:
    hasty = ChunkPace(chunk_s=1e-9, pause_s=0.0)
    connection.execute("DELETE FROM plain WHERE id > 40")
    connection.execute("CREATE INDEX by_body ON plain (body)")
    found = emptying.empty(connection, table_of(connection, "plain"), pace=hasty)
    assert (found.rows, count(connection, "plain")) == (40, 0)
    assert not connection.in_transaction


def test_the_lock_is_free_between_two_chunks(connection: sqlite3.Connection, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "live.db", isolation_level=None, timeout=0)) as writer:

        def write(moment: str) -> None:
            writer.execute("INSERT INTO named VALUES ('meanwhile', ?)", (moment,))

        found = emptying.empty(connection, table_of(connection, "plain"), pace=AT_ONCE, hook=write)
    assert count(connection, "named") >= ROWS + 2 * found.chunks


def test_a_runner_that_lost_its_lease_deletes_nothing_more(connection: sqlite3.Connection) -> None:
    lease = leases.acquire(connection, Holder("one", 1, "here", 0))

    def taken(moment: str) -> None:
        if moment == "after chunk":
            connection.execute(f"UPDATE {leases.TABLE} SET token = token + 1")

    with pytest.raises(LeaseLost):
        emptying.empty(connection, table_of(connection, "plain"), lease=lease, pace=AT_ONCE, hook=taken)
    assert count(connection, "plain") == ROWS - emptying.ROWS_FIRST


@pytest.fixture
def reader(connection: sqlite3.Connection, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Somebody who looks at the database as it was, and so keeps its log from being moved into the file."""
    with closing(sqlite3.connect(tmp_path / "live.db", isolation_level=None)) as found:
        found.execute("BEGIN")
        found.execute("SELECT 1 FROM plain").fetchone()
        yield found


def test_a_reader_that_pins_a_large_log_is_waited_for(
    connection: sqlite3.Connection, reader: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments: list[str] = []
    look = wal.look

    def looked(on: sqlite3.Connection) -> wal.Wal:
        found = look(on)
        moments.append("pinned" if found.pinned else "moved")
        if moments.count("pinned") == 3 and reader.in_transaction:
            reader.execute("COMMIT")
        return found

    monkeypatch.setattr(wal, "look", looked)
    pace = ChunkPace(pause_s=0.0, wal_bytes=1)
    emptying.empty(connection, table_of(connection, "plain"), pace=pace, hook=moments.append)
    chunk = ["before chunk", "after chunk"]
    assert moments[:7] == [*chunk, "pinned", "pinned", "pinned", "moved", chunk[0]]
    assert count(connection, "plain") == 0


def test_a_reader_that_never_ends_stops_nothing_for_ever(
    connection: sqlite3.Connection, reader: sqlite3.Connection
) -> None:
    pace = ChunkPace(pause_s=0.0, wal_bytes=1, wal_wait_s=0.2)
    found = emptying.empty(connection, table_of(connection, "plain"), pace=pace)
    assert found.chunks > 1
    assert (found.rows, count(connection, "plain")) == (ROWS, 0)
    assert reader.in_transaction


@pytest.mark.parametrize(
    ("name", "on_server", "reason"),
    [
        ("plain", False, ""),
        ("clustered", True, ""),
        ("plain", True, "child refers to it"),
        ("told", False, "a trigger acts when its rows are deleted"),
        ("found", False, "it is a virtual table"),
    ],
)
def test_what_a_delete_would_do_otherwise_than_a_drop_is_not_emptied(
    connection: sqlite3.Connection, name: str, on_server: bool, reason: str
) -> None:
    schema = catalogue.read(connection)
    assert emptying.hindrance(table_of(connection, name), schema, on_server=on_server) == reason
