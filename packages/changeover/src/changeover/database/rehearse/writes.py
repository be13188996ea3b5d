"""Writes synthetic rows on the copy of a rehearsal, as an application might after the change.

Rule: a new row is a copy of an existing one with new keys, so that it obeys NOT NULL, CHECK and foreign keys
like real ones. The copied row was there before the change, if possible, since an application does not copy
rows of the change. Every write is a transaction of its own, so that deferred keys are checked at COMMIT. What
the schema refuses is tried another way, or reported.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from changeover.database.connect import connect, translated
from changeover.database.rehearse import guess, invent, widened
from changeover.database.rehearse.identity import address_of, is_rowid, neighbours, where
from changeover.database.rehearse.living import Living, columns_of
from changeover.database.rehearse.script_values import EVERY_COLUMN, ScriptValues
from changeover.database.rehearse.target import ORDINARY, Beyond, Model, Target, Values, insertion
from changeover.database.rehearse.written import Untried, Write, WriteKind, Written
from changeover.database.schema import catalogue
from changeover.database.schema.catalogue import Column, Schema, Table
from changeover.errors import concerning
from changeover.sql.identifiers import identifier_key, listed, quoted

NOTHING_SAID = ScriptValues()
DELETED_BEHIND = 10
"""How many rows come before the one that is deleted: the first ones are updated."""
DELETES_TRIED = 10
ROWS_TO_UPDATE = 2
"""One for the new columns, and one for the old ones."""
WRITES = (sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE)


def write(
    path: Path,
    scope: Iterable[str],
    *,
    original: Path,
    rows: int = 3,
    spared: Iterable[str] = (),
    said: ScriptValues = NOTHING_SAID,
) -> Written:
    """Insert, update and delete up to ``rows`` rows in every table of the scope and its neighbours.

    ``original`` is the database before the change. A table that it does not have only gets new rows: its
    existing rows were made out of old ones, and to alter them may rightly alter what the rollback makes of
    them. The last new row of each table has NULL where the schema allows it, since an old schema with NOT
    NULL needs a place for it too.

    ``spared`` are names of findings that the plan accepts: nothing is written for them. ``said`` is what the
    scripts say about values: columns that the change computed get values that exist, its keys go on counting,
    and columns that only the rollback computes get new values. Values that the rollback mentions are tried
    last: a row with the version that it deletes belongs to the change.

    Rows that only the new schema takes come last, so that no ordinary row refers to one.
    """
    chosen = frozenset(map(identifier_key, scope))
    with translated(path), closing(connect(path)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        # `observed` keeps an older snapshot open, which would keep a writer out with a rollback journal.
        connection.execute("PRAGMA journal_mode = WAL")
        # A working copy: after a power cut it is thrown away.
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("ATTACH ? AS original", (str(original.resolve()),))
        with translated(original), closing(connect(original)) as before:
            old = catalogue.read(before)
        reached: set[str] = set()
        connection.set_authorizer(lambda *what: _noted(reached, what))
        writer = _Writer(
            connection,
            catalogue.read(connection),
            old,
            rows,
            frozenset(spared),
            said,
            Living(connection, old),
        )
        names = neighbours(writer.found, chosen)
        for write_some in (writer.write, writer.write_beyond):
            for name in names:
                with concerning(f"table {name}"):
                    write_some(name)
    reasons = {
        name: Untried(writer.found.tables[name].name, reason)
        for name, reason in writer.untried.items()
        if reason
    }
    return Written(
        tuple(writer.done),
        tuple(one for name, one in reasons.items() if name in chosen),
        tuple(one for name, one in reasons.items() if name not in chosen),
        frozenset(reached),
    )


def _noted(reached: set[str], what: tuple[int, str | None, str | None, str | None, str | None]) -> int:
    """The authorizer's answer: everything is allowed, and the written table is noted."""
    if what[0] in WRITES and what[1]:
        reached.add(identifier_key(what[1]))
    return sqlite3.SQLITE_OK


@dataclass(slots=True)
class _Writer:
    connection: sqlite3.Connection
    found: Schema
    old: Schema
    rows: int
    spared: frozenset[str]
    said: ScriptValues
    living: Living
    done: list[Write] = field(default_factory=list)
    targets: dict[str, Target] = field(default_factory=dict)
    untried: dict[str, str] = field(default_factory=dict)
    refusal: str = ""

    def write(self, name: str) -> None:
        """New and changed rows of one table, or a note why there are none."""
        table = self.found.tables[name]
        address = address_of(self.connection, table)
        if table.kind != "table":
            self.untried[name] = "" if table.kind == "virtual" else f"it is no table but {table.kind}"
            return
        if not address:
            self.untried[name] = "has no key by which a row could be found again"
            return
        before, self.refusal = len(self.done), ""
        if self.living.is_version(table, address):
            return
        target = self.targets[name] = Target(table, address, self.living.some(table, address, self.rows))
        was_there = self.old.table(name) is not None
        if was_there:
            self._updates(target, target.models)
        self._inserts(target)
        if was_there and len(target.models) < ROWS_TO_UPDATE:
            made = (write for write in self.done[before:] if write.kind is WriteKind.INSERTED)
            keys = [tuple(write.key.values()) for write in made]
            self._updates(target, [*target.models, *keys] if len(target.models) == 1 else keys)
        if len(self.done) == before:
            refused = f"no write was taken by its rules ({self.refusal})"
            self.untried[name] = refused if self.refusal else "no row could be made"

    def write_beyond(self, name: str) -> None:
        """Rows of one table that only the new schema takes, and then one deletion."""
        target, before = self.targets.get(name), len(self.done)
        if target is None:
            return
        self._beyond(target)
        if self.old.table(name) is not None:
            # Last, or a new row would get the id of the one that is gone.
            self._delete(target.table, target.address)
        if len(self.done) > before:
            self.untried[name] = ""

    def _updates(self, target: Target, models: Sequence[tuple[object, ...]]) -> None:
        """Give every column a new value in some row, so that a lost value is noticed.

        New columns get it in the first row and old ones in the others, because the rollback may compute an
        old column from a new one.
        """
        old = self.old.table(target.table.name)
        columns = self._changeable(target)
        new = [c for c in columns if old is not None and old.column(c.name) is None]
        rest = [c for c in columns if c not in new]
        own = self.living.of_the_change(target.table, target.address)
        self._spread(target, new, models, own, first=True)
        self._spread(target, rest, models[1:] if new else models, own)

    def _spread(
        self,
        target: Target,
        columns: Sequence[Column],
        models: Sequence[tuple[object, ...]],
        own: Mapping[str, frozenset[object]],
        *,
        first: bool = False,
    ) -> None:
        """Update each column once: row by row in turn, or always starting at the ``first`` row."""
        count = max(len(columns), 1 if first else len(models)) if columns and models else 0
        for place in range(count):
            column, offset = columns[place % len(columns)], 0 if first else place % len(models)
            for model in (*models[offset:], *models[:offset]):
                key = dict(zip(target.address, model, strict=True))
                if self._update(target.table, key, column, own.get(identifier_key(column.name), frozenset())):
                    break

    def _changeable(self, target: Target) -> list[Column]:
        """The columns that an update may change alone."""
        table = target.table
        fixed = {identifier_key(c) for c in (*target.address, *invent.unique_columns(table))}
        fixed |= {
            identifier_key(c) for key in table.foreign_keys if len(key.columns) > 1 for c in key.columns
        }
        fixed |= {identifier_key(c) for _, key in self.found.children(table.name) for c in key.parent_columns}
        return [
            c
            for c in table.columns
            if not (identifier_key(c.name) in fixed or c.generated or f"{table.name}.{c.name}" in self.spared)
        ]

    def _update(self, table: Table, key: Values, column: Column, own: frozenset[object]) -> bool:
        """Update one column; ``own`` are values of rows that the change added, which it must not take.

        The rollback may find its own rows by those values.
        """
        condition, values = where(key)
        row = self.connection.execute(
            f"SELECT {quoted(column.name)}, typeof({quoted(column.name)}) FROM {quoted(table.name)}"
            f" WHERE {condition}",
            values,
        ).fetchone()
        if row is None:
            return False
        broken = row[1] == "text" and isinstance(row[0], bytes)  # Text that is no UTF-8 is read as bytes.
        sql = f"UPDATE {quoted(table.name)} SET {quoted(column.name)} = ? WHERE {condition}"
        others = [invent.MARK] if broken else self._others(table, column, row[0])
        for new in sorted(others, key=lambda value: value in self.said.mentioned or value in own):
            if self._taken(sql, (new, *values)) is not None:
                self._keep(
                    Write(table.name, WriteKind.UPDATED, sql, (new, *values), key, values={column.name: new})
                )
                return True
        return False

    def _others(self, table: Table, column: Column, old: object) -> list[object]:
        """Values to try in place of ``old``; for a foreign key, those of parents."""
        keys = [key for key in table.foreign_keys if key.columns == (column.name,)]
        free = self._is_free(table, column)
        if free and keys and self.found.table(keys[0].parent):
            return self.living.parents(keys[0], old)
        others = list(invent.other_values(self.connection, table, column, old, free=free))
        if identifier_key(column.name) in self.said.rewritten and (old is None or isinstance(old, str)):
            others.reverse()
        return (
            others
            + [text for text in invent.texts(table.sql) if free and text != old][: invent.LITERALS_TRIED]
        )

    def _is_free(self, table: Table, column: Column) -> bool:
        """Whether an application may write anything: the change does not compute the column."""
        old = self.old.table(table.name)
        if old is not None and old.column(column.name) is not None:
            return True
        return not self.said.computed & {identifier_key(column.name), EVERY_COLUMN}

    def _delete(self, table: Table, address: Sequence[str]) -> None:
        """Delete one old row without children: a rollback must not bring it back."""
        childless = "".join(
            f" AND NOT EXISTS (SELECT 1 FROM {quoted(child.name)} AS c WHERE "
            + " AND ".join(
                f"c.{quoted(a)} = t.{quoted(b)}" for a, b in zip(key.columns, key.parent_columns, strict=True)
            )
            + ")"
            for child, key in self.found.children(table.name)
        )
        there = self.living.was_there(table, address) or " WHERE 1"
        (count,) = self.connection.execute(
            f"SELECT count(*) FROM (SELECT 1 FROM {quoted(table.name)} AS t{there}{childless} LIMIT ?)",
            (DELETED_BEHIND + 1,),
        ).fetchone()
        if count <= self.rows:
            return
        rows = self.connection.execute(
            f"SELECT {columns_of(address)} FROM {quoted(table.name)} AS t{there}{childless} LIMIT ? OFFSET ?",
            (DELETES_TRIED, min(DELETED_BEHIND, count - 2)),
        ).fetchall()
        for row in rows:
            key = dict(zip(address, row, strict=True))
            condition, values = where(key)
            sql = f"DELETE FROM {quoted(table.name)} WHERE {condition}"
            if self._taken(sql, values) is not None:
                self._keep(Write(table.name, WriteKind.DELETED, sql, values, key))
                return

    def _inserts(self, target: Target) -> None:
        models: Sequence[Model] = target.models or [None]
        # A row that extends its parent, one to one: not every parent has such a row.
        extends = any(set(target.address) <= set(key.columns) for key in target.table.foreign_keys)
        for number in range(1, self.rows + (not extends)):
            model = models[(number - 1) % len(models)]
            bare: Values = dict.fromkeys(invent.optional_columns(target.table)) if number == self.rows else {}
            if not (bare and self._insert(target, model, number, bare)):
                self._insert(target, model, number, {})

    def _insert(
        self, target: Target, model: Model, number: int, given: Values, beyond: Beyond = ORDINARY
    ) -> bool:
        """Insert a copy of ``model`` with new values in its unique columns, and ``given`` ones in others."""
        table, address = target.table, target.address
        row = self._row(target, model)
        for fresh in self._fresh(table, row, number, frozenset(given)):
            changed = {**fresh, **given}
            sql, parameters = insertion(target, model, row, changed)
            rowid = self._taken(sql, parameters)
            if rowid is not None:
                by_rowid = is_rowid(table, address)
                key = {c: rowid if by_rowid else changed.get(c, row.get(c)) for c in address}
                values = {c: changed[c] for c in beyond.columns}
                self._keep(
                    Write(
                        table.name,
                        WriteKind.INSERTED,
                        sql,
                        parameters,
                        key,
                        beyond.columns,
                        beyond.name,
                        values,
                    )
                )
                return True
        return False

    def _row(self, target: Target, model: Model) -> Values:
        table = target.table
        if model is None:
            return guess.row_for(self.connection, table)
        condition, values = where(dict(zip(target.address, model, strict=True)))
        row = self.connection.execute(
            f"SELECT {listed(table.stored)} FROM {quoted(table.name)} WHERE {condition}", values
        ).fetchone()
        return dict(zip(table.stored, row, strict=True)) if row else guess.row_for(self.connection, table)

    def _fresh(self, table: Table, row: Values, number: int, given: frozenset[str]) -> Iterator[Values]:
        """Ways to make the unique columns of a row new; parents are changed only if nothing else works."""
        unique = [c for c in invent.unique_columns(table) if c not in given]
        parents = {identifier_key(c) for key in table.foreign_keys for c in key.columns}
        own = [c for c in unique if identifier_key(c) not in parents]
        choices = {c: self._values(table, c, row.get(c), number) for c in own}
        ways = max(map(len, choices.values()), default=1)
        plain = [{c: v[min(way, len(v) - 1)] for c, v in choices.items()} for way in range(ways)]
        yield from plain
        for chosen in self.living.other_parents(table, frozenset(unique), self.found):
            yield from ({**chosen, **one} for one in plain)
        yield {c: self._values(table, c, row.get(c), number)[0] for c in unique}

    def _values(self, table: Table, column: str, model: object, number: int) -> tuple[object, ...]:
        return invent.fresh_values(
            self.connection,
            table,
            column,
            model,
            number,
            made_of=self.said.made_of.get(identifier_key(column)),
        )

    def _beyond(self, target: Target) -> None:
        """Write rows that only the new schema takes: the rollback must have a place for them."""
        old = self.old.table(target.table.name)
        if old is None or not target.models or not widened.may_hold_more(old, target.table):
            return
        with widened.old_table(old, widened.model_of(self.connection, old, "original")) as before:
            if before is not None:
                for column in target.table.columns:
                    self._widened(target, before, column)
        self._unbound(target, old)

    def _widened(self, target: Target, before: widened.OldTable, column: Column) -> None:
        beyond = Beyond((column.name,), f"{target.table.name}.{column.name}.widened")
        if beyond.name in self.spared:
            return
        for value in widened.candidates(before.copy.table, target.table, column):
            refused = before.refuses({column.name: value})
            if refused and self._insert(
                target, target.models[0], self.rows + 1, {column.name: value}, beyond
            ):
                return

    def _unbound(self, target: Target, old: Table) -> None:
        """Write values that stand twice, or refer to no row, where the old schema refused that."""
        table = target.table
        row = self._row(target, target.models[0])
        for columns in widened.lost_keys(old, table):
            beyond = Beyond(columns, f"{table.name}.{'+'.join(columns)}.not-unique")
            if beyond.name not in self.spared and set(columns) <= set(row):
                self._insert(target, target.models[0], self.rows + 2, {c: row[c] for c in columns}, beyond)
        for columns in widened.lost_references(old, table):
            beyond = Beyond(columns, f"{table.name}.{'+'.join(columns)}.no-reference")
            if beyond.name not in self.spared and set(columns) <= set(row):
                lone: Values = {c: self._values(table, c, row[c], 7)[0] for c in columns}
                self._insert(target, target.models[0], self.rows + 3, lone, beyond)

    def _keep(self, write: Write) -> None:
        self.done.append(write)

    def _taken(self, sql: str, values: Sequence[object]) -> int | None:
        """Run it in a transaction of its own; gives the rowid (0 without one), or None if it was refused."""
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            cursor = self.connection.execute(sql, tuple(values))
            done = cursor.rowcount != 0
            self.connection.execute("COMMIT" if done else "ROLLBACK")
        except (sqlite3.Error, OverflowError) as error:
            self.refusal = self.refusal or str(error)
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            return None
        return (cursor.lastrowid or 0) if done else None
