"""Compares CHECK expressions: do the rules of a new table imply a rule of the old one?

Rule: only certain cases count. An expression is the AND of its parts. A part is implied by the same part (``a
>= 0``), or by a shorter list of the same values (``state IN ('a')`` implies ``state IN ('a', 'b')``).
"""

from collections.abc import Iterable

Words = tuple[str, ...]


def parts_of(words: Words) -> list[Words]:
    """The parts of an expression that AND joins outside parentheses; the AND of BETWEEN joins none."""
    found: list[list[str]] = [[]]
    depth, between, alternatives = 0, 0, False
    for word in words:
        depth += (word == "(") - (word == ")")
        if depth == 0 and word == "between":
            between += 1
        alternatives |= depth == 0 and word in ("or", "case")
        if depth == 0 and word == "and" and not between:
            found.append([])
            continue
        if depth == 0 and word == "and":
            between -= 1
        found[-1].append(word)
    return [_bare(words)] if alternatives else [_bare(tuple(part)) for part in found]


def is_implied(wanted: Words, present: Iterable[Words]) -> bool:
    """Whether one of the ``present`` parts implies the ``wanted`` one."""
    return any(part == wanted or _is_shorter_list(part, wanted) for part in present)


def _is_shorter_list(part: Words, wanted: Words) -> bool:
    one, other = _list(part), _list(wanted)
    return one is not None and other is not None and one[0] == other[0] and one[1] <= other[1]


def _list(words: Words) -> tuple[Words, frozenset[str]] | None:
    """(``state in``, its values) if the part is an IN with literals, else None."""
    if "in" not in words or words[-1:] != (")",):
        return None
    place = words.index("in")
    values = words[place + 2 : -1]
    if words[place + 1 : place + 2] != ("(",) or any(v != "," for v in values[1::2]) or "(" in values:
        return None
    return words[: place + 1], frozenset(values[::2])


def _bare(words: Words) -> Words:
    """The words without parentheses around all of them."""
    while words[:1] == ("(",) and _closes_at(words) == len(words) - 1:
        words = words[1:-1]
    return words


def _closes_at(words: Words) -> int:
    depth = 0
    for place, word in enumerate(words):
        depth += (word == "(") - (word == ")")
        if depth == 0:
            return place
    return -1
