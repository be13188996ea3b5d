"""Opening a database, and turning what `sqlite3` raises into errors that say what to do.

Rule: opening never creates a file. This is the seam for a libSQL server: `path_of` is where its URL arrives.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from changeover.errors import Busy, ChangeoverError, Damaged, DatabaseError, Full, Unsuitable

MAPPED_BYTES = 2_000_000_000
"""Reading through a memory map makes counting ten times faster: 0.5 ms a million rows, while writers wait."""
SERVER_SCHEMES = ("libsql://", "http://", "https://", "ws://", "wss://", "turso://")


def path_of(database: str) -> Path:
    """The file behind a plan's ``database``: a path, ``sqlite:///path`` or ``file:path``.

    Raises Unsuitable for the URL of a server, or for an empty text.
    """
    if database.startswith(SERVER_SCHEMES):
        raise Unsuitable(
            f"{_without_secret(database)} is a database server, and this changeover works on SQLite files.",
            hint="Give the path of an SQLite file; libSQL servers are a later release.",
        )
    for prefix in ("sqlite:///", "sqlite://", "file:"):
        if database.startswith(prefix):
            database = database.removeprefix(prefix).split("?")[0]
            break
    if not database.strip():
        raise Unsuitable("The plan names no database.", hint="Set `database:` in the front matter.")
    return Path(database)


def connect(path: Path, *, read_only: bool = False, busy_timeout_s: float = 5.0) -> sqlite3.Connection:
    """A connection to an existing database, in autocommit until somebody says BEGIN.

    ``busy_timeout_s`` bounds every wait for a lock. Raises DatabaseError when the file is missing or may
    not be opened, Damaged when it is not SQLite's.
    """
    if not path.is_file():
        raise DatabaseError(
            f"There is no database at {path}.", hint="Check the path; changeover never creates a database."
        )
    uri = f"{path.resolve().as_uri()}?mode={'ro' if read_only else 'rw'}"
    with translated(path):
        connection = sqlite3.connect(
            uri, uri=True, isolation_level=None, timeout=busy_timeout_s, cached_statements=0
        )
        try:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            connection.execute(f"PRAGMA mmap_size = {MAPPED_BYTES}")
        except BaseException:
            connection.close()
            raise
    return connection


def frozen(path: Path) -> sqlite3.Connection:
    """A read connection to a file that nobody else may touch (a backup): no locks, no WAL files beside it."""
    uri = f"{path.resolve().as_uri()}?immutable=1"
    return sqlite3.connect(uri, uri=True, isolation_level=None, cached_statements=0)


@contextmanager
def opened(
    path: Path, *, read_only: bool = False, busy_timeout_s: float = 5.0
) -> Iterator[sqlite3.Connection]:
    """`connect`, closed at the end; errors of `sqlite3` inside become ours."""
    with (
        closing(connect(path, read_only=read_only, busy_timeout_s=busy_timeout_s)) as connection,
        translated(path),
    ):
        yield connection


@contextmanager
def translated(label: object) -> Iterator[None]:
    """Errors of `sqlite3` raised inside become DatabaseError, Busy, Full or Damaged that name ``label``."""
    try:
        yield
    except sqlite3.Error as error:
        raise translation(error, label) from error


def translation(error: sqlite3.Error, label: object) -> ChangeoverError:
    """The error of ours that stands for one of `sqlite3`; never holds values of rows but what SQLite says."""
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    match code:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return Busy(
                f"{label}: somebody else holds the lock longer than we wait ({error}).",
                hint="Find the long transaction (a shell left open, a bulk import) and end it; then try"
                " again.",
            )
        case sqlite3.SQLITE_FULL:
            return Full(
                f"{label}: no space left ({error}).",
                hint="Free space on that file system, or raise max_page_count; the database is as before.",
            )
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return Damaged(
                f"{label} is damaged or not an SQLite database ({error}).",
                hint="Restore the newest backup, and keep the damaged file for salvage.",
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return DatabaseError(
                f"{label} cannot be opened or written ({error}).",
                hint="Check owner and mode of the file and of its folder (SQLite writes files beside it).",
            )
    return DatabaseError(f"{label}: {error}.", hint="")


def _without_secret(url: str) -> str:
    """The URL without user, password and query, where tokens travel."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.split('?')[0].rsplit('@', 1)[-1]}"
