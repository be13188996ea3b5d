"""The one place where sqlite3's exceptions become ours; the rule is to go by result code, not by text."""

import sqlite3

from liveone.store.database import (
    Busy,
    ConstraintFailed,
    Corrupt,
    Foreign,
    Full,
    ReadOnly,
    SchemaChanged,
    StoreError,
    Unavailable,
)

_KINDS: dict[int, tuple[type[StoreError], str, str]] = {
    sqlite3.SQLITE_BUSY: (Busy, "is locked by another program", "Wait; if it stays so, see who has it open."),
    sqlite3.SQLITE_LOCKED: (Busy, "is locked by this program", "Wait a moment and try again."),
    sqlite3.SQLITE_FULL: (Full, "cannot grow: the disk is full", "Free some space; nothing was lost."),
    sqlite3.SQLITE_READONLY: (
        ReadOnly,
        "cannot be written",
        "Give the user that runs LiveOne write permission on the file and on its folder.",
    ),
    sqlite3.SQLITE_PERM: (ReadOnly, "cannot be accessed", "Check the permissions of the file."),
    sqlite3.SQLITE_CORRUPT: (
        Corrupt,
        "is damaged",
        "Stop LiveOne, keep a copy of the file, then run `liveone restore` with the newest backup.",
    ),
    sqlite3.SQLITE_NOTADB: (Foreign, "is not an SQLite database", "Check the path in the configuration."),
    sqlite3.SQLITE_CANTOPEN: (
        Unavailable,
        "cannot be opened",
        "Check that the file and its folder exist and that LiveOne's user may read and write them.",
    ),
    sqlite3.SQLITE_IOERR: (
        Unavailable,
        "cannot be read or written by the operating system",
        "Check the disk, its quota and its free space.",
    ),
    sqlite3.SQLITE_CONSTRAINT: (ConstraintFailed, "refused the rows", ""),
    sqlite3.SQLITE_SCHEMA: (SchemaChanged, "changed its schema", "Try again."),
}

_MISSING = ("no such table", "no such column", "has no column named", "columns but")
_GENERIC_ERROR = 1


def translated(error: sqlite3.Error, label: str) -> StoreError:
    """The StoreError for ``error``; ``label`` names the database in the message."""
    code = getattr(error, "sqlite_errorcode", _GENERIC_ERROR)
    text = str(error)
    # SQLITE_ERROR says nothing more by its code; a missing table is
    # told by the text alone (https://sqlite.org/rescode.html#error).
    if code & 0xFF == _GENERIC_ERROR and any(words in text for words in _MISSING):
        return SchemaChanged(f"database {label}: {text}", hint="The schema changed underneath; try again.")
    if code & 0xFF in _KINDS:
        kind, what, hint = _KINDS[code & 0xFF]
        return kind(f"database {label} {what} ({text})", hint=hint)
    return StoreError(f"database {label}: {text}")
