"""Compares indexes, triggers, views and virtual tables before and after: which are gone, which differ.

Rule: a body is compared by its words, under the names that columns and tables have afterwards. It counts as
the same if it differs only by new columns in its lists, or by columns that are gone from them. Everything
else that differs must be named in the plan.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import pairwise

from changeover.database.change.script import ScriptWords, words_in_main
from changeover.database.findings import Finding
from changeover.database.schema.catalogue import Schema
from changeover.sql.identifiers import identifier_key

Words = tuple[str, ...]
_BOUNDS = frozenset(
    {"select", "distinct", "from", "where", "set", "values", "into", "begin", "of", "on", "when"}
    | {"group", "order", "by", "having", "returning", "do", "update", "union", "all", ";"}
)
_Tree = Sequence["str | _Tree"]


Columns = Mapping[str, Set[str]]
"""Table -> its columns, all in lower case."""


@dataclass(frozen=True, slots=True)
class Renaming:
    """Old name -> new name (lower case) of what was renamed, and the columns that are gone or new.

    ``reordered`` are tables whose columns are in another order.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    gone: Columns = field(default_factory=dict)
    fresh: Columns = field(default_factory=dict)
    reordered: Set[str] = frozenset()

    def same(self, old: str, new: str) -> bool:
        """Whether two definitions mean the same, names taken into account."""
        if old == new:
            return True
        was = tuple(self.names.get(word, word) for word in _plain(old))
        is_ = _plain(new)
        if was == is_:
            return True
        gone = _of_tables(self.gone, old)
        rest = _without(was, gone)
        return rest == _without(is_, _of_tables(self.fresh, new)) or bool(gone & set(rest))

    def speaks_of_gone(self, sql: str) -> bool:
        """Whether a definition names a column or table that is gone, so that it cannot be kept."""
        return bool(_of_tables(self.gone, sql) & set(words_in_main(sql)))


def _of_tables(columns: Columns, sql: str) -> Set[str]:
    """Those of the tables that a definition names."""
    words = set(words_in_main(sql))
    return {column for table in columns.keys() & words for column in columns[table]}


def views(before: Schema, after: Schema, script: ScriptWords, renaming: Renaming) -> Iterator[Finding]:
    """Findings for views, and for triggers on views, that are gone or differ."""
    deliberate = script.dropped if not script.replaced else frozenset[str]()
    for name, sql in before.views.items():
        if name not in after.views:
            if not (name in after.tables or name in deliberate or renaming.speaks_of_gone(sql)):
                yield Finding(f"{name}.view", f"view {name} would be gone")
            continue
        if not renaming.same(sql, after.views[name]):
            yield Finding(f"{name}.view", f"view {name} would show something else")
        elif renaming.reordered and _shows_all_of(renaming.reordered, after.views[name]):
            yield Finding(f"{name}.view", f"view {name} would show its columns in another order")
        pair = (before.view_triggers.get(name, {}), after.view_triggers.get(name, {}))
        yield from triggers(name, pair, renaming, deliberate)


def triggers(
    table: str, pair: tuple[Mapping[str, str], Mapping[str, str]], renaming: Renaming, deliberate: Set[str]
) -> Iterator[Finding]:
    """Findings for triggers of a table or view that are gone or differ."""
    now = {identifier_key(name): sql for name, sql in pair[1].items()}
    for name, sql in pair[0].items():
        named = f"{identifier_key(table)}.trigger.{identifier_key(name)}"
        if identifier_key(name) in now:
            if not renaming.same(sql, now[identifier_key(name)]):
                yield Finding(named, f"{table}: trigger {name} would do something else")
        elif identifier_key(name) not in deliberate and not renaming.speaks_of_gone(sql):
            yield Finding(named, f"{table}: trigger {name} would be gone")


def virtual(before: Schema, after: Schema, renaming: Renaming) -> Iterator[Finding]:
    """Findings for virtual tables that were made by other words: another tokenizer, another content."""
    for name, old in before.tables.items():
        new = after.table(name)
        if new is not None and old.kind == new.kind == "virtual":
            fresh = {identifier_key(c.name) for c in new.columns} - {
                identifier_key(c.name) for c in old.columns
            }
            gone = {identifier_key(c.name) for c in old.columns} - {
                identifier_key(c.name) for c in new.columns
            }
            if not Renaming(renaming.names, {name: gone}, {name: fresh}).same(old.sql, new.sql):
                yield Finding(f"{name}.definition", f"{old.name}: the virtual table would be another one")


def _shows_all_of(tables: Set[str], sql: str) -> bool:
    """Whether a view selects ``*`` and names one of the tables."""
    words = words_in_main(sql)
    stars = (before for before, word in pairwise(words) if word == "*")
    return bool(tables & set(words)) and any(one in ("select", "distinct", "all", ",", ".") for one in stars)


def _plain(sql: str) -> Words:
    """Words without those that change nothing: FOR EACH ROW, ASC."""
    words = words_in_main(sql)
    each = {
        place + step
        for place in range(len(words))
        for step in range(3)
        if words[place : place + 3] == ("for", "each", "row")
    }
    return tuple(word for place, word in enumerate(words) if place not in each and word != "asc")


def _without(words: Words, columns: Set[str]) -> Words:
    """The words without the items of lists that name one of the columns."""
    return tuple(_flat(_pruned(_tree(list(words)), columns))) if columns else words


def _tree(words: list[str]) -> list["str | _Tree"]:
    """Words as a tree: a list for each pair of parentheses; the words are consumed."""
    found: list[str | _Tree] = []
    while words:
        word = words.pop(0)
        if word == ")":
            break
        found.append(_tree(words) if word == "(" else word)
    return found


def _pruned(tree: _Tree, columns: Set[str]) -> _Tree:
    """Lists without the items that name one of the columns, innermost first; a list never becomes empty."""
    inner = [one if isinstance(one, str) else _pruned(one, columns) for one in tree]
    found: list[str | _Tree] = []
    items: list[list[str | _Tree]] = [[]]
    for one in [*inner, ";"]:
        if isinstance(one, str) and one in _BOUNDS:
            found += _joined(items, columns)
            found.append(one)
            items = [[]]
        elif one == ",":
            items.append([])
        else:
            items[-1].append(one)
    return found[:-1]


def _joined(items: list[list["str | _Tree"]], columns: Set[str]) -> Iterator["str | _Tree"]:
    """The items of one list with commas between them; a key of ``json_object`` goes with its value."""
    speaks = [not columns.isdisjoint(_flat(item)) for item in items]
    for place in range(len(items) - 1):
        item = items[place]
        key = item[0] if len(item) == 1 and isinstance(item[0], str) else ""
        speaks[place] |= speaks[place + 1] and key[:1] == "'" and identifier_key(key.strip("'")) in columns
    rest = [item for item, drop in zip(items, speaks, strict=True) if not drop] or items
    for place, item in enumerate(rest):
        yield from ([","] if place else [])
        yield from item


def _flat(tree: _Tree) -> Iterator[str]:
    for one in tree:
        if isinstance(one, str):
            yield one
        else:
            yield "("
            yield from _flat(one)
            yield ")"
