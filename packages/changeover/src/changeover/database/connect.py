"""Opening a database, and turning what `sqlite3` or a libSQL server raises into errors of ours.

Rule: opening never creates a database. A file gives `sqlite3`'s connection, a server one that does the part
of its work that `Connection` names.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any, Protocol, overload

from changeover.database import application
from changeover.database.server.remote import Remote
from changeover.database.where import ADMIN_URL, TOKEN, Database, Server
from changeover.errors import (
    BadParameter,
    Busy,
    ChangeoverError,
    Damaged,
    DatabaseError,
    Full,
    OutcomeUnknown,
    Unavailable,
)
from hrana import errors

# Just below what SQLite maps at most, 2 GiB less 64 KiB, unless it
# is built otherwise (https://sqlite.org/compile.html#max_mmap_size).
MAPPED_BYTES = 2_000_000_000
"""Reading through a memory map makes counting ten times faster: 0.5 ms a million rows, while writers wait."""


class Cursor(Protocol):
    """What a statement gives: its rows, and how many rows it changed itself (-1 for a query)."""

    @property
    def rowcount(self) -> int: ...

    def fetchone(self) -> Any: ...

    def fetchmany(self, size: int = 1, /) -> list[Any]: ...

    def fetchall(self) -> list[Any]: ...

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """What a file and a server both do: one statement at a time, committed by itself unless BEGIN was said.

    On a server nobody says BEGIN: its transactions are `Remote.apply`.
    """

    @property
    def in_transaction(self) -> bool: ...

    def execute(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ..., /) -> Cursor: ...

    def close(self) -> None: ...


@overload
def connect(
    database: Path, *, read_only: bool = False, busy_timeout_s: float = 5.0
) -> sqlite3.Connection: ...
@overload
def connect(database: Server, *, read_only: bool = False, busy_timeout_s: float = 5.0) -> Remote: ...
@overload
def connect(
    database: Database, *, read_only: bool = False, busy_timeout_s: float = 5.0
) -> sqlite3.Connection | Remote: ...
def connect(
    database: Database, *, read_only: bool = False, busy_timeout_s: float = 5.0
) -> sqlite3.Connection | Remote:
    """A connection to an existing database, in autocommit until somebody says BEGIN.

    ``busy_timeout_s`` bounds every wait for a lock. On a server ``read_only`` is what the token says, and
    nothing is asked before the first statement. Raises DatabaseError when the file is missing or may not be
    opened, Damaged when it is not SQLite's, BadParameter for a URL that is none.
    """
    if isinstance(database, Server):
        with translated(database):
            return Remote(database, busy_timeout_s=busy_timeout_s)
    return _open(database, read_only=read_only, busy_timeout_s=busy_timeout_s)


def _open(path: Path, *, read_only: bool, busy_timeout_s: float) -> sqlite3.Connection:
    if not path.is_file():
        raise DatabaseError(
            f"There is no database at {path}.", hint="Check the path; changeover never creates a database."
        )
    # Without a mode SQLite would create the file (https://sqlite.org/uri.html#urimode).
    uri = f"{path.resolve().as_uri()}?mode={'ro' if read_only else 'rw'}"
    with translated(path):
        connection = sqlite3.connect(
            uri, uri=True, isolation_level=None, timeout=busy_timeout_s, cached_statements=0
        )
        try:
            # Opening reads nothing: only the first query finds out that this is no database.
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            application.equip(connection)
            connection.execute(f"PRAGMA mmap_size = {MAPPED_BYTES}")
        except BaseException:
            connection.close()
            raise
    return connection


def frozen(path: Path) -> sqlite3.Connection:
    """A read connection to a file that nobody else may touch (a backup): no locks, no WAL files beside it."""
    # SQLite then neither locks the file nor notices a change: wrong for any file in use
    # (https://sqlite.org/uri.html#uriimmutable).
    uri = f"{path.resolve().as_uri()}?immutable=1"
    return application.equip(sqlite3.connect(uri, uri=True, isolation_level=None, cached_statements=0))


@overload
def opened(
    database: Path, *, read_only: bool = False, busy_timeout_s: float = 5.0
) -> AbstractContextManager[sqlite3.Connection]: ...
@overload
def opened(
    database: Server, *, read_only: bool = False, busy_timeout_s: float = 5.0
) -> AbstractContextManager[Remote]: ...
@overload
def opened(
    database: Database, *, read_only: bool = False, busy_timeout_s: float = 5.0
) -> AbstractContextManager[sqlite3.Connection | Remote]: ...
def opened(
    database: Database, *, read_only: bool = False, busy_timeout_s: float = 5.0
) -> AbstractContextManager[sqlite3.Connection | Remote]:
    """`connect`, closed at the end; errors of `sqlite3` and of the server inside become ours."""
    return _opened(database, read_only, busy_timeout_s)


@contextmanager
def _opened(
    database: Database, read_only: bool, busy_timeout_s: float
) -> Iterator[sqlite3.Connection | Remote]:
    with (
        closing(connect(database, read_only=read_only, busy_timeout_s=busy_timeout_s)) as connection,
        translated(database),
    ):
        yield connection


@contextmanager
def translated(label: object) -> Iterator[None]:
    """Errors of `sqlite3` and of a server raised inside become DatabaseErrors that name ``label``."""
    try:
        yield
    except (sqlite3.Error, errors.HranaError) as error:
        raise translation(error, label) from error


def translation(error: sqlite3.Error | errors.HranaError, label: object) -> ChangeoverError:
    """The error of ours that stands for one of theirs; never holds values of rows but what SQLite says."""
    if isinstance(error, errors.HranaError):
        return _of_server(error)
    # The low byte is the primary code; the rest only says which kind of it (https://sqlite.org/rescode.html).
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
    about = "".join(f", {note}" for note in getattr(error, "__notes__", ()))
    return DatabaseError(f"{label}{about}: {error}.", hint="")


_SERVERS: tuple[tuple[type[errors.HranaError], type[ChangeoverError], str], ...] = (
    (errors.BadAddress, BadParameter, ""),
    (
        errors.Untrusted,
        Unavailable,
        "Nothing was done. For an authority of your own set SSL_CERT_FILE to its certificate. Is this"
        " machine's clock right?",
    ),
    (errors.OutcomeUnknown, OutcomeUnknown, "What was asked for was done wholly or not at all; ask again."),
    (errors.NotSent, Unavailable, "Nothing was done. Check the address, and that the server runs."),
    (
        errors.TokenRefused,
        Unavailable,
        f"Nothing was done. Set {TOKEN} to a token that is valid and has not expired.",
    ),
    (
        errors.NotThere,
        Unavailable,
        "Check the host; a server with namespaces wants ?namespace=NAME in the URL.",
    ),
    (errors.Unserved, Unavailable, "Nothing was changed. Look at the server, then try again."),
    (
        errors.LockStolen,
        Busy,
        "The server lets nobody hold its lock for more than 5 s while others wait; everything"
        " was rolled back. Try again at a quieter hour.",
    ),
    (
        errors.Blocked,
        Busy,
        f"Somebody blocked writes; the server's admin API ({ADMIN_URL}) shows who and why.",
    ),
    (errors.Locked, Busy, "Find the long transaction (an open shell, an import) and end it; then try again."),
    (errors.TooMany, Busy, "Nothing was done. Wait a moment, then try again."),
    (errors.ReadOnly, DatabaseError, f"Set {TOKEN} to a token that may write."),
    (errors.Full, Full, "Free space on the server; the database is as before."),
    (errors.Damaged, Damaged, "Restore the newest backup, and keep the damaged database for salvage."),
)


def _of_server(error: errors.HranaError) -> ChangeoverError:
    kinds = (found for found in _SERVERS if isinstance(error, found[0]))
    _, kind, hint = next(kinds, (None, DatabaseError, ""))
    if isinstance(error, errors.BadAddress):
        hint = _address_hint(error)
    text = str(error)
    return kind(f"{text[:1].upper()}{text[1:]}.", hint=hint)


def _address_hint(error: errors.BadAddress) -> str:
    if error.in_the_clear:
        return (
            "Use https:// or libsql://. In a network that you trust, allow it by the host's name: add"
            " ?plain=HOST to the URL."
        )
    return "Write libsql://HOST, http://HOST:PORT or http://HOST:PORT?namespace=NAME."
