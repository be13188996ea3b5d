"""`sqlite_sequence` across a rebuild: an id that AUTOINCREMENT has given out once is never given out again.

Rule: DROP TABLE forgets the highest id ever given, and the copy only knows the highest that still lives, so
after the script the old mark is put back where it is higher.
"""

from collections.abc import Mapping

from changeover.database.connect import Connection
from changeover.database.names import folded

Sequences = Mapping[str, tuple[str, int]]
"""Folded table name -> (name, highest id given out)."""


def read(connection: Connection) -> Sequences:
    """The marks of all AUTOINCREMENT tables; empty where there was never one."""
    if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'").fetchone():
        return {}
    rows = connection.execute("SELECT name, seq FROM sqlite_sequence WHERE name IS NOT NULL")
    return {folded(name): (name, seq or 0) for name, seq in rows}


def put_back(connection: Connection, before: Sequences) -> None:
    """Raise the marks that are lower than before, of tables that are still AUTOINCREMENT."""
    now = read(connection)
    for key, (_, mark) in before.items():
        name = _autoincrement_name(connection, key)
        if name is None or now.get(key, (name, -1))[1] >= mark:
            continue
        connection.execute("DELETE FROM sqlite_sequence WHERE name = ? COLLATE NOCASE", (name,))
        connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (name, mark))


def _autoincrement_name(connection: Connection, key: str) -> str | None:
    row = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND lower(name) = ?"
        " AND sql LIKE '%autoincrement%'",
        (key,),
    ).fetchone()
    return row[0] if row else None
