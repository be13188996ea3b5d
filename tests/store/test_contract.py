"""What every Database driver promises; one more driver is one more parameter."""

import random
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from liveone.store.database import (
    BulkInsert,
    Busy,
    ConstraintFailed,
    Database,
    SchemaChanged,
    Statement,
    StoreError,
    Value,
)
from liveone.store.libsql.driver import LibsqlDatabase
from liveone.store.sqlite import SqliteDatabase

Open = Callable[[], Database]


@pytest.fixture
def open_database(driver: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Open]:
    opened: list[Database] = []
    url = request.getfixturevalue("server_url") if driver == "libsql" else ""
    file = tmp_path / "contract.db"
    file.touch()

    def open_one() -> Database:
        opened.append(
            LibsqlDatabase(url, watch_s=0) if url else SqliteDatabase(file, busy_timeout_s=0.2),
        )
        return opened[-1]

    open_one().write(
        [
            Statement("CREATE TABLE parent (id INTEGER PRIMARY KEY)"),
            Statement(
                "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER NOT NULL UNIQUE, b TEXT,"
                " parent INTEGER REFERENCES parent (id) ON DELETE CASCADE)"
            ),
        ]
    )
    yield open_one
    for each in opened:
        each.close()


@pytest.fixture
def database(open_database: Open) -> Database:
    return open_database()


def rows(database: Database, sql: str = "SELECT a, b FROM t ORDER BY a") -> list[tuple[object, ...]]:
    return list(database.read([Statement(sql)])[0])


def test_a_write_is_all_or_nothing(database: Database) -> None:
    with pytest.raises(ConstraintFailed):
        database.write(
            [Statement("INSERT INTO t (a) VALUES (1)"), Statement("INSERT INTO t (a) VALUES (NULL)")]
        )
    assert rows(database) == []
    database.write([Statement("INSERT INTO t (a, b) VALUES (?, ?)", (1, "x"))])
    assert rows(database) == [(1, "x")]


def test_a_write_gives_rows_and_changes_of_each_statement(database: Database) -> None:
    results = database.write(
        [
            Statement("INSERT INTO t (a) VALUES (1), (2) RETURNING a"),
            Statement("SELECT count(*) FROM t"),
            Statement("-- why\nWITH w AS (SELECT 1) UPDATE t SET b = 'x' WHERE a = 2"),
            Statement("DELETE FROM t WHERE a = 9"),
        ]
    )
    assert [(each.rows, each.changes) for each in results] == [
        ([(1,), (2,)], 2),
        ([(2,)], 0),
        ([], 1),
        ([], 0),
    ]


def test_a_bulk_insert_ignores_conflicts_but_no_broken_rule(database: Database) -> None:
    (first,) = database.write([BulkInsert("t", ("a", "b"), [(1, "old"), (2, "old")])])
    (second,) = database.write([BulkInsert("t", ("a", "b"), [(2, "new"), (3, "new")])])
    assert (first.changes, second.changes) == (2, 1)
    assert rows(database) == [(1, "old"), (2, "old"), (3, "new")]
    with pytest.raises(ConstraintFailed):
        database.write([BulkInsert("t", ("a", "b"), [(4, "x"), (None, "x")])])
    assert len(rows(database)) == 3


def test_foreign_keys_are_enforced(database: Database) -> None:
    with pytest.raises(ConstraintFailed):
        database.write([Statement("INSERT INTO t (a, parent) VALUES (1, 77)")])


def test_floats_bytes_and_text_come_back_exactly(database: Database) -> None:
    values = (0.1 + 0.2, b"\x00\xff", "Zoë", None, -(2**63))
    (found,) = database.read([Statement("SELECT ?, ?, ?, ?, ?", values)])
    assert found == [values]


def test_numbers_survive_to_the_last_bit_in_bulk_and_in_large_answers(database: Database) -> None:
    database.write([Statement("CREATE TABLE n (id INTEGER PRIMARY KEY, x, y)")])
    chance = random.Random(5)
    offered: list[tuple[Value, ...]] = [
        (place, chance.random() * 10.0 ** chance.randrange(-30, 30), chance.choice([None, "a\x00b", -1, 5.0]))
        for place in range(5000)
    ]
    offered += [(5000, 30788.25108, None), (5001, 7141180.767796, None), (5002, 2.094291652090712e-31, None)]
    assert database.write([BulkInsert("n", ("id", "x", "y"), offered)])[0].changes == 5003
    asked = Statement("SELECT id, x, y FROM n WHERE id >= ? ORDER BY id DESC", (0,))
    for _ in range(2):
        (found,) = database.read([asked])
        assert found == offered[::-1]
        assert [type(value) for row in found for value in row] == [
            type(value) for row in offered[::-1] for value in row
        ]


def test_bytes_and_much_text_go_in_bulk_too(database: Database) -> None:
    database.write([Statement("CREATE TABLE n (x, y)")])
    offered: list[tuple[Value, ...]] = [(b"\x00\xff" * 10, "Zoë" * 1000) for _ in range(3000)]
    database.write([BulkInsert("n", ("x", "y"), offered)])
    for _ in range(2):
        assert database.read([Statement("SELECT x, y FROM n; ")])[0] == offered


def test_a_read_sees_one_snapshot(open_database: Open) -> None:
    one, two = open_database(), open_database()
    one.write([Statement("INSERT INTO t (a) VALUES (1)")])
    counts: list[list[list[tuple[object, ...]]]] = []
    stop = threading.Event()

    def write() -> None:
        for number in range(2, 200):
            two.write([Statement("INSERT INTO t (a) VALUES (?)", (number,))])
        stop.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not stop.is_set():
        counts.append(one.read([Statement("SELECT count(*) FROM t"), Statement("SELECT max(a) FROM t")]))  # type: ignore[arg-type]
    writer.join()
    assert len(counts) > 3
    assert all(first == second for first, second in counts)


def test_a_missing_table_or_column_is_a_changed_schema(database: Database) -> None:
    for sql in ("SELECT * FROM absent", "SELECT absent FROM t", "INSERT INTO t (absent) VALUES (1)"):
        with pytest.raises(SchemaChanged) as caught:
            database.write([Statement(sql)])
        assert caught.value.retryable


def test_an_error_leaves_no_transaction_behind(open_database: Open) -> None:
    one, two = open_database(), open_database()
    with pytest.raises(StoreError):
        one.write([Statement("INSERT INTO t (a) VALUES (1)"), Statement("nonsense")])
    two.write([Statement("INSERT INTO t (a) VALUES (2)")])
    assert rows(one) == [(2,)] or rows(one) == [(2, None)]


@pytest.mark.parametrize("driver", ["sqlite"])
def test_a_locked_database_is_busy_after_the_timeout_and_readable_meanwhile(
    open_database: Open, tmp_path: Path
) -> None:
    database = open_database()
    script = f"""
        import sqlite3, sys
        c = sqlite3.connect({str(tmp_path / "contract.db")!r}, isolation_level=None)
        c.execute("BEGIN IMMEDIATE"); print("locked", flush=True); sys.stdin.read(); c.execute("ROLLBACK")
    """
    holder = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        with pytest.raises(Busy) as caught:
            database.write([Statement("INSERT INTO t (a) VALUES (1)")])
        assert caught.value.retryable
        assert rows(database) == []
        holder.communicate("")
    database.write([Statement("INSERT INTO t (a) VALUES (1)")])


def test_the_change_token_moves_with_own_and_foreign_commits_only(open_database: Open) -> None:
    one, two = open_database(), open_database()
    start = one.change_token()
    rows(one)
    assert one.change_token() == start
    one.write([Statement("INSERT INTO t (a) VALUES (1)")])
    own = one.change_token()
    two.write([Statement("INSERT INTO t (a) VALUES (2)")])
    foreign = one.change_token()
    assert len({start, own, foreign}) == 3
    assert one.change_token() == foreign


def insert_patiently(database: Database, number: int) -> None:
    """Busy may be answered, and is retryable: on a loaded machine eight writers outwait a short timeout."""
    for _ in range(100):
        with suppress(Busy):
            database.write([Statement("INSERT INTO t (a) VALUES (?)", (number,))])
            return
    raise AssertionError("the database stayed busy")


def test_many_threads_read_and_write(database: Database) -> None:
    failures: list[BaseException] = []

    def work(base: int) -> None:
        try:
            for number in range(20):
                insert_patiently(database, base + number)
                rows(database)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(100 * each,)) for each in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failures == []
    assert len(rows(database)) == 160


def test_a_closed_database_says_so(open_database: Open) -> None:
    database = open_database()
    rows(database)
    database.close()
    with pytest.raises(StoreError, match="closed"):
        rows(database)


@pytest.mark.parametrize("driver", ["sqlite"])
def test_a_file_replaced_underneath_is_opened_anew(open_database: Open, tmp_path: Path) -> None:
    database = open_database()
    database.write([Statement("INSERT INTO t (a) VALUES (1)")])
    token = database.change_token()
    file = tmp_path / "contract.db"
    with closing(SqliteDatabase(_moved(file))) as old:
        assert rows(old) == [(1, None)]
    file.touch()
    database.write([Statement("CREATE TABLE t (a, b)"), Statement("INSERT INTO t VALUES (5, 'new')")])
    assert rows(database) == [(5, "new")]
    assert database.change_token() != token


def _moved(file: Path) -> Path:
    for suffix in ("", "-wal", "-shm"):
        part = file.with_name(file.name + suffix)
        if part.exists():
            part.rename(part.with_name(f"moved.db{suffix}"))
    return file.with_name("moved.db")
