"""Every sealed secret that the database keeps, whoever put it there: found by the names of columns.

Rule: a cell is replaced only while it holds what was read, so whoever changes a secret at the same time wins.
"""

from collections import defaultdict
from dataclasses import dataclass

from changeover.sql.identifiers import quoted
from liveone.sealing import COLUMN_SUFFIX, SecretBox
from liveone.store.database import Statement, Value
from liveone.store.store import Store


@dataclass(frozen=True, slots=True)
class SealedCell:
    """One sealed text and where it is: ``key`` is the whole primary key of its row."""

    table: str
    column: str
    key: tuple[tuple[str, Value], ...]
    text: str


def sealed_cells(store: Store) -> list[SealedCell]:
    """All of them, those of the current key too. Raises StoreError."""
    found: list[SealedCell] = []
    for table, keys, column in _columns(store):
        wanted = ", ".join([*(quoted(key) for key in keys), quoted(column)])
        sql = f"SELECT {wanted} FROM {quoted(table)} WHERE {quoted(column)} IS NOT NULL"
        (rows,) = store.database.read([Statement(sql)], newest=True)
        for *values, text in rows:
            found.append(SealedCell(table, column, tuple(zip(keys, values, strict=True)), str(text)))
    return found


def reseal(store: Store, box: SecretBox) -> int:
    """Seal with the current key whatever an older one sealed; returns how many.

    Raises StoreError, CannotOpen; what was done before stays done, and each key opens what it sealed.
    """
    done = 0
    for cell in sealed_cells(store):
        if not box.is_current(cell.text):
            done += _replace(store, cell, box.reseal(cell.text))
    return done


def _replace(store: Store, cell: SealedCell, text: str) -> int:
    columns = [*(name for name, _ in cell.key), cell.column]
    where = " AND ".join(f"{quoted(name)} IS ?" for name in columns)
    sql = f"UPDATE {quoted(cell.table)} SET {quoted(cell.column)} = ? WHERE {where}"
    values = [value for _, value in cell.key]
    (result,) = store.database.write([Statement(sql, [text, *values, cell.text])])
    return result.changes


def _columns(store: Store) -> list[tuple[str, list[str], str]]:
    """Table, columns of its primary key (``rowid`` where it has none), and the column of sealed texts."""
    keys: dict[str, list[tuple[int, str]]] = defaultdict(list)
    sealed: list[tuple[str, str]] = []
    for table, column, _, _, place in store.read("schema_columns"):
        name = str(column)
        if name.endswith(COLUMN_SUFFIX):
            sealed.append((str(table), name))
        if place:
            keys[str(table)].append((int(str(place)), name))
    return [(table, [name for _, name in sorted(keys[table])] or ["rowid"], name) for table, name in sealed]
