"""CHECK expressions compared: whether rules that are there imply one that was.

Rule: only what is certain counts. An expression is the AND of its parts; a part is implied by the same part
(``a >= 0``), or by a shorter list of the same values (``state IN ('a', 'b')`` by ``state IN ('a')``).
"""

from collections.abc import Iterable

Words = tuple[str, ...]


def parts_of(words: Words) -> list[Words]:
    """The parts that AND joins, outside parentheses; that of BETWEEN joins none."""
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
    """Whether one of the parts that are there says at least what is wanted."""
    return any(part == wanted or _is_shorter_list(part, wanted) for part in present)


def _is_shorter_list(part: Words, wanted: Words) -> bool:
    one, other = _list(part), _list(wanted)
    return one is not None and other is not None and one[0] == other[0] and one[1] <= other[1]


def _list(words: Words) -> tuple[Words, frozenset[str]] | None:
    """(``state in``, its values) of a list of literals."""
    if "in" not in words or words[-1:] != (")",):
        return None
    place = words.index("in")
    values = words[place + 2 : -1]
    if words[place + 1 : place + 2] != ("(",) or any(v != "," for v in values[1::2]) or "(" in values:
        return None
    return words[: place + 1], frozenset(values[::2])


def _bare(words: Words) -> Words:
    """Without parentheses around the whole."""
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
