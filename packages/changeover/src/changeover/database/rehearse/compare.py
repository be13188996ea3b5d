"""Compares two databases row by row and puts every difference into words; tests and the rehearsal trust it.

Rule: rows are matched by key and compared value by value, types and letter case included, inside SQLite
(about a million rows of 22 columns a second). A table without a key is compared as a bag of rows. Nothing is
hashed or sampled. The engine's own tables are left out.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from changeover.database.connect import connect, translated
from changeover.database.findings import Finding
from changeover.database.rehearse.identity import key_of, same_key, same_value
from changeover.database.schema import catalogue as schema
from changeover.database.schema import meaning
from changeover.database.schema.catalogue import Schema, Table
from changeover.errors import concerning
from changeover.sql.identifiers import identifier_key, listed, quoted
from changeover.words import counted

EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class TableDifference:
    """Rows missing from the second database, rows only there, and rows that differ, with ``examples``.

    ``columns`` are those in which rows differ; examples are readable sentences.
    """

    table: str
    missing: int
    extra: int
    different: int
    examples: tuple[str, ...]
    columns: tuple[str, ...] = ()

    def __str__(self) -> str:
        return (
            f"{self.table}: {counted(self.missing, 'row')} missing, {self.extra:,} too many,"
            f" {self.different:,} different" + "".join(f"\n  {example}" for example in self.examples)
        )

    def findings(self) -> list[Finding]:
        """The difference as findings: `TABLE.rows` for rows, `TABLE.COLUMN` for values."""
        names = [f"{self.table}.{column}" for column in self.columns]
        if self.missing or self.extra or not names:
            names.insert(0, f"{self.table}.rows")
        return [Finding(name, str(self)) for name in names]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All differences; ``rows`` is the number of rows of the first database that were compared."""

    schema: tuple[str, ...]
    tables: tuple[TableDifference, ...]
    rows: int

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return not self.schema and not self.tables

    def findings(self) -> list[Finding]:
        """All differences as findings: `schema.NAME` for definitions, then rows and values."""
        named = [Finding(f"schema.{one.split()[1].rstrip(':')}", one) for one in self.schema]
        return [*named, *(finding for table in self.tables for finding in table.findings())]

    def __str__(self) -> str:
        if self.equal:
            return f"equal ({counted(self.rows, 'row')} compared)"
        return "\n".join([*self.schema, *map(str, self.tables)])


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Rows of one table that are not compared, by key; without ``key``, the very rows.

    ``first`` and ``second`` are tables of the file, with rows of the first and of the second database.
    """

    key: tuple[str, ...]
    first: tuple[str, ...]
    second: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Without:
    """What a comparison leaves out: rows that are listed in ``file``, by table in lower case.

    And whole tables.
    """

    file: Path | None = None
    rows: Mapping[str, LeftOut] = field(default_factory=dict)
    tables: frozenset[str] = frozenset()


EVERYTHING = Without()


def compare(
    first: Path,
    second: Path,
    *,
    tables: Iterable[str] | None = None,
    without: Without = EVERYTHING,
    with_schema: bool = True,
) -> Comparison:
    """The differences between two databases; ``tables`` None compares all that either has.

    With ``with_schema`` False, rows are compared by the columns that both have. Both files may be in use:
    each is read from one snapshot.
    """
    with translated(f"{first} and {second}"), closing(connect(first)) as connection:
        connection.execute("ATTACH ? AS other", (str(second.resolve()),))
        if without.file is not None:
            connection.execute("ATTACH ? AS scratch", (str(without.file),))
        connection.execute("BEGIN")
        with closing(connect(second)) as other:
            before, after = schema.read(connection), schema.read(other)
            definitions = meaning.difference(meaning.meanings(connection), meaning.meanings(other))
            definitions += _numbers(connection) if with_schema else ()
        found, total = [], 0
        for name in _names(before, after, tables, without.tables):
            one, two = before.tables.get(name), after.tables.get(name)
            if one is None or two is None:
                definitions += () if with_schema else (f"table {name} is only in one of the two",)
                continue
            if not (one.holds_rows and two.holds_rows):
                continue
            with concerning(f"table {one.name}"):
                difference, count = _table(connection, one, two, without.rows.get(name))
            total += count
            found += [difference] if difference else []
        connection.execute("ROLLBACK")
    return Comparison(definitions if with_schema else _only_tables(definitions), tuple(found), total)


def _numbers(connection: sqlite3.Connection) -> tuple[str, ...]:
    """user_version and application_id, by which applications know their schema."""
    sentences = []
    for name in ("user_version", "application_id"):
        one, two = (connection.execute(f"PRAGMA {of}.{name}").fetchone()[0] for of in ("main", "other"))
        sentences += [f"pragma {name}: expected {one}, found {two}"] if one != two else []
    return tuple(sentences)


def _names(
    before: Schema, after: Schema, tables: Iterable[str] | None, left_out: frozenset[str]
) -> list[str]:
    wanted = (
        before.tables.keys() | after.tables.keys() if tables is None else set(map(identifier_key, tables))
    )
    return sorted(wanted - left_out)


def _only_tables(definitions: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sentence for sentence in definitions if sentence.endswith("only in one of the two"))


def _table(
    connection: sqlite3.Connection, one: Table, two: Table, left_out: LeftOut | None
) -> tuple[TableDifference | None, int]:
    columns = tuple(c for c in one.stored if two.column(c) is not None)
    (count,) = connection.execute(f"SELECT count(*) FROM main.{quoted(one.name)}").fetchone()
    key = key_of(connection, one)
    matched = same_key(key, key_of(connection, two, "other")) and (left_out is None or left_out.key)
    if matched and set(map(identifier_key, key)) <= set(map(identifier_key, columns)):
        found = _by_key(connection, one, key, columns, _skipped_keys(left_out))
        renumbered = _renumbered(connection, (one, two), key, columns) if found and not left_out else None
        return renumbered or found, count
    return _as_bag(connection, one, columns, left_out), count


def _renumbered(
    connection: sqlite3.Connection, tables: tuple[Table, Table], key: Sequence[str], columns: Sequence[str]
) -> TableDifference | None:
    """The difference if only the primary key differs: the rows are the same by another unique key of both."""
    one, two = tables
    there = {tuple(each.columns) for each in two.indexes if each.unique and each.is_plain}
    strict = {column.name for column in one.columns if column.not_null}
    for index in one.indexes:
        other = tuple(column for column in index.columns if column is not None)
        if index.unique and index.is_plain and other in there and set(other) <= strict:
            found = _by_key(connection, one, other, columns, "1")
            if found and not (found.missing or found.extra) and set(found.columns) == set(key):
                return found
    return None


def _skipped_keys(left_out: LeftOut | None) -> str:
    """SQL: the key of row ``a`` is not left out; each list is read once, and not for each row."""
    if left_out is None:
        return "1"
    key = ", ".join(f"a.{quoted(c)}" for c in left_out.key)
    names = dict.fromkeys((*left_out.first, *left_out.second))
    return " AND ".join(f"({key}) NOT IN (SELECT {listed(left_out.key)} FROM scratch.{n})" for n in names)


def _by_key(
    connection: sqlite3.Connection, table: Table, key: Sequence[str], columns: Sequence[str], skip: str
) -> TableDifference | None:
    name = quoted(table.name)
    rest = [column for column in columns if column not in key]
    on = " AND ".join(f"b.{quoted(c)} = a.{quoted(c)} COLLATE BINARY" for c in key)
    same = " AND ".join(same_value(table, column) for column in rest) or "1"
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
        connection.execute(f"SELECT count(*) {body}").fetchone()[0] for body in (missing, extra, different)
    ]
    if not any(counts):
        return None
    examples = [
        f"{label}: {_named(key, row)}"
        for label, body, count in (("missing", missing, counts[0]), ("too many", extra, counts[1]))
        if count
        for row in connection.execute(f"SELECT {keys} {body} LIMIT {EXAMPLES}")
    ]
    unlike: tuple[str, ...] = ()
    if counts[2]:
        pairs = ", ".join(f"a.{quoted(c)}, b.{quoted(c)}" for c in rest)
        for row in connection.execute(f"SELECT {keys}, {pairs} {different} LIMIT {EXAMPLES}"):
            examples.append(f"different: {_named(key, row)}: {_differing(rest, row[len(key) :])}")
        sums = ", ".join(f"max(NOT ({same_value(table, c)}))" for c in rest)
        marks = connection.execute(f"SELECT {sums} {different}").fetchone()
        unlike = tuple(c for c, mark in zip(rest, marks, strict=True) if mark)
    return TableDifference(table.name, counts[0], counts[1], counts[2], tuple(examples), unlike)


def _as_bag(
    connection: sqlite3.Connection, table: Table, columns: Sequence[str], left_out: LeftOut | None
) -> TableDifference | None:
    """The difference between rows, each counted: the first's plus those written since must be the second's.

    A row that was written since and is not there at all is no difference here: `judge` looks for those.
    """
    names, name = listed(list(columns)), quoted(table.name)
    parts = [(f"main.{name}", 1, 0, 0), (f"other.{name}", -1, 1, 0)]
    if left_out is not None:
        parts += [(f"scratch.{one}", -1, 0, 0) for one in left_out.first]
        parts += [(f"scratch.{one}", 1, 0, 1) for one in left_out.second]
    rows = " UNION ALL ".join(
        f"SELECT {names}, {step} AS step, {there} AS there, {since} AS since FROM {source}"
        for source, step, there, since in parts
    )
    exact = ", ".join(f"{quoted(c)} COLLATE BINARY, typeof({quoted(c)})" for c in columns)
    off = "sum(step) - iif(sum(there) = 0, sum(since), 0)"
    found = connection.execute(
        f"SELECT {names}, {off} AS off FROM ({rows}) GROUP BY {exact} HAVING off <> 0"
    ).fetchall()
    if not found:
        return None
    missing, extra = [r for r in found if r[-1] > 0], [r for r in found if r[-1] < 0]
    examples_found = [("missing", row) for row in missing[:EXAMPLES]] + [
        ("too many", row) for row in extra[:EXAMPLES]
    ]
    examples = tuple(f"{label}: {_named(columns, row)}" for label, row in examples_found)
    return TableDifference(table.name, sum(r[-1] for r in missing), -sum(r[-1] for r in extra), 0, examples)


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
