"""A table to write to, and the INSERT of a row that is a copy of a living one."""

from collections.abc import Sequence
from dataclasses import dataclass

from changeover.database.rehearse.identity import where
from changeover.database.schema.catalogue import Table
from changeover.sql.identifiers import listed, quoted

Values = dict[str, object]
Model = tuple[object, ...] | None
"""The address of a living row that is copied; None where the table is empty."""


@dataclass(frozen=True, slots=True)
class Target:
    """A table to write to, the columns that address its rows, and the addresses of some living ones."""

    table: Table
    address: tuple[str, ...]
    models: Sequence[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Beyond:
    """What makes a write one that the schema before refuses: the columns, and the finding's name."""

    columns: tuple[str, ...] = ()
    name: str = ""


ORDINARY = Beyond()


def insertion(target: Target, model: Model, row: Values, changed: Values) -> tuple[str, tuple[object, ...]]:
    """The INSERT of a copy; what does not change is copied inside SQLite, so that no value is altered."""
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
