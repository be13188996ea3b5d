"""Reads which columns a statement assigns, and by which expression, from its words.

Rule: words in, data out (`definition.words_of`). A column is known by its name; if the statement names none,
by its position among the columns that the caller gives.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

Words = Sequence[str]
_ENDS = frozenset({"from", "where", "union", "except", "intersect", "order", "limit", "on", "returning"})
_LITERALS = frozenset({"null", "true", "false", "current_timestamp", "current_date", "current_time"})


@dataclass(frozen=True, slots=True)
class Assigned:
    """``column`` gets the value of ``item``; ``to_all``: in every row that the statement writes."""

    column: str
    item: tuple[str, ...]
    to_all: bool = True

    @property
    def source(self) -> str:
        """The column whose value is copied unchanged; empty for any other expression."""
        words = self.item[:-2] if self.item[-2:-1] == ("as",) else self.item
        plain = len(words) == 1 or (len(words) == 3 and words[1] == ".")
        return words[-1] if plain and _is_name(words[-1]) else ""

    @property
    def is_constant(self) -> bool:
        """Whether the value is the same for every row, because the expression reads no column."""
        words = self.item[:-2] if self.item[-2:-1] == ("as",) else self.item
        followed = (*words[1:], "")
        return bool(words) and not any(
            _is_name(word) and after != "(" for word, after in zip(words, followed, strict=True)
        )


def target_of(words: Words) -> str:
    """The table that INSERT, REPLACE or UPDATE writes; empty for other statements."""
    found = _verb(words)
    if found is None:
        return ""
    verb, place = found
    if verb == "update":
        place += 2 if words[place + 1 : place + 2] == ("or",) else 0
        return words[place + 1] if place + 1 < len(words) else ""
    into = _next(words, place, "into")
    return words[into + 1] if into and into + 1 < len(words) else ""


def assigned(words: Words, columns: Sequence[str] = ()) -> list[Assigned] | None:
    """The assignments of a statement; None if it does not say which columns it assigns.

    ``columns`` are those of the target table in order, if they are known.
    """
    words = tuple(words)
    found = _verb(words)
    if found is None:
        return []
    verb, place = found
    if verb == "update":
        return list(_set(words, place))
    into = _next(words, place, "into")
    after = into + 2
    if words[after : after + 1] == ("as",):
        after += 2
    if words[after : after + 1] == ("(",):
        end = _closing(words, after)
        columns, after = [item[0] for item in items(words[after + 1 : end]) if item], end + 1
    if words[after : after + 2] == ("default", "values"):
        return []
    if not columns:
        return None
    if words[after : after + 1] == ("values",):
        row = items(words[after + 2 : _closing(words, after + 1)])
        given = [
            Assigned(column, tuple(item), to_all=False) for column, item in zip(columns, row, strict=False)
        ]
    else:
        given = [
            replace(one, column=name) for name, one in zip(columns, selected(words, after), strict=False)
        ]
    conflict = _next(words, after, "conflict")
    return given + (list(_set(words, conflict)) if conflict else [])


def source_of(words: Words) -> str:
    """The one table whose rows an INSERT ... SELECT copies; empty if they come from elsewhere."""
    words = tuple(words)
    found = _verb(words)
    if found is None or found[0] == "update":
        return ""
    select = _next(words, found[1], "select")
    start = _next(words, select, "from") if select else 0
    rest = words[start + 2 :]
    if not start or words[start + 1] == "(" or {"join", "union", "intersect", "except"} & set(words):
        return ""
    alias = 2 if rest[:1] == ("as",) else 1 if rest and rest[0] not in _ENDS else 0
    return words[start + 1] if rest[alias : alias + 1] != (",",) else ""


def selected(words: Words, place: int) -> list[Assigned]:
    """The columns of the SELECT after index ``place``, each by its alias or its last word."""
    start = _next(words, place, "select") + 1
    start += words[start : start + 1] in (("distinct",), ("all",))
    return [Assigned(item[-1], tuple(item)) for item in items(words[start:]) if item]


def items(words: Words) -> list[list[str]]:
    """The items of a list, up to the parenthesis or clause that ends it."""
    found: list[list[str]] = [[]]
    depth = 0
    for word in words:
        depth += (word == "(") - (word == ")")
        if depth < 0 or (depth == 0 and word in _ENDS):
            break
        if depth == 0 and word == ",":
            found.append([])
        else:
            found[-1].append(word)
    return found


def _set(words: tuple[str, ...], place: int) -> Iterator[Assigned]:
    """The assignments of SET; ``to_all`` only if there is neither WHERE nor FROM."""
    start = _next(words, place, "set")
    if not start:
        return
    to_all = not any(_next(words, start, clause) for clause in ("where", "from"))
    for item in items(words[start + 1 :]):
        if "=" in item:
            at = item.index("=")
            named = [word for word in item[:at] if word not in ("(", ")", ",")]
            yield from (Assigned(column, tuple(item[at + 1 :]), to_all) for column in named)


def _verb(words: Words) -> tuple[str, int] | None:
    """(INSERT, REPLACE or UPDATE; its index), after any WITH; None for other statements."""
    depth = 0
    for place, word in enumerate(words):
        depth += (word == "(") - (word == ")")
        if depth == 0 and word in ("insert", "replace", "update") and words[0] in (word, "with"):
            return word, place
    return None


def _next(words: Words, start: int, wanted: str) -> int:
    """The index of a word outside parentheses after ``start``; 0 if there is none."""
    depth = 0
    for place in range(start, len(words)):
        depth += (words[place] == "(") - (words[place] == ")")
        if depth == 0 and words[place] == wanted:
            return place
    return 0


def _closing(words: Words, opening: int) -> int:
    depth = 0
    for place in range(opening, len(words)):
        depth += (words[place] == "(") - (words[place] == ")")
        if depth == 0:
            return place
    return len(words)


def _is_name(word: str) -> bool:
    first = word[:1]
    return (first == "_" or first.isalpha() or not first.isascii()) and word not in _LITERALS
