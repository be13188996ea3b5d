"""A runbook in chunks: each top-level heading with what stands under it, down to blocks and boxes by line.

Rule: every line of the source belongs to exactly one part of exactly one chunk.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token

_CLOSERS = (("<!--", "-->"), ("<?", "?>"), ("<![CDATA[", "]]>"))
_RAW_TAG = re.compile(r"\s{0,3}<(script|pre|style|textarea)\b", re.IGNORECASE)
_BOX = re.compile(r"\[(?P<tick>[ xX])\]\s")


@dataclass(frozen=True, slots=True)
class Prose:
    """Lines that stay as they are, from ``line`` of the runbook."""

    lines: tuple[str, ...]
    line: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """A checkbox: its source lines, moved left so that the first begins with the list marker.

    ``below`` are the lines nested in it. ``listed``: it was a plain item of a list, which is made a box.
    """

    lines: tuple[str, ...]
    ticked: bool
    line: int
    below: tuple[str, ...] = ()
    listed: bool = False


@dataclass(frozen=True, slots=True)
class Code:
    """A block: language, content, and its lines as they stand in the source (none: it stands in prose).

    ``nested``: it stands inside an item of a list, right after that item's text. ``expected`` is what the
    prose around it says that it gives.
    """

    language: str
    text: str
    lines: tuple[str, ...]
    line: int
    nested: bool = False
    expected: str = ""


Part = Prose | Item | Code


@dataclass(slots=True)
class Chunk:
    """A heading (empty and level 0 before the first one) and its parts; ``line`` counts from 1."""

    heading: str
    level: int
    line: int
    parts: list[Part] = field(default_factory=list)

    def pairs(self) -> Iterator[tuple[Part, Part | None]]:
        """Each part with the one after it."""
        yield from zip(self.parts, [*self.parts[1:], None], strict=False)


def read_chunks(text: str) -> list[Chunk]:
    """The chunks of a runbook with ``\\n`` newlines, in its order."""
    lines = text.split("\n")
    chunks = [Chunk("", 0, 1)]
    at = 0
    for start, end, kind, token in _spans(MarkdownIt("commonmark").parse(text)):
        if start < at:
            continue
        _prose(chunks[-1], lines[at:start], at + 1)
        if kind == "heading":
            chunks.append(Chunk(_heading_text(lines[start:end]), int(token.tag[1]), start + 1))
        elif kind == "box":
            own = _dedented(lines[start:end])
            chunks[-1].parts.append(Item(own, "[ ]" not in own[0], start + 1))
        elif kind == "fence":
            own = tuple(lines[start:end])
            language = (token.info.split() or [""])[0].lower()
            chunks[-1].parts.append(Code(language, token.content, own, start + 1, token.level > 0))
        else:
            own = tuple(lines[start:end])
            chunks[-1].parts.append(Code("text", "\n".join(own) + "\n", own, start + 1))
        at = end
    _prose(chunks[-1], lines[at:], at + 1)
    return chunks


def _dedented(lines: list[str]) -> tuple[str, ...]:
    """Lines moved left as far as the first one is indented; what stands deeper stays deeper."""
    indent = len(lines[0]) - len(lines[0].lstrip())
    return tuple(line[min(indent, len(line) - len(line.lstrip())) :] for line in lines)


def _prose(chunk: Chunk, lines: list[str], line: int) -> None:
    if any(text.strip() for text in lines):
        chunk.parts.append(Prose(tuple(lines), line))


def _heading_text(lines: list[str]) -> str:
    lines = [line for line in lines if not re.fullmatch(r"\s{0,3}(=+|-+)\s*", line)]
    text = " ".join(line.strip() for line in lines)
    bare = text.rstrip().rstrip("#")
    return re.sub(r"^#{1,6}\s*", "", bare if bare[-1:].isspace() else text).strip()


def _spans(tokens: list[Token]) -> Iterator[tuple[int, int, str, Token]]:
    """(first line, line after, kind, token) of all that is more than prose, in the order of the source."""
    for index, token in enumerate(tokens):
        if token.map is None:
            continue
        start, end = token.map
        if token.type == "heading_open" and token.level == 0:
            yield start, end, "heading", token
        elif token.type in ("fence", "code_block") and (token.type == "fence" or token.level == 0):
            yield start, end, "fence" if token.type == "fence" else "raw", token
        elif token.type == "html_block" and not _closes(token.content):
            yield start, end, "raw", token
        elif token.type == "paragraph_open" and token.level >= 2 and _BOX.match(tokens[index + 1].content):
            yield start, end, "box", token


def _closes(html: str) -> bool:
    """Whether an HTML block ends by itself, so that what follows it in the plan is still Markdown."""
    opened = html.lstrip()
    for opener, closer in _CLOSERS:
        if opened.startswith(opener):
            return closer in html
    tag = _RAW_TAG.match(html)
    if tag:
        return f"</{tag[1].lower()}>" in html.lower()
    return not re.match(r"<![A-Za-z]", opened) or ">" in html
