"""Finds what a change weakens or loses: each rule of a table before it is compared with those after it.

Rule: rules are compared by meaning (`definition`), never by text. A rule about a column that is gone cannot
be kept, so its loss is no finding. A rule counts as weaker unless it is certain to be as strong. Each finding
has a name (``items.check.age``), by which a plan accepts it with a reason.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from changeover.database.change.script import ScriptWords
from changeover.database.findings import Finding
from changeover.database.schema import remade
from changeover.database.schema.catalogue import Index, Schema, Table
from changeover.database.schema.checks import is_implied, parts_of
from changeover.database.schema.definition import (
    Check,
    ColumnDefinition,
    Definition,
    ForeignKeyDefinition,
    affinity,
    words_of,
)
from changeover.database.schema.remade import Renaming
from changeover.sql.identifiers import identifier_key

Renamed = Mapping[str, str]
"""Old name -> new name of columns or tables, in lower case."""


def weaker(before: Schema, after: Schema, script: ScriptWords) -> list[Finding]:
    """A finding for each weaker or lost rule of a view or table that exists before and after."""
    moved = {old: new for old, new in script.moved.items() if after.table(old) is None and after.table(new)}
    pairs = list(_pairs(before, after, script, moved))
    names = dict(moved)
    for pair in pairs:
        names |= pair.renamed
    gone: dict[str, set[str]] = {
        name: {name, *(identifier_key(column.name) for column in table.columns)}
        for name, table in before.tables.items()
        if after.table(moved.get(name, name)) is None
    }
    gone |= {identifier_key(pair.old.name): pair.gone() for pair in pairs}
    fresh = {identifier_key(pair.new.name): pair.fresh() for pair in pairs}
    reordered = {identifier_key(pair.new.name) for pair in pairs if pair.is_reordered()}
    renaming = Renaming(names, gone, fresh, reordered)
    found = [finding for pair in pairs for finding in pair.findings(renaming)]
    found += remade.virtual(before, after, renaming)
    found += remade.views(before, after, script, renaming)
    return _numbered(found)


def _pairs(before: Schema, after: Schema, script: ScriptWords, moved: Renamed) -> "Iterator[_Pair]":
    for name, old in before.tables.items():
        now = moved.get(name, name)
        new = after.table(now)
        if new is not None and old.kind == new.kind == "table" and old != new:
            renamed = {**script.renamed.get(name, {}), **script.renamed.get(now, {})}
            gone = {one: now for one, now in renamed.items() if new.column(one) is None}
            yield _Pair(old, new, script, gone, moved, (before, after))


@dataclass(frozen=True, slots=True)
class _Pair:
    """One table before and after; ``moved`` maps the old names of renamed tables to the new ones."""

    old: Table
    new: Table
    script: ScriptWords
    renamed: Renamed
    moved: Renamed
    schemas: tuple[Schema, Schema]

    def findings(self, renaming: Renaming) -> list[Finding]:
        """All findings, columns first."""
        old, new = self.old.definition, self.new.definition
        deliberate = {name for name in self.script.dropped if self._is_deliberate(name)}
        pair = (self.old.triggers, self.new.triggers)
        return [
            *self._columns(old, new),
            *self._checks(old, new),
            *self._keys(),
            *self._conflicts(old, new),
            *self._references(old, new),
            *self._table(old, new),
            *self._indexes(renaming),
            *remade.triggers(self.old.name, pair, renaming, deliberate),
        ]

    def _find(self, what: str, says: str) -> Finding:
        return Finding(f"{identifier_key(self.old.name)}.{what}", f"{self.old.name}: {says}")

    def _now(self, column: str) -> str:
        """The name of a column afterwards; empty if it is gone."""
        named = self.renamed.get(identifier_key(column), identifier_key(column))
        return named if self.new.column(named) is not None else ""

    def _all_there(self, columns: tuple[str, ...]) -> bool:
        return all(self._now(column) for column in columns)

    def _columns(self, old: Definition, new: Definition) -> Iterator[Finding]:
        for was in old.columns:
            now = new.column(self._now(was.name)) if self._now(was.name) else None
            if now is not None:
                if _never_null(self.old, old, was) and not _never_null(self.new, new, now):
                    yield self._find(f"not_null.{was.name}", f"{was.name} would take NULL")
                if old.is_rowid(was) and not new.is_rowid(now):
                    yield self._find("primary_key", f"{was.name} would not be given out by itself any more")
                yield from self._column(was, now)

    def _column(self, was: ColumnDefinition, now: ColumnDefinition) -> Iterator[Finding]:
        name = was.name
        meant = bool(now.default) and self._converts(now)
        if _default(was) and not (now.generated or meant) and _default(was) != _default(now):
            would = now.default or "gone"
            yield self._find(f"default.{name}", f"the default {was.default} of {name} would be {would}")
        if was.collation != now.collation:
            says = f"{name} would be compared by {now.collation}, not by {was.collation}"
            yield self._find(f"collate.{name}", says)
        if was.generated and self._computation(was) != self._computation(now, after=True):
            says = f"would be {now.generated}" if now.generated else "would be an ordinary column"
            yield self._find(f"generated.{name}", f"{name} is generated as {was.generated} and {says}")
        if not now.generated and self._is_other_type(was, now):
            kind, other = was.type or "of any type", f"would be {now.type}"
            if affinity(now.type) == "none":
                other = "would hold values of any type"
            yield self._find(f"type.{name}", f"{name} is {kind} and {other}")

    def _is_other_type(self, was: ColumnDefinition, now: ColumnDefinition) -> bool:
        """Whether the new type changes values as they are stored; not if the script converts them itself."""
        loosened = affinity(was.type) != "none" and affinity(now.type) == "none"
        return loosened or (affinity(was.type) != affinity(now.type) and not self._converts(now))

    def _converts(self, column: ColumnDefinition) -> bool:
        """Whether the script computes a column, so that it means something else now."""
        return column.name in self.script.converted.get(identifier_key(self.new.name), frozenset())

    def _computation(self, column: ColumnDefinition, *, after: bool = False) -> tuple[str, ...]:
        """The expression of a generated column, under the names that columns have afterwards."""
        words = tuple(column.expression.split())
        return words if after else self._translated(words)

    def _translated(self, words: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(self.renamed.get(word, word) for word in words)

    def _checks(self, old: Definition, new: Definition) -> Iterator[Finding]:
        present = [part for check in new.checks for part in parts_of(check.words)]
        for check in old.checks:
            columns = self._columns_in(check.words)
            wanted = parts_of(self._translated(check.words))
            if self._all_there(columns) and not all(is_implied(part, present) for part in wanted):
                says = f"CHECK ({check.expression}) would be gone or another one"
                yield self._find(f"check.{_name_of(check, columns)}", says)

    def _columns_in(self, words: tuple[str, ...]) -> tuple[str, ...]:
        names = {identifier_key(column.name) for column in self.old.columns}
        return tuple(dict.fromkeys(word for word in words if word in names))

    def _keys(self) -> Iterator[Finding]:
        present = [frozenset(columns.items()) for _, columns in self.new.unique_keys()]
        for index, columns in self.old.unique_keys():
            if not self._all_there(tuple(columns)) or (index is not None and index.sql):
                continue
            wanted = {self._now(column): collation for column, collation in columns.items()}
            if not any(_is_as_strong(key, wanted) for key in present):
                primary = index is None or index.origin == "pk"
                name = "primary_key" if primary else f"unique.{'-'.join(columns)}"
                kind = "primary" if primary else "unique"
                yield self._find(name, f"the {kind} key ({', '.join(columns)}) would be gone")

    def _conflicts(self, old: Definition, new: Definition) -> Iterator[Finding]:
        """Findings for rules that refused a row before and now replace others or ignore it."""
        known = {(kind, frozenset(map(self._now, columns))): how for kind, columns, how in _on_conflict(old)}
        for kind, columns, how in _on_conflict(new):
            was = known.get((kind, frozenset(columns)), "")
            if how != was:
                says = f"a row that breaks the {kind} of ({', '.join(columns)}) would "
                says += f"{_done(kind, how)}, not {_done(kind, was)}"
                yield self._find(f"on_conflict.{'-'.join(columns)}", says)

    def _references(self, old: Definition, new: Definition) -> Iterator[Finding]:
        before, after = self.schemas
        now = [_resolved(reference, after) for reference in new.references]
        were = [self._wanted(_resolved(reference, before)) for reference in old.references]
        for reference, wanted in zip(old.references, were, strict=True):
            if not self._all_there(reference.columns):
                continue
            same = [one for one in now if _target(one) == _target(wanted)]
            name = f"foreign_key.{'-'.join(reference.columns)}"
            if not same:
                says = f"the foreign key ({', '.join(reference.columns)}) to {reference.parent} would be gone"
                yield self._find(name, says)
                continue
            known = [one for one in were if _target(one) == _target(wanted)]
            for event, of in _EVENTS.items():
                would = sorted({of(one) for one in same} - {of(one) for one in known})
                if would:
                    says = f"{event} of the foreign key to {reference.parent} is {of(wanted)}"
                    yield self._find(name, f"{says} and would be {', '.join(would)}")

    def _wanted(self, reference: ForeignKeyDefinition) -> ForeignKeyDefinition:
        """A foreign key from before, under the names of afterwards."""
        parent = self.moved.get(reference.parent, reference.parent)
        renamed = {
            **self.script.renamed.get(reference.parent, {}),
            **self.script.renamed.get(parent, {}),
        }
        table = self.schemas[1].table(parent)
        there = {identifier_key(column.name) for column in table.columns} if table else set()
        parents = tuple(c if c in there else renamed.get(c, c) for c in reference.parent_columns)
        columns = tuple(map(self._now, reference.columns))
        return replace(reference, columns=columns, parent=parent, parent_columns=parents)

    def _table(self, old: Definition, new: Definition) -> Iterator[Finding]:
        if old.autoincrement and not new.autoincrement:
            yield self._find("autoincrement", "AUTOINCREMENT would be gone: ids could be given out again")
        if old.strict and not new.strict:
            yield self._find("strict", "would not be STRICT any more")
        if old.without_rowid and not new.without_rowid:
            yield self._find("without_rowid", "would not be WITHOUT ROWID any more")

    def _indexes(self, renaming: Renaming) -> Iterator[Finding]:
        now = {identifier_key(index.name): index.sql for index in self.new.indexes}
        for index in self.old.indexes:
            there = now.get(identifier_key(index.name))
            if not index.sql or there == index.sql or (there is None and self._is_deliberate(index.name)):
                continue
            if renaming.speaks_of_gone(index.sql) or self._is_covered(index):
                continue
            present = {self._body(other.sql, other.name) for other in self.new.indexes if other.sql}
            if self._body(index.sql, index.name) in present or (there and renaming.same(index.sql, there)):
                continue
            says = "another one, and not as strong" if index.unique else "another one"
            says = says if there else "gone"
            yield self._find(f"index.{identifier_key(index.name)}", f"index {index.name} would be {says}")

    def _is_covered(self, index: Index) -> bool:
        """Whether another index finds the same rows, and a key is as strong if this one is unique."""
        if None in index.columns:
            return False
        columns = {self._now(c): o for c, o in index.collated().items()}
        keys = [key for _, key in self.new.unique_keys()]
        if index.unique and not any(_is_as_strong(frozenset(key.items()), columns) for key in keys):
            return False
        others = [other.leading() for other in self.new.indexes if not other.partial]
        wanted = list(columns.items())
        # A key that the index begins with finds one row; there is nothing left to be looked up by the rest.
        found_by_key = index.unique and any(list(key.items()) == wanted[: len(key)] for key in keys)
        return found_by_key or any(other[: len(wanted)] == wanted for other in others)

    def gone(self) -> set[str]:
        """Columns (lower case) that exist under no name afterwards."""
        return {identifier_key(column.name) for column in self.old.columns if not self._now(column.name)}

    def is_reordered(self) -> bool:
        """Whether the columns from before are in another order afterwards."""
        present = [now for column in self.old.columns if (now := self._now(column.name))]
        order = [identifier_key(column.name) for column in self.new.columns]
        return present != [name for name in order if name in present]

    def fresh(self) -> set[str]:
        """Columns (lower case) that existed under no name before."""
        known = {self._now(column.name) for column in self.old.columns}
        return {identifier_key(column.name) for column in self.new.columns} - known

    def _is_deliberate(self, name: str) -> bool:
        """Whether the script drops it by name, and not only with a table that it rebuilds."""
        table = identifier_key(self.old.name)
        replaced = table in self.script.replaced and table not in self.moved
        return identifier_key(name) in self.script.dropped and not replaced

    def _body(self, sql: str, name: str) -> tuple[str, ...]:
        """The words of an index without its name, with columns under their names afterwards."""
        return tuple(word for word in self._translated(words_of(sql)) if word != identifier_key(name))


def _is_as_strong(key: frozenset[tuple[str, str]], wanted: Mapping[str, str]) -> bool:
    """Whether a key forbids all that ``wanted`` forbids, collations taken into account."""
    return all(
        column in wanted and collation in (wanted[column], "nocase" if wanted[column] == "binary" else "")
        for column, collation in key
    )


_DONE = {
    "": "be refused",
    "fail": "be refused with those before it kept",
    "rollback": "end the transaction",
    "ignore": "vanish",
    "replace": "replace the rows that are there",
}
_EVENTS: Mapping[str, Callable[[ForeignKeyDefinition], str]] = {
    "ON DELETE": lambda one: one.on_delete,
    "ON UPDATE": lambda one: one.on_update,
    "DEFERRED": lambda one: str(one.deferred),
}


def _on_conflict(found: Definition) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """(kind, columns, what happens to a row that breaks it) of each rule with a conflict clause.

    SQLite treats keys with the same columns as one, and obeys the clause of any of them: ``PRIMARY KEY UNIQUE
    ON CONFLICT REPLACE`` replaces. It checks a rowid before all others, by its own clause.
    """
    keys: dict[frozenset[str], tuple[tuple[str, ...], str]] = {}
    for key in [*([found.primary] if found.primary else []), *found.uniques]:
        names, how = keys.get(frozenset(key.names), (key.names, ""))
        keys[frozenset(key.names)] = names, how or key.conflict
    if found.primary and any(map(found.is_rowid, found.columns)):
        keys[frozenset(found.primary.names)] = found.primary.names, found.primary.conflict
    yield from (("key", names, how) for names, how in keys.values())
    yield from (("NOT NULL", (column.name,), column.conflict) for column in found.columns if column.not_null)


def _done(kind: str, how: str) -> str:
    return "get the default" if (kind, how) == ("NOT NULL", "replace") else _DONE[how]


def _never_null(table: Table, definition: Definition, column: ColumnDefinition) -> bool:
    """Whether a column has NOT NULL, or its primary key forbids NULL."""
    keys = {identifier_key(one.name) for one in table.columns if one.key}
    strict = table.without_rowid or table.strict or definition.is_rowid(column)
    return column.not_null or (strict and column.name in keys)


def _default(column: ColumnDefinition) -> str:
    """The normalised default: NULL counts as none, TRUE as 1, and a number in quotes as the number."""
    text = {"null": "", "true": "1", "false": "0"}.get(column.default, column.default)
    bare = text.strip("'")
    is_number = affinity(column.type) in ("number", "real") and bare.replace(".", "", 1).isdigit()
    return str(float(bare)) if is_number else text


def _resolved(reference: ForeignKeyDefinition, schema: Schema) -> ForeignKeyDefinition:
    """A foreign key with the columns of the parent's primary key, if it names no columns itself."""
    parent = schema.table(reference.parent)
    if reference.parent_columns or parent is None:
        return reference
    keys = sorted((column for column in parent.columns if column.key), key=lambda column: column.key)
    return replace(reference, parent_columns=tuple(identifier_key(column.name) for column in keys))


def _target(reference: ForeignKeyDefinition) -> tuple[str, frozenset[tuple[str, str]]]:
    pairs = zip(reference.columns, reference.parent_columns, strict=False)
    return reference.parent, frozenset(pairs)


def _name_of(check: Check, columns: tuple[str, ...]) -> str:
    return check.name or "-".join(columns) or "rule"


def _numbered(found: list[Finding]) -> list[Finding]:
    """The findings; the second and later ones with the same name get a number."""
    seen: dict[str, int] = {}
    numbered = []
    for one in found:
        seen[one.name] = number = seen.get(one.name, 0) + 1
        numbered.append(one if number == 1 else Finding(f"{one.name}.{number}", one.sentence))
    return numbered
