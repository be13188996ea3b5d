"""Expected output: read from a plan, held against what was found, and the difference in words for people.

Rule: rows are compared as the sqlite3 shell prints them: one row a line, columns joined by ``|``, NULL empty.
"""

import difflib
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing

from changeover.plan.actions import Expect, Match, Operator
from changeover.plan.assertions import compares, failures, read_assertions
from changeover.plan.attributes import regular_expression
from changeover.problems import Position

_NUMBER = re.compile(r"(?P<operator>==|!=|<=|>=|<|>)?\s*(?P<number>-?\d+(?:\.\d+)?)$")
_SHOWN_LINES = 20


def read_short(text: str, position: Position) -> Expect:
    """``expect=`` of a block: ``empty``, ``some``, or a number with or without operator (``">= 3"``)."""
    if text in ("empty", "some"):
        return Expect(Match(text), position)
    match = _NUMBER.match(text.strip())
    if match is None:
        raise ValueError(
            f'expect={text!r} is not empty, some or a number such as ">= 3"; write an expect block'
        )
    operator = Operator(match["operator"] or "==")
    return Expect(Match.NUMBER, position, text, operator=operator, number=float(match["number"]))


def read_expect(text: str, match: str, position: Position) -> Expect:
    """An expect block; ``match`` is exact, unordered, regex, json, number, empty or some."""
    if match not in set(Match):
        raise ValueError(f"match={match!r} is unknown; choose one of {', '.join(Match)}")
    kind = Match(match)
    text = text.rstrip("\n")
    if kind is Match.JSON:
        return Expect(kind, position, text, assertions=read_assertions(text))
    if kind in (Match.NUMBER, Match.EMPTY, Match.SOME):
        return read_short(text.strip() if kind is Match.NUMBER else kind.value, position)
    return Expect(kind, position, regular_expression(text) if kind is Match.REGEX else text)


def as_output(rows: Iterable[Sequence[object]]) -> str:
    """Rows of a query as the sqlite3 shell prints them: ``0.3``, ``1.0e+15``, NULL empty, bytes as text."""
    with closing(sqlite3.connect(":memory:")) as sqlite:
        return "\n".join("|".join(_cell(value, sqlite) for value in row) for row in rows)


def _cell(value: object, sqlite: sqlite3.Connection) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        # SQLite's own digits: in the fifteenth it differs now and then from C's and Python's.
        return str(sqlite.execute("SELECT CAST(? AS TEXT)", (value,)).fetchone()[0])
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text.partition("\0")[0]


def difference(
    expect: Expect, found: str, expand: Callable[[str], str] = str, *, hide: Callable[[str], str] = str
) -> str:
    """Nothing where ``found`` is as expected, else expected against found for a person to read.

    Only newlines at the end do not count; a line that differs by a space is marked. ``expand`` gives
    ``${NAME}`` in the expected text its value; ``hide`` takes secrets out before anything is cut or marked.
    """
    found = found.replace("\r\n", "\n").rstrip("\n")
    wanted = expand(expect.text).rstrip("\n")
    match expect.match:
        case Match.EMPTY:
            return _unless(not found, "nothing", hide(found))
        case Match.SOME:
            return _unless(bool(found), "at least one row or line", hide(found))
        case Match.NUMBER:
            return _number(expect, found, hide)
        case Match.JSON:
            return _json(expect, found, expand, hide)
        case Match.REGEX:
            holds = re.fullmatch(wanted, found) is not None
            return _unless(holds, f"all of it to match {hide(wanted)}", hide(found))
        case Match.UNORDERED:
            same = Counter(wanted.split("\n")) == Counter(found.split("\n"))
            return "" if same else _unordered(hide(wanted).split("\n"), hide(found).split("\n"))
        case Match.EXACT:
            return "" if wanted == found else _lines(hide(wanted).split("\n"), hide(found).split("\n"))


def _unless(holds: bool, wanted: str, found: str) -> str:
    return "" if holds else f"expected {wanted}, found {_shown(found)}"


def _shown(found: str) -> str:
    lines = found.split("\n")
    if not found:
        return "nothing"
    if len(lines) == 1:
        return repr(found[:500])
    more = f"\n  ... and {len(lines) - _SHOWN_LINES} more" if len(lines) > _SHOWN_LINES else ""
    return f"{len(lines)} lines:\n" + "\n".join(f"  {line}" for line in lines[:_SHOWN_LINES]) + more


def _number(expect: Expect, found: str, hide: Callable[[str], str]) -> str:
    assert expect.operator is not None
    assert expect.number is not None
    try:
        number = float(found.strip())
    except ValueError:
        return f"expected a number {expect.operator} {expect.number:g}, found {_shown(hide(found))}"
    holds = compares(number, expect.operator, expect.number)
    return _unless(holds, f"a number {expect.operator} {expect.number:g}", hide(found.strip()))


def _json(expect: Expect, found: str, expand: Callable[[str], str], hide: Callable[[str], str]) -> str:
    try:
        document = json.loads(found)
    except json.JSONDecodeError as error:
        return f"expected JSON ({error.msg} at line {error.lineno}), found {_shown(hide(found))}"
    return "\n".join(failures(document, expect.assertions, expand))


def _unordered(wanted: list[str], found: list[str]) -> str:
    missing = list((Counter(wanted) - Counter(found)).elements())
    extra = list((Counter(found) - Counter(wanted)).elements())
    return "\n".join(
        ["expected (-) against found (+), in any order:", *_marked("-", missing), *_marked("+", extra)]
    )


def _lines(wanted: list[str], found: list[str]) -> str:
    lines = [line for line in difflib.ndiff(wanted, found) if not line.startswith("?")]
    shown = [f"{line[0]} {_visible(line[2:], wanted, found)}" for line in lines[: 2 * _SHOWN_LINES]]
    more = [f"... and {len(lines) - len(shown)} more lines"] if len(lines) > len(shown) else []
    return "\n".join(["expected (-) against found (+):", *shown, *more])


def _marked(sign: str, lines: list[str]) -> list[str]:
    more = [f"{sign} ... and {len(lines) - _SHOWN_LINES} more"] if len(lines) > _SHOWN_LINES else []
    return [f"{sign} {line}" for line in lines[:_SHOWN_LINES]] + more


def _visible(line: str, wanted: list[str], found: list[str]) -> str:
    """Spaces as dots in a line that differs from one on the other side by spaces only."""
    other = wanted if line in found else found
    if line not in other and any("".join(line.split()) == "".join(o.split()) for o in other):
        return line.replace(" ", "\u00b7").replace("\t", "\u2192")
    return line
