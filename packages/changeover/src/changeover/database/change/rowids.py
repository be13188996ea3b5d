"""Rowids that no column shows, where something goes by them: a rebuild that does not copy them gives others.

Rule: only the rehearsal looks, and only at tables whose rowid a view or a trigger names. A full-text index
with external content is not asked here: it is held against its rows itself (`full_text`).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from changeover.database.change import full_text, rows
from changeover.database.connect import Connection
from changeover.database.findings import Finding
from changeover.database.schema.catalogue import ROWIDS, Schema, Table
from changeover.database.schema.definition import words_of
from changeover.sql.identifiers import counted, folded

Remembered = Mapping[str, tuple["Watched", rows.Images]]
"""Folded table -> (how its rows are compared, what they were)."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A table whose hidden rowids something goes by: ``users``.

    Rows are matched by ``key`` and compared by ``columns``: the rowid under the key of the table, or without
    one everything under the rowid.
    """

    table: Table
    key: tuple[str, ...]
    columns: tuple[str, ...]
    users: tuple[str, ...]

    @property
    def name(self) -> str:
        """Of the finding."""
        return f"{folded(self.table.name)}.rowid"

    @property
    def has_key(self) -> bool:
        """Whether rows are matched by another key than the rowid."""
        return self.key != (self.table.hidden_rowid,)

    def finding(self, count: int) -> Finding:
        """That so many rows have another rowid than before."""
        name, rowid = self.table.name, self.table.hidden_rowid
        return Finding(
            self.name,
            f"{name}: {counted(count, 'row')} would have another {rowid}, and {', '.join(self.users)} goes by"
            f" it; copy it too: INSERT INTO ... ({rowid}, ...) SELECT {rowid}, ... FROM {name}",
        )


def watched(before: Schema, after: Schema, scope: Iterable[str]) -> Iterator[Watched]:
    """The tables in scope whose rowids something goes by, and that have rowids afterwards."""
    for name in scope:
        table, now = before.table(name), after.table(name)
        hidden = table.hidden_rowid if table else ""
        if table is None or now is None or now.without_rowid or not hidden:
            continue
        found, shared = tuple(users(before, table)), rows.shared_columns(table, now)
        if not found:
            continue
        by_key = bool(table.key) and set(table.key) <= set(shared)
        yield (
            Watched(table, table.key, (hidden,), found)
            if by_key
            else Watched(table, (hidden,), shared, found)
        )


def remembered(connection: Connection, before: Schema, after: Schema, scope: Iterable[str]) -> Remembered:
    """The rowids of the tables in scope that something goes by."""
    return {
        folded(one.table.name): (one, rows.images(connection, one.table.name, one.key, one.columns))
        for one in watched(before, after, scope)
    }


def moved(connection: Connection, after: Schema, known: Remembered) -> Iterator[Finding]:
    """Tables whose rows have other rowids than before, with what goes by them."""
    for name, (one, images) in known.items():
        now = after.table(name)
        if now is None or now.without_rowid:
            continue
        change = rows.change(images, rows.images(connection, now.name, one.key, one.columns))
        count = change.changed + (0 if one.has_key else change.removed)
        if count:
            yield one.finding(count)


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
