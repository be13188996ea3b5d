"""An application that writes and reads all the while: what it was told is kept, is kept."""

import multiprocessing
import sqlite3
import time
from contextlib import closing
from multiprocessing.synchronize import Event
from pathlib import Path

from tests.changeover.run import club, killing

from changeover.engine.entries import Ending

CONTEXT = multiprocessing.get_context("fork")


def _writes(database: Path, told: Path, stop: Event) -> None:
    """Insert visits and members as fast as it goes, in either schema; note each that was acknowledged."""
    with (
        closing(sqlite3.connect(database, isolation_level=None, timeout=10)) as connection,
        told.open("a") as notes,
    ):
        number = 10_000
        while not stop.is_set():
            number += 1
            connection.execute("INSERT INTO visits (id, member_id, at) VALUES (?, 1, ?)", (number, number))
            notes.write(f"{number}\n")
            _insert_member(connection, number)
            notes.write(f"{-number}\n")


def _insert_member(connection: sqlite3.Connection, number: int) -> None:
    """As an application that knows both schemas: what one refuses is said in the words of the other."""
    for name in ("full_name", "name") * 20:
        sql = f"INSERT INTO members (id, {name}, phone, house) VALUES (?, 'n', '1', 'north')"
        try:
            connection.execute(sql, (number,))
            return
        except sqlite3.OperationalError as error:
            if "no column" not in str(error):
                raise
    raise AssertionError("neither schema took the row")


def _reads(database: Path, slowest: Path, stop: Event) -> None:
    """Count visits again and again; note the slowest answer. Readers are never refused."""
    worst = 0.0
    with closing(sqlite3.connect(database, isolation_level=None, timeout=10)) as connection:
        while not stop.is_set():
            started_s = time.monotonic()
            connection.execute("SELECT count(*) FROM visits WHERE member_id = 1").fetchone()
            worst = max(worst, time.monotonic() - started_s)
            time.sleep(0.001)
    slowest.write_text(str(worst))


def test_not_one_acknowledged_row_is_lost_there_back_and_there_again(work: Path) -> None:
    one = club.make(work / "club")
    club.prove(one)
    stop, told, slowest = CONTEXT.Event(), work / "told", work / "slowest"
    children = [
        CONTEXT.Process(target=_writes, args=(one.database, told, stop)),
        CONTEXT.Process(target=_reads, args=(one.database, slowest, stop)),
    ]
    for child in children:
        child.start()
    try:
        assert club.start(one).ending is Ending.DONE
        assert club.again(one, "rollback").ending is Ending.ROLLED_BACK
        assert club.start(one).ending is Ending.DONE
    finally:
        stop.set()
        for child in children:
            child.join()
    assert [child.exitcode for child in children] == [0, 0]
    acknowledged = [int(line) for line in told.read_text().split()]
    assert len(acknowledged) > 200
    with closing(sqlite3.connect(one.database)) as connection:
        visits = {number for (number,) in connection.execute("SELECT id FROM visits")}
        members = {-number for (number,) in connection.execute("SELECT id FROM members")}
    assert set(acknowledged) <= visits | members
    assert killing.count(one.database, "SELECT count(*) FROM pragma_foreign_key_check") == 0
    assert float(slowest.read_text()) < 5
