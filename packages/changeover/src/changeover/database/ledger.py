"""The ledger: what was done to this database, written in the transaction that did it, so that it cannot lie.

Rule: rows are only ever added. What is applied is a set - content hashes whose newest entry goes forward -
and is compared as a set, never by number or by date. Texts hold no secrets: parameters are recorded by hash
only.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from changeover.database.connect import Connection

TABLE = "changeover_ledger"

CREATE = f"""CREATE TABLE IF NOT EXISTS {TABLE} (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id TEXT NOT NULL,
  action TEXT NOT NULL,
  direction TEXT NOT NULL CHECK (direction IN ('forward', 'rollback', 'finish')),
  plan_sha256 TEXT NOT NULL,
  content_sha256 TEXT NOT NULL,
  schema_before TEXT NOT NULL,
  schema_after TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  lock_wait_ms REAL NOT NULL,
  frozen_ms REAL NOT NULL,
  rows_changed INTEGER NOT NULL,
  who TEXT NOT NULL,
  details TEXT NOT NULL DEFAULT '{{}}'
)"""


class Direction(StrEnum):
    FORWARD = "forward"
    ROLLBACK = "rollback"
    FINISH = "finish"


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One piece of work. ``content_sha256`` is of the forward script, in a rollback too.

    ``frozen_ms`` is measured up to the moment before COMMIT; ``started_at`` is UTC epoch seconds.
    """

    run_id: str
    action: str
    direction: Direction
    plan_sha256: str
    content_sha256: str
    schema_before: str
    schema_after: str
    started_at: int
    who: str
    lock_wait_ms: float = 0.0
    frozen_ms: float = 0.0
    rows_changed: int = 0
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LedgerState:
    """The ledger against a set of content hashes.

    ``applied`` and ``pending`` of them, ``unknown`` to them.
    """

    applied: frozenset[str]
    pending: frozenset[str]
    unknown: frozenset[str]


@dataclass(frozen=True, slots=True)
class RollbackDetails:
    """What the entry of a change keeps for its way back: (type, name, table, sql) of every definition that it
    replaces, and the faults that were in the database before it, which may come back.
    """

    definitions: tuple[tuple[str, str, str, str], ...] = ()
    faults: tuple[str, ...] = ()

    def details(self) -> dict[str, object]:
        """As an entry holds it; nothing where nothing is kept."""
        found = {"definitions": [list(one) for one in self.definitions], "faults": list(self.faults)}
        return {name: values for name, values in found.items() if values}

    @classmethod
    def of(cls, details: Mapping[str, Any]) -> "RollbackDetails":
        """What an entry's details hold of it."""
        found = details.get("definitions", ())
        return cls(tuple((a, b, c, d) for a, b, c, d in found), tuple(details.get("faults", ())))


def accepting(reasons: Mapping[str, str]) -> dict[str, object]:
    """As an entry's details hold the reasons why findings were accepted; nothing where none was."""
    return {"accepted": dict(reasons)} if reasons else {}


_COLUMNS = tuple(field.name for field in fields(LedgerEntry))


def add(connection: Connection, entry: LedgerEntry) -> None:
    """Add an entry, in the transaction that is open; makes the table the first time."""
    connection.execute(CREATE)
    connection.execute(*insertion(entry))


def insertion(entry: LedgerEntry, measured: Mapping[str, str] | None = None) -> tuple[str, dict[str, Any]]:
    """The statement that adds an entry. ``measured``: columns whose value an SQL expression gives."""
    marks = ", ".join((measured or {}).get(name, f":{name}") for name in _COLUMNS)
    values = {name: getattr(entry, name) for name in _COLUMNS if f":{name}" in marks}
    values["direction"] = entry.direction.value
    values["details"] = json.dumps(entry.details, sort_keys=True)
    return f"INSERT INTO {TABLE} ({', '.join(_COLUMNS)}) VALUES ({marks})", values


def entries(connection: Connection) -> tuple[LedgerEntry, ...]:
    """Everything in the ledger, oldest first; empty where there is none yet."""
    if not _exists(connection):
        return ()
    rows = connection.execute(f"SELECT {', '.join(_COLUMNS)} FROM {TABLE} ORDER BY id")
    return tuple(_entry(row) for row in rows)


def applied(found: Iterable[LedgerEntry]) -> frozenset[str]:
    """Content hashes whose newest entry is not a rollback."""
    # Oldest first, so that of several entries of one script the newest stays.
    newest = {entry.content_sha256: entry.direction for entry in found}
    return frozenset(content for content, direction in newest.items() if direction is not Direction.ROLLBACK)


def standing(found: Iterable[LedgerEntry], wanted: Iterable[str]) -> LedgerState:
    """What of ``wanted`` is applied and what is pending, and what was applied that nobody here knows."""
    there, asked = applied(found), frozenset(wanted)
    return LedgerState(there & asked, asked - there, there - asked)


def rollback_details(connection: Connection, content_sha256: str) -> RollbackDetails:
    """What the newest change by that script kept; nothing where it never ran."""
    for entry in reversed(entries(connection)):
        if (entry.content_sha256, entry.direction) == (content_sha256, Direction.FORWARD):
            return RollbackDetails.of(entry.details)
    return RollbackDetails()


def was_done(connection: Connection, run_id: str, action: str, direction: Direction) -> bool:
    """Whether this run committed this action: the answer to "killed before or after COMMIT?"."""
    return any(
        entry.run_id == run_id and entry.action == action and entry.direction is direction
        for entry in entries(connection)
    )


def _exists(connection: Connection) -> bool:
    row = connection.execute(
        "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?", (TABLE,)
    ).fetchone()
    return row is not None


def _entry(row: tuple[Any, ...]) -> LedgerEntry:
    values = dict(zip(_COLUMNS, row, strict=True))
    values["direction"] = Direction(values["direction"])
    values["details"] = json.loads(values["details"])
    return LedgerEntry(**values)
