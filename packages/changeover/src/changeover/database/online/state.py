"""How far each online rebuild has come: rows that move in the transactions of the work itself.

Rule: nothing is known of a rebuild but what stands here; a runner that was killed is replaced by one that
reads it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from changeover.database.connect import Connection
from changeover.errors import StepFailed
from changeover.sql.identifiers import ONLINE_TABLE as TABLE
from changeover.sql.identifiers import identifier_key

CREATE = f"""CREATE TABLE IF NOT EXISTS {TABLE} (
  name TEXT PRIMARY KEY,
  content_sha256 TEXT NOT NULL,
  phase TEXT NOT NULL CHECK (phase IN ('copy', 'verify', 'soak', 'back', 'discard')),
  forgotten_to INTEGER NOT NULL DEFAULT 0,
  rows_copied INTEGER NOT NULL DEFAULT 0,
  rows_total INTEGER NOT NULL DEFAULT 0,
  details TEXT NOT NULL
)"""


class OnlinePhase(StrEnum):
    """COPY and VERIFY before the swap, SOAK after it while the old table is kept, BACK while rows return to
    it.

    DISCARD: what is hidden is deleted, in small steps.
    """

    COPY = "copy"
    VERIFY = "verify"
    SOAK = "soak"
    BACK = "back"
    DISCARD = "discard"


@dataclass(frozen=True, slots=True)
class OnlineState:
    """How one rebuild stands. ``content_sha256`` is of its script.

    ``forgotten_to``: up to this number of the log the image has none of the logged rows. ``details`` hold
    what is needed to go on: the table, definitions before and after, the key, what is to be discarded.
    """

    name: str
    content_sha256: str
    phase: OnlinePhase
    forgotten_to: int
    rows_copied: int
    rows_total: int
    details: Mapping[str, Any]


def read(connection: Connection, table: str) -> OnlineState | None:
    """The state of a table's rebuild; None where there is none."""
    return next((one for one in read_all(connection) if one.name == identifier_key(table)), None)


def required(connection: Connection, table: str) -> OnlineState:
    """The state of a rebuild that was begun."""
    found = read(connection, table)
    if found is None:
        raise StepFailed(f"What is known of the online rebuild of {table} is gone.")
    return found


def read_all(connection: Connection) -> tuple[OnlineState, ...]:
    """The rebuilds that this database has not come to the end of."""
    if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (TABLE,)).fetchone():
        return ()
    rows = connection.execute(
        "SELECT name, content_sha256, phase, forgotten_to, rows_copied, rows_total, details"
        f" FROM {TABLE} ORDER BY name"
    ).fetchall()
    return tuple(
        OnlineState(name, content, OnlinePhase(phase), forgotten, copied, total, json.loads(details))
        for name, content, phase, forgotten, copied, total, details in rows
    )


def insertion(
    table: str, content_sha256: str, rows_total: int, details: Mapping[str, object]
) -> Sequence[Any]:
    """The statement, with its values, that begins a rebuild."""
    return (
        f"INSERT INTO {TABLE} (name, content_sha256, phase, rows_total, details) VALUES (?, ?, 'copy', ?, ?)",
        (identifier_key(table), content_sha256, rows_total, json.dumps(dict(details))),
    )


def update(table: str, **values: object) -> Sequence[Any]:
    """The statement, with its values, that sets columns of a rebuild's row."""
    marks = ", ".join(f"{name} = ?" for name in values)
    found = [value.value if isinstance(value, OnlinePhase) else value for value in values.values()]
    return (f"UPDATE {TABLE} SET {marks} WHERE name = ?", (*found, identifier_key(table)))


def deletion(table: str) -> Sequence[Any]:
    """The statement that ends a rebuild."""
    return (f"DELETE FROM {TABLE} WHERE name = ?", (identifier_key(table),))
