"""Commands that speak to a database: ``turso db shell NAME < file.sql``, ``sqlite3 FILE "SELECT"``, dumps.

Rule: only forms whose whole meaning is known are read; everything else stays a shell command.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    FILE = "file"
    SQL = "sql"
    BACKUP = "backup"


@dataclass(frozen=True, slots=True)
class DatabaseCommand:
    """``database`` is the name or path as the runbook writes it; ``value`` a file, SQL, or empty."""

    database: str
    kind: Kind
    value: str


def read_database_command(words: Sequence[str]) -> DatabaseCommand | None:
    """What a command asks of a database; None if it is something else."""
    if words[:1] == ["cat"] and len(words) > 3 and words[2] == "|":
        target = _target(words[3:])
        return DatabaseCommand(target[0], Kind.FILE, words[1]) if target and not target[1] else None
    target = _target(words)
    return _asked(target[0], target[1]) if target else None


def _target(words: Sequence[str]) -> tuple[str, list[str]] | None:
    """The database of ``turso db shell`` or ``sqlite3`` and the words after it; plain flags are skipped."""
    if list(words[:3]) == ["turso", "db", "shell"]:
        rest = list(words[3:])
    elif words[:1] and words[0].rsplit("/", 1)[-1] == "sqlite3":
        rest = [
            word for word in words[1:] if word not in ("-bail", "-batch", "-readonly", "-noheader", "-list")
        ]
    else:
        return None
    return (rest[0], rest[1:]) if rest and not rest[0].startswith("-") else None


def _asked(database: str, rest: list[str]) -> DatabaseCommand | None:
    if len(rest) == 2 and rest[0] == "<":
        return DatabaseCommand(database, Kind.FILE, rest[1])
    if rest and rest[0].startswith((".dump", ".backup")):
        return DatabaseCommand(database, Kind.BACKUP, "")
    if len(rest) == 1 and rest[0].startswith(".read "):
        return DatabaseCommand(database, Kind.FILE, rest[0][6:].strip(" '\""))
    if len(rest) == 1 and rest[0].startswith((".schema", ".tables")):
        return None
    if len(rest) == 1 and rest[0].strip():
        return DatabaseCommand(database, Kind.SQL, rest[0])
    return None
