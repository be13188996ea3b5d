"""The plain lists of a runbook: what a list asks a person to look at becomes a box, its commands become code.

Rule: before and after the change each item is something that must be true, so it is a box. Within the change
and the way back, an item is a box only beside items that hold commands: then it is a step done by hand.
"""

import re
from collections.abc import Iterator

from changeover.plan.model import Phase
from changeover.runbook import harm
from changeover.runbook.commands import split_commands
from changeover.runbook.source import Chunk, Code, Item, Part, Prose
from changeover.runbook.web_clients import makes_call
from changeover.shell.database_commands import read_database_commands
from changeover.shell.wrappers import unwrapped

_ITEM = re.compile(r"(?P<indent> {0,3})(?P<marker>[-*+]|\d{1,9}[.)])(?P<gap> +)(?P<text>\S.*)$")
_SPAN = re.compile(r"(?<!`)(?P<ticks>`{1,9}+)(?!`)(?P<code>.+?)(?P=ticks)(?!`)")
_URL = re.compile(r"https?://[^\s)>\]`'\"*]*[^\s)>\]`'\"*.,;:!?]")
_QUERY = re.compile(r"(?is)\s*(?:select|with|pragma\s+(?:integrity_check|quick_check|foreign_key_check))\b")
_GIVES = re.compile(
    r"\s*(?:is|are|=+|->|\u2192|:|(?:should|must) (?:be|return|give|say)|returns?|gives?|says?|prints?)\s+"
    r"(?:still\s+)?`{0,2}(?P<value>(?:an?|one|at least one|some) (?:row|line|result)s?|-?\d+(?:\.\d+)?|ok"
    r"|empty|nothing|no (?:rows?|results?))\b"
    r"`{0,2}(?!\s*(?:rows|or|and|-))",
    re.IGNORECASE,
)
_DEPLOYS = re.compile(r"\s*(?:git (?:push|revert)|vercel|kamal|fly deploy|systemctl|npm run deploy)\b")


def with_boxes(chunk: Chunk, phase: Phase) -> Chunk:
    """The chunk with the items of its plain lists as boxes, and with the commands inside of items as code."""
    if any(isinstance(part, Item) for part in chunk.parts):
        return chunk
    parts: list[Part] = []
    for part, after in chunk.pairs():
        parts += _split(part, after, phase) if isinstance(part, Prose) else [part]
    if phase in (Phase.EXECUTE, Phase.ROLLBACK) and not any(isinstance(part, Code) for part in parts):
        parts = list(chunk.parts)
    return Chunk(chunk.heading, chunk.level, chunk.line, parts)


def has_list(chunk: Chunk) -> bool:
    """Whether a chunk holds a list of plain items and nothing that runs."""
    prose = [part for part in chunk.parts if isinstance(part, Prose)]
    return len(prose) == len(chunk.parts) and any(_ITEM.match(line) for part in prose for line in part.lines)


def _split(prose: Prose, after: Part | None, phase: Phase) -> Iterator[Part]:
    lines = list(prose.lines)
    at = 0
    for start, end in _items(lines):
        if any(line.strip() for line in lines[at:start]):
            yield Prose(tuple(lines[at:start]), prose.line + at)
        fenced = isinstance(after, Code) and after.nested and end == len(lines)
        yield from _item(lines[start:end], prose.line + start, phase, fenced=fenced)
        at = end
    if any(line.strip() for line in lines[at:]):
        yield Prose(tuple(lines[at:]), prose.line + at)


def _items(lines: list[str]) -> Iterator[tuple[int, int]]:
    """(first line, line after) of each item of the outermost lists, with what is nested in it."""
    start: int | None = None
    for index, line in enumerate(lines):
        match = _ITEM.match(line)
        ends = line.strip() and not line.startswith(" ") and not (index and lines[index - 1].strip())
        if start is not None and ((match and len(match["indent"]) < 2) or (ends and not match)):
            yield start, index
            start = None
        if match and start is None and len(match["indent"]) < 2:
            start = index
    if start is not None:
        yield start, len(lines)


def _item(lines: list[str], line: int, phase: Phase, *, fenced: bool) -> Iterator[Part]:
    codes = list(_codes("\n".join(lines), line, phase))
    by_hand = phase in (Phase.PREFLIGHT, Phase.AFTER)
    if not by_hand and (codes or fenced):
        yield Prose(tuple(lines), line)
    else:
        match = _ITEM.match(lines[0])
        assert match is not None
        first = f"{match['marker']}{match['gap']}[ ] {match['text']}"
        head = next((n for n, text in enumerate(lines[1:], start=1) if _ends_paragraph(text)), len(lines))
        yield Item((first, *lines[1:head]), False, line, tuple(lines[head:]), listed=True)
    yield from codes


def _ends_paragraph(line: str) -> bool:
    return not line.strip() or re.match(r"\s*(?:[-*+]|\d{1,9}[.)])\s", line) is not None


def _codes(text: str, line: int, phase: Phase) -> Iterator[Code]:
    """The commands, queries and (where something is looked at) addresses that stand inside a text."""
    for match in _SPAN.finditer(text):
        code, gives = match["code"].strip(), _GIVES.match(text, match.end())
        expected = gives["value"] if gives else ""
        if _QUERY.match(code):
            yield Code("sql", code + "\n", (), line, nested=True, expected=expected)
        elif is_command(code) or (phase in (Phase.EXECUTE, Phase.ROLLBACK) and _DEPLOYS.match(code)):
            yield Code("bash", code + "\n", (), line, nested=True, expected=expected)
    if phase in (Phase.PREFLIGHT, Phase.AFTER):
        for url in dict.fromkeys(_URL.findall(_SPAN.sub(_addresses, text))):
            yield Code("bash", f"curl -sf {url}\n", (), line, nested=True)


def _addresses(match: re.Match[str]) -> str:
    """A code span that is an address alone is one; a command's address is the command's."""
    return match["code"] if _URL.fullmatch(match["code"].strip()) else " "


def is_command(code: str) -> bool:
    """Whether a text is one command about a database or an address, or one that a plan must do without."""
    commands = (split_commands(code) or []) if "\n" not in code else []
    return any(
        makes_call(unwrapped(command.shell.parts[0]))
        or read_database_commands(command.shell)
        or harm.reason(command.shell, ())
        for command in commands
    )
