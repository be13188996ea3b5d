"""What is gone from a database: tables, columns, rows of tables that stay, and other objects."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from changeover.database.change import rows
from changeover.database.connect import Connection
from changeover.database.schema import catalogue
from changeover.sql.identifiers import is_engine
from changeover.words import counted


@dataclass(frozen=True, slots=True)
class Holdings:
    """Table -> (name, columns, rows), and (kind, name) of all other objects."""

    tables: Mapping[str, tuple[str, tuple[str, ...], int]]
    others: frozenset[tuple[str, str]]


def holdings(connection: Connection) -> Holdings:
    """All that a database holds, tables kept for the rollback included, without the engine's own tables."""
    found = catalogue.read(connection, own=True).tables
    tables = {
        key: (
            table.name,
            tuple(column.name for column in table.columns),
            rows.count(connection, table.name) if table.holds_rows else 0,
        )
        for key, table in found.items()
        if not is_engine(table.name)
    }
    others = frozenset((kind, name) for kind, name, _, _ in catalogue.objects(connection) if kind != "table")
    return Holdings(tables, others)


def gone(before: Holdings, after: Holdings) -> Iterator[str]:
    """``table changeover_roles (3 rows)``, ``column orders.memo``, ``1 row of prices``, ``index by_name``."""
    for key, (name, columns, count) in before.tables.items():
        if key not in after.tables:
            yield f"table {name} ({counted(count, 'row')})"
            continue
        _, left, now = after.tables[key]
        yield from (f"column {name}.{column}" for column in columns if column not in left)
        if now < count:
            yield f"{counted(count - now, 'row')} of {name}"
    yield from (f"{kind} {name}" for kind, name in sorted(before.others - after.others))
