"""The transaction around a script: budgets, locks, faults; after each, the database is as it was."""

import os
import sqlite3
import subprocess
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.changeover.database.household import ask, boundaries, make, script, tell

from changeover.database import wal
from changeover.database.change.guard import WriteGuard
from changeover.database.change.transaction import ScriptWork, TransactionHooks, bound, transact
from changeover.database.connect import connect, opened
from changeover.errors import BudgetExceeded, Busy, Full, InvariantBroken, StepFailed

ENDLESS = (
    "INSERT INTO polling_status (system_id)"
    " SELECT 1 FROM readings a, readings b, readings c, readings d WHERE a.id > 0"
)


def work(text: str, **more: object) -> ScriptWork:
    return ScriptWork(script(text), {"owner": {"simon": "u1"}, "name": "x'; DROP TABLE systems; --"}, **more)


def rows(path: Path) -> list[tuple[object, ...]]:
    return ask(path, "SELECT (SELECT count(*) FROM systems), (SELECT count(*) FROM polling_status)")


def test_a_bad_statement_rolls_back_everything_before_it_and_names_its_line(
    database: Path, connection: sqlite3.Connection
) -> None:
    text = (
        "UPDATE systems SET user_id = 'z';\nCREATE TABLE made (x);\n\nINSERT INTO nowhere VALUES"
        " (1);\nDELETE FROM systems"
    )
    with pytest.raises(StepFailed, match=r"migrate.sql:4: The statement failed: no such table: nowhere"):
        transact(connection, work(text), TransactionHooks())
    assert ask(database, "SELECT DISTINCT user_id FROM systems ORDER BY 1") == [("ada",), ("simon",)]
    assert ask(database, "SELECT count(*) FROM sqlite_schema WHERE name = 'made'") == [(0,)]


def test_values_are_bound_by_name_and_never_become_code(
    database: Path, connection: sqlite3.Connection
) -> None:
    text = (
        "UPDATE systems SET user_id = :name WHERE id = 1; UPDATE systems SET system_number = (SELECT"
        " value FROM json_each(:owner))"
    )
    transact(connection, work(text), TransactionHooks())
    assert ask(database, "SELECT user_id, system_number FROM systems WHERE id = 1") == [
        ("x'; DROP TABLE systems; --", "u1")
    ]


def test_a_name_without_a_value_is_said() -> None:
    with pytest.raises(StepFailed, match=":site, which has no value"):
        bound({"owner": "x"}, ("site",))


def test_the_hook_hears_every_boundary_in_order(connection: sqlite3.Connection) -> None:
    heard: list[str] = []
    transact(connection, work("SELECT 1; SELECT 2"), TransactionHooks(hook=heard.append))
    assert tuple(heard) == boundaries(2)


def test_what_was_executed_is_counted_timed_and_printed(connection: sqlite3.Connection) -> None:
    seen: list[tuple[int, int]] = []
    text = "DELETE FROM polling_status WHERE system_id = 1; SELECT id, user_id FROM systems WHERE id = 2"
    done = transact(connection, work(text), TransactionHooks(progress=lambda a, b, s: seen.append((a, b))))
    assert [one.rows for one in done.executed] == [2, 0]
    assert done.executed[1].output == ((2, "ada"),)
    assert done.rows_in_all == 2
    assert seen == [(1, 2), (2, 2)]


def test_a_script_past_its_budget_is_interrupted_in_mid_statement(
    database: Path, connection: sqlite3.Connection
) -> None:
    before, started = rows(database), time.monotonic()
    with pytest.raises(BudgetExceeded, match=r"migrate.sql:1: .* budget of 0.2 s"):
        transact(connection, work(ENDLESS, budget_s=0.2), TransactionHooks())
    assert time.monotonic() - started < 30
    assert rows(database) == before


def test_a_check_past_the_budget_is_interrupted_too(database: Path, connection: sqlite3.Connection) -> None:
    def slow(inside: sqlite3.Connection) -> None:
        inside.execute("SELECT count(*) FROM readings a, readings b, readings c, readings d").fetchone()

    with pytest.raises(BudgetExceeded):
        transact(connection, work("DELETE FROM polling_status", budget_s=0.2), TransactionHooks(verify=slow))
    assert rows(database) == [(3, 4)]


def test_a_runner_that_sleeps_past_the_budget_before_commit_does_not_commit(
    database: Path, connection: sqlite3.Connection
) -> None:
    nap = TransactionHooks(hook=lambda moment: time.sleep(0.3 if moment == "recorded" else 0))
    with pytest.raises(BudgetExceeded):
        transact(connection, work("DELETE FROM polling_status", budget_s=0.2), nap)
    assert rows(database) == [(3, 4)]


def test_a_wall_clock_that_jumps_does_not_touch_the_budget(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([1e9, 5e9, 0.0, 9e9])
    monkeypatch.setattr(time, "time", lambda: next(clock, 0.0))
    done = transact(connection, work("UPDATE systems SET user_id = 'q'", budget_s=5), TransactionHooks())
    assert 0 < done.frozen_s < 1


def test_the_freeze_is_measured_from_the_lock_to_the_commit(connection: sqlite3.Connection) -> None:
    clock_s = [0.0]

    def nap(moment: str) -> None:
        clock_s[0] += {"before begin": 3.0, "verified": 0.15}.get(moment, 0.0)

    hooks = TransactionHooks(hook=nap, now=lambda: clock_s[0])
    done = transact(connection, work("UPDATE systems SET user_id = 'q'"), hooks)
    assert done.frozen_s == pytest.approx(0.15)
    assert done.lock_wait_s == 0.0


def test_a_writer_that_holds_the_lock_past_the_budget_is_waited_for_just_so_long(
    database: Path, connection: sqlite3.Connection
) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        with pytest.raises(Busy, match=r"all of the 0\.3 s"):
            transact(connection, work("DELETE FROM systems", lock_wait_s=0.3), TransactionHooks())
        assert 0.25 < time.monotonic() - started < 30
        other.execute("ROLLBACK")
    assert rows(database) == [(3, 4)]


def test_waiting_for_the_lock_is_measured_apart_from_the_freeze(
    database: Path, connection: sqlite3.Connection
) -> None:
    other = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(1.0, lambda: other.execute("COMMIT")).start()
    done = transact(connection, work("UPDATE systems SET user_id = 'q'"), TransactionHooks())
    other.close()
    assert done.lock_wait_s >= 0.9
    assert done.frozen_s < 0.9


def test_readers_are_never_refused_while_writers_wait(database: Path, connection: sqlite3.Connection) -> None:
    def read(moment: str) -> None:
        if moment == "after statement 1":
            assert ask(database, "SELECT count(*) FROM systems") == [(3,)]

    transact(connection, work("DELETE FROM systems"), TransactionHooks(hook=read))


def test_a_reader_that_pins_the_wal_does_not_stop_the_change(
    database: Path, connection: sqlite3.Connection
) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        before = reader.execute("SELECT count(*) FROM systems").fetchone()
        transact(connection, work("DELETE FROM systems WHERE id = 3"), TransactionHooks())
        assert reader.execute("SELECT count(*) FROM systems").fetchone() == before
        found = wal.empty(connection, wait_s=0.1)
        assert found.busy
        assert found.pinned > 0
        reader.execute("COMMIT")
        assert wal.empty(connection, wait_s=0.1).pinned == 0


def test_a_full_disk_in_the_script_changes_nothing(tmp_path: Path) -> None:
    path = make(tmp_path / "full.db")
    with closing(connect(path)) as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")
        text = "CREATE TABLE copy AS SELECT a.* FROM readings a, systems b"
        with pytest.raises(Full):
            transact(connection, work(text), TransactionHooks())
        assert not connection.in_transaction
    assert ask(path, "SELECT count(*) FROM sqlite_schema WHERE name = 'copy'") == [(0,)]
    assert ask(path, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize("verb", ["INSERT OR ROLLBACK", "INSERT OR FAIL", "INSERT OR ABORT"])
def test_whatever_a_conflict_does_to_the_transaction_nothing_remains(database: Path, verb: str) -> None:
    text = (
        f"UPDATE systems SET user_id = 'z'; {verb} INTO systems (id, user_id, system_number) VALUES (9,"
        " 'a', 'b'), (1, 'a', 'b')"
    )
    with opened(database) as connection, pytest.raises(StepFailed, match="UNIQUE"):
        transact(connection, work(text), TransactionHooks())
    assert ask(database, "SELECT count(*) FROM systems WHERE user_id = 'z' OR id = 9") == [(0,)]


@pytest.mark.parametrize("word", ["COMMIT", "SAVEPOINT a", "ROLLBACK", "ATTACH ':memory:' AS other"])
def test_a_script_may_not_steer_the_transaction(
    database: Path, connection: sqlite3.Connection, word: str
) -> None:
    with pytest.raises(InvariantBroken, match="only changeover may do"):
        transact(
            connection,
            work(f"DELETE FROM polling_status; {word}"),
            TransactionHooks(guard=WriteGuard(frozenset())),
        )
    assert rows(database) == [(3, 4)]


def test_the_guard_refuses_at_the_statement_itself(database: Path, connection: sqlite3.Connection) -> None:
    protected = WriteGuard(frozenset({"readings"}))
    with pytest.raises(InvariantBroken, match="would delete from readings"):
        transact(
            connection, work("DELETE FROM systems", foreign_keys=True), TransactionHooks(guard=protected)
        )
    assert rows(database) == [(3, 4)]


def test_ctrl_c_rolls_back(database: Path, connection: sqlite3.Connection) -> None:
    def interrupt(moment: str) -> None:
        if moment == "after statement 1":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        transact(connection, work("DELETE FROM systems"), TransactionHooks(hook=interrupt))
    assert rows(database) == [(3, 4)]
    tell(database, "PRAGMA busy_timeout = 0; DELETE FROM polling_status")


def test_foreign_keys_cannot_be_set_inside_a_transaction_and_that_is_noticed(
    connection: sqlite3.Connection,
) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("BEGIN")
    with pytest.raises(StepFailed, match="does not take PRAGMA foreign_keys = 0"):
        transact(connection, work("DELETE FROM systems"), TransactionHooks())
    connection.execute("ROLLBACK")


def test_a_rename_with_legacy_alter_table_off_rewrites_other_tables_and_on_does_not(database: Path) -> None:
    rename = work("ALTER TABLE systems RENAME TO systems_old")
    for legacy, parent in ((True, "systems"), (False, "systems_old")):
        with opened(database) as connection:
            transact(connection, replace(rename, legacy_alter_table=legacy), TransactionHooks())
            assert connection.execute("PRAGMA foreign_key_list(readings)").fetchone()[2] == parent
        tell(database, "ALTER TABLE systems_old RENAME TO systems")


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_disk_that_fills_up_in_the_wal_changes_nothing(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(small)], check=False)
    if mounted.returncode:
        pytest.skip("this machine does not let us mount")
    try:
        path = make(small / "live.db", minutes=2_000)
        tell(path, "PRAGMA wal_checkpoint(TRUNCATE)")
        text = "CREATE TABLE copy AS SELECT a.* FROM readings a, systems b, systems c, systems d"
        with opened(path) as connection, pytest.raises(Full):
            transact(connection, work(text), TransactionHooks())
        assert ask(path, "PRAGMA integrity_check") == [("ok",)]
        assert ask(path, "SELECT count(*) FROM readings") == [(6_000,)]
        tell(path, "UPDATE systems SET user_id = 'still writable'")
    finally:
        subprocess.run(["umount", str(small)], check=True)
