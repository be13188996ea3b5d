"""Judges what a rollback made of new rows: which are kept, which are set aside, which are lost.

Rule: a written value is kept if it is there after the rollback, or again after the change is made once more
(a rollback may turn cents into euros, and the change turns them back). It is set aside if a `changeover_...`
table of the plan holds it. Everything else is lost, and each loss is a finding with a name. Rows that were
not written must be as before the change, value by value.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from changeover.database.connect import connect, translated
from changeover.database.findings import Finding
from changeover.database.rehearse.compare import Comparison, LeftOut, Without, compare
from changeover.database.rehearse.effects import ROW, Effects, Touched
from changeover.database.rehearse.identity import key_of, same_key, same_value
from changeover.database.rehearse.written import Write, WriteKind, Written
from changeover.database.schema import catalogue
from changeover.database.schema.catalogue import Schema, Table
from changeover.database.schema.definition import affinity
from changeover.errors import concerning
from changeover.sql.identifiers import OWN_PREFIX, identifier_key, is_engine, quoted
from changeover.words import counted

WHOLE, BACK = "", "?"
"""In place of a column: the whole row; a deleted row that is there again."""
EXAMPLES = 3

Loss = tuple[str, int, str]
"""(table in lower case, row of the scratch table, column or WHOLE or BACK)."""


@dataclass(frozen=True, slots=True)
class AfterRollback:
    """What was found after the rollback; `after_forward` judges it."""

    original: Path
    written: Written
    effects: Effects
    comparison: Comparison
    unlike: frozenset[Loss]
    aside: frozenset[Loss]
    stand_ins: frozenset[Loss]


def after_rollback(original: Path, written: Written, effects: Effects, rolled_back: Path) -> AfterRollback:
    """Compare the rolled-back database with the original, and look for every written value."""
    with _beside(rolled_back, effects.scratch, original) as (connection, found):
        with translated(original), closing(connect(original)) as before:
            old = catalogue.read(before)
        without = _without(connection, effects, old)
        unlike = frozenset(_unlike(connection, effects, found, old))
        aside = frozenset(_aside(connection, effects, unlike))
        stand_ins = frozenset(_stand_ins(connection, written, effects, found))
    comparison = compare(original, rolled_back, without=without)
    return AfterRollback(original, written, effects, comparison, unlike, aside, stand_ins)


@dataclass(frozen=True, slots=True)
class RollbackVerdict:
    """What a rollback loses, as findings; what it keeps elsewhere or as another value, as notes.

    ``set_aside`` rows are only in a `changeover_...` table.
    """

    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    set_aside: int


def after_forward(seen: AfterRollback, again: Path) -> RollbackVerdict:
    """Judge the new rows, now that the change was made once more."""
    with _beside(again, seen.effects.scratch, seen.original) as (connection, found):
        unlike = frozenset(_unlike(connection, seen.effects, found, None))
        lost = _both(seen.unlike, unlike)
        aside = lost & seen.aside
        replaced = (lost - aside) & seen.stand_ins
        findings = [
            *seen.comparison.findings(),
            *_losses_found(connection, seen.written, seen.effects, lost - aside - replaced),
        ]
        notes = [
            *(
                f"set aside in a changeover_... table: {what}"
                for what in _named(connection, seen.effects, aside)
            ),
            *(
                f"replaced, since the old schema cannot hold it: {what}"
                for what in _named(connection, seen.effects, replaced)
            ),
        ]
    rows = sum(1 for _, _, column in aside if column == WHOLE)
    return RollbackVerdict(tuple(findings), tuple(notes), rows)


@contextmanager
def _beside(path: Path, scratch: Path, original: Path) -> Iterator[tuple[sqlite3.Connection, Schema]]:
    with translated(path), closing(connect(path)) as connection:
        found = catalogue.read(connection)
        connection.execute("ATTACH ? AS scratch", (str(scratch),))
        connection.execute("ATTACH ? AS original", (str(original.resolve()),))
        yield connection, found


def _without(connection: sqlite3.Connection, effects: Effects, old: Schema) -> Without:
    """The rows to leave out of the comparison, because they were written and are judged one by one.

    A table that the new schema lacks, or that has another key there, may get rows from any table that was
    written. Such a table is left out whole; making the change once more judges its new rows, and the first
    rollback, before anything was written, its old ones.
    """
    rows, moved = {}, False
    for name, touched in effects.touched.items():
        before = old.table(name)
        if before is None or _is_rekeyed(connection, touched, before):
            moved = True
        elif touched.key and same_key(touched.key, key_of(connection, before, "original")):
            rows[name] = LeftOut(touched.key, (touched.was,), (touched.now,))
        elif _is_unaltered(connection, touched, before):
            rows[name] = LeftOut((), (touched.was,), (touched.now,))
        else:
            moved = True
    away = (name for name in old.tables if name not in effects.schema)
    uncertain = (name for name in effects.touched if old.table(name) and name not in rows)
    return Without(effects.scratch, rows, frozenset([*away, *uncertain]) if moved else frozenset())


def _is_unaltered(connection: sqlite3.Connection, touched: Touched, before: Table) -> bool:
    """Whether the written rows were in the original as they are.

    Without a key, only then can they be found.
    """
    if not all(touched.table.column(c) for c in before.stored):
        return False
    same = " AND ".join(same_value(before, c) for c in before.stored) or "1"
    there = f"SELECT 1 FROM original.{quoted(before.name)} AS b WHERE {same}"
    altered = f"SELECT 1 FROM scratch.{touched.was} AS a WHERE NOT EXISTS ({there}) LIMIT 1"
    return connection.execute(altered).fetchone() is None


def _is_rekeyed(connection: sqlite3.Connection, touched: Touched, before: Table) -> bool:
    """Whether the change gave every row a new key: no written row is in the original under its key.

    If all written rows are new, it did if the keys have another type.
    """
    if not touched.key or not all(before.column(c) for c in touched.key):
        return False
    found = " AND ".join(f"o.{quoted(c)} IS a.{quoted(c)}" for c in touched.key)
    there = f"EXISTS (SELECT 1 FROM original.{quoted(before.name)} AS o WHERE {found})"
    known = connection.execute(f"SELECT {there} FROM scratch.{touched.was} AS a").fetchall()
    if not known:
        kinds = (
            [affinity(column.type) for name in touched.key if (column := table.column(name))]
            for table in (touched.table, before)
        )
        return next(kinds) != next(kinds)
    return not any(is_there for (is_there,) in known)


def _unlike(
    connection: sqlite3.Connection, effects: Effects, found: Schema, old: Schema | None
) -> Iterator[Loss]:
    """All written values that ``main`` does not hold as written.

    With ``old``, the original's schema, columns that an update left alone must be as in the original; without
    it, as they were after the writes.
    """
    for name, touched in effects.touched.items():
        with concerning(f"table {name}"):
            yield from _unlike_of(
                connection, name, touched, (found.table(name), old.table(name) if old else None)
            )


def _unlike_of(
    connection: sqlite3.Connection, name: str, touched: Touched, tables: tuple[Table | None, Table | None]
) -> Iterator[Loss]:
    """The same for one table, given as it is now and as it was in the original."""
    table, original = tables
    if table is None:
        rows = _ids(connection, f"SELECT {ROW} FROM scratch.{touched.now}")
        yield from ((name, row, WHOLE) for row in rows)
    elif touched.key and all(table.column(c) for c in touched.key):
        yield from _unlike_by_key(connection, touched, table, original)
    else:
        shared = [c for c in touched.table.stored if table.column(c)]
        same = " AND ".join(same_value(touched.table, c) for c in shared) or "1"
        gone = (
            f"SELECT {ROW} FROM scratch.{touched.now} AS a"
            f" WHERE NOT EXISTS (SELECT 1 FROM main.{quoted(table.name)} AS b WHERE {same})"
        )
        yield from ((name, row, WHOLE) for row in _ids(connection, gone))
        for column in touched.table.stored:
            if column not in shared:
                sql = _unlike_values(touched, table, column, None)
                yield from ((name, row, column) for row in _ids(connection, sql))


def _unlike_by_key(
    connection: sqlite3.Connection, touched: Touched, table: Table, original: Table | None
) -> Iterator[Loss]:
    name, here = identifier_key(touched.table.name), f"main.{quoted(table.name)}"
    found = " AND ".join(f"b.{quoted(c)} IS a.{quoted(c)}" for c in touched.key)
    here_too = f"EXISTS (SELECT 1 FROM {here} AS b WHERE {found})"
    gone = f"SELECT {ROW} FROM scratch.{touched.now} AS a WHERE NOT {here_too}"
    yield from ((name, row, WHOLE) for row in _ids(connection, gone))
    again = (
        f"SELECT {ROW} FROM scratch.{touched.was} AS a WHERE {here_too}"
        f" AND NOT EXISTS (SELECT 1 FROM scratch.{touched.now} AS b WHERE {found})"
    )
    yield from ((name, row, BACK) for row in _ids(connection, again))
    for column in touched.table.stored:
        if column not in touched.key:
            sql = _unlike_values(touched, table, column, original)
            yield from ((name, row, column) for row in _ids(connection, sql))


def _unlike_values(touched: Touched, table: Table, column: str, original: Table | None) -> str:
    """SQL: the rows of the scratch table whose value in a column differs from the database's."""
    found = " AND ".join(f"b.{quoted(c)} IS a.{quoted(c)}" for c in touched.key)
    address = " AND ".join(f"b.{quoted(c)} IS a.{quoted(c)}" for c in touched.address)
    same = same_value(touched.table, column)
    was = f"SELECT 1 FROM scratch.{touched.was} AS b WHERE {address}"
    left_alone = f"EXISTS ({was} AND {same})"
    start = f"SELECT a.{ROW} FROM scratch.{touched.now} AS a"
    if table.column(column) is None:
        return f"{start} WHERE a.{quoted(column)} IS NOT NULL AND NOT {left_alone}"
    here = f"{start} JOIN main.{quoted(table.name)} AS b ON {found} WHERE NOT ({same})"
    if original is None or original.column(column) is None:
        return here if original is None else f"{here} AND NOT {left_alone}"
    # Another column that this update wrote, and that is not there, may have this one as its counterpart.
    elsewhere = [c for c in touched.table.stored if table.column(c) is None]
    moved = " OR ".join(f"NOT EXISTS ({was} AND {same_value(touched.table, c)})" for c in elsewhere)
    as_before = f"EXISTS (SELECT 1 FROM original.{quoted(original.name)} AS o WHERE " + " AND ".join(
        [
            *(f"o.{quoted(c)} IS a.{quoted(c)}" for c in touched.key),
            f"o.{quoted(column)} IS b.{quoted(column)} COLLATE BINARY",
        ]
    )
    unchanged = f"({left_alone} AND ({as_before}){f' OR {moved}' if moved else ''}))"
    return f"{here} AND NOT {unchanged}"


def _aside(connection: sqlite3.Connection, effects: Effects, unlike: Iterable[Loss]) -> Iterator[Loss]:
    """The losses whose rows or values are in a table that the plan keeps for its rollback."""
    aside = {
        name: table
        for name, table in catalogue.read(connection, own=True).tables.items()
        if name.startswith(OWN_PREFIX) and not is_engine(name)
    }
    for name, touched in effects.touched.items():
        losses = [loss for loss in unlike if loss[0] == name and loss[2] != BACK]
        for table in aside.values():
            for column in dict.fromkeys(loss[2] for loss in losses):
                held = _held_by(connection, touched, table, column)
                yield from (loss for loss in losses if loss[2] == column and loss[1] in held)


def _held_by(connection: sqlite3.Connection, touched: Touched, table: Table, column: str) -> frozenset[int]:
    """The rows of the scratch table that a kept table holds, whole or with one column."""
    wanted = touched.table.stored if column == WHOLE else (*touched.address, column)
    if any(table.column(c) is None for c in wanted):
        return frozenset()
    same = " AND ".join(f"a.{quoted(c)} IS b.{quoted(c)}" for c in wanted)
    return frozenset(
        _ids(
            connection,
            f"SELECT {ROW} FROM scratch.{touched.now} AS a"
            f" WHERE EXISTS (SELECT 1 FROM main.{quoted(table.name)} AS b WHERE {same})",
        )
    )


def _stand_ins(
    connection: sqlite3.Connection, written: Written, effects: Effects, found: Schema
) -> Iterator[Loss]:
    """Values that the old schema cannot hold, so that another value may take their place."""
    for name, touched in effects.touched.items():
        table = found.table(name)
        for column in touched.table.columns if table else ():
            now = table.column(column.name) if table else None
            if now is not None and now.not_null and not column.not_null and not column.generated:
                sql = f"SELECT {ROW} FROM scratch.{touched.now} WHERE {quoted(column.name)} IS NULL"
                yield from ((name, row, column.name) for row in _ids(connection, sql))
    for (name, row), write in _beyond(connection, written, effects).items():
        yield from ((name, row, c) for c in write.beyond)


def _beyond(
    connection: sqlite3.Connection, written: Written, effects: Effects
) -> dict[tuple[str, int], Write]:
    """(table in lower case, row of the scratch table) -> write, for rows that only the new schema takes."""
    found: dict[tuple[str, int], Write] = {}
    for write in written.beyond():
        name = identifier_key(write.table)
        touched = effects.touched.get(name)
        if touched is not None and touched.key:
            condition = " AND ".join(f"{quoted(c)} IS ?" for c in write.key)
            sql = f"SELECT {ROW} FROM scratch.{touched.now} WHERE {condition}"
            rows = connection.execute(sql, tuple(write.key.values())).fetchall()
            found |= {(name, row): write for (row,) in rows}
    return found


def _both(one: frozenset[Loss], other: frozenset[Loss]) -> frozenset[Loss]:
    """What is missing in both: if a row is gone in one, all its columns are."""
    found = set(one & other)
    for table, row, column in one ^ other:
        if column not in (WHOLE, BACK):
            mine = one if (table, row, column) in one else other
            if (table, row, WHOLE) in (other if mine is one else one):
                found.add((table, row, column))
    return frozenset(found)


def _losses_found(
    connection: sqlite3.Connection, written: Written, effects: Effects, lost: Iterable[Loss]
) -> Iterator[Finding]:
    """A finding for each table that loses rows and each column that loses values.

    If only the new schema takes a lost row, the finding has the name by which the plan accepts that.
    """
    only_new, ordinary = _beyond(connection, written, effects), []
    for loss in sorted(lost):
        write = only_new.get(loss[:2]) if loss[2] == WHOLE else None
        if write is None:
            ordinary.append(loss)
        else:
            yield Finding(write.name, f"{str(write).removesuffix(f' [{write.name}]')}, and it would be lost")
    for (name, column), rows in _grouped(ordinary).items():
        touched = effects.touched[name]
        label = touched.table.name
        what = _what(connection, touched, column, rows)
        if column == BACK:
            yield Finding(f"{label}.rows", f"{what}: deleted since, and would be there again")
        else:
            place = f"{label}.rows" if column == WHOLE else f"{label}.{column}"
            yield Finding(place, f"{what}: written since, and would be lost")


def _named(connection: sqlite3.Connection, effects: Effects, losses: Iterable[Loss]) -> Iterator[str]:
    for (name, column), rows in _grouped(losses).items():
        yield _what(connection, effects.touched[name], column, rows)


def _grouped(losses: Iterable[Loss]) -> dict[tuple[str, str], list[int]]:
    grouped: dict[tuple[str, str], list[int]] = {}
    for table, row, column in sorted(losses):
        grouped.setdefault((table, column), []).append(row)
    return grouped


def _what(connection: sqlite3.Connection, touched: Touched, column: str, rows: list[int]) -> str:
    """The number of lost rows of a table, or values of a column, and the first of them."""
    source = touched.was if column == BACK else touched.now
    examples = "; ".join(_example(connection, touched, source, row, column) for row in rows[:EXAMPLES])
    label = touched.table.name
    if column in (WHOLE, BACK):
        return f"{label}: {counted(len(rows), 'row')} ({examples})"
    return f"{label}.{column}: {counted(len(rows), 'value')} ({examples})"


def _example(connection: sqlite3.Connection, touched: Touched, source: str, row: int, column: str) -> str:
    names = list(touched.key or touched.table.stored[:3])
    wanted = list(dict.fromkeys([*names, *([column] if column not in (WHOLE, BACK) else [])]))
    columns = ", ".join(quoted(c) for c in wanted)
    values = connection.execute(f"SELECT {columns} FROM scratch.{source} WHERE {ROW} = ?", (row,)).fetchone()
    return ", ".join(f"{c} {v!r}" for c, v in zip(wanted, values, strict=True))


def _ids(connection: sqlite3.Connection, sql: str) -> list[int]:
    return [row for (row,) in connection.execute(sql)]


def describe_writes(written: Written, table: str | None = None) -> str:
    """The rows that the rehearsal wrote and that matter for an error, in words."""
    ordinary = [w for w in written.writes if not w.beyond and w.kind is not WriteKind.DELETED]
    chosen = [*written.beyond(), *ordinary]
    if table is not None:
        chosen = [w for w in chosen if identifier_key(w.table) == identifier_key(table)] or chosen
    return "\n".join(f"- {write}" for write in chosen[:10])
