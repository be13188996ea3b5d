"""The statements from one schema to another, table by table, cheapest first, and what a person decides.

Rule: a cheap way is tried on an empty copy and taken only if what it makes means what is wanted. ``back``:
the way back reads what the way there kept, and keeps what the old schema has no place for.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from changeover.database.change import full_text
from changeover.database.change.undo import KEPT_ROWID
from changeover.database.schema import catalogue as schemas
from changeover.database.schema.catalogue import Column, Schema, Table, shared_rowid
from changeover.drafting import texts
from changeover.drafting.columns import (
    affinity_of,
    are_alike,
    can_be_asked,
    computed,
    is_addable,
    means,
    scratch_of,
)
from changeover.drafting.texts import plain
from changeover.sql.identifiers import OWN_PREFIX, identifier_key


@dataclass(frozen=True, slots=True)
class Renames:
    """What a person said is the same under another name; all names folded, columns by their old table."""

    tables: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def reversed(self) -> "Renames":
        """The same, for the way back."""
        tables = {new: old for old, new in self.tables.items()}
        columns = {(self.tables.get(table, table), new): old for (table, old), new in self.columns.items()}
        return Renames(tables, columns)


@dataclass(slots=True)
class SchemaChange:
    """A script: ``scope`` and ``rows`` are what it must declare, ``questions`` what it cannot know.

    ``checks`` are queries that must find nothing, with what that proves; ``rollback_tables`` are the
    ``changeover_`` tables that it fills.
    """

    statements: list[str] = field(default_factory=list)
    scope: list[str] = field(default_factory=list)
    rows: dict[str, str] = field(default_factory=dict)
    questions: list[str] = field(default_factory=list)
    checks: dict[str, str] = field(default_factory=dict)
    rollback_tables: list[str] = field(default_factory=list)
    additive: bool = True

    def keep(self, name: str, query: str) -> None:
        """Put the rows of a query aside; what was kept under that name before is older."""
        self.statements += [f"DROP TABLE IF EXISTS {plain(name)};", f"CREATE TABLE {plain(name)} AS {query};"]
        self.rollback_tables.append(name)

    def touch(self, *names: str) -> None:
        """Tables that are different afterwards."""
        self.scope += [name for name in names if name not in self.scope]


def read(script: str) -> Schema:
    """The schema that a script of CREATE statements makes. Raises sqlite3.Error."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.executescript(script)
        return schemas.read(connection)


def change(old: Schema, new: Schema, renames: Renames, *, back: bool = False) -> SchemaChange:
    """From ``old`` to ``new``. ``back``: this is the way back of a change from ``new`` to ``old``."""
    found = SchemaChange()
    pairs = _pairs(old, new, renames)
    _drop_views(old, new, found)
    for name, table in old.tables.items():
        if name not in pairs:
            _gone(table, found, back=back)
    for name, table in new.tables.items():
        if name not in pairs.values():
            _made(table, found, old, renames, back=back)
    beside = [sql for table in old.tables.values() for sql in (table.sql, *_sql_around(table))]
    beside += [sql for name, sql in old.views.items() if _view(new, name) == _view(old, name)]
    for name, other in pairs.items():
        _Altered(old.tables[name], new.tables[other], renames, found, back, beside).write()
    for name, sql in new.views.items():
        if _view(old, name) != _view(new, name):
            found.statements += [f"{one};" for one in (sql, *new.view_triggers.get(name, {}).values())]
    return found


def _view(schema: Schema, name: str) -> tuple[str | None, Mapping[str, str]]:
    """A view with its INSTEAD OF triggers, which go with it."""
    return schema.views.get(name), schema.view_triggers.get(name, {})


def _pairs(old: Schema, new: Schema, renames: Renames) -> dict[str, str]:
    """The tables that are the same: by name, or as a person said."""
    pairs = {name: renames.tables.get(name, name) for name in old.tables}
    return {name: other for name, other in pairs.items() if other in new.tables}


def _drop_views(old: Schema, new: Schema, found: SchemaChange) -> None:
    gone = [name for name in old.views if _view(new, name) != _view(old, name)]
    found.statements += [f"DROP VIEW {plain(name)};" for name in gone]
    found.additive = found.additive and not gone


def _gone(table: Table, found: SchemaChange, *, back: bool) -> None:
    """A table that is not wanted any more: its rows are kept until nobody goes back."""
    rollback_table = f"{OWN_PREFIX}{table.name}"
    found.additive = False
    found.touch(table.name)
    if not back:
        found.questions.append(f"{table.name} is dropped: does anything still read it?")
    if not full_text.content_of(table):
        found.keep(rollback_table, f"SELECT * FROM {plain(table.name)}")
    found.statements.append(f"DROP TABLE {plain(table.name)};")


def _made(table: Table, found: SchemaChange, old: Schema, renames: Renames, *, back: bool) -> None:
    """A table that is new; on the way back, one whose rows were kept."""
    found.touch(table.name)
    found.statements.append(f"{table.sql};")
    if full_text.content_of(table):  # An index of rows that stand elsewhere.
        name = plain(table.name)
        found.statements.append(f"INSERT INTO {name}({name}) VALUES ('rebuild');")
        found.additive = False
    elif back:
        rollback_table, names = f"{OWN_PREFIX}{table.name}", ", ".join(plain(name) for name in table.stored)
        found.statements.append(
            f"INSERT INTO {plain(table.name)} ({names}) SELECT {names} FROM {plain(rollback_table)};"
        )
        found.statements.append(f"DROP TABLE {plain(rollback_table)};")
    else:
        similar = [
            one.name
            for one in old.tables.values()
            if are_alike(one, table) and identifier_key(one.name) not in renames.tables
        ]
        if similar:
            found.questions.append(
                f"is {table.name} the new name of {similar[0]}? then: --rename {similar[0]}={table.name}"
            )
    found.statements += _around(table)


def _around(table: Table) -> list[str]:
    """The indexes and triggers of a table that is made."""
    return [f"{sql};" for sql in _sql_around(table)]


def _sql_around(table: Table) -> list[str]:
    return [*(index.sql for index in table.indexes if index.sql), *table.triggers.values()]


@dataclass(slots=True)
class _Altered:
    """One table that exists before and after."""

    old: Table
    new: Table
    renames: Renames
    found: SchemaChange
    back: bool
    beside: Sequence[str]
    """The whole schema before the change, but for views that are made anew."""

    @property
    def source(self) -> dict[str, Column | None]:
        """For each column of the new table the old one that it comes from, by folded name."""
        table = identifier_key(self.old.name)
        said = {new: old for (owner, old), new in self.renames.columns.items() if owner == table}
        return {
            identifier_key(c.name): self.old.column(said.get(identifier_key(c.name), c.name))
            if identifier_key(c.name) in said or (table, identifier_key(c.name)) not in self.renames.columns
            else None
            for c in self.new.columns
        }

    @property
    def lost(self) -> list[Column]:
        """The old columns that nothing is made of."""
        # On the way back what was written into a column that is computed there is kept aside.
        kept = [c for c in self.new.columns if not (self.back and c.generated)]
        written = [self.source[identifier_key(c.name)] for c in kept]
        used = {identifier_key(column.name) for column in written if column}
        return [c for c in self.old.columns if identifier_key(c.name) not in used and not c.generated]

    @property
    def by_rowid(self) -> str:
        """The rowid, where it alone tells the rows of both apart; empty where a key does, or nothing."""
        has_key = self.old.key or self.new.key or "virtual" in (self.old.kind, self.new.kind)
        return "" if has_key else shared_rowid(self.old, self.new)

    @property
    def added(self) -> list[Column]:
        """The new columns that are made of nothing."""
        return [
            c for c in self.new.columns if self.source[identifier_key(c.name)] is None and not c.generated
        ]

    def write(self) -> None:
        """Add the statements for this table."""
        before = len(self.found.statements)
        if self._same_table():
            self._around()
        else:
            native = self._native()
            self._keep()
            self._ask(rebuilt=native is None)
            self.found.statements += self._rebuild() if native is None else [f"{one};" for one in native]
            if native is None:
                self.found.additive = False
            else:
                self._around()
            self._give_back(rebuilt=native is None)
        if len(self.found.statements) > before:
            self.found.touch(*dict.fromkeys([self.old.name, self.new.name]))
            renamed = identifier_key(self.old.name) != identifier_key(self.new.name)
            # A table under a new name has nothing before it that its rows could be compared with.
            self.found.rows |= dict.fromkeys((self.old.name, self.new.name), "any" if renamed else "*")

    def _same_table(self) -> bool:
        return identifier_key(self.old.name) == identifier_key(self.new.name) and means(self.old) == means(
            self.new
        )

    def _native(self) -> list[str] | None:
        """ALTER TABLE statements, if they arrive at what is wanted; None where they do not."""
        wanted = [
            *(
                [f"RENAME TO {plain(self.new.name)}"]
                if identifier_key(self.old.name) != identifier_key(self.new.name)
                else []
            ),
            *(f"RENAME COLUMN {plain(old.name)} TO {plain(name)}" for name, old in self._renamed()),
            *(f"DROP COLUMN {plain(column.name)}" for column in self.lost),
            *(
                f"ADD COLUMN {texts.columns(self.new.sql)[identifier_key(column.name)]}"
                for column in self.added
            ),
        ]
        if not all(map(is_addable, self.added)):
            return None
        if self.back and self.added and self.old.triggers:
            return None  # giving kept values back by UPDATE would set the application's triggers off
        name, made = self.old.name, []
        try:
            with scratch_of(self.beside) as scratch:
                for one in wanted:
                    made.append(f"ALTER TABLE {plain(name)} {one}")
                    scratch.execute(made[-1])
                    name = self.new.name if one.startswith("RENAME TO") else name
                reached = schemas.read(scratch).tables[identifier_key(self.new.name)]
        except (sqlite3.Error, KeyError):
            return None
        if any("DROP COLUMN" in one or "RENAME" in one for one in made):
            self.found.additive = False
        return made if means(reached) == means(self.new) else None

    def _renamed(self) -> list[tuple[str, Column]]:
        pairs = ((c.name, self.source[identifier_key(c.name)]) for c in self.new.columns)
        return [
            (name, old)
            for name, old in pairs
            if old is not None and identifier_key(old.name) != identifier_key(name)
        ]

    def _rebuild(self) -> list[str]:
        copy = f"{self.new.name}_new"
        pairs = [(c, self._value(c)) for c in self.new.columns if not c.generated]
        taken = [(c, value) for c, value in pairs if value]
        names = ", ".join(plain(c.name) for c, _ in taken)
        values = ", ".join(value for _, value in taken)
        if self.by_rowid and (self.lost or self.added):  # what is kept goes by it
            names, values = f"{self.by_rowid}, {names}", f"{self.by_rowid}, {values}"
        return [
            f"{texts.named(self.new.sql, copy)};",
            f"INSERT INTO {plain(copy)} ({names})\nSELECT {values} FROM {plain(self.old.name)};",
            f"DROP TABLE {plain(self.old.name)};",
            f"ALTER TABLE {plain(copy)} RENAME TO {plain(self.new.name)};",
            *_around(self.new),
        ]

    def _value(self, column: Column) -> str:
        """What a column of the new table is made of; nothing where its default does."""
        old = self.source[identifier_key(column.name)]
        if old is None:
            rollback_table = self._was(column) if self.back else ""
            return rollback_table or (
                "NULL" if column.not_null and column.default is None and not column.key else ""
            )
        value = plain(old.name)
        if affinity_of(column.type) != affinity_of(old.type) and column.type:
            value = f"CAST({value} AS {column.type})"
        if column.not_null and not old.not_null and column.default is not None and not column.key:
            value = f"coalesce({value}, {column.default})"
        return value

    def _ask(self, *, rebuilt: bool) -> None:
        if self.back:
            return
        ask, table = self.found.questions.append, plain(self.old.name)
        for column in self.added if rebuilt else []:
            if column.not_null and column.default is None and not column.key:
                ask(f"{self.new.name}.{column.name} must not be NULL: what do the rows have that are there?")
        for column in self.lost:
            similar = [one.name for one in self.added if affinity_of(one.type) == affinity_of(column.type)]
            where = f"{self.old.name}.{column.name}"
            also = f" (or is it now {similar[0]}? then: --rename {where}={similar[0]})" if similar else ""
            ask(f"{where} is dropped: does anything still read it?{also}")
            if self.by_rowid:
                ask(
                    f"{table} has no key, so {where} is kept by {self.by_rowid}, which VACUUM changes and a"
                    " new row may get again: is neither done before the way back, or do you give it a key?"
                )
        for column in self.new.columns if rebuilt else ():
            old = self.source[identifier_key(column.name)]
            if old is None:
                continue
            name, where = plain(old.name), f"{self.old.name}.{old.name}"
            if column.generated and not old.generated:
                check = f"SELECT * FROM {table} WHERE {name} IS NOT {computed(self.new, column)} LIMIT 10"
                if can_be_asked(check, self.beside):
                    self.found.checks[f"every {where} is what is computed"] = check
                continue
            if column.type and affinity_of(column.type) not in (affinity_of(old.type), "TEXT", "BLOB"):
                back = f"CAST(CAST({name} AS {column.type}) AS TEXT) <> CAST({name} AS TEXT)"
                self.found.checks[f"every {where} is {column.type}"] = (
                    f"SELECT {name} FROM {table} WHERE {name} IS NOT NULL AND {back} LIMIT 10"
                )
            if column.not_null and not old.not_null and column.default is None and not column.key:
                self.found.checks[f"no {where} is NULL"] = (
                    f"SELECT * FROM {table} WHERE {name} IS NULL LIMIT 10"
                )

    def _around(self) -> None:
        """Indexes and triggers that are others now, of a table that stays."""
        was = {identifier_key(index.name): index.sql for index in self.old.indexes if index.sql}
        now = {identifier_key(index.name): index.sql for index in self.new.indexes if index.sql}
        was_triggers = {identifier_key(name): sql for name, sql in self.old.triggers.items()}
        now_triggers = {identifier_key(name): sql for name, sql in self.new.triggers.items()}
        for kind, before, after in (("INDEX", was, now), ("TRIGGER", was_triggers, now_triggers)):
            gone = [name for name, sql in before.items() if after.get(name) != sql]
            self.found.statements += [f"DROP {kind} {plain(name)};" for name in gone]
            self.found.statements += [f"{sql};" for name, sql in after.items() if before.get(name) != sql]
            self.found.additive = self.found.additive and not gone

    def _rollback_table(self, table: Table) -> str:
        return f"{OWN_PREFIX}{identifier_key(table.name)}_columns"

    def _keep(self) -> None:
        """What the columns that go hold, by key: for the way back, or for going there once more."""
        key = self.old.key or ((KEPT_ROWID,) if self.by_rowid else ())
        if not self.lost or not key:
            return
        rowid = [f"{self.by_rowid} AS {KEPT_ROWID}"] if self.by_rowid else []
        names = ", ".join([*rowid, *map(plain, self.old.key), *(plain(c.name) for c in self.lost)])
        rollback_table = (
            f"{self._rollback_table(self.new)}_after" if self.back else self._rollback_table(self.old)
        )
        self.found.keep(rollback_table, f"SELECT {names} FROM {plain(self.old.name)}")
        by = ", ".join(plain(name) for name in key)
        index = plain(f"{rollback_table}_key")  # the way back looks every row up
        self.found.statements.append(f"CREATE INDEX {index} ON {plain(rollback_table)} ({by});")

    def _was(self, column: Column) -> str:
        """A kept value, on the way back."""
        known = self.by_rowid or self.new.key
        if not known or not all(self.source[identifier_key(name)] for name in self.new.key):
            return ""
        rollback_table = plain(self._rollback_table(self.new))
        same = " AND ".join(
            f"{rollback_table}.{plain(name)} = {plain(self.old.name)}.{plain(old.name)}"
            for name in self.new.key
            if (old := self.source[identifier_key(name)])
        )
        same = same or f"{rollback_table}.{KEPT_ROWID} = {plain(self.old.name)}.{self.by_rowid}"
        value = f"(SELECT {plain(column.name)} FROM {rollback_table} WHERE {same})"
        if column.not_null and column.default is not None:
            return f"coalesce({value}, {column.default})"
        return value

    def _give_back(self, *, rebuilt: bool) -> None:
        """On the way back: what was kept goes where it was."""
        if not self.back or not self.added or not (self.new.key or self.by_rowid):
            return
        if not rebuilt:
            table = plain(self.new.name)
            self.found.statements += [
                f"UPDATE {table} SET {plain(c.name)} = {self._was(c)};" for c in self.added if self._was(c)
            ]
        self.found.statements.append(f"DROP TABLE {plain(self._rollback_table(self.new))};")
