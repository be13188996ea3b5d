"""Synthetic new writes for a rehearsal: what an application might write after the change, to see it kept.

Rule: a new row is a copy of a living one with fresh keys, so it obeys NOT NULL, CHECK and foreign keys as the
real ones do; every write is tried in a savepoint, and what the schema refuses is tried another way or
reported. Everything that was written is recorded by key, and `compare_with_writes` says what of it must be
found after a rollback.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from changeover.database import schema, sequences
from changeover.database.compare import Comparison, Key, compare
from changeover.database.connect import connect, translated
from changeover.database.names import folded, listed, quoted
from changeover.database.schema import Column, Schema, Table

Values = dict[str, object]
MARK = "changeover"


class Deed(StrEnum):
    INSERTED = "inserted"
    UPDATED = "updated"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Write:
    """One row that was written: its key by column, and the values that it has now (nothing when deleted).

    ``changed`` is the column that an update wrote; all others of that row were in it before.
    """

    table: str
    deed: Deed
    key: Mapping[str, object]
    values: Mapping[str, object]
    changed: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """All writes, and the tables that could not be written to, each with its reason."""

    writes: tuple[Write, ...]
    unwritten: tuple[str, ...]

    def keys(self) -> dict[str, list[Key]]:
        """The keys touched, by folded table name."""
        found: dict[str, list[Key]] = {}
        for write in self.writes:
            found.setdefault(folded(write.table), []).append(tuple(write.key.values()))
        return found


def neighbours(found: Schema, scope: Iterable[str]) -> tuple[str, ...]:
    """The tables of the scope that exist, their parents and their children by foreign key.

    Folded, parents first.
    """
    chosen = {folded(table) for table in scope if found.table(table)}
    for name in tuple(chosen):
        chosen |= {folded(key.parent) for key in found.tables[name].foreign_keys if found.table(key.parent)}
        chosen |= {folded(child.name) for child, _ in found.children(name)}
    return tuple(sorted(chosen, key=lambda name: (_depth(found, name, frozenset()), name)))


def write(path: Path, scope: Iterable[str], *, rows: int = 3, original: Path | None = None) -> Written:
    """Insert, update and delete up to ``rows`` rows in every table of the scope and its neighbours.

    One transaction. With ``original``, the database before the change: tables that it does not have only get
    new rows (those in them were made by the change out of old ones; to alter them may rightly alter what a
    rollback makes of them); and the last new row of each table has NULL wherever the schema allows it, since
    an old schema with NOT NULL must have a place for such a row too.
    """
    old = _tables(original) if original is not None else None
    done: list[Write] = []
    unwritten: list[str] = []
    with translated(path), closing(connect(path)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        found = schema.read(connection)
        connection.execute("BEGIN IMMEDIATE")
        for name in neighbours(found, scope):
            table = found.tables[name]
            if not table.key or table.kind != "table":
                unwritten.append(f"{table.name}: has no key by which a row could be found again")
                continue
            if old is None or folded(table.name) in old:
                done += _updates(connection, found, table, rows)
                done += _deletes(connection, found, table)
            made = _inserts(connection, found, table, rows, bare=original is not None)
            if not made:
                unwritten.append(f"{table.name}: no new row could be made that its rules accept")
            done += made
        connection.execute("COMMIT")
    return Written(tuple(done), tuple(unwritten))


def _tables(path: Path) -> frozenset[str]:
    with translated(path), closing(connect(path)) as connection:
        return frozenset(schema.read(connection).tables)


def kept(path: Path, written: Written) -> list[str]:
    """The writes that are not in the database any more, in words.

    Columns that it does not have are not asked for.
    """
    faults = []
    with translated(path), closing(connect(path)) as connection:
        found = schema.read(connection)
        for write in written.writes:
            table = found.table(write.table)
            if table is not None:
                faults += _kept(connection, table, write)
    return faults


def compare_with_writes(original: Path, written: Written, rolled_back: Path) -> tuple[Comparison, list[str]]:
    """The original plus the writes against the database that went there and back: what differs, what is lost.

    Rows that were not written must be equal in every column; rows that were must have what was written, and
    in the columns that an update left alone what the original has (or what the update made of them). Where
    it wrote a column that the old schema does not have, any column may be its counterpart.
    """
    touched = {table: keys for table, keys in written.keys().items() if _same_key(original, table, written)}
    lost = kept(rolled_back, written)
    with closing(connect(original)) as before, closing(connect(rolled_back)) as after:
        found = schema.read(after)
        for write in written.writes:
            table = found.table(write.table)
            if table is not None and table.column(write.changed) and folded(write.table) in touched:
                lost += _altered(before, after, table, write)
    return compare(original, rolled_back, without=touched), lost


def _altered(before: sqlite3.Connection, after: sqlite3.Connection, table: Table, write: Write) -> list[str]:
    """What an update did not write, and is neither as it was nor as it became, in words."""
    where, values = _where(table, dict(write.key))
    columns = [c for c in table.stored if folded(c) != folded(write.changed)]
    sql = f"SELECT {listed(columns)} FROM {quoted(table.name)} WHERE {where}"
    old, new = before.execute(sql, values).fetchone(), after.execute(sql, values).fetchone()
    return [
        f"{_label(table, write)}: {column} was {was!r} and is {now!r}"
        for column, was, now in zip(columns, old or (), new or (), strict=False)
        if not _same(was, now) and not _same(write.values.get(column), now)
    ]


def _same(one: object, other: object) -> bool:
    return one == other and type(one) is type(other)


def _label(table: Table, write: Write) -> str:
    return f"{table.name} {', '.join(f'{c} {v!r}' for c, v in write.key.items())}"


def _same_key(original: Path, table: str, written: Written) -> bool:
    """Whether the table had the same key before the change (a table that is new has no counterpart)."""
    with closing(connect(original)) as connection:
        found = schema.read(connection).table(table)
    names = next(tuple(write.key) for write in written.writes if folded(write.table) == table)
    return found is not None and found.key == names


def _inserts(
    connection: sqlite3.Connection, found: Schema, table: Table, rows: int, *, bare: bool
) -> list[Write]:
    models = connection.execute(
        f"SELECT {listed(table.stored)} FROM {quoted(table.name)} ORDER BY {listed(table.key)} DESC LIMIT ?",
        (rows,),
    ).fetchall() or [_invented(connection, table)]
    made = []
    for number in range(1, rows + 1):
        values: Values = dict(zip(table.stored, models[(number - 1) % len(models)], strict=True))
        one = None
        if bare and number == rows:
            nothing: Values = dict.fromkeys(_optional_columns(table))
            one = _insert(connection, found, table, {**values, **nothing}, number)
        one = one or _insert(connection, found, table, values, number)
        made += [one] if one else []
    return made


def _insert(
    connection: sqlite3.Connection, found: Schema, table: Table, values: Values, number: int
) -> Write | None:
    """A row with fresh values in its unique columns.

    Foreign keys are changed only where nothing else helps.
    """
    unique = _unique_columns(table)
    parents = {folded(c) for key in table.foreign_keys for c in key.columns}
    for columns in ([c for c in unique if folded(c) not in parents], unique):
        fresh = {**values, **{c: _fresh(connection, table, c, values[c], number) for c in columns}}
        marks = ", ".join("?" for _ in table.stored)
        sql = f"INSERT INTO {quoted(table.name)} ({listed(table.stored)}) VALUES ({marks})"
        if _tried(connection, sql, tuple(fresh.values())):
            return _recorded(connection, table, Deed.INSERTED, {c: fresh[c] for c in table.key})
    return None


def _updates(connection: sqlite3.Connection, found: Schema, table: Table, rows: int) -> list[Write]:
    fixed = {folded(c) for c in (*table.key, *_unique_columns(table))}
    fixed |= {folded(c) for key in table.foreign_keys for c in key.columns}
    fixed |= {folded(c) for _, key in found.children(table.name) for c in key.parent_columns}
    columns = [c for c in table.columns if folded(c.name) not in fixed and not c.generated]
    keys = connection.execute(
        f"SELECT {listed(table.key)} FROM {quoted(table.name)} ORDER BY {listed(table.key)} LIMIT ?", (rows,)
    ).fetchall()
    done = []
    for place, key in enumerate(keys):
        for column in columns[place % max(len(columns), 1) :] + columns[: place % max(len(columns), 1)]:
            one = _update(connection, table, dict(zip(table.key, key, strict=True)), column)
            if one:
                done.append(one)
                break
    return done


def _update(connection: sqlite3.Connection, table: Table, key: Values, column: Column) -> Write | None:
    where, values = _where(table, key)
    (old,) = connection.execute(
        f"SELECT {quoted(column.name)} FROM {quoted(table.name)} WHERE {where}", values
    ).fetchone()
    new = _another(connection, table, column, old)
    if new is None:
        return None
    sql = f"UPDATE {quoted(table.name)} SET {quoted(column.name)} = ? WHERE {where}"
    if not _tried(connection, sql, (new, *values)):
        return None
    return replace(_recorded(connection, table, Deed.UPDATED, key), changed=column.name)


def _another(connection: sqlite3.Connection, table: Table, column: Column, old: object) -> object:
    """Another value: a number one higher, or a text that lives in the same column; None where there is none.

    An invented text could be one that no application writes (an owner without an account, say), and a reverse
    mapping would rightly refuse it.
    """
    if isinstance(old, (int, float)):
        return old + 1
    name = quoted(column.name)
    row = connection.execute(
        f"SELECT {name} FROM {quoted(table.name)} WHERE {name} IS NOT NULL AND {name} IS NOT ? LIMIT 1",
        (old,),
    ).fetchone()
    return row[0] if row else None


def _deletes(connection: sqlite3.Connection, found: Schema, table: Table) -> list[Write]:
    """One living row of a table that has no children: a rollback must not bring it back."""
    if found.children(table.name) or not table.foreign_keys:
        return []
    row = connection.execute(
        f"SELECT {listed(table.key)} FROM {quoted(table.name)} ORDER BY {listed(table.key)} LIMIT 1 OFFSET 10"
    ).fetchone()
    if row is None:
        return []
    key: Values = dict(zip(table.key, row, strict=True))
    where, values = _where(table, key)
    done = _tried(connection, f"DELETE FROM {quoted(table.name)} WHERE {where}", values)
    return [Write(table.name, Deed.DELETED, key, {})] if done else []


def _tried(connection: sqlite3.Connection, sql: str, values: Sequence[object]) -> bool:
    connection.execute("SAVEPOINT synthetic")
    try:
        connection.execute(sql, values)
    except sqlite3.IntegrityError:
        connection.execute("ROLLBACK TO synthetic")
        return False
    finally:
        connection.execute("RELEASE synthetic")
    return True


def _recorded(connection: sqlite3.Connection, table: Table, deed: Deed, key: Values) -> Write:
    where, values = _where(table, key)
    row = connection.execute(
        f"SELECT {listed(table.stored)} FROM {quoted(table.name)} WHERE {where}", values
    ).fetchone()
    return Write(table.name, deed, key, dict(zip(table.stored, row, strict=True)))


def _kept(connection: sqlite3.Connection, table: Table, write: Write) -> list[str]:
    if any(table.column(c) is None for c in write.key):
        return []
    where, values = _where(table, dict(write.key))
    wanted = [write.changed] if write.changed else write.values
    columns = [c for c in wanted if table.column(c) is not None] or list(write.key)
    row = connection.execute(
        f"SELECT {listed(columns)} FROM {quoted(table.name)} WHERE {where}", values
    ).fetchone()
    label = _label(table, write)
    if write.deed is Deed.DELETED:
        return [f"{label}: was deleted and is there again"] if row else []
    if row is None:
        return [f"{label}: was {write.deed} and is gone"]
    return [
        f"{label}: {column} was {write.deed} as {write.values[column]!r} and is {value!r}"
        for column, value in zip(columns, row, strict=True)
        if not _same(write.values.get(column, value), value) and not _stands_in(table, column, write)
    ]


def _stands_in(table: Table, column: str, write: Write) -> bool:
    """Whether another value must stand where NULL was written, because the old schema has no NULL there."""
    found = table.column(column)
    return found is not None and found.not_null and write.values.get(column, "") is None


def _where(table: Table, key: Mapping[str, object]) -> tuple[str, tuple[object, ...]]:
    return " AND ".join(f"{quoted(c)} IS ?" for c in key), tuple(key.values())


def _unique_columns(table: Table) -> list[str]:
    columns = list(table.key)
    for index in table.indexes:
        if index.unique:
            columns += [c for c in index.columns if c is not None]
    return [c for c in dict.fromkeys(columns) if c in table.stored]


def _optional_columns(table: Table) -> list[str]:
    """Columns that an application may leave NULL, which an old schema with NOT NULL could not hold."""
    needed = {*_unique_columns(table), *(c for key in table.foreign_keys for c in key.columns)}
    return [c.name for c in table.columns if not (c.not_null or c.generated or c.name in needed)]


def _fresh(connection: sqlite3.Connection, table: Table, column: str, model: object, number: int) -> object:
    if isinstance(model, (int, float)):
        (highest,) = connection.execute(f"SELECT max({quoted(column)}) FROM {quoted(table.name)}").fetchone()
        given = _given(connection, table) if table.key == (column,) else 0
        return max(highest, given) + 1 if isinstance(highest, (int, float)) else given + number
    if isinstance(model, bytes):
        return model + f"-{MARK}-{number}".encode()
    return f"{model or ''}-{MARK}-{number}"


def _given(connection: sqlite3.Connection, table: Table) -> int:
    """The highest id that AUTOINCREMENT ever gave out; an application does not use one again."""
    return sequences.read(connection).get(folded(table.name), ("", 0))[1]


def _invented(connection: sqlite3.Connection, table: Table) -> tuple[object, ...]:
    """A row for an empty table: parents' first keys, numbers, texts, NULL where allowed."""
    values: Values = {}
    for column in table.columns:
        if not column.generated:
            number = any(word in folded(column.type) for word in ("int", "real", "num", "floa", "doub"))
            values[column.name] = (1 if number else MARK) if column.not_null or column.key else None
    for key in table.foreign_keys:
        row = connection.execute(
            f"SELECT {listed(key.parent_columns)} FROM {quoted(key.parent)} LIMIT 1"
        ).fetchone()
        values.update(zip(key.columns, row or (None,) * len(key.columns), strict=True))
    return tuple(values[c] for c in table.stored)


def _depth(found: Schema, name: str, seen: frozenset[str]) -> int:
    table = found.table(name)
    if table is None or name in seen:
        return 0
    parents = {folded(key.parent) for key in table.foreign_keys} - {name}
    return 1 + max((_depth(found, parent, seen | {name}) for parent in parents), default=0)
