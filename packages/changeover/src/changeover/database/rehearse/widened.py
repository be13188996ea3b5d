"""Finds values that the schema after a change takes and the one before refuses: the rollback may lose these.

Rule: both schemas are asked, not interpreted. The old table is made empty in memory, and a value counts if it
refuses it. The values to try come from both definitions: their literals, the neighbours of their numbers,
NULL, another type, a longer text.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from changeover.database.connect import Connection
from changeover.database.rehearse.empty_table import EmptyTable, empty_table
from changeover.database.rehearse.invent import MARK, texts
from changeover.database.schema.catalogue import Column, Table
from changeover.sql.identifiers import identifier_key, listed, quoted
from changeover.sql.text import tokens

TRIES_PER_COLUMN = 60
LONG_TEXT_MAX = 10_000
DIGITS_MAX = 18


@dataclass(frozen=True, slots=True)
class OldTable:
    """The table before the change; ``model`` is one of its rows, or None."""

    copy: EmptyTable
    model: dict[str, object] | None

    def refuses(self, values: dict[str, object]) -> bool:
        """Whether the old table refuses the model with these values."""
        if self.model is None:
            return False
        return not self.copy.refusal(self.model) and bool(self.copy.refusal({**self.model, **values}))


@contextmanager
def old_table(table: Table, model: dict[str, object] | None) -> Iterator[OldTable | None]:
    """The old table; None if its definition needs something that is missing."""
    with empty_table(table) as copy:
        yield None if copy is None else OldTable(copy, model)


def may_hold_more(old: Table, new: Table) -> bool:
    """Whether the definitions differ at all; equal ones take the same rows."""
    return _rules(old) != _rules(new)


def candidates(old: Table, new: Table, column: Column) -> Iterator[object]:
    """Values to try in a column that both tables have, `TRIES_PER_COLUMN` at most."""
    before = old.column(column.name)
    if before is None or column.generated or before.generated:
        return
    found: list[object] = []
    if before.not_null and not column.not_null:
        found.append(None)
    if identifier_key(before.type) != identifier_key(column.type) or old.strict != new.strict:
        found += [MARK, 1.5, 12, b"\x00"]
    found += sorted(set(texts(new.sql)) - set(texts(old.sql)))
    numbers = {*_numbers(old.sql), *_numbers(new.sql)}
    found += [n + step for n in sorted(numbers) for step in (0, 1, -1)]
    if "length" in identifier_key(old.sql):
        found += ["x" * (int(n) + 1) for n in sorted(numbers) if 0 <= n < LONG_TEXT_MAX]
    found += ["", -1, 0]
    yield from list(dict.fromkeys(found))[:TRIES_PER_COLUMN]


def lost_keys(old: Table, new: Table) -> Iterator[tuple[str, ...]]:
    """The columns of unique keys that are gone."""
    after = [frozenset(map(identifier_key, key)) for key in _unique_keys(new)]
    for key in _unique_keys(old):
        names = frozenset(map(identifier_key, key))
        if all(new.column(c) for c in key) and not any(other <= names for other in after):
            yield key


def lost_references(old: Table, new: Table) -> Iterator[tuple[str, ...]]:
    """The columns of foreign keys that are gone."""
    after = {(tuple(map(identifier_key, k.columns)), identifier_key(k.parent)) for k in new.foreign_keys}
    for key in old.foreign_keys:
        is_there = (tuple(map(identifier_key, key.columns)), identifier_key(key.parent)) in after
        if not is_there and all(new.column(c) for c in key.columns):
            yield key.columns


def model_of(connection: Connection, table: Table, schema: str) -> dict[str, object] | None:
    """One row of a table; None if there is none."""
    row = connection.execute(
        f"SELECT {listed(table.stored)} FROM {quoted(schema)}.{quoted(table.name)} LIMIT 1"
    ).fetchone()
    return dict(zip(table.stored, row, strict=True)) if row else None


def _rules(table: Table) -> tuple[object, ...]:
    indexes = sorted(i.sql or "" for i in table.indexes if i.unique)
    return (" ".join(table.sql.split()), tuple(indexes))


def _unique_keys(table: Table) -> list[tuple[str, ...]]:
    primary = sorted((c for c in table.columns if c.key), key=lambda column: column.key)
    keys = [tuple(c.name for c in primary)] if primary else []
    keys += [
        tuple(c for c in i.columns if c)
        for i in table.indexes
        if i.unique and not i.partial and None not in i.columns
    ]
    return list(dict.fromkeys(keys))


def _numbers(sql: str) -> list[float]:
    found: list[float] = []
    for token in tokens(sql):
        if token.kind == "number" and len(token.text) <= DIGITS_MAX:
            with suppress(ValueError):
                found.append(float(token.text) if "." in token.text else int(token.text))
    return [*found, *(-number for number in found)]
