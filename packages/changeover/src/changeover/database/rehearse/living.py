"""Chooses existing rows to copy and update: those of the original, and not those that the change added.

Rule: an application copies and changes rows that it knows. A row that the change added (a version, defaults)
belongs to the change, and its rollback may depend on it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from changeover.database.connect import Connection
from changeover.database.rehearse.identity import is_rowid
from changeover.database.schema.catalogue import ForeignKey, Schema, Table
from changeover.sql.identifiers import identifier_key, listed, quoted

OWN_ROWS_MAX = 20
PARENTS_TRIED = 20
Address = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Living:
    """``old`` is the schema before the change; that database is attached as ``original``."""

    connection: Connection
    old: Schema

    def some(self, table: Table, address: Sequence[str], count: int) -> list[Address]:
        """The addresses of some rows, oldest and newest; of rows from before the change if there are any."""
        there = self.was_there(table, address)
        return (there and self._ends(table, address, there, count)) or self._ends(table, address, "", count)

    def _ends(self, table: Table, address: Sequence[str], where: str, count: int) -> list[Address]:
        sql = f"SELECT {columns_of(address)} FROM {quoted(table.name)} AS t{where}"
        order = columns_of(address) if table.without_rowid else f"t.{table.rowid}"
        if not (table.without_rowid or table.rowid):
            return self.connection.execute(f"{sql} LIMIT ?", (count,)).fetchall()
        oldest = self.connection.execute(f"{sql} ORDER BY {order} LIMIT ?", (count,)).fetchall()
        if len(oldest) < count:
            return oldest
        last = ", ".join(f"{one} DESC" for one in order.split(", "))
        newest = self.connection.execute(f"{sql} ORDER BY {last} LIMIT 1").fetchall()
        return oldest if newest[0] in oldest else [*oldest[:-1], *newest]

    def is_version(self, table: Table, address: Sequence[str]) -> bool:
        """Whether the only row of a table was added by the change: a version, which no application copies."""
        if self._count(quoted(table.name), 2) != 1:
            return False
        old = self.old.table(table.name)
        if old is not None and is_rowid(table, address):
            return self._count(f"original.{quoted(old.name)}", 1) == 0
        there = self.was_there(table, address)
        return bool(there) and not self._rows(table, (), there, 1)

    def was_there(self, table: Table, address: Sequence[str]) -> str:
        """SQL: row ``t`` was in the original under the same key; empty if that cannot be asked."""
        old = self.old.table(table.name)
        if old is None:
            return ""
        if is_rowid(table, address):
            known, same = bool(old.rowid), f"o.{old.rowid} IS t.{table.rowid}"
        else:
            known = all(old.column(c) is not None for c in address)
            same = " AND ".join(f"o.{quoted(c)} IS t.{quoted(c)}" for c in address)
        return f" WHERE EXISTS (SELECT 1 FROM original.{quoted(old.name)} AS o WHERE {same})" if known else ""

    def of_the_change(self, table: Table, address: Sequence[str]) -> Mapping[str, frozenset[object]]:
        """Column in lower case -> values, of rows that the change added to a table that existed before.

        Only if there are more rows than before, and only among the newest.
        """
        there, old = self.was_there(table, address), self.old.table(table.name)
        if not there or old is None or not self._has_more(table, old):
            return {}
        added = there.replace(" WHERE EXISTS", " WHERE NOT EXISTS", 1)
        rows = self._rows(table, table.stored, added, OWN_ROWS_MAX)
        return {
            identifier_key(column): frozenset(row[place] for row in rows)
            for place, column in enumerate(table.stored)
        }

    def parents(self, key: ForeignKey, old: object) -> list[object]:
        """Some values that a foreign key of one column may have instead of ``old``."""
        column = quoted(key.parent_columns[0])
        sql = f"SELECT {column} FROM {quoted(key.parent)} WHERE {column} IS NOT ? LIMIT 2"
        return [value for (value,) in self.connection.execute(sql, (old,)).fetchall()]

    def other_parents(
        self, table: Table, unique: frozenset[str], found: Schema
    ) -> Iterator[dict[str, object]]:
        """Existing parents for references that are part of a unique key, newest first, key by key."""
        keys = [key for key in table.foreign_keys if unique & set(key.columns) and found.table(key.parent)]
        for key in keys:
            rows = self.connection.execute(
                f"SELECT {listed(key.parent_columns)} FROM {quoted(key.parent)}"
                f" ORDER BY {listed(key.parent_columns)} DESC LIMIT ?",
                (PARENTS_TRIED,),
            )
            for row in rows.fetchall():
                yield dict(zip(key.columns, row, strict=True))

    def _has_more(self, table: Table, old: Table) -> bool:
        counts = f"SELECT (SELECT count(*) FROM {quoted(table.name)}) > "
        sql = f"{counts} (SELECT count(*) FROM original.{quoted(old.name)})"
        return bool(self.connection.execute(sql).fetchone()[0])

    def _rows(self, table: Table, columns: Sequence[str], where: str, count: int) -> list[Address]:
        order = f" ORDER BY t.{table.rowid} DESC" if table.rowid else ""
        sql = f"SELECT {columns_of(columns) or '1'} FROM {quoted(table.name)} AS t{where}{order} LIMIT ?"
        return self.connection.execute(sql, (count,)).fetchall()

    def _count(self, source: str, most: int) -> int:
        sql = f"SELECT count(*) FROM (SELECT 1 FROM {source} LIMIT ?)"
        return int(self.connection.execute(sql, (most,)).fetchone()[0])


def columns_of(names: Sequence[str]) -> str:
    """SQL: the columns of row ``t``."""
    return ", ".join(f"t.{quoted(name)}" for name in names)
