"""What a change would weaken or lose: every rule that a table has before, held against those it has after.

Rule: by meaning (`definition`), never by text. A rule that speaks of a column which is gone cannot be kept,
so it is not missed; one that cannot be told to be at least as strong counts as weaker. Each finding has a
name (``items.check.age``) by which a plan accepts it, with a reason.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from changeover.database.change.script import Script
from changeover.database.findings import Finding
from changeover.database.schema.catalogue import Index, Schema, Table
from changeover.database.schema.checks import is_implied, parts_of
from changeover.database.schema.definition import Check, Column, Definition, Reference, words_of
from changeover.sql.identifiers import folded

Renamed = Mapping[str, str]
"""Old name of a column or table -> new, both folded."""
_NO_AFFINITY = ("", "any", "blob")


def weaker(before: Schema, after: Schema, script: Script) -> list[Finding]:
    """Everything weaker or gone of tables and views that were there before and whose table still is."""
    found: list[Finding] = []
    lost: set[str] = set()
    moved = {old: new for old, new in script.moved.items() if after.table(old) is None and after.table(new)}
    for name, old in before.tables.items():
        now = moved.get(name, name)
        new = after.table(now)
        if new is not None and old.kind == new.kind == "table":
            renamed = {**script.renamed.get(name, {}), **script.renamed.get(now, {})}
            gone = {one: now for one, now in renamed.items() if new.column(one) is None}
            pair = _Pair(old, new, script, gone, moved)
            found += pair.findings()
            lost |= pair.gone()
    found += _views(before, after, script, lost)
    return _numbered(found)


def _views(before: Schema, after: Schema, script: Script, lost: set[str]) -> Iterator[Finding]:
    """Views that are gone, unless they spoke of a column which is ``lost``."""
    deliberate = script.dropped if not script.replaced else frozenset[str]()
    for name, sql in before.views.items():
        there = name in after.views or name in after.tables
        if not there and name not in deliberate and not lost & set(words_of(sql)):
            yield Finding(f"{name}.view", f"view {name} would be gone")


@dataclass(frozen=True, slots=True)
class _Pair:
    """A table before and after; ``moved`` are all tables that have another name now."""

    old: Table
    new: Table
    script: Script
    renamed: Renamed
    moved: Renamed

    def findings(self) -> list[Finding]:
        """All of them, columns first."""
        old, new = self.old.definition, self.new.definition
        return [
            *self._columns(old, new),
            *self._checks(old, new),
            *self._keys(),
            *self._references(old, new),
            *self._table(old, new),
            *self._indexes(),
            *self._triggers(),
        ]

    def _find(self, what: str, says: str) -> Finding:
        return Finding(f"{folded(self.old.name)}.{what}", f"{self.old.name}: {says}")

    def _now(self, column: str) -> str:
        """The name a column has afterwards; empty where it is gone."""
        named = self.renamed.get(folded(column), folded(column))
        return named if self.new.column(named) is not None else ""

    def _all_there(self, columns: tuple[str, ...]) -> bool:
        return all(self._now(column) for column in columns)

    def _columns(self, old: Definition, new: Definition) -> Iterator[Finding]:
        for was in old.columns:
            now = new.column(self._now(was.name)) if self._now(was.name) else None
            if now is not None:
                yield from self._column(was, now)

    def _column(self, was: Column, now: Column) -> Iterator[Finding]:
        name = was.name
        if was.not_null and not now.not_null and not self._never_null(now.name):
            yield self._find(f"not_null.{name}", f"{name} would take NULL")
        if was.default and not now.default and not now.generated:
            yield self._find(f"default.{name}", f"the default {was.default} of {name} would be gone")
        if was.collation != now.collation:
            says = f"{name} would be compared by {now.collation}, not by {was.collation}"
            yield self._find(f"collate.{name}", says)
        if was.generated and self._translated(tuple(was.generated.split())) != tuple(now.generated.split()):
            says = f"would be {now.generated}" if now.generated else "would be an ordinary column"
            yield self._find(f"generated.{name}", f"{name} is generated as {was.generated} and {says}")
        if was.type not in _NO_AFFINITY and now.type in _NO_AFFINITY and not now.generated:
            yield self._find(f"type.{name}", f"{name} is {was.type} and would hold values of any type")

    def _never_null(self, column: str) -> bool:
        """Whether a primary key forbids NULL by itself."""
        keys = [one for one in self.new.columns if one.key]
        alone = len(keys) == 1 and folded(keys[0].type) == "integer"
        strict = self.new.without_rowid or self.new.strict
        return any(folded(one.name) == column for one in keys) and (alone or strict)

    def _translated(self, words: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(self.renamed.get(word, word) for word in words)

    def _checks(self, old: Definition, new: Definition) -> Iterator[Finding]:
        kept = [part for check in new.checks for part in parts_of(check.words)]
        for check in old.checks:
            columns = self._columns_in(check.words)
            wanted = parts_of(self._translated(check.words))
            if self._all_there(columns) and not all(is_implied(part, kept) for part in wanted):
                says = f"CHECK ({check.expression}) would be gone or another one"
                yield self._find(f"check.{_name_of(check, columns)}", says)

    def _columns_in(self, words: tuple[str, ...]) -> tuple[str, ...]:
        names = {folded(column.name) for column in self.old.columns}
        return tuple(dict.fromkeys(word for word in words if word in names))

    def _keys(self) -> Iterator[Finding]:
        kept = [frozenset(columns.items()) for _, columns in self.new.unique_keys()]
        for index, columns in self.old.unique_keys():
            if not self._all_there(tuple(columns)) or (index is not None and index.sql):
                continue
            wanted = {self._now(column): collation for column, collation in columns.items()}
            if not any(_is_as_strong(key, wanted) for key in kept):
                primary = index is None or index.origin == "pk"
                name = "primary_key" if primary else f"unique.{'-'.join(columns)}"
                kind = "primary" if primary else "unique"
                yield self._find(name, f"the {kind} key ({', '.join(columns)}) would be gone")

    def _references(self, old: Definition, new: Definition) -> Iterator[Finding]:
        for reference in old.references:
            if not self._all_there(reference.columns):
                continue
            columns = tuple(map(self._now, reference.columns))
            parent = self.moved.get(reference.parent, reference.parent)
            wanted = replace(reference, columns=columns, parent=parent)
            now = next((r for r in new.references if _same_target(r, wanted)), None)
            name = f"foreign_key.{'-'.join(reference.columns)}"
            if now is None:
                says = f"the foreign key ({', '.join(reference.columns)}) to {reference.parent} would be gone"
                yield self._find(name, says)
                continue
            for event, was, is_ in (
                ("ON DELETE", reference.on_delete, now.on_delete),
                ("ON UPDATE", reference.on_update, now.on_update),
                ("DEFERRED", str(reference.deferred), str(now.deferred)),
            ):
                if was != is_:
                    says = f"{event} of the foreign key to {reference.parent} is {was} and would be {is_}"
                    yield self._find(name, says)

    def _table(self, old: Definition, new: Definition) -> Iterator[Finding]:
        if old.autoincrement and not new.autoincrement:
            yield self._find("autoincrement", "AUTOINCREMENT would be gone: ids could be given out again")
        if old.strict and not new.strict:
            yield self._find("strict", "would not be STRICT any more")
        if old.without_rowid and not new.without_rowid:
            yield self._find("without_rowid", "would not be WITHOUT ROWID any more")

    def _indexes(self) -> Iterator[Finding]:
        kept = {self._body(index.sql, index.name) for index in self.new.indexes if index.sql}
        names = {folded(index.name) for index in self.new.indexes}
        for index in self.old.indexes:
            there = folded(index.name) in names
            if not index.sql or (there and not index.unique) or self._is_deliberate(index.name):
                continue
            gone = self.gone() & set(words_of(index.sql))
            if gone or self._body(index.sql, index.name) in kept or self._is_covered(index):
                continue
            says = "another one, and not as strong" if there else "gone"
            yield self._find(f"index.{folded(index.name)}", f"index {index.name} would be {says}")

    def _is_covered(self, index: Index) -> bool:
        """Whether another plain index begins with the same columns, or is as strong a key."""
        if index.partial or None in index.columns:
            return False
        columns = {self._now(c): o for c, o in index.collated().items()}
        if index.unique:
            return any(_is_as_strong(frozenset(key.items()), columns) for _, key in self.new.unique_keys())
        wanted = list(columns.items())
        return any(
            not other.partial and list(other.collated().items())[: len(wanted)] == wanted
            for other in self.new.indexes
        )

    def _triggers(self) -> Iterator[Finding]:
        names = {folded(name) for name in self.new.triggers}
        for name, sql in self.old.triggers.items():
            missing = folded(name) not in names and not self._is_deliberate(name)
            if missing and not self.gone() & set(words_of(sql)):
                yield self._find(f"trigger.{folded(name)}", f"trigger {name} would be gone")

    def gone(self) -> set[str]:
        """Columns, folded, that are not there afterwards under any name."""
        return {folded(column.name) for column in self.old.columns if not self._now(column.name)}

    def _is_deliberate(self, name: str) -> bool:
        """Dropped by name, and not because its table is made anew."""
        table = folded(self.old.name)
        replaced = table in self.script.replaced and table not in self.moved
        return folded(name) in self.script.dropped and not replaced

    def _body(self, sql: str, name: str) -> tuple[str, ...]:
        """An index without its name, with the columns as they are called afterwards."""
        return tuple(word for word in self._translated(words_of(sql)) if word != folded(name))


def _is_as_strong(key: frozenset[tuple[str, str]], wanted: Mapping[str, str]) -> bool:
    """Whether no two rows that differ in ``wanted`` only by its collation could share ``key``."""
    return all(
        column in wanted and collation in (wanted[column], "nocase" if wanted[column] == "binary" else "")
        for column, collation in key
    )


def _same_target(now: Reference, was: Reference) -> bool:
    same_columns = (
        not now.parent_columns or not was.parent_columns or now.parent_columns == was.parent_columns
    )
    return now.columns == was.columns and now.parent == was.parent and same_columns


def _name_of(check: Check, columns: tuple[str, ...]) -> str:
    return check.name or "-".join(columns) or "rule"


def _numbered(found: list[Finding]) -> list[Finding]:
    """A second finding of one name gets a number."""
    seen: dict[str, int] = {}
    numbered = []
    for one in found:
        seen[one.name] = number = seen.get(one.name, 0) + 1
        numbered.append(one if number == 1 else Finding(f"{one.name}.{number}", one.sentence))
    return numbered
