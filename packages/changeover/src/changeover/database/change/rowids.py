"""Finds rows whose hidden rowid changed although a view or trigger depends on it.

Rule: only the rehearsal looks, and only at tables whose rowid a view or trigger names. A rebuild without an
INTEGER PRIMARY KEY gives rows new rowids. Full-text indexes with external content are checked elsewhere
(`full_text`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from changeover.database.change import full_text, rows
from changeover.database.change.contents import Before, by_rowid, source
from changeover.database.change.rule import FaultRule
from changeover.database.connect import Connection
from changeover.database.findings import Finding
from changeover.database.schema.catalogue import ROWIDS, Schema, Table
from changeover.database.schema.definition import words_of
from changeover.sql.identifiers import identifier_key, quoted
from changeover.words import counted


@dataclass(frozen=True, slots=True)
class Watched:
    """A table on whose hidden rowids views or triggers (``users``) depend.

    ``before`` compares the rowid of each row under the key of the table; without a key, all columns under the
    rowid.
    """

    before: Before
    users: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name of the finding."""
        return f"{identifier_key(self.before.table.name)}.rowid"

    def finding(self, count: int) -> Finding:
        """The finding that ``count`` rows have another rowid than before."""
        name, rowid = self.before.table.name, self.before.table.hidden_rowid
        return Finding(
            self.name,
            f"{name}: {counted(count, 'row')} would have another {rowid}, and {', '.join(self.users)} goes by"
            f" it; copy it too: INSERT INTO ... ({rowid}, ...) SELECT {rowid}, ... FROM {name}",
        )

    def unmoved(self) -> FaultRule:
        """The rule that no row has another rowid than before."""
        has_key = self.before.columns == (self.before.table.hidden_rowid,)
        count = "c" if has_key else "b + c"
        found = f"SELECT {self.before.difference()}"
        sql = f"SELECT {count} AS a, NULL AS b, NULL AS c FROM ({found}) WHERE {count} > 0"
        return FaultRule(sql, lambda fault: str(self.finding(fault[0])))


def watched(before: Schema, after: Schema, scope: Iterable[str], *, beside: bool) -> Iterator[Watched]:
    """The tables in scope whose rowids something depends on, and that have rowids afterwards.

    ``beside``: see `contents.compared`.
    """
    for place, name in enumerate(scope, len(before.tables)):
        table, now = before.table(name), after.table(name)
        hidden = table.hidden_rowid if table else ""
        if table is None or now is None or now.without_rowid or not hidden:
            continue
        found, shared = tuple(users(before, table)), rows.shared_columns(table, now)
        if not found:
            continue
        by_key = bool(table.key) and set(table.key) <= set(shared)
        keys = tuple((quoted(column), quoted(column)) for column in table.key)
        pairs = keys if by_key else by_rowid(hidden, beside=beside)
        columns = (hidden,) if by_key else shared
        place_of = source(table, place, beside=beside)
        yield Watched(Before(table, place_of, not beside, pairs, columns, frozenset(shared)), found)


def moved(connection: Connection, known: Iterable[Watched]) -> Iterator[Finding]:
    """A finding for each table whose rows have other rowids than before."""
    for one in known:
        for count, _, _ in connection.execute(one.unmoved().sql).fetchall():
            yield one.finding(count)


def users(found: Schema, table: Table) -> Iterator[str]:
    """The views and triggers that name the rowid of a table, but not those that fill its full-text index."""
    name, hidden = (
        identifier_key(table.name),
        {*ROWIDS} - {identifier_key(column.name) for column in table.columns},
    )
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
