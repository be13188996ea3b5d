"""A backup of a database on a server: an ordinary SQLite file, equal to the byte to what the server has."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.store.sqld import Sqld

from changeover.database.backup import backup, dump
from changeover.database.connect import connect, opened
from changeover.database.rehearse.compare import compare
from changeover.database.where import Server
from changeover.errors import Damaged, Unavailable, Unsuitable
from hrana.wire import WireStatement

SCRIPT = (
    "CREATE TABLE plain (a, b TEXT, c REAL)",
    "CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, word TEXT)",
    "CREATE TABLE pairs (a TEXT, b INTEGER, PRIMARY KEY (a, b)) WITHOUT ROWID",
    "CREATE TABLE narrow (n INTEGER NOT NULL, twice INTEGER AS (2 * n) STORED, any_ ANY) STRICT",
    'CREATE TABLE "odd ""name" ("rowid" TEXT, "select" BLOB)',
    "CREATE TABLE empty (id INTEGER PRIMARY KEY)",
    "CREATE INDEX plain_partial ON plain (b) WHERE b IS NOT NULL",
    "CREATE UNIQUE INDEX pairs_low ON pairs (lower(a), b)",
    "CREATE VIEW words AS SELECT word FROM counted",
    "CREATE TRIGGER noted AFTER INSERT ON counted BEGIN INSERT INTO plain (b) VALUES (new.word); END",
    "INSERT INTO plain (rowid, a, b, c) VALUES (7, x'00ff00', 'a' || char(0) || 'b', 9e999)",
    "INSERT INTO plain (rowid, a, b, c) VALUES (-3, -9223372036854775808, '', -9e999), (40, 1, 'x', 0.1)",
    "INSERT INTO plain VALUES (1.0, 't', 5e-324), ('1', 'xaf', 1.7976931348623157e308), (NULL, NULL, -0.0)",
    "INSERT INTO plain VALUES (0.30000000000000004, '\u00fc\U0001f600', 123456789012345680.0)",
    "INSERT INTO plain VALUES (x'', '9e999', 1)",
    "INSERT INTO counted (word) VALUES ('one'), ('two'), ('three')",
    "DELETE FROM counted WHERE id = 3",
    "INSERT INTO pairs VALUES ('A', 1), ('b', 2)",
    "INSERT INTO narrow (n, any_) VALUES (1, '1'), (2, 1), (3, x'31')",
    'INSERT INTO "odd ""name" VALUES (\'r\', zeroblob(3))',
    "PRAGMA user_version = 12",
)


@pytest.fixture
def server(server_url: str) -> Server:
    found = Server(server_url)
    with opened(found) as remote:
        remote.apply([WireStatement(sql) for sql in SCRIPT])
    return found


@pytest.fixture
def oracle(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "oracle.db")) as connection:
        connection.executescript(";\n".join(SCRIPT))
    return tmp_path / "oracle.db"


def everything(path: Path) -> list[object]:
    with closing(sqlite3.connect(path)) as connection:
        asked = (
            "SELECT rowid, a, typeof(a), hex(b), c FROM plain ORDER BY rowid",
            'SELECT oid, * FROM "odd ""name"',
            "SELECT * FROM narrow",
            "SELECT name, seq FROM sqlite_sequence",
            "PRAGMA user_version",
        )
        return [connection.execute(sql).fetchall() for sql in asked]


def test_everything_that_the_server_holds_is_in_the_file(
    server: Server, oracle: Path, tmp_path: Path
) -> None:
    done = backup.backup(server, tmp_path / "backups", label="0001")
    assert done.path.name.startswith("backup-127.0.0.1-")
    assert done.path.name.endswith("-0001.db")
    assert done.sha256 == backup.sha256(done.path)
    assert str(compare(oracle, done.path)) == str(compare(oracle, oracle))
    assert everything(done.path) == everything(oracle)
    assert not list(done.path.parent.glob("*.partial"))


def test_it_is_one_snapshot_while_writers_go_on(server_url: str, tmp_path: Path) -> None:
    server, stop = Server(server_url), threading.Event()
    with opened(server) as remote:
        remote.apply([WireStatement("CREATE TABLE a (n)"), WireStatement("CREATE TABLE b (n)")])
    many = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 300)"

    def write() -> None:
        with closing(connect(server)) as writer:
            while not stop.wait(0.01):
                pair = [WireStatement(f"INSERT INTO {name} {many} SELECT n FROM n") for name in ("a", "b")]
                writer.apply(pair)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        copies = [tmp_path / f"{number}.db" for number in range(3)]
        for each in copies:
            backup.copy(server, each)
    finally:
        stop.set()
        thread.join()
    for each in copies:
        with closing(sqlite3.connect(each)) as connection:
            sizes = connection.execute("SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM b)").fetchone()
        assert sizes[0] == sizes[1]
    assert sizes[0] > 0


def test_a_schema_that_changes_while_it_is_read_is_read_again(server: Server, tmp_path: Path) -> None:
    calls = []
    with opened(server) as remote:

        def stream(asked: list[WireStatement]) -> Iterator[object]:
            calls.append(len(asked))
            yield from remote.stream(asked)
            if len(calls) == 1:
                remote.execute("CREATE TABLE late (x)")

        dump.dump(stream, tmp_path / "copy.db", label="it")
    assert len(calls) == 4
    with closing(sqlite3.connect(tmp_path / "copy.db")) as connection:
        assert connection.execute("SELECT count(*) FROM late").fetchone() == (0,)


def test_what_arrives_changed_is_found(server: Server, tmp_path: Path) -> None:
    with opened(server) as remote:

        def stream(asked: list[WireStatement]) -> Iterator[object]:
            for place, rows in remote.stream(asked):
                yield place, [tuple("t?" if cell == "tx" else cell for cell in row) for row in rows[:-1]]

        with pytest.raises((Damaged, IndexError)):
            dump.dump(stream, tmp_path / "copy.db", label="it")


VIRTUAL = (
    "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT)",
    "INSERT INTO notes VALUES (1, 'first milk'), (900, 'second bread')",
    "CREATE VIRTUAL TABLE five USING fts5 (body)",
    "INSERT INTO five (rowid, body) VALUES (7, 'seven words'), (70, 'seventy')",
    "CREATE VIRTUAL TABLE beside USING fts5 (body, content = 'notes', content_rowid = 'id')",
    "INSERT INTO beside (beside) VALUES ('rebuild')",
    "CREATE VIRTUAL TABLE bare USING fts5 (body, content = '')",
    "INSERT INTO bare (rowid, body) VALUES (3, 'third')",
    "CREATE VIRTUAL TABLE four USING fts4 (body)",
    "INSERT INTO four (docid, body) VALUES (8, 'eight words')",
    "CREATE VIRTUAL TABLE places USING rtree (id, x0, x1)",
    "INSERT INTO places VALUES (5, 0.5, 1.5), (6, 2, 3)",
    "CREATE TRIGGER indexed AFTER INSERT ON notes BEGIN INSERT INTO beside (rowid, body)"
    " VALUES (new.id, new.body); END",
)
ASKED = (
    "SELECT rowid, body FROM five WHERE five MATCH 'seven*' ORDER BY 1",
    "SELECT rowid, body FROM beside WHERE beside MATCH 'milk OR bread' ORDER BY 1",
    "SELECT rowid FROM bare WHERE bare MATCH 'third'",
    "SELECT docid, body FROM four WHERE four MATCH 'eight'",
    "SELECT id, x0, x1 FROM places WHERE x1 > 1 ORDER BY 1",
)


def test_virtual_tables_arrive_with_all_that_they_find(server: Server, tmp_path: Path) -> None:
    with opened(server) as remote:
        remote.apply([WireStatement(sql) for sql in VIRTUAL])
        here = [remote.execute(sql).fetchall() for sql in ASKED]
    assert all(here)
    made = backup.backup(server, tmp_path, label="0001")
    with closing(sqlite3.connect(made.path)) as connection:
        assert [connection.execute(sql).fetchall() for sql in ASKED] == here
        for name in ("five", "beside"):
            connection.execute(f"INSERT INTO {name} ({name}, rank) VALUES ('integrity-check', 1)")
        connection.execute("INSERT INTO four (four) VALUES ('integrity-check')")
        assert connection.execute("SELECT rtreecheck('places')").fetchone() == ("ok",)
        connection.execute("INSERT INTO notes VALUES (901, 'third butter')")
        found = connection.execute("SELECT rowid FROM beside WHERE beside MATCH 'butter'").fetchall()
        assert found == [(901,)], "what keeps an index up to date goes on doing so"


def test_a_virtual_table_of_a_module_that_is_not_here_is_refused_by_name(tmp_path: Path) -> None:
    sql = "CREATE VIRTUAL TABLE v USING strange (a)"

    def stream(asked: list[WireStatement]) -> Iterator[object]:
        yield 0, [("table", "v", sql)]
        if len(asked) > 1:
            yield 1, [(0, 0)]

    with pytest.raises(Unsuitable, match="virtual table v of it cannot be made in a file: no such module"):
        dump.dump(stream, tmp_path / "copy.db", label="it")


def test_a_server_that_dies_leaves_no_backup(tmp_path: Path, sqld: Sqld) -> None:
    away = Server("http://127.0.0.1:1")
    with pytest.raises(Unavailable):
        backup.backup(away, tmp_path / "backups", label="0001")
    assert not list((tmp_path / "backups").glob("*")) if (tmp_path / "backups").exists() else True


def test_progress_is_told_with_an_estimate(server: Server, tmp_path: Path) -> None:
    told: list[tuple[str, int, int, float | None]] = []
    backup.backup(server, tmp_path, label="0001", progress=lambda *each: told.append(each))
    assert {phase for phase, *_ in told} == {"copy", "check"}
    assert all(done <= total for _, done, total, _ in told)
    assert any(left is not None for *_, left in told)
