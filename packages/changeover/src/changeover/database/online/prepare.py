"""Whether a table can be made anew online, by which key, and everything that is needed to do it - or why not.

Rule: reads only. What cannot be done is Unsuitable with the reason, before anything is changed.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from changeover.database.change import full_text
from changeover.database.connect import Connection
from changeover.database.online.image_table import Capture, ImageTable, KeyColumn, UniqueKey, WalkOrder
from changeover.database.schema import catalogue, definition, empty
from changeover.database.schema.catalogue import Column, Index, Schema, Table
from changeover.database.server.remote import Remote
from changeover.errors import Unsuitable
from changeover.sql import rebuild as script
from changeover.sql import text as sqltext
from changeover.sql.identifiers import identifier_key, is_own, quoted
from changeover.sql.rebuild import TableRebuild
from changeover.sql.text import SqlStatement

OLD, NEW = "changeover_old_", "changeover_new_"
BLOCKING = "`strategy=blocking` can do it, and holds writers for its whole length."

NamedObject = tuple[str, str, str]
"""(type, name, sql) of a table, or of an index or trigger on it."""


@dataclass(frozen=True, slots=True)
class OnlineChange:
    """A table's way from one definition to another.

    ``before`` and ``after`` are its definitions, those of its indexes and of its triggers. ``forward``
    follows the old table into ``making``; ``backward`` logs what is written to the new one.
    """

    table: str
    before: tuple[NamedObject, ...]
    after: tuple[NamedObject, ...]
    making: tuple[str, ...]
    forward: ImageTable
    backward: Capture
    autoincrement: bool


def prepare(connection: Connection, statements: Sequence[SqlStatement]) -> OnlineChange:
    """What a script needs to be carried out online. Raises Unsuitable that says why it cannot be."""
    if isinstance(connection, Remote):
        raise Unsuitable(f"{script.NOT_ON_SERVERS}.", hint=script.ON_SERVERS_INSTEAD)
    rebuild = script.read(statements)
    live = catalogue.read_one(connection, rebuild.table)
    if live is None or live.kind != "table":
        kind = "does not exist" if live is None else f"is a {live.kind} table or view"
        raise Unsuitable(f"{rebuild.table} {kind}; only a table can be made anew online.", hint=BLOCKING)
    require_fit_expressions(live, rebuild)
    with empty.afterwards(connection, statements, legacy_alter_table=True) as scratch:
        image = catalogue.read_one(scratch, rebuild.table)
        after = tuple(_objects(scratch, rebuild.table))
        assert image is not None
        _require_references(scratch, live, image, rebuild)
        _require_rowids(catalogue.read(scratch), live, image, rebuild)
        making = tuple(_making(rebuild, after))
        _require_makeable(rebuild, making)
    key = _key(live, image, rebuild)
    forward = ImageTable(
        Capture(live.name, key, _unique_keys(live, {one.live for one in key})),
        NEW + live.name,
        live.name,
        rebuild.columns,
        rebuild.expressions,
        address_of(live),
        address_of(image),
        rebuild.parameters,
        frozenset(name for name in rebuild.columns if _is_floating(image, name)),
    )
    backward_key = tuple(KeyColumn(one.image, one.live, one.collation, one.nullable) for one in key)
    backward = Capture(live.name, backward_key, _unique_keys(image, {one.live for one in backward_key}))
    before = tuple(_objects(connection, live.name))
    grows = image.definition.autoincrement or live.definition.autoincrement
    return OnlineChange(live.name, before, after, making, forward, backward, grows)


def way_back(connection: Connection, change_key: Sequence[KeyColumn], rebuild: TableRebuild) -> ImageTable:
    """What brings the rows written since the swap into the old table, which is kept under another name.

    ``change_key`` is the key as seen from the new table. Raises Unsuitable for a mapping that is no row by
    row copy.
    """
    live = catalogue.read_one(connection, rebuild.table)
    image = catalogue.read_one(connection, OLD + rebuild.table)
    if live is None or image is None:
        raise Unsuitable(
            f"The old table of {rebuild.table} is not there any more.", hint="Restore the backup."
        )
    require_fit_expressions(live, rebuild)
    key = tuple(change_key)
    return ImageTable(
        Capture(live.name, key, _unique_keys(live, {one.live for one in key})),
        image.name,
        live.name,
        rebuild.columns,
        rebuild.expressions,
        address_of(live),
        address_of(image),
        rebuild.parameters,
    )


def require_way_back(change: OnlineChange, rebuild: TableRebuild) -> None:
    """The script of the way back gives every column of the key as it is. Raises Unsuitable."""
    plain = _plain(rebuild)
    if identifier_key(rebuild.table) != identifier_key(change.table):
        raise Unsuitable(f"The way back makes {rebuild.table} anew, the change {change.table}.")
    for one in change.backward.key:
        if plain.get(identifier_key(one.live)) != identifier_key(one.image):
            raise Unsuitable(
                f"The way back does not give {one.image} the value of {one.live}, the key by which rows are"
                " followed.",
                hint=f"Write SELECT ..., {one.live}, ... for {one.image} in the script under Rollback.",
            )


def require_fit_expressions(live: Table, rebuild: TableRebuild) -> None:
    """Every value follows from one row, always the same: what SQLite takes into an index, it says itself."""
    with closing(empty.blank()) as scratch:
        columns = ", ".join(f"{quoted(column.name)} {column.type}" for column in live.columns)
        for name, text in zip(rebuild.columns, rebuild.expressions, strict=True):
            scratch.execute(f"CREATE TABLE changeover_probe ({columns})")
            try:
                scratch.execute(
                    f"CREATE INDEX changeover_probed ON changeover_probe (({_without_parameters(text)}))"
                )
                scratch.execute("INSERT INTO changeover_probe DEFAULT VALUES")
            except sqlite3.Error as error:
                raise Unsuitable(
                    f"The value of {rebuild.table}.{name} cannot be worked out row by row: {error}.",
                    hint=f"A value must follow from the columns of its own row alone. {BLOCKING}",
                ) from error
            scratch.execute("DROP TABLE changeover_probe")


def _without_parameters(text: str) -> str:
    # SQLite takes no parameter into an index; NULL stands for it here.
    for one in reversed(list(sqltext.tokens(text))):
        if one.kind == "parameter":
            text = f"{text[: one.at]}NULL{text[one.at + len(one.text) :]}"
    return text


def _objects(connection: Connection, table: str) -> Iterator[NamedObject]:
    """The table, its named indexes and its triggers, but for changeover's own."""
    rows = connection.execute(
        "SELECT type, name, sql FROM sqlite_schema WHERE tbl_name = ? COLLATE NOCASE AND sql IS NOT NULL AND"
        " type <> 'view' ORDER BY CASE type WHEN 'table' THEN 0 WHEN 'index' THEN 1 ELSE 2 END, rowid",
        (table,),
    ).fetchall()
    return ((kind, name, sql) for kind, name, sql in rows if not is_own(name))


def hidden(prefix: str, name: str) -> str:
    """What a table or an index is called while it is not in force."""
    return prefix + name


def _require_references(
    scratch: sqlite3.Connection, live: Table, image: Table, rebuild: TableRebuild
) -> None:
    """No foreign key is new, none gets other values, and every table that refers to this one still can."""
    plain = _plain(rebuild)

    def as_afterwards(columns: Sequence[str]) -> tuple[str, ...]:
        return tuple(plain.get(identifier_key(column), "") for column in columns)

    known = {(as_afterwards(key.columns), identifier_key(key.parent)) for key in live.foreign_keys}
    for key in image.foreign_keys:
        columns = tuple(map(identifier_key, key.columns))
        if (columns, identifier_key(key.parent)) not in known:
            raise Unsuitable(
                f"The foreign key of {image.name} on {', '.join(key.columns)} is new, or its values are:"
                f" whether"
                f" every row has its {key.parent} cannot be kept true while both are written to.",
                hint=f"Make the table anew without it first. {BLOCKING}",
            )
    for child, key in catalogue.read(scratch).children(live.name):
        if identifier_key(child.name) != identifier_key(live.name) and as_afterwards(
            key.parent_columns
        ) != tuple(map(identifier_key, key.parent_columns)):
            raise Unsuitable(
                f"{child.name} refers to {live.name} by {', '.join(key.parent_columns)}, whose values"
                f" would change.",
                hint=BLOCKING,
            )
    try:
        scratch.execute("PRAGMA foreign_key_check").fetchall()
    except sqlite3.Error as error:
        raise Unsuitable(f"Afterwards a foreign key would not work: {error}.", hint=BLOCKING) from error


def _require_rowids(after: Schema, live: Table, image: Table, rebuild: TableRebuild) -> None:
    """Rows keep the rowid by which a full-text index with external content knows them."""
    name = identifier_key(live.name)
    indexes = [one.name for one in after.tables.values() if full_text.content_of(one) == name]
    if not indexes:
        return
    was, now = (None if one.without_rowid else _named_rowid(one) for one in (live, image))
    if was is None or now is None or _plain(rebuild).get(identifier_key(was)) != identifier_key(now):
        raise Unsuitable(
            f"{indexes[0]} knows the rows of {live.name} by rowid, and a table made anew online gives them"
            f" others: it would find the wrong rows.",
            hint=f"Only a rowid that is a column (INTEGER PRIMARY KEY), copied as it is, stays. {BLOCKING}",
        )


def _making(rebuild: TableRebuild, after: Sequence[NamedObject]) -> Iterator[str]:
    name = hidden(NEW, rebuild.table)
    yield script.with_names(script.without_references(rebuild.create.text), name)
    for kind, index, sql in after:
        if kind == "index":
            yield script.with_names(sql, hidden(NEW, index), name)


def _require_makeable(rebuild: TableRebuild, making: Sequence[str]) -> None:
    """Without its foreign keys the new table is the same table."""
    whole, bare = definition.parse(rebuild.create.text), definition.parse(making[0])
    whole.references.clear()
    with closing(empty.blank()) as scratch:
        try:
            for sql in making:
                scratch.execute(sql)
        except sqlite3.Error as error:
            raise _unmakeable(rebuild, str(error)) from error
    if whole.parts() != bare.parts():
        raise _unmakeable(rebuild, "its foreign keys cannot be told from the rest of it")


def _unmakeable(rebuild: TableRebuild, reason: str) -> Unsuitable:
    return Unsuitable(f"The new {rebuild.table} cannot be made under another name: {reason}.", hint=BLOCKING)


def _plain(rebuild: TableRebuild) -> dict[str, str]:
    """Folded column of the old table -> folded column of the new one that has its value as it is."""
    found = {}
    for column, text in zip(rebuild.columns, rebuild.expressions, strict=True):
        pieces = list(sqltext.tokens(text))
        if len(pieces) == 1 and pieces[0].kind == "name":
            found[identifier_key(sqltext.unquoted(pieces[0].text))] = identifier_key(column)
    return found


def _key(live: Table, image: Table, rebuild: TableRebuild) -> tuple[KeyColumn, ...]:
    """The first unique key, those without NULL before others, that both tables have and no value changes."""
    plain, reasons = _plain(rebuild), []
    there = [dict(columns) for _, columns in image.unique_keys()]
    keys = [_as_key(live, image, columns, plain, there) for _, columns in live.unique_keys()]
    found = [key for key in keys if not isinstance(key, str)]
    reasons = [key for key in keys if isinstance(key, str)]
    if not found:
        listed = "; ".join(reasons) or "it has no primary key and no unique index"
        raise Unsuitable(
            f"{live.name} has no key by which its rows can be followed online: {listed}.",
            hint=f"Both definitions need a primary or unique key on columns that are copied as they are."
            f" {BLOCKING}",
        )
    return min(found, key=lambda key: any(one.nullable for one in key))


def _as_key(
    live: Table, image: Table, columns: dict[str, str], plain: dict[str, str], there: list[dict[str, str]]
) -> tuple[KeyColumn, ...] | str:
    """A key of the old table as one of both; or why it is none."""
    named = f"({', '.join(columns)})"
    gone = [name for name in columns if name not in plain]
    if gone:
        return f"{named}: the new table does not have {gone[0]} as it is"
    if {plain[name]: collation for name, collation in columns.items()} not in there:
        return f"{named} is no unique key of the new table"
    found = []
    for name, collation in columns.items():
        was, now = live.column(name), image.column(plain[name])
        rule, other = live.definition.column(name), image.definition.column(plain[name])
        assert was is not None
        assert now is not None
        assert rule is not None
        assert other is not None
        if definition.affinity(was.type) != definition.affinity(now.type):
            return f"{named}: {was.name} changes its type from {was.type or 'none'} to {now.type or 'none'}"
        if {identifier_key(rule.collation), identifier_key(other.collation)} != {collation}:
            return f"{named}: {was.name} is compared by another collation in its index, or in the new table"
        found.append(
            KeyColumn(was.name, now.name, collation, _takes_null(live, name) or _takes_null(image, now.name))
        )
    return tuple(found)


def _takes_null(table: Table, name: str) -> bool:
    column = table.column(name)
    assert column is not None
    if column.not_null:
        return False
    if not column.key:
        return True
    alone = sum(1 for one in table.columns if one.key) == 1 and identifier_key(column.type) == "integer"
    return not (table.without_rowid or alone)


def address_of(table: Table) -> WalkOrder:
    """By which columns a table is walked through. Raises Unsuitable where there are none."""
    if not table.without_rowid:
        return WalkOrder((_rowid(table),))
    primary = table.definition.primary
    if primary is not None and any(column.endswith(" desc") for column in primary.columns):
        raise Unsuitable(
            f"The primary key of {table.name} goes downwards (DESC); it cannot be walked.", hint=BLOCKING
        )
    index = next(one for one in table.indexes if one.origin == "pk")
    columns = [column for column in index.columns if column is not None]
    return WalkOrder(tuple(columns), index.collations[: len(columns)])


def _rowid(table: Table) -> str:
    found = _named_rowid(table) or table.rowid
    if not found:
        raise Unsuitable(
            f"Every name of the rowid is a column of {table.name}; it cannot be walked.", hint=BLOCKING
        )
    return found


def _named_rowid(table: Table) -> str | None:
    """The column that is the rowid, INTEGER PRIMARY KEY; None where the rowid has no column."""
    keys = [column for column in table.columns if column.key]
    if len(keys) != 1 or identifier_key(keys[0].type) != "integer":
        return None
    return None if any(one.origin == "pk" for one in table.indexes) else keys[0].name


def _unique_keys(table: Table, key: set[str]) -> tuple[UniqueKey, ...]:
    """Those by which REPLACE may remove rows whose key no other trigger sees."""
    found = []
    for index in table.indexes:
        if not index.unique:
            continue
        if None in index.columns:
            raise Unsuitable(
                f"{index.name} is a unique index on an expression: a row that REPLACE removes by it would"
                f" be missed.",
                hint=BLOCKING,
            )
        columns = tuple(
            (c, k) for c, k in zip(index.columns, index.collations, strict=False) if c is not None
        )
        _require_known_before(table, index.name, dict(columns))
        if index.partial or {name for name, _ in columns} != key:
            where = _where(index) if index.partial else ""
            found.append(UniqueKey(columns, where, tuple(_defaults(table, dict(columns)))))
    if not table.without_rowid and key != {_rowid(table)}:
        found.append(UniqueKey(((_rowid(table), "binary"),)))
    return tuple(found)


def _require_known_before(table: Table, index: str, columns: Iterable[str]) -> None:
    """A BEFORE trigger sees generated columns as they follow from NULL, not from the default in its place."""
    found = {column.name: column for column in table.columns}
    generated = any(found[name].generated for name in columns if name in found)
    if generated and any(_stands_for_null(column) for column in table.columns):
        raise Unsuitable(
            f"{index} is a unique index on a generated column of a table with NOT NULL DEFAULT: a row that"
            f" REPLACE removes by it may be missed.",
            hint=BLOCKING,
        )


def _stands_for_null(column: Column) -> bool:
    """REPLACE writes the default in place of NULL."""
    return column.not_null and column.default is not None


def _is_floating(table: Table, name: str) -> bool:
    column = table.column(name)
    return column is not None and definition.affinity(column.type) == "real"


def _defaults(table: Table, columns: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The values that REPLACE writes in place of NULL."""
    for name in columns:
        column = table.column(name)
        if column is not None and _stands_for_null(column):
            yield column.name, f"({column.default})"


def _where(index: Index) -> str:
    depth = 0
    for one in sqltext.tokens(index.sql or ""):
        depth += (one.text == "(") - (one.text == ")")
        if depth == 0 and one.word == "WHERE":
            return (index.sql or "")[one.at + len(one.text) :].strip().rstrip(";")
    return "1"
