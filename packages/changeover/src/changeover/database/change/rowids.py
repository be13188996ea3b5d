"""Rowids that no column shows, where something goes by them: a rebuild that does not copy them gives others.

Rule: only the rehearsal looks, and only at tables whose rowid a view or a trigger names. A full-text index
with external content is not asked here: it is held against its rows itself (`full_text`).
"""

from collections.abc import Iterable, Iterator, Mapping

from changeover.database.change import full_text, rows
from changeover.database.connect import Connection
from changeover.database.findings import Finding
from changeover.database.schema.catalogue import ROWIDS, Schema, Table
from changeover.database.schema.definition import words_of
from changeover.sql.identifiers import counted, folded

Remembered = Mapping[str, tuple[tuple[str, ...], tuple[str, ...], rows.Images]]
"""Folded table -> (columns by which rows are matched, columns compared, what they were)."""


def remembered(connection: Connection, before: Schema, after: Schema, scope: Iterable[str]) -> Remembered:
    """The rowids of the tables in scope that something goes by, by the key of each row.

    Without a key each row is remembered under its rowid.
    """
    found = {}
    for name in scope:
        table = before.table(name)
        hidden = table.hidden_rowid if table else ""
        if table is None or not hidden or not list(users(before, table)):
            continue
        shared = rows.shared_columns(table, after.table(name))
        by_key = bool(table.key) and set(table.key) <= set(shared)
        key, columns = (table.key, (hidden,)) if by_key else ((hidden,), shared)
        found[name] = (key, columns, rows.images(connection, table.name, key, columns))
    return found


def moved(connection: Connection, before: Schema, after: Schema, known: Remembered) -> Iterator[Finding]:
    """Tables whose rows have other rowids than before, with what goes by them."""
    for name, (key, columns, images) in known.items():
        table, now = before.tables[name], after.table(name)
        if now is None or now.without_rowid:
            continue
        rowid = table.hidden_rowid
        change = rows.change(images, rows.images(connection, now.name, key, columns))
        count = change.changed + (change.removed if key == (rowid,) else 0)
        if count:
            yield Finding(
                f"{name}.rowid",
                f"{table.name}: {counted(count, 'row')} would have another {rowid}, and"
                f" {', '.join(users(before, table))} goes by it; copy it too:"
                f" INSERT INTO ... ({rowid}, ...) SELECT {rowid}, ... FROM {table.name}",
            )


def users(found: Schema, table: Table) -> Iterator[str]:
    """The views and triggers that name the rowid of a table, but not those that keep its full-text index."""
    name, hidden = folded(table.name), {*ROWIDS} - {folded(column.name) for column in table.columns}
    indexes = {n for n, one in found.tables.items() if full_text.content_of(one) == name}
    for view, sql in found.views.items():
        words = set(words_of(sql))
        if name in words and words & hidden:
            yield f"view {view}"
    for other in found.tables.values():
        for trigger, sql in other.triggers.items():
            words = set(words_of(sql))
            if name in words and words & hidden and not words & indexes:
                yield f"trigger {trigger}"
