"""Rows before a change, kept on the server for its length: copies of tables that are compared.

Rule: all of it is in tables of changeover's own that are made and dropped in the transaction of the change,
so nobody else ever sees them. A server has no TEMP tables.
"""

from dataclasses import dataclass

from changeover.database.change import expected, rows
from changeover.database.change.rowids import Watched
from changeover.database.change.rule import Rule
from changeover.database.schema.catalogue import Table
from changeover.plan.model import RowExpectation
from changeover.sql.identifiers import listed, quoted
from hrana.wire import Statement

ROWID = "changeover_rowid"


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of a table's rows. ``key`` are the columns by which rows are matched; none: the rowid."""

    name: str
    table: Table
    key: tuple[str, ...]
    columns: tuple[str, ...]

    def making(self) -> list[Statement]:
        """The statements that make it.

        Columns without a type hold every value as it is; those of the key have theirs, since the index of a
        column without affinity cannot find what has one.
        """
        others = [c for c in self.columns if c not in self.key]
        if self.key:
            keys = ", ".join(f"{quoted(c)} {self._type(c)}" for c in self.key)
            named = f"{keys}, {listed(others)}" if others else keys
            shape = f"{named}, PRIMARY KEY ({listed(self.key)})) WITHOUT ROWID"
            chosen = listed([*self.key, *others])
        else:
            shape = f"{ROWID} INTEGER PRIMARY KEY, {listed(others)})"
            chosen = f"rowid, {listed(others)}"
        return [
            Statement(f"CREATE TABLE {self.name} ({shape}"),
            Statement(f"INSERT INTO {self.name} SELECT {chosen} FROM {quoted(self.table.name)}"),
        ]

    def _type(self, column: str) -> str:
        found = self.table.column(column)
        return found.type if found else ""

    def differing(self) -> str:
        """SQL: how many rows (a) were added, (b) removed and (c) changed since it was made."""
        now = quoted(self.table.name)
        matched = " AND ".join(
            f"a.{one} = b.{other} COLLATE BINARY"
            for one, other in ([(quoted(k), quoted(k)) for k in self.key] or [("rowid", ROWID)])
        )
        same = " AND ".join(_same(c) for c in self.columns if c not in self.key) or "1"
        added = f"SELECT count(*) FROM {now} a WHERE NOT EXISTS (SELECT 1 FROM {self.name} b WHERE {matched})"
        gone = f"SELECT count(*) FROM {self.name} b WHERE NOT EXISTS (SELECT 1 FROM {now} a WHERE {matched})"
        changed = f"SELECT count(*) FROM {self.name} b CROSS JOIN {now} a ON {matched} WHERE NOT ({same})"
        return f"SELECT ({added}) AS a, ({gone}) AS b, ({changed}) AS c"

    def unchanged(self, want: RowExpectation | None) -> Rule:
        """No row was added, removed or changed; without ``want`` because the table is out of scope."""
        says = expected.differing(self.table.name, out_of_scope=want is None)
        sql = f"SELECT a, b, c FROM ({self.differing()}) WHERE a + b + c > 0"
        return Rule(
            sql, lambda found: f"{says}: {found[0]:,} added, {found[1]:,} removed, {found[2]:,} other"
        )

    def moved(self, watched: Watched) -> Rule:
        """No row has another rowid than before."""
        count = "c" if watched.has_key else "b + c"
        sql = f"SELECT {count} AS a, NULL AS b, NULL AS c FROM ({self.differing()}) WHERE {count} > 0"
        return Rule(sql, lambda found: str(watched.finding(found[0])))

    def affected(self, want: RowExpectation) -> Rule:
        """As many rows as expected were added, removed or changed."""
        sql = f"SELECT a, b, c FROM ({self.differing()}) WHERE a + b + c <> ?"
        return Rule(sql, lambda found: rows.unexpected(want, rows.Change(*found)), (want.count,))


def copy_of(place: int, table: Table, planned: Table | None, *, rebuilt: bool) -> Copy | None:
    """The copy by which a table can be compared afterwards; None where its rows cannot be matched."""
    columns = rows.shared_columns(table, planned)
    if table.key and set(table.key) <= set(columns):
        return Copy(f"changeover_now_copy_{place}", table, table.key, columns)
    if table.has_rowid and not rebuilt:
        return Copy(f"changeover_now_copy_{place}", table, (), columns)
    return None


def copy_of_rowids(place: int, watched: Watched) -> Copy | None:
    """The copy by which it is seen whether rows have other rowids; None where a column is called so."""
    name = f"changeover_now_rowids_{place}"
    if watched.has_key:
        return Copy(name, watched.table, watched.key, watched.columns)
    if watched.table.has_rowid and watched.columns:
        return Copy(name, watched.table, (), watched.columns)
    return None


def _same(column: str) -> str:
    """A column of ``a`` equals that of ``b`` in value and type: the copy has no affinity of its own."""
    name = quoted(column)
    return f"(a.{name} IS b.{name} COLLATE BINARY AND typeof(a.{name}) = typeof(b.{name}))"
