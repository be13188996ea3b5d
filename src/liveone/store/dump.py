"""A database as SQL text that makes it anew, read in one snapshot and never wholly in memory.

Tables that others point at come first, so that the text can be run with foreign keys on. Numbers are written
with seventeen digits: nothing is lost.
"""

from collections.abc import Iterator, Sequence

from liveone.errors import BadInput
from liveone.store.database import Database, Row, Statement, Value

PARTS = """
SELECT type, name, sql, tbl_name FROM sqlite_schema
WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND (?1 IS NULL OR tbl_name = ?1)
ORDER BY rowid
"""
POINTS_AT = """
SELECT m.name, f."table" FROM sqlite_schema AS m JOIN pragma_foreign_key_list(m.name) AS f
WHERE m.type = 'table'
"""


def dump(database: Database, table: str | None = None) -> Iterator[str]:
    """The lines of a dump of the whole database, or of one table. Raises BadInput when that is not there."""
    objects, keys = database.read([Statement(PARTS, (table,)), Statement(POINTS_AT)])
    made = {str(name): str(sql) for kind, name, sql, _ in objects if kind == "table"}
    if table is not None and not made:
        raise BadInput(f"there is no table {table}", hint="See .tables.")
    yield "BEGIN TRANSACTION;"
    order = _parents_first(list(made), [(str(child), str(parent)) for child, parent in keys])
    yield from (f"{made[name]};" for name in order)
    sequences = any("AUTOINCREMENT" in sql.upper() for sql in made.values())
    yield from _rows(database, order, sequences=sequences)
    yield from (f"{sql!s};" for kind, _, sql, _ in objects if kind != "table")
    yield "COMMIT;"


def _rows(database: Database, tables: Sequence[str], *, sequences: bool) -> Iterator[str]:
    asked = [Statement(f'SELECT * FROM "{name}"') for name in tables]
    names = [f'"{name}"' for name in tables]
    if sequences:
        listed = ", ".join(literal(name) for name in tables)
        asked.append(Statement(f"SELECT name, seq FROM sqlite_sequence WHERE name IN ({listed})"))
        names.append("sqlite_sequence")
    cleared = False
    for place, rows in database.stream(asked):
        if names[place] == "sqlite_sequence" and not cleared:
            cleared = True
            yield "DELETE FROM sqlite_sequence;"
        yield from (f"INSERT INTO {names[place]} VALUES({_values(row)});" for row in rows)


def _values(row: Row) -> str:
    return ",".join(literal(value) for value in row)


def literal(value: Value) -> str:
    """A value as SQL."""
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"X'{value.hex()}'"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, int):
        return str(value)
    quoted = "'" + value.replace("'", "''") + "'"
    return quoted if "\0" not in value else quoted.replace("\0", "'||char(0)||'")


def _number(value: float) -> str:
    if value in (float("inf"), float("-inf")):
        return "9e999" if value > 0 else "-9e999"
    text = format(value, ".17g")
    return text if "." in text or "e" in text else f"{text}.0"


def _parents_first(tables: Sequence[str], keys: Sequence[tuple[str, str]]) -> list[str]:
    """Tables in an order in which nothing points at a later one, as far as that goes."""
    ordered: list[str] = []
    left = list(tables)
    while left:
        ready = [name for name in left if not _waits(name, left, keys)] or left[:1]
        ordered += ready
        left = [name for name in left if name not in ready]
    return ordered


def _waits(name: str, left: Sequence[str], keys: Sequence[tuple[str, str]]) -> bool:
    return any(child == name and parent in left and parent != name for child, parent in keys)
