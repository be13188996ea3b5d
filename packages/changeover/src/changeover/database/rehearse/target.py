"""A table to write to, and the INSERT of a copy of one of its rows."""

from collections.abc import Sequence
from dataclasses import dataclass

from changeover.database.rehearse.identity import where
from changeover.database.schema.catalogue import Table
from changeover.sql.identifiers import listed, quoted

Values = dict[str, object]
Model = tuple[object, ...] | None
"""The address of the row that is copied; None if the table is empty."""


@dataclass(frozen=True, slots=True)
class Target:
    """A table to write to, the columns that address its rows, and the addresses of some existing rows."""

    table: Table
    address: tuple[str, ...]
    models: Sequence[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Beyond:
    """Why the schema before refuses a write: the columns, and the name of the finding."""

    columns: tuple[str, ...] = ()
    name: str = ""


ORDINARY = Beyond()


def insertion(target: Target, model: Model, row: Values, changed: Values) -> tuple[str, tuple[object, ...]]:
    """The INSERT of a copy; unchanged columns are copied inside SQLite, so that no value is altered."""
    table = target.table
    into = f"INSERT INTO {quoted(table.name)} ({listed(table.stored)})"
    if model is None:
        values = {**row, **changed}
        return f"{into} VALUES ({', '.join('?' for _ in table.stored)})", tuple(
            values[c] for c in table.stored
        )
    condition, key = where(dict(zip(target.address, model, strict=True)))
    # Through Python a text that is not UTF-8 would come back as bytes.
    columns = ", ".join("?" if c in changed else quoted(c) for c in table.stored)
    given = tuple(changed[c] for c in table.stored if c in changed)
    return f"{into} SELECT {columns} FROM {quoted(table.name)} WHERE {condition}", (*given, *key)
