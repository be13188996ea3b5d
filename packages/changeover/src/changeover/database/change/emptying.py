"""Empties a table that is no longer needed by many small transactions, so that no writer waits for long.

Rule: a chunk is deleted by key in a transaction of its own, which is ended if it takes too long. The next
chunk is larger or smaller by how long the last one took. The lock is released for a while after each: without
that pause the busy handlers of other connections starve. Deleted rows stay deleted, so a killed process goes
on where it stopped.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from changeover.database.change import rows
from changeover.database.chunks import next_size
from changeover.database.lease import TABLE as LEASE_TABLE
from changeover.database.lease import Lease, awake_s, confirm, lost, require_awake
from changeover.database.schema.catalogue import Schema, Table
from changeover.database.schema.definition import words_of
from changeover.database.server.batch import NOW_S, Batch
from changeover.database.server.remote import Remote
from changeover.database.wal import WalThrottle
from changeover.errors import StepFailed
from changeover.sql.identifiers import identifier_key, listed, quoted
from changeover.words import counted
from hrana import errors
from hrana.wire import WireStatement
from timed_http.deadline import Deadline

ROWS_FIRST, ROWS_MOST = 200, 50_000
OPCODES_BETWEEN_LOOKS = 1_000
ANSWER_S = 10.0
TRIES = 3
"""How often a lost answer of a server is tried again; to delete one chunk more does no harm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkPace:
    """How long one transaction should take, and how long the lock is released after it.

    ``rest``: the pause as a multiple of the time that the lock was held, at least ``pause_s``. SQLite's busy
    handler tries after 1, 2, 5, 10, 15, 20, 25 ms: if the lock is held most of the time, it finds it held
    again and again, and a writer waits for ten chunks instead of one.

    A transaction that takes three times as long as planned is rolled back and tried with fewer rows. If the
    WAL grows beyond ``wal_bytes``, work waits for the reader that pins it, ``wal_wait_s`` in all at most.
    """

    chunk_s: float = 0.02
    pause_s: float = 0.005
    rest: float = 2.0
    lock_wait_s: float = 5.0
    wal_bytes: int = 48_000_000
    wal_wait_s: float = 60.0

    @property
    def limit_s(self) -> float:
        """The seconds after which a transaction is ended."""
        return 3 * self.chunk_s


@dataclass(slots=True)
class Emptied:
    """What was deleted. ``longest_s`` is the longest time of one transaction, COMMIT included."""

    table: str
    rows: int = 0
    chunks: int = 0
    longest_s: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.table}: {counted(self.rows, 'row')} deleted in {counted(self.chunks, 'step')},"
            f" the longest took {self.longest_s * 1000:.0f} ms"
        )


def hindrance(table: Table, schema: Schema, *, on_server: bool) -> str:
    """Why deleting the rows of a table would do something that dropping it does not; empty if nothing."""
    if table.kind != "table":
        return "it is a virtual table"
    if any("delete" in words_of(sql) for sql in table.triggers.values()):
        return "a trigger acts when its rows are deleted"
    referring = [
        other.name
        for other in schema.tables.values()
        if any(identifier_key(key.parent) == identifier_key(table.name) for key in other.foreign_keys)
    ]
    if on_server and referring:
        return f"{', '.join(referring)} refers to it"
    return "" if _key(table) else "its rows have no key"


def empty(
    connection: sqlite3.Connection | Remote,
    table: Table,
    *,
    lease: Lease | None = None,
    pace: ChunkPace | None = None,
    hook: Callable[[str], None] = lambda moment: None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Emptied:
    """Delete every row of a table for which there is no `hindrance`, and say what it took.

    Foreign keys are not followed and no trigger is left, as when the engine drops a table. ``lease`` is
    confirmed in each transaction, ``hook`` is called with the name of each boundary, ``progress`` with rows
    deleted and rows in all. Raises LeaseLost, and errors of `sqlite3` or of the server if the lock cannot be
    taken.
    """
    pace = pace or ChunkPace()
    total = rows.count(connection, table.name)
    found, size = Emptied(table.name), ROWS_FIRST
    throttle = WalThrottle(pace.wal_bytes, pace.wal_wait_s)
    with _without_foreign_keys(connection):
        while True:
            hook("before chunk")
            deleted: int | None
            commit_s = 0.0
            if isinstance(connection, Remote):
                deleted, took_s = _on_server(connection, table, size, lease, pace)
            else:
                deleted, took_s, commit_s = _in_file(connection, table, size, lease, pace)
            hook("after chunk")
            found.longest_s = max(found.longest_s, took_s)
            if deleted is None:
                size = max(size // 4, 1)
            else:
                found.rows, found.chunks = found.rows + deleted, found.chunks + bool(deleted)
                progress(found.rows, total)
                if deleted < size:
                    return found
                size = next_size(size, took_s, pace.chunk_s, ROWS_MOST, fixed_s=min(commit_s, pace.chunk_s))
            time.sleep(max(pace.pause_s, pace.rest * took_s))
            if not isinstance(connection, Remote):
                throttle.wait(connection)


def _in_file(
    connection: sqlite3.Connection, table: Table, size: int, lease: Lease | None, pace: ChunkPace
) -> tuple[int | None, float, float]:
    """(rows deleted, seconds that writers were held, seconds of those for COMMIT).

    None for rows: the transaction took too long and was rolled back.
    """
    connection.execute("BEGIN IMMEDIATE")
    began_s = committing_s = time.monotonic()
    # A single row cannot be made less: it takes as long as it takes.
    if size > 1:
        late_s = began_s + pace.limit_s
        connection.set_progress_handler(lambda: int(time.monotonic() > late_s), OPCODES_BETWEEN_LOOKS)
    deleted: int | None = None
    try:
        if lease is not None:
            confirm(connection, lease)
        deleted = connection.execute(_deletion(table), (size,)).rowcount
        connection.set_progress_handler(None, 0)
        committing_s = time.monotonic()
        connection.execute("COMMIT")
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", 0) != sqlite3.SQLITE_INTERRUPT:
            raise
    finally:
        connection.set_progress_handler(None, 0)
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    ended_s = time.monotonic()
    return deleted, ended_s - began_s, ended_s - committing_s


def _on_server(
    remote: Remote, table: Table, size: int, lease: Lease | None, pace: ChunkPace
) -> tuple[int, float]:
    """(rows deleted, seconds by the server's clock)."""
    batch = Batch(pace.limit_s, foreign_keys=False)
    sql = _deletion(table)
    params: tuple[int | str, ...] = (size,)
    if lease is not None:
        require_awake(lease, awake_s())
        held = f"EXISTS (SELECT 1 FROM {LEASE_TABLE} WHERE id = 1 AND token = {lease.token} AND run_id = ?)"
        sql, params = f"{sql} AND {held}", (size, lease.holder.run_id)
    batch.ask("began", f"SELECT {NOW_S}")
    batch.do(WireStatement(sql, params))
    batch.ask("ended", f"SELECT changes(), {NOW_S}")
    waiting, lost_answers = Deadline(pace.lock_wait_s), 0
    while True:
        try:
            answered = batch.send(remote, within_s=ANSWER_S)
            break
        except errors.Waiting:
            if waiting.left_s() <= 0:
                raise
        # Whether that chunk is gone or not: what is sent again deletes the first rows that are there then.
        except errors.OutcomeUnknown:
            lost_answers += 1
            if lost_answers >= TRIES:
                raise
        time.sleep(pace.pause_s)
    (deleted, ended_s), (began_s,) = answered.named("ended")[0], answered.named("began")[0]
    # Nothing was deleted though rows are there: the lease in the WHERE is not ours any more.
    if lease is not None and not deleted and not rows.is_at_most(remote, table, 0):
        raise lost(remote)
    return int(deleted), max(float(ended_s) - float(began_s), 0.0)


def _deletion(table: Table) -> str:
    """SQL: delete so many rows (?), the first ones by key."""
    name, key = quoted(table.name), _key(table)
    # DELETE ... LIMIT is a compile-time option that not every SQLite
    # has (https://sqlite.org/compile.html#enable_update_delete_limit).
    chosen = f"SELECT {key} FROM {name} ORDER BY {key} LIMIT ?"
    return f"DELETE FROM {name} WHERE ({key}) IN ({chosen})"


def _key(table: Table) -> str:
    """The columns that name a row: the rowid under a name that no column has, or the primary key."""
    if table.without_rowid:
        return listed([c.name for c in sorted(table.columns, key=lambda c: c.key) if c.key])
    return table.rowid


@contextmanager
def _without_foreign_keys(connection: sqlite3.Connection | Remote) -> Iterator[None]:
    """Foreign keys are off inside, on a file's connection; a server is told with each request."""
    if isinstance(connection, Remote):
        yield
        return
    before = connection.execute("PRAGMA foreign_keys").fetchone()[0]
    connection.execute("PRAGMA foreign_keys = OFF")
    if connection.execute("PRAGMA foreign_keys").fetchone()[0]:
        raise StepFailed(
            "The database does not take PRAGMA foreign_keys = OFF; a transaction is open.",
            hint="Use a connection of its own for the change.",
        )
    try:
        yield
    finally:
        connection.execute(f"PRAGMA foreign_keys = {before}")
