"""The embedded driver: one SQLite file in WAL mode, one writer behind a lock, a few readers.

Rule: an error leaves no open transaction behind, and a file that was replaced underneath (a restore)
is opened anew, never written through an old handle.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from urllib.parse import quote

from liveone.store.database import BulkInsert, Busy, Row, Statement, Unavailable, Value, WriteResult
from liveone.store.sqlite_errors import translated

READERS = 4
READER_CACHE_KB = 4_000
WRITER_CACHE_KB = 8_000
WAL_LIMIT_BYTES = 16_000_000
CACHED_STATEMENTS = 256
ROWS_PER_PIECE = 1000
ROWS_PER_INSERT = 200
"""Rows in one INSERT of a BulkInsert: three times as fast as one by one, far below 32,766 parameters."""

Identity = tuple[int, int]


class SqliteDatabase:
    """A Database in a file that exists; see ``files.create`` for a new one.

    ``busy_timeout_s`` bounds every wait for a lock. Reading never writes to the file, not even to
    change its journal mode; the first write turns WAL on. Raises StoreErrors only.
    """

    def __init__(self, path: Path | str, *, busy_timeout_s: float = 2.0) -> None:
        self.path = Path(path)
        self.label = str(self.path)
        self._busy_timeout_s = busy_timeout_s
        self._write_lock = threading.Lock()
        self._readers_left = threading.BoundedSemaphore(READERS)
        self._watch_lock = threading.Lock()
        self._idle: list[tuple[Identity, sqlite3.Connection]] = []
        self._writer: tuple[Identity, sqlite3.Connection] | None = None
        self._watcher: tuple[Identity, sqlite3.Connection] | None = None
        self._closed = False

    def read(self, statements: Sequence[Statement], *, newest: bool = False) -> list[list[Row]]:
        """The rows of each statement, all from one snapshot, which is always the newest."""
        with self._reader() as connection:
            if len(statements) == 1:
                return [connection.execute(statements[0].sql, statements[0].params).fetchall()]
            # One transaction, so that all statements see one snapshot (https://sqlite.org/isolation.html).
            connection.execute("BEGIN")
            rows = [connection.execute(each.sql, each.params).fetchall() for each in statements]
            connection.execute("COMMIT")
            return rows

    def columns(self, statement: Statement) -> tuple[str, ...]:
        """The names of the columns that a query gives; empty for what is no SELECT."""
        sql = f"SELECT * FROM ({statement.sql.strip().rstrip(';')}\n) LIMIT 0"
        with self._reader() as connection:
            try:
                described = connection.execute(sql, statement.params).description
            except sqlite3.OperationalError:
                return ()
        return tuple(str(name) for name, *_ in described)

    def stream(self, statements: Sequence[Statement]) -> Iterator[tuple[int, list[Row]]]:
        """Pieces of (place of the statement, some of its rows), in order, all from one snapshot."""
        with self._reader() as connection:
            connection.execute("BEGIN")
            for place, each in enumerate(statements):
                cursor = connection.execute(each.sql, each.params)
                while rows := cursor.fetchmany(ROWS_PER_PIECE):
                    yield place, rows
            connection.execute("COMMIT")

    def write(self, statements: Sequence[Statement | BulkInsert]) -> list[WriteResult]:
        """Apply all statements in one transaction, or none. Returns one Result a statement."""
        if not self._write_lock.acquire(timeout=self._busy_timeout_s):
            raise Busy(f"database {self.label} is busy with another write", hint="Try again.")
        try:
            return self._in_transaction(statements)
        finally:
            self._write_lock.release()

    def change_token(self) -> int:
        """Differs after any commit by any process; about 10 microseconds."""
        with self._watch_lock, self._translating():
            identity = self._identity()
            if self._watcher is None or self._watcher[0] != identity:
                _close(self._watcher)
                self._watcher = (identity, self._open_reader())
            # On a connection that never writes: the number does not move for commits of the connection that
            # asks (https://sqlite.org/pragma.html#pragma_data_version).
            (version,) = self._watcher[1].execute("PRAGMA data_version").fetchone()
            return hash((identity, version))

    def close(self) -> None:
        """Release connections; the last one out folds the WAL into the file."""
        self._closed = True
        with self._watch_lock:
            _close(self._watcher)
            self._watcher = None
        while self._idle:
            with suppress(IndexError):
                _close(self._idle.pop())
        with self._write_lock:
            _close(self._writer)
            self._writer = None

    def _in_transaction(self, statements: Sequence[Statement | BulkInsert]) -> list[WriteResult]:
        with self._translating():
            connection = self._open_writer()
            try:
                # The write lock at once: a transaction that begins as a reader may not become a writer after
                # another commit (https://sqlite.org/rescode.html#busy_snapshot).
                connection.execute("BEGIN IMMEDIATE")
                results = [_step(connection, place, each) for place, each in enumerate(statements)]
                connection.execute("COMMIT")
                return results
            except BaseException:
                self._abandon(connection)
                raise

    def _abandon(self, connection: sqlite3.Connection) -> None:
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error:
            _close(self._writer)
            self._writer = None

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        if not self._readers_left.acquire(timeout=self._busy_timeout_s):
            raise Busy(f"database {self.label} is busy with other reads", hint="Try again.")
        try:
            with self._translating():
                yield from self._borrowed()
        finally:
            self._readers_left.release()

    def _borrowed(self) -> Iterator[sqlite3.Connection]:
        identity = self._identity()
        connection = self._idle_reader(identity) or self._open_reader()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        if self._closed:
            connection.close()
        else:
            self._idle.append((identity, connection))

    def _idle_reader(self, identity: Identity) -> sqlite3.Connection | None:
        while self._idle:
            try:
                known, connection = self._idle.pop()
            except IndexError:
                return None
            # A connection to a file that was replaced still reads the deleted one.
            if known == identity:
                return connection
            connection.close()
        return None

    def _open_reader(self) -> sqlite3.Connection:
        return self._connect("ro", _tune_reader)

    def _open_writer(self) -> sqlite3.Connection:
        identity = self._identity()
        if self._writer is None or self._writer[0] != identity:
            _close(self._writer)
            self._writer = None
            self._writer = (identity, self._connect("rw", _tune_writer))
        return self._writer[1]

    def _connect(self, mode: str, tune: Callable[[sqlite3.Connection], None]) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(str(self.path.absolute()))}?mode={mode}",
            uri=True,
            timeout=self._busy_timeout_s,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=CACHED_STATEMENTS,
        )
        try:
            tune(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _identity(self) -> Identity:
        """Which file the path names just now."""
        if self._closed:
            raise Unavailable(f"database {self.label} was closed by this program")
        try:
            found = self.path.stat()
        except OSError as error:
            raise Unavailable(
                f"database {self.label} cannot be reached: {error.strerror}",
                hint="Check the path and the disk it is on.",
            ) from None
        # A restored file has the old name and another inode; the open handle still writes to the one that was
        # deleted.
        return found.st_dev, found.st_ino

    @contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            found = translated(error, self.label)
            found.step = getattr(error, "step", None)
            raise found from error


def _step(connection: sqlite3.Connection, place: int, step: Statement | BulkInsert) -> WriteResult:
    try:
        return _apply(connection, step)
    except sqlite3.Error as error:
        error.step = place  # type: ignore[attr-defined]
        raise


def _apply(connection: sqlite3.Connection, step: Statement | BulkInsert) -> WriteResult:
    if isinstance(step, Statement):
        # changes() keeps the number of the last write, so
        # after a SELECT it would tell of an earlier statement.
        before = connection.total_changes
        rows = connection.execute(step.sql, step.params).fetchall()
        return WriteResult(rows, _changes(connection) if connection.total_changes != before else 0)
    return WriteResult([], sum(_insert(connection, step, rows) for rows in _pieces(step)))


def _pieces(step: BulkInsert) -> Iterator[Sequence[Sequence[Value]]]:
    for start in range(0, len(step.rows), ROWS_PER_INSERT):
        yield step.rows[start : start + ROWS_PER_INSERT]


def _insert(connection: sqlite3.Connection, step: BulkInsert, rows: Sequence[Sequence[Value]]) -> int:
    slots = ", ".join([f"({', '.join('?' * len(step.columns))})"] * len(rows))
    sql = f"INSERT INTO {step.table} ({', '.join(step.columns)}) VALUES {slots} ON CONFLICT DO NOTHING"
    return max(connection.execute(sql, list(chain.from_iterable(rows))).rowcount, 0)


def _changes(connection: sqlite3.Connection) -> int:
    """Rows changed by the last statement itself, without cascades; the cursor does not know for WITH."""
    (changes,) = connection.execute("SELECT changes()").fetchone()
    return int(changes)


def _tune_reader(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA cache_size = -{READER_CACHE_KB}")
    connection.execute("PRAGMA query_only = ON")


def _tune_writer(connection: sqlite3.Connection) -> None:
    # Kept in the file: readers find it so. It needs a lock on the whole file when it changes, hence only when
    # we write.
    connection.execute("PRAGMA journal_mode = WAL")
    # With NORMAL, in WAL mode, a power cut may take the last commits
    # (https://sqlite.org/pragma.html#pragma_synchronous).
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA cache_size = -{WRITER_CACHE_KB}")
    # A WAL keeps the size it once had, after a large import too, unless it is told to shrink at a checkpoint.
    connection.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT_BYTES}")


def _close(held: tuple[Identity, sqlite3.Connection] | None) -> None:
    if held is not None:
        with suppress(sqlite3.Error):
            held[1].close()
