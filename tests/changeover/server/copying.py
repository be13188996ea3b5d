"""A file's database put on a server, row by row, and both compared."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from changeover.database.connect import connect
from changeover.database.where import Server
from hrana import wire
from hrana.wire import WireStatement

Contents = dict[str, list[tuple[Any, ...]]]
_OBJECTS = (
    "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    " ORDER BY CASE type WHEN 'table' THEN 0 ELSE 1 END, rowid"
)
_TABLES = (
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'changeover\\_%' ESCAPE '\\'"
    " ORDER BY name"
)
ROWS_A_STATEMENT = 100


def copied(file: Path, server: Server) -> None:
    """Make the file's database on an empty server, its sequences and rows without a parent too."""
    with closing(sqlite3.connect(file)) as source, closing(connect(server)) as target:
        made = [WireStatement(sql) for _, sql in source.execute(_OBJECTS)]
        names = [name for (name,) in source.execute(_TABLES) if name != "sqlite_sequence"]
        for name in names:
            made += _inserts(source, name)
        made.append(WireStatement("DELETE FROM sqlite_sequence"))
        made += _inserts(source, "sqlite_sequence")
        unchecked = wire.statement(WireStatement("PRAGMA foreign_keys = OFF"))
        steps = wire.transaction("BEGIN IMMEDIATE", list(map(wire.statement, made)), before=(unchecked,))
        result = target.batch(steps, within_s=60)
        assert [error for error in result["step_errors"] if error] == []


def contents(server: Server) -> Contents:
    """All rows of the application's tables, in order of the rowid."""
    with closing(connect(server)) as connection:
        names = [name for (name,) in connection.execute(_TABLES)]
        asked = [WireStatement(f"SELECT * FROM {name} ORDER BY rowid") for name in names]
        return dict(zip(names, connection.snapshot(asked), strict=True))


def contents_of_file(file: Path) -> Contents:
    """The same of a file."""
    with closing(sqlite3.connect(file)) as connection:
        names = [name for (name,) in connection.execute(_TABLES)]
        return {name: connection.execute(f"SELECT * FROM {name} ORDER BY rowid").fetchall() for name in names}


def definitions(connection: Any) -> list[tuple[str, str]]:
    """Everything the application's schema holds, as text."""
    found = connection.execute(_OBJECTS).fetchall()
    return sorted((name, sql) for name, sql in found if not name.startswith("changeover_"))


def _inserts(source: sqlite3.Connection, name: str) -> list[WireStatement]:
    rows = source.execute(f"SELECT * FROM {name}").fetchall()
    found = []
    for start in range(0, len(rows), ROWS_A_STATEMENT):
        some = rows[start : start + ROWS_A_STATEMENT]
        marks = ", ".join(f"({', '.join('?' * len(row))})" for row in some)
        found.append(WireStatement(f"INSERT INTO {name} VALUES {marks}", [v for row in some for v in row]))
    return found
