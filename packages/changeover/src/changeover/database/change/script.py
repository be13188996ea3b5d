"""What a script says by its words alone: tables it makes anew, columns it renames, what it drops."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from changeover.database.schema.definition import words_of
from changeover.plan.model import SqlStatement

CHANGES_SCHEMA = ("create", "drop", "alter")
EMPTY = ("''", "0", "null")
Words = Sequence[str]


@dataclass(frozen=True, slots=True)
class Script:
    """All names are folded.

    ``rebuilt`` is the table by the name of the copy that takes its place, ``replaced`` are tables whose name
    is dropped or renamed away; ``dropped`` are indexes, triggers and views dropped by name; ``renamed`` gives
    for a table the new name of a column by its old one; ``moved`` the new name of a table by its old one.
    """

    rebuilt: Mapping[str, str] = field(default_factory=dict)
    replaced: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()
    renamed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    moved: Mapping[str, str] = field(default_factory=dict)


def read(statements: Iterable[SqlStatement]) -> Script:
    """What the statements say."""
    rebuilt: dict[str, str] = {}
    created: set[str] = set()
    replaced: set[str] = set()
    dropped: set[str] = set()
    copied: dict[str, dict[str, str]] = {}
    moved: dict[str, str] = {}
    for statement in statements:
        words = words_in_main(statement.text)
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
                elif old not in created:
                    replaced.add(old)
                    moved[old] = new
            case ("alter", "table") if words[3:4] == ("rename",):
                old, new = (words[5], words[7]) if words[4] == "column" else (words[4], words[6])
                copied.setdefault(words[2], {})[old] = new
            case ("insert", _) | ("replace", _):
                target, pairs = _copied(words)
                copied.setdefault(target, {}).update(pairs)
    return Script(rebuilt, frozenset(replaced), frozenset(dropped), copied, moved)


def words_in_main(sql: str) -> tuple[str, ...]:
    """The words of a statement without ``main.``, which names nothing else."""
    words = words_of(sql)
    kept = (
        word
        for word, before, after in zip(words, ("", *words), (*words[1:], ""), strict=False)
        if (word, after) != ("main", ".") and (before, word) != ("main", ".")
    )
    return tuple(kept)


def changes_schema(statement: SqlStatement) -> bool:
    """Whether it is CREATE, DROP or ALTER."""
    return words_of(statement.text)[:1] in [(word,) for word in CHANGES_SCHEMA]


def named(words: Words, kind: str) -> str:
    """The name after ``CREATE kind`` or ``DROP kind``; empty where there is none."""
    place = list(words).index(kind) + 1
    if list(words[place : place + 3]) == ["if", "not", "exists"]:
        place += 3
    elif list(words[place : place + 2]) == ["if", "exists"]:
        place += 2
    return words[place] if place < len(words) else ""


def left_empty(words: Words) -> frozenset[str]:
    """The columns that ``INSERT INTO table (new, ...) SELECT ...`` gives '', 0 or NULL for every row."""
    _, pairs = _selected(words)
    return frozenset(column for column, item in pairs if _is_empty(item))


def _copied(words: Words) -> tuple[str, dict[str, str]]:
    """(table, new column by old) of ``INSERT INTO table (new, ...) SELECT old, ... FROM``."""
    target, pairs = _selected(words)
    plain = (
        (column, item) for column, item in pairs if len(item) == 1 or (len(item) == 3 and item[1] == ".")
    )
    return target, {item[-1]: column for column, item in plain}


def _selected(words: Words) -> tuple[str, list[tuple[str, list[str]]]]:
    """(table, each column with what is selected for it); no columns where they are not named."""
    if "into" not in words:
        return "", []
    place = list(words).index("into") + 1
    target = words[place] if place < len(words) else ""
    if list(words[place + 1 : place + 2]) != ["("] or "select" not in words:
        return target, []
    select = list(words).index("select")
    columns = [item[0] for item in _items(words[place + 2 : select - 1]) if item]
    return target, list(zip(columns, _items(words[select + 1 :]), strict=False))


def _is_empty(item: list[str]) -> bool:
    """Whether it is one of the values that say nothing, with or without ``AS name``."""
    alone = len(item) == 1 or (len(item) == 3 and item[1] == "as")
    return alone and item[0] in EMPTY


def _items(words: Words) -> list[list[str]]:
    """A list's items, up to a FROM."""
    found: list[list[str]] = [[]]
    depth = 0
    for word in words:
        depth += (word == "(") - (word == ")")
        if depth < 0 or (depth == 0 and word == "from"):
            break
        if depth == 0 and word == ",":
            found.append([])
        else:
            found[-1].append(word)
    return found
