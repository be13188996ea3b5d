"""Every regular expression of the code, how it is used, and what would make it slow."""

import ast
import importlib
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

SOURCES = [Path(__file__).parents[2] / name for name in ("src", "packages/changeover/src")]
USES = frozenset({"search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer"})
USE = re.compile(rf"\b([A-Za-z_]\w*)\.({'|'.join(sorted(USES))})\b")
SEARCHING = frozenset({"search", "sub", "subn", "split", "findall", "finditer"})


@dataclass(frozen=True)
class Used:
    """A pattern, the name of the place it stands at, and the ways in which it is applied."""

    pattern: "re.Pattern[Any]"
    place: str
    ways: frozenset[str]


def _module_path(path: Path) -> Path:
    return path.relative_to(next(source for source in SOURCES if path.is_relative_to(source)))


def modules() -> list[Path]:
    """The modules that use ``re``, found by their text: collecting must not parse the whole of the code."""
    paths = sorted(path for source in SOURCES for path in source.rglob("*.py"))
    return [path for path in paths if re.search(r"^import re$", path.read_text(), re.MULTILINE)]


def place_of(path: Path) -> str:
    return str(_module_path(path))


def used_patterns(path: Path) -> list[Used]:
    """A module's patterns with a constant text: those that it keeps and those written where they are used."""
    text = path.read_text()
    return [*_kept(path, ways_by_name() | _ways(text)), *_inline(path, ast.parse(text))]


@cache
def ways_by_name() -> dict[str, set[str]]:
    """How names are applied anywhere in the code: a pattern that a module keeps may be used by another."""
    found: dict[str, set[str]] = defaultdict(set)
    for source in SOURCES:
        for path in source.rglob("*.py"):
            for name, ways in _ways(path.read_text()).items():
                found[name] |= ways
    return found


def _ways(text: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for name, way in USE.findall(text):
        found[name].add(way)
    return found


def _kept(path: Path, ways: dict[str, set[str]]) -> Iterator[Used]:
    name = ".".join(_module_path(path).with_suffix("").parts).removesuffix(".__init__")
    if "re.compile" not in path.read_text():
        return
    for variable, value in vars(importlib.import_module(name)).items():
        if isinstance(value, re.Pattern):
            yield Used(value, f"{name}.{variable}", _reduced(ways.get(variable) or set(USES)))


def _inline(path: Path, tree: ast.AST) -> Iterator[Used]:
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and _is_of_re(node.func) and node.args):
            continue
        text = node.args[0]
        if isinstance(text, ast.Constant) and node.func.attr in USES:  # type: ignore[attr-defined]
            flags = eval(ast.unparse(_flags(node)), {"re": re})
            place = f"{_module_path(path)}:{node.lineno}"
            yield Used(re.compile(text.value, flags), place, _reduced({node.func.attr}))  # type: ignore[attr-defined]


def _flags(node: ast.Call) -> ast.expr:
    named = [keyword.value for keyword in node.keywords if keyword.arg == "flags"]
    position = {"search": 2, "match": 2, "fullmatch": 2, "findall": 2, "finditer": 2}.get(node.func.attr, 99)  # type: ignore[attr-defined]
    return (named + node.args[position:] + [ast.Constant(0)])[0]


def _is_of_re(function: ast.expr) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id == "re"
    )


def _reduced(ways: set[str]) -> frozenset[str]:
    """Searching stands for everything that tries each place of a text; ``finditer`` goes through it all."""
    return frozenset({"finditer" if way in SEARCHING else way for way in ways})


def pumps(pattern: "re.Pattern[Any]") -> Iterator[tuple[str, str, str]]:
    """Hostile texts as (before, again and again, after), made of what the pattern itself speaks of."""
    parsed = parser.parse(
        _text(pattern), pattern.flags & ~re.UNICODE if _is_bytes(pattern) else pattern.flags
    )
    words = list(dict.fromkeys(word for word in _words(parsed) if word))
    letters = sorted({letter for word in words for letter in word} | set(_letters(parsed)) | set(" a0\n"))
    pairs = [first + second for first in words[:8] for second in words[:8]]
    spaced = [word + " " for word in (*words[:20], *pairs)]
    repeated = list(dict.fromkeys([*letters[:40], *words[:40], *pairs, *spaced]))
    joined = "".join(words)
    for before in dict.fromkeys(["", *words[:6], *(word + '"' for word in words[:2])]):
        for again in [*repeated, joined or "a"]:
            yield before, again, "\0"
    for first in letters[:14]:
        for second in letters[:14]:
            if first != second:
                yield "", first + second, "\0"


def _words(parsed: Any) -> Iterator[str]:
    """The runs of literal letters in a pattern, its alternatives and groups among them."""
    run = ""
    for code, value in parsed:
        if code is codes.LITERAL:
            run += chr(value)
            continue
        yield run
        run = ""
        for inner in _inside(value):
            yield from _words(inner)
    yield run


def _letters(parsed: Any) -> Iterator[str]:
    for code, value in parsed:
        if code is codes.IN:
            yield from _of_class(value)
        for inner in _inside(value):
            yield from _letters(inner)


def _of_class(items: Any) -> Iterator[str]:
    samples = {codes.CATEGORY_DIGIT: "0", codes.CATEGORY_SPACE: " ", codes.CATEGORY_WORD: "a"}
    for code, value in items:
        if code is codes.LITERAL:
            yield chr(value)
        elif code is codes.RANGE:
            yield chr(value[0])
        elif code is codes.CATEGORY:
            yield samples.get(value, "-")


def _inside(value: Any) -> Iterator[Any]:
    if isinstance(value, parser.SubPattern):
        yield value
    elif isinstance(value, tuple | list):
        for one in value:
            yield from _inside(one)


def _text(pattern: "re.Pattern[Any]") -> Any:
    return pattern.pattern


def _is_bytes(pattern: "re.Pattern[Any]") -> bool:
    return isinstance(pattern.pattern, bytes)
