"""Reads a script by its words alone: tables it rebuilds, columns it renames, what it drops."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from changeover.database.change.assigned import Assigned, assigned, selected, target_of
from changeover.database.schema import definition
from changeover.database.schema.definition import words_of
from changeover.plan.model import SqlStatement

CHANGES_SCHEMA = ("create", "drop", "alter")
Words = Sequence[str]


@dataclass(frozen=True, slots=True)
class ScriptWords:
    """All names are in lower case.

    ``rebuilt`` maps a copy to the table whose place it takes. ``replaced`` are tables whose name is dropped
    or renamed away, ``dropped`` the indexes, triggers and views dropped by name. ``renamed`` maps, for each
    table, old columns to new ones, and ``moved`` old tables to new ones. ``converted`` are, for each table,
    the columns that the script computes, and does not only copy.
    """

    rebuilt: Mapping[str, str] = field(default_factory=dict)
    replaced: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()
    renamed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    moved: Mapping[str, str] = field(default_factory=dict)
    converted: Mapping[str, frozenset[str]] = field(default_factory=dict)


def read(statements: Iterable[SqlStatement]) -> ScriptWords:
    """What the statements say."""
    rebuilt: dict[str, str] = {}
    created: set[str] = set()
    replaced: set[str] = set()
    dropped: set[str] = set()
    copied: dict[str, dict[str, str]] = {}
    moved: dict[str, str] = {}
    converted: dict[str, set[str]] = {}
    statements = tuple(statements)
    for statement, (target, values) in zip(statements, given(statements), strict=True):
        words = words_in_main(statement.text)
        _note(values or (), copied.setdefault(target, {}), converted.setdefault(target, set()))
        match words[:2]:
            case ("create", "table"):
                name = named(words, "table")
                created.add(name)
                if name in replaced:
                    rebuilt[name] = name
            case ("drop", "table"):
                replaced.add(named(words, "table"))
            case ("drop", "index" | "trigger" | "view"):
                dropped.add(named(words, words[1]))
            case ("alter", "table") if words[3:5] == ("rename", "to"):
                old, new = words[2], words[5]
                if old in created and new in replaced:
                    rebuilt[old] = new
                    copied[new] = {**copied.pop(old, {}), **copied.get(new, {})}
                    converted[new] = converted.pop(old, set()) | converted.get(new, set())
                elif old not in created:
                    replaced.add(old)
                    moved[old] = new
            case ("alter", "table") if words[3:4] == ("rename",):
                old, new = (words[5], words[7]) if words[4] == "column" else (words[4], words[6])
                copied.setdefault(words[2], {})[old] = new
    computed = {table: frozenset(names) for table, names in converted.items()}
    return ScriptWords(rebuilt, frozenset(replaced), frozenset(dropped), copied, moved, computed)


def given(statements: Iterable[SqlStatement]) -> Iterator[tuple[str, list[Assigned] | None]]:
    """For each statement: the table whose rows it writes, and its assignments.

    The assignments are None if the columns are not named; the table is empty if the statement assigns
    nothing.
    """
    columns: dict[str, list[str]] = {}
    for statement in statements:
        words = words_in_main(statement.text)
        if name := created(words):
            columns[name], values = _made(words, name, statement.text)
            yield name, values
        else:
            target = target_of(words)
            yield target, assigned(words, columns.get(target, ()))


def _made(words: Words, name: str, text: str) -> tuple[list[str], list[Assigned]]:
    """The columns of a table that is made, in order, and what CREATE TABLE ... AS assigns to them."""
    after = list(words).index(name) + 1
    if list(words[after : after + 1]) == ["("]:
        return [column.name for column in definition.parse(text).columns], []
    given = selected(words, after)
    return [one.column for one in given], given


def _note(given: Iterable[Assigned], copied: dict[str, str], converted: set[str]) -> None:
    for one in given:
        if one.source:
            copied[one.source] = one.column
        else:
            converted.add(one.column)


def words_in_main(sql: str) -> tuple[str, ...]:
    """The words of a statement without ``main.``, which does not change the meaning."""
    words = words_of(sql)
    return tuple(
        word
        for word, before, after in zip(words, ("", *words), (*words[1:], ""), strict=False)
        if (word, after) != ("main", ".") and (before, word) != ("main", ".")
    )


def changes_schema(statement: SqlStatement) -> bool:
    """Whether a statement is CREATE, DROP or ALTER."""
    return words_of(statement.text)[:1] in [(word,) for word in CHANGES_SCHEMA]


def created(words: Words) -> str:
    """The table that a statement creates; empty for other statements."""
    return named(words, "table") if words[:2] == ("create", "table") else ""


def named(words: Words, kind: str) -> str:
    """The name after ``CREATE kind`` or ``DROP kind``; empty if there is none."""
    place = list(words).index(kind) + 1
    if list(words[place : place + 3]) == ["if", "not", "exists"]:
        place += 3
    elif list(words[place : place + 2]) == ["if", "exists"]:
        place += 2
    return words[place] if place < len(words) else ""
