"""Blocks of the plan to be: made of commands, then written. Also what was inferred on the way.

Rule: an attribute is written only if the runbook or the SQL says so; what nobody says is left to a person.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from changeover.plan.problem_collector import Files, ProblemCollector
from changeover.problems import Position
from changeover.sql import text as sqltext
from changeover.sql.tree import Effect, effect_of


@dataclass(frozen=True, slots=True)
class Inferred:
    """A conclusion that `adopt` drew: the runbook's line, and what it made of it."""

    line: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}"


@dataclass(slots=True)
class Draft:
    """A block of the plan; ``expected`` becomes an expect block after it, ``question`` a line to decide."""

    language: str
    id: str
    body: str
    attributes: dict[str, str] = field(default_factory=dict)
    expected: str | None = None
    question: str = ""
    changes: bool = False

    @property
    def is_check(self) -> bool:
        """Whether it only looks, so that it can prove a box."""
        return (
            not self.changes
            if self.language == "sql"
            else self.language == "http" or "safe" in self.attributes
        )

    def lines(self) -> list[str]:
        """The Markdown of this block."""
        words = [f"#{self.id}", *(_attribute(name, value) for name, value in self.attributes.items())]
        found = fenced(f"{self.language} {{{' '.join(words)}}}", self.body)
        if self.expected is not None:
            found += ["", *fenced(f"expect {{for={self.id}}}", self.expected)]
        if self.question:
            found += ["", f"<!-- DECIDE: {self.question} -->"]
        return found


def _attribute(name: str, value: str) -> str:
    if value == "true":
        return name
    if re.fullmatch(r"[\w.:/*-]+", value):
        return f"{name}={value}"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{name}="{escaped}"'


def fenced(info: str, body: str) -> list[str]:
    """A block around a text, with more backticks than the text has."""
    longest = max((len(run) for run in re.findall(r"`{3,}", body)), default=2)
    mark = "`" * (longest + 1)
    inner = body.strip("\n").split("\n") if body.strip("\n") else []
    return [f"{mark}{info}", *inner, mark]


def as_comment(lines: Sequence[str], label: str) -> list[str]:
    """Source lines verbatim, but neither run nor rendered."""
    if any("-->" in line for line in lines):
        return fenced("text", "\n".join([label, *lines]))
    return [f"<!-- {label}", *lines, "-->"]


def looks_like_output(text: str) -> bool:
    """Whether expected output is output, not a sentence about it."""
    lines = text.split("\n")
    return all("|" in line or len(line.split()) <= 2 for line in lines) and bool(text.strip())


def means_empty(text: str) -> bool:
    """Whether a sentence says that nothing is to be found."""
    return (
        re.fullmatch(r"(?i)\W*(?:no (?:rows|results?|output)|empty|nothing|none|zero rows|0 rows)\b.*", text)
        is not None
    )


def means_some(text: str) -> bool:
    """Whether a sentence says that something is to be found, whatever it is."""
    return re.fullmatch(r"(?i)\W*(?:an?|one|at least one|some) (?:row|line|result)s?\W*", text) is not None


@dataclass(frozen=True, slots=True)
class ScriptFacts:
    """What SQL says of itself: whether it changes anything, which tables, and how it could be taken back."""

    changes: bool
    scope: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    additive: bool = False


def facts_of(sql: str) -> ScriptFacts:
    """The facts of a script."""
    statements = sqltext.split(sql, Position("runbook", 1))
    if all(sqltext.reads_only(statement.text) for statement in statements):
        return ScriptFacts(changes=False)
    effects = [effect_of(statement.text) for statement in statements]
    made = [name for effect in effects for name in effect.creates]
    final = {old: new for effect in effects for old, new in effect.renames.items()}
    dropped = {name for effect in effects for name in effect.drops}
    touched = [name for effect in effects for name in (*effect.writes, *effect.creates, *effect.drops)]
    scope = dict.fromkeys(final.get(name, name) for name in touched)
    rebuilt = [name for name in scope if name in dropped and name in final.values()]
    passing = {name for name in scope if name in made and name in dropped and name not in final.values()}
    return ScriptFacts(
        changes=True,
        scope=tuple(_written(name) for name in scope if name not in passing),
        rows=tuple(f"{_written(name)}=*" for name in scope if name in rebuilt or _keeps_rows(name, effects)),
        additive=all(
            _adds(statement.text, effect) for statement, effect in zip(statements, effects, strict=True)
        ),
    )


def _written(name: str) -> str:
    """A table as ``scope=`` and ``rows=`` name it."""
    return name if re.fullmatch(r"\w+", name) else f"[{name}]"


def _keeps_rows(table: str, effects: Sequence[Effect]) -> bool:
    """Whether nothing adds, removes or makes anew what is in a table: UPDATE, ALTER and CREATE INDEX only."""
    touching = [e for e in effects if table in (*e.writes, *e.creates, *e.drops, *e.renames)]
    return bool(touching) and all(
        table in e.writes and e.verb in ("UPDATE", "ALTER", "CREATE") for e in touching
    )


def _adds(statement: str, effect: Effect) -> bool:
    words = [token.word for token in sqltext.tokens(statement)]
    return (
        bool(effect.creates)
        or (effect.verb == "ALTER" and "ADD" in words)
        or (effect.verb == "CREATE" and "INDEX" in words[:3])
    )


def script_text(folder: Path | None, name: str) -> str | None:
    """The text of a script beside the runbook; None where there is none."""
    if folder is None:
        return None
    file = Files(folder, ProblemCollector()).get(name, Position(name, 1))
    return file.text if file else None
