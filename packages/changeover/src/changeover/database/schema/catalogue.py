"""Reads the catalogue of a database: tables, columns, keys, indexes, triggers, views.

Rule: reads only. Names keep the spelling of the database and are looked up by `identifier_key`.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise, takewhile
from typing import TypeVar

from changeover.database.connect import Connection
from changeover.database.schema import definition
from changeover.database.schema.definition import Definition
from changeover.sql.identifiers import identifier_key, is_own

ROWIDS = ("rowid", "oid", "_rowid_")
"""SQLite's names for a rowid; a column may take one of them away."""
REMEMBERED = 64
"""How many answers about schemas are cached: a rehearsal goes back and forth between a few."""

_T = TypeVar("_T")
_remembered: "OrderedDict[Hashable, object]" = OrderedDict()


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``key`` is its place in the primary key, from 1, or 0.

    ``generated``: it cannot be written.
    """

    name: str
    type: str
    not_null: bool
    default: str | None
    key: int
    generated: bool


@dataclass(frozen=True, slots=True)
class Index:
    """One index; None among ``columns`` is an expression. ``sql`` is None if a constraint made the index.

    ``origin`` is SQLite's: c for CREATE INDEX, u for UNIQUE, pk for a primary key. ``collations`` are those
    of the columns, in lower case.
    """

    name: str
    columns: tuple[str | None, ...]
    unique: bool
    partial: bool
    sql: str | None
    origin: str = "c"
    collations: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether it holds every row, and only columns: no WHERE, no expression."""
        return not self.partial and None not in self.columns

    def collated(self) -> dict[str, str]:
        """Column -> collation, in order and lower case; expressions are left out."""
        pairs = zip(self.columns, self.collations, strict=False)
        return {identifier_key(column): collation for column, collation in pairs if column is not None}

    def leading(self) -> list[tuple[str, str]]:
        """(column, collation) up to the first expression: an equality on these uses the index."""
        plain = takewhile(lambda pair: pair[0] is not None, zip(self.columns, self.collations, strict=False))
        return [(identifier_key(column or ""), collation) for column, collation in plain]


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Columns of a child table that name a row of ``parent``; actions as in CASCADE, SET NULL, NO ACTION."""

    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]
    on_update: str
    on_delete: str


@dataclass(frozen=True)
class Table:
    """A table of the application. ``kind`` is ``table`` or ``virtual``; shadow tables are not listed."""

    name: str
    sql: str
    kind: str
    without_rowid: bool
    strict: bool
    columns: tuple[Column, ...]
    indexes: tuple[Index, ...]
    foreign_keys: tuple[ForeignKey, ...]
    triggers: Mapping[str, str]

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that identify a row.

        The primary key, else a unique index that is never NULL, else none.
        """
        primary = sorted((c for c in self.columns if c.key), key=lambda column: column.key)
        if primary and (self.without_rowid or all(self._fits_key(c) for c in primary)):
            return tuple(column.name for column in primary)
        strict = {column.name for column in self.columns if column.not_null}
        for index in self.indexes:
            if index.unique and not index.partial and set(index.columns) <= strict:
                return tuple(name for name in index.columns if name is not None)
        return ()

    @property
    def stored(self) -> tuple[str, ...]:
        """The columns that can be written, in order."""
        return tuple(column.name for column in self.columns if not column.generated)

    @property
    def rowid(self) -> str:
        """A name of the rowid that no other column has; empty if columns use all its names."""
        return shared_rowid(self)

    @property
    def hidden_rowid(self) -> str:
        """A name of the rowid, if no INTEGER PRIMARY KEY shows it; else empty."""
        keys = [column for column in self.columns if column.key]
        shown = len(keys) == 1 and identifier_key(keys[0].type) == "integer"
        return "" if shown or self.kind != "table" else self.rowid

    @property
    def holds_rows(self) -> bool:
        """Whether it stores rows. A full-text index with ``content=`` shows rows of another table, or none.

        Such an index cannot always be read: FTS4 without content refuses, and so does one whose table is
        gone.
        """
        words = definition.words_of(self.sql) if self.kind == "virtual" else ()
        return ("content", "=") not in pairwise(words)

    @property
    def definition(self) -> Definition:
        """Its CREATE TABLE, parsed; parsed anew at each call."""
        return definition.parse(self.sql)

    def column(self, name: str) -> Column | None:
        """The column of that name in any letter case, or None."""
        return self._by_name.get(identifier_key(name))

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {identifier_key(column.name): column for column in self.columns}

    def unique_keys(self) -> list[tuple[Index | None, dict[str, str]]]:
        """(index, column -> collation) of every unique key; an INTEGER PRIMARY KEY has no index.

        Two NULLs are never equal under a key.
        """
        found: list[tuple[Index | None, dict[str, str]]] = [
            (index, index.collated()) for index in self.indexes if index.unique and index.is_plain
        ]
        if any(column.key for column in self.columns) and not any(i.origin == "pk" for i in self.indexes):
            found.insert(0, (None, {identifier_key(c.name): "binary" for c in self.columns if c.key}))
        return found

    def _fits_key(self, column: Column) -> bool:
        """Whether a column of a key never holds NULL.

        A primary key takes it, except INTEGER, NOT NULL or STRICT.
        """
        alone = sum(1 for c in self.columns if c.key) == 1
        return column.not_null or self.strict or (alone and identifier_key(column.type) == "integer")


def shared_rowid(*tables: Table) -> str:
    """A rowid name that all the tables have and none uses for a column; empty if there is none."""
    if any(table.without_rowid for table in tables):
        return ""
    taken = {identifier_key(column.name) for table in tables for column in table.columns}
    return next((name for name in ROWIDS if name not in taken), "")


@dataclass(frozen=True, slots=True)
class Schema:
    """All objects but those of the engine and of SQLite; keys are names in lower case.

    ``view_triggers`` holds the INSTEAD OF triggers of each view: view -> name -> text.
    """

    tables: Mapping[str, Table]
    views: Mapping[str, str]
    view_triggers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def table(self, name: str) -> Table | None:
        """The table of that name in any letter case, or None."""
        return self.tables.get(identifier_key(name))

    def children(self, name: str) -> tuple[tuple[Table, ForeignKey], ...]:
        """The tables with a foreign key to a table, each with that key."""
        return tuple(
            (table, key)
            for table in self.tables.values()
            for key in table.foreign_keys
            if identifier_key(key.parent) == identifier_key(name)
        )


def read(connection: Connection, *, own: bool = False) -> Schema:
    """The schema of ``main``; with ``own`` the engine's tables (``changeover_...``) as well."""
    return _once(connection, own, lambda: _schema(connection, own))


def read_one(connection: Connection, name: str) -> Table | None:
    """One table or view of ``main``, or None; a view (``kind`` view) has columns and no keys."""
    return _once(connection, identifier_key(name), lambda: _table_named(connection, name))


def _once(connection: Connection, what: Hashable, make: Callable[[], _T]) -> _T:
    """The answer of ``make``, cached for as long as the schema is the same.

    A run asks hundreds of times, each time with five queries for each table; on a server each would be a
    request.
    """
    written = _written(connection)
    # What a virtual table shows is up to its module, and to other tables that it reads.
    if any(str(sql).upper().startswith("CREATE VIRTUAL") for _, _, _, sql in written):
        return make()
    key = what, written
    if key in _remembered:
        return _remembered[key]  # type: ignore[return-value]
    found = make()
    # Outside a transaction somebody else may have changed the schema between these queries.
    if _written(connection) == written:
        _remembered[key] = found
        if len(_remembered) > REMEMBERED:
            _remembered.popitem(last=False)
    return found


def _written(connection: Connection) -> tuple[tuple[str, str, str, str | None], ...]:
    """Every definition as SQLite stores it; equal for equal schemas."""
    return tuple(connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema").fetchall())


def _schema(connection: Connection, own: bool) -> Schema:
    tables: dict[str, Table] = {}
    for name, kind, without_rowid, strict in connection.execute(
        "SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main' AND type IN ('table',"
        " 'virtual')"
    ).fetchall():
        if identifier_key(name).startswith("sqlite_") or (is_own(name) and not own):
            continue
        tables[identifier_key(name)] = _table(connection, name, kind, bool(without_rowid), bool(strict))
    views = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'view'").fetchall()
    named = {identifier_key(name): sql for name, sql in views}
    return Schema(tables, named, _view_triggers(connection) if named else {})


def _table_named(connection: Connection, name: str) -> Table | None:
    row = connection.execute(
        "SELECT name, type, wr, strict FROM pragma_table_list(?) WHERE schema = 'main'", (name,)
    ).fetchone()
    return None if row is None else _table(connection, row[0], row[1], bool(row[2]), bool(row[3]))


def objects(connection: Connection) -> Iterator[tuple[str, str, str, str]]:
    """(type, name, table, sql) of everything with a definition, tables first; shadow tables are left out."""
    shadow = {n for (n,) in connection.execute("SELECT name FROM pragma_table_list WHERE type = 'shadow'")}
    rows = connection.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE"
        " 'sqlite\\_%'"
        " ESCAPE '\\' ORDER BY CASE type WHEN 'table' THEN 0 WHEN 'index' THEN 1 WHEN 'view' THEN 2 ELSE 3"
        " END, rowid"
    )
    return ((kind, name, table, sql) for kind, name, table, sql in rows.fetchall() if name not in shadow)


def _table(connection: Connection, name: str, kind: str, without_rowid: bool, strict: bool) -> Table:
    (sql,) = connection.execute(
        "SELECT coalesce(max(sql), '') FROM sqlite_schema WHERE type = 'table' AND name = ?", (name,)
    ).fetchone()
    columns = tuple(
        Column(column, kind_, bool(not_null), default, key, hidden in (2, 3))
        for column, kind_, not_null, default, key, hidden in connection.execute(
            'SELECT name, type, "notnull", dflt_value, pk, hidden'
            " FROM pragma_table_xinfo(?, 'main')"
            # 1 is a hidden column of a virtual table, 2 and 3 are generated
            # ones (https://sqlite.org/pragma.html#pragma_table_xinfo).
            " WHERE hidden <> 1",
            (name,),
        )
    )
    return Table(
        name,
        sql,
        kind,
        without_rowid,
        strict,
        columns,
        _indexes(connection, name),
        _foreign_keys(connection, name),
        _triggers(connection, name),
    )


def _triggers(connection: Connection, table: str) -> dict[str, str]:
    """Name -> text of the triggers of a table or view."""
    sql = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE"
    return dict(connection.execute(sql, (table,)).fetchall())


def _view_triggers(connection: Connection) -> dict[str, dict[str, str]]:
    """View in lower case -> name -> text of its triggers."""
    sql = (
        "SELECT v.name, t.name, t.sql FROM sqlite_schema AS v JOIN sqlite_schema AS t ON t.type = 'trigger'"
        " AND t.tbl_name = v.name COLLATE NOCASE WHERE v.type = 'view'"
    )
    found: dict[str, dict[str, str]] = {}
    for view, name, text in connection.execute(sql).fetchall():
        found.setdefault(identifier_key(view), {})[name] = text
    return found


def _indexes(connection: Connection, table: str) -> tuple[Index, ...]:
    rows = connection.execute(
        'SELECT l.name, l."unique", l.partial, l.origin, s.sql'
        " FROM pragma_index_list(?, 'main') AS l"
        " LEFT JOIN sqlite_schema AS s ON s.type = 'index' AND s.name = l.name ORDER BY l.name",
        (table,),
    ).fetchall()
    found = []
    for name, unique, partial, origin, sql in rows:
        # Without `key` the columns that lead back to the row come with
        # them (https://sqlite.org/pragma.html#pragma_index_xinfo).
        columns = connection.execute(
            "SELECT name, lower(coll) FROM pragma_index_xinfo(?, 'main') WHERE key ORDER BY seqno", (name,)
        ).fetchall()
        names, collations = tuple(c for c, _ in columns), tuple(c for _, c in columns)
        found.append(Index(name, names, bool(unique), bool(partial), sql, origin, collations))
    return tuple(found)


def _foreign_keys(connection: Connection, table: str) -> tuple[ForeignKey, ...]:
    grouped: dict[int, list[tuple[str, str, str | None, str, str]]] = {}
    for number, column, parent, target, on_update, on_delete in connection.execute(
        'SELECT id, "from", "table", "to", on_update, on_delete'
        " FROM pragma_foreign_key_list(?, 'main') ORDER BY id, seq",
        (table,),
    ).fetchall():
        grouped.setdefault(number, []).append((column, parent, target, on_update, on_delete))
    return tuple(
        ForeignKey(
            tuple(row[0] for row in rows),
            rows[0][1],
            # NULL where the definition names no column: then it is the
            # primary key of the parent (https://sqlite.org/foreignkeys.html).
            tuple(row[2] for row in rows if row[2] is not None) or _primary_key(connection, rows[0][1]),
            rows[0][3],
            rows[0][4],
        )
        for rows in grouped.values()
    )


def _primary_key(connection: Connection, table: str) -> tuple[str, ...]:
    rows = connection.execute(
        "SELECT name FROM pragma_table_info(?, 'main') WHERE pk > 0 ORDER BY pk", (table,)
    )
    return tuple(name for (name,) in rows)
