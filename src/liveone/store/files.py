"""The database as a file: refusing what cannot be one before SQLite sees it, and creating a new one."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from liveone.errors import BadInput
from liveone.store.database import Foreign, StoreError, Unavailable
from liveone.store.generations import NEWEST
from liveone.store.sql import schema_path
from liveone.store.sqlite_errors import translated

CREATE_TIMEOUT_S = 5.0
OLDEST_SQLITE = (3, 38, 0)
"""The first with ``->>`` and ``unixepoch()``."""


def refuse_unusable(path: Path) -> None:
    """Raise a typed error when ``path`` cannot be a database: missing, a folder, empty, something else."""
    _refuse_old_sqlite()
    if not path.parent.is_dir():
        raise Unavailable(f"the folder {path.parent} does not exist", hint="Create it, or correct the path.")
    if path.is_dir():
        raise Unavailable(f"{path} is a folder, not a database", hint="Name the database file inside it.")
    if not path.exists():
        raise Unavailable(
            f"database {path} does not exist", hint="Check the path; `liveone init` makes a new one."
        )
    _refuse_content(path)


def create(path: Path) -> None:
    """Make an empty database of the newest generation; atomic, and never overwrites anything.

    An empty file, or an SQLite file without tables, is filled. Raises BadInput when the file holds
    something, Unavailable or ReadOnly when it cannot be made there.
    """
    _refuse_old_sqlite()
    if not path.parent.is_dir():
        raise Unavailable(f"the folder {path.parent} does not exist", hint="Create it first.")
    if path.is_dir():
        raise Unavailable(f"{path} is a folder, not a database", hint="Name a file inside it.")
    if path.exists() and path.stat().st_size:
        _refuse_content(path)
        _refuse_tables(path)
    try:
        _fill(path)
    except sqlite3.Error as error:
        raise translated(error, str(path)) from error


def _refuse_old_sqlite() -> None:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise StoreError(
            f"this Python carries SQLite {sqlite3.sqlite_version}; LiveOne needs 3.38 or newer",
            hint="Use a newer Python or operating system.",
        )


def _fill(path: Path) -> None:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite gives its journals the same mode
    connection = sqlite3.connect(path, timeout=CREATE_TIMEOUT_S, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE")
        _refuse_any_table(connection, path)
        for statement in schema_path(NEWEST).read_text(encoding="utf-8").split(";\n"):
            connection.execute(statement)
        connection.execute("COMMIT")
    finally:
        connection.close()


def _refuse_tables(path: Path) -> None:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        _refuse_any_table(connection, path)
    except sqlite3.Error as error:
        raise translated(error, str(path)) from error
    finally:
        connection.close()


def _refuse_any_table(connection: sqlite3.Connection, path: Path) -> None:
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if tables:
        raise BadInput(
            f"{path} already holds a database; it was left as it is",
            hint="Use it as it is, name another file, or take over an old one with `liveone adopt`.",
        )


def _refuse_content(path: Path) -> None:
    if not os.access(path, os.R_OK):
        raise Unavailable(f"database {path} cannot be read: Permission denied", hint="Check its permissions.")
    if not path.stat().st_size:
        raise Foreign(f"{path} is an empty file", hint="Run `liveone init` to create the tables in it.")
    if _is_foreign(path):
        raise Foreign(
            f"{path} is not an SQLite database; it was left as it is",
            hint="Check the path in the configuration.",
        )


def _is_foreign(path: Path) -> bool:
    """Whether SQLite takes a file for none of its own.

    It is not opened here as a file: closing that would give up every lock that this process has on it
    (https://sqlite.org/howtocorrupt.html, 2.2), and another process would delete the log that we write to.
    """
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        try:
            connection.execute("PRAGMA schema_version").fetchone()
        except sqlite3.Error as error:
            return (getattr(error, "sqlite_errorcode", 0) & 0xFF) == sqlite3.SQLITE_NOTADB
    return False
