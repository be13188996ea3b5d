"""Two databases compared row by row, every difference in words: the oracle of tests and of the rehearsal.

Rule: rows are matched by key and compared value by value, types and letter case included, inside SQLite
(about a million rows of 22 columns a second); a table without a key is compared as a bag of rows. Nothing is
hashed, nothing is sampled. The engine's own tables are left out.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from changeover.database import meaning, schema
from changeover.database.connect import connect, translated
from changeover.database.names import counted, folded, listed, quoted
from changeover.database.schema import Table

Key = tuple[object, ...]
EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class TableDifference:
    """Rows missing from the second database, rows only there, rows that differ; ``examples`` are readable."""

    table: str
    missing: int
    extra: int
    different: int
    examples: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"{self.table}: {counted(self.missing, 'row')} missing, {self.extra:,} too many,"
            f" {self.different:,} different" + "".join(f"\n  {example}" for example in self.examples)
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that differs. ``rows`` is how many rows of the first database were compared."""

    schema: tuple[str, ...]
    tables: tuple[TableDifference, ...]
    rows: int

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return not self.schema and not self.tables

    def __str__(self) -> str:
        if self.equal:
            return f"equal ({counted(self.rows, 'row')} compared)"
        return "\n".join([*self.schema, *map(str, self.tables)])


def compare(
    first: Path,
    second: Path,
    *,
    tables: Iterable[str] | None = None,
    without: Mapping[str, Iterable[Key]] | None = None,
    with_schema: bool = True,
) -> Comparison:
    """What differs between two databases. ``tables`` None: all that either has.

    ``without`` names rows, by table and key, that are left out on both sides; ``with_schema`` False compares
    the rows of the columns that both have. Both files may be in use: each is read from one snapshot.
    """
    left_out = {folded(table): tuple(keys) for table, keys in (without or {}).items()}
    with translated(f"{first} and {second}"), closing(connect(first)) as connection:
        connection.execute("ATTACH ? AS other", (str(second.resolve()),))
        connection.execute("BEGIN")
        with closing(connect(second)) as other:
            before, after = schema.read(connection), schema.read(other)
            definitions = meaning.difference(meaning.meanings(connection), meaning.meanings(other))
        names = sorted(before.tables.keys() | after.tables.keys()) if tables is None else map(folded, tables)
        found, total = [], 0
        for name in names:
            one, two = before.tables.get(name), after.tables.get(name)
            if one is None or two is None:
                definitions += () if with_schema else (f"table {name} is only in one of the two",)
                continue
            difference, count = _table(connection, one, two, left_out.get(name, ()))
            total += count
            found += [difference] if difference else []
        connection.execute("ROLLBACK")
    return Comparison(definitions if with_schema else _only_tables(definitions), tuple(found), total)


def keys_of(path: Path, table: str) -> frozenset[Key]:
    """The keys of all rows of a table: what was there before, to be asked for afterwards."""
    with translated(path), closing(connect(path)) as connection:
        found = schema.read(connection).table(table)
        if found is None or not found.key:
            return frozenset()
        return frozenset(connection.execute(f"SELECT {listed(found.key)} FROM {quoted(found.name)}"))


def _only_tables(definitions: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sentence for sentence in definitions if sentence.endswith("only in one of the two"))


def _table(
    connection: sqlite3.Connection, one: Table, two: Table, without: Sequence[Key]
) -> tuple[TableDifference | None, int]:
    columns = tuple(c for c in one.stored if two.column(c) is not None)
    key = one.key if set(map(folded, one.key)) <= set(map(folded, columns)) else ()
    counts = [
        connection.execute(f"SELECT count(*) FROM {where}.{quoted(one.name)}").fetchone()[0]
        for where in ("main", "other")
    ]
    if key and {folded(c) for c in key} == {folded(c) for c in two.key}:
        return _by_key(connection, one, key, columns, without), counts[0]
    return _as_bag(connection, one, columns), counts[0]


def _by_key(
    connection: sqlite3.Connection,
    table: Table,
    key: Sequence[str],
    columns: Sequence[str],
    without: Sequence[Key],
) -> TableDifference | None:
    name = quoted(table.name)
    rest = [column for column in columns if column not in key]
    on = " AND ".join(f"b.{quoted(c)} = a.{quoted(c)} COLLATE BINARY" for c in key)
    same = " AND ".join(same_value(table, column) for column in rest) or "1"
    skip, values = _skip(key, without)
    first_key = quoted(key[0])
    keys = ", ".join(f"a.{quoted(c)}" for c in key)
    different = f"FROM main.{name} AS a JOIN other.{name} AS b ON {on} WHERE NOT ({same}) AND {skip}"
    missing = (
        f"FROM main.{name} AS a LEFT JOIN other.{name} AS b ON {on} WHERE b.{first_key} IS NULL AND {skip}"
    )
    extra = (
        f"FROM other.{name} AS a LEFT JOIN main.{name} AS b ON {on} WHERE b.{first_key} IS NULL AND {skip}"
    )
    counts = [
        connection.execute(f"SELECT count(*) {body}", values).fetchone()[0]
        for body in (missing, extra, different)
    ]
    if not any(counts):
        return None
    examples = [
        f"{label}: {_named(key, row)}"
        for label, body, count in (("missing", missing, counts[0]), ("too many", extra, counts[1]))
        if count
        for row in connection.execute(f"SELECT {keys} {body} LIMIT {EXAMPLES}", values)
    ]
    if counts[2]:
        pairs = ", ".join(f"a.{quoted(c)}, b.{quoted(c)}" for c in rest)
        for row in connection.execute(f"SELECT {keys}, {pairs} {different} LIMIT {EXAMPLES}", values):
            examples.append(f"different: {_named(key, row)}: {_differing(rest, row[len(key) :])}")
    return TableDifference(table.name, counts[0], counts[1], counts[2], tuple(examples))


def same_value(table: Table, column: str) -> str:
    """SQL: a column of ``a`` equals that of ``b`` in value and type.

    Only a column without affinity can hold 1 and 1.0 apart.
    """
    name = quoted(column)
    found = table.column(column)
    plain = found is not None and found.type != "" and folded(found.type) not in ("any", "blob")
    same = f"a.{name} IS b.{name} COLLATE BINARY"
    return same if plain else f"({same} AND typeof(a.{name}) = typeof(b.{name}))"


def _skip(key: Sequence[str], without: Sequence[Key]) -> tuple[str, list[object]]:
    if not without:
        return "1", []
    columns = ", ".join(f"a.{quoted(c)}" for c in key)
    row = f"({', '.join('?' for _ in key)})"
    values = [value for one in without for value in one]
    return f"({columns}) NOT IN (VALUES {', '.join(row for _ in without)})", values


def _as_bag(connection: sqlite3.Connection, table: Table, columns: Sequence[str]) -> TableDifference | None:
    names, name = listed(list(columns)), quoted(table.name)
    types = ", ".join(f"typeof({quoted(c)})" for c in columns)

    def left_over(one: str, two: str) -> list[tuple[object, ...]]:
        bag = f"SELECT {names}, {types}, count(*) FROM {{}}.{name} GROUP BY {names}, {types}"
        return connection.execute(f"{bag.format(one)} EXCEPT {bag.format(two)}").fetchall()

    missing, extra = left_over("main", "other"), left_over("other", "main")
    if not missing and not extra:
        return None
    rows = [("missing", row) for row in missing[:EXAMPLES]] + [("too many", row) for row in extra[:EXAMPLES]]
    examples = tuple(f"{label}: {_named(columns, row)}" for label, row in rows)
    return TableDifference(table.name, len(missing), len(extra), 0, examples)


def _named(columns: Sequence[str], row: Sequence[object]) -> str:
    return ", ".join(f"{column} {_shown(value)}" for column, value in zip(columns, row, strict=False))


def _differing(columns: Sequence[str], values: Sequence[object]) -> str:
    pairs = zip(columns, values[0::2], values[1::2], strict=True)
    return ", ".join(
        f"{column} {_shown(a)} became {_shown(b)}"
        for column, a, b in pairs
        if a != b or type(a) is not type(b)
    )


def _shown(value: object) -> str:
    return "NULL" if value is None else repr(value)
