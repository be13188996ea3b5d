"""A Markdown document as a flat list of the blocks that a plan is made of, each with its line.

Rule: markdown-it decides what is a heading, a code block or a list; attributes are read from the raw source
line, where no Markdown escaping has touched them. Prose is skipped, it never runs.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from changeover.plan.attributes import Attributes, split_attributes
from changeover.problems import Position, Problem

_EMPHASIS = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*")
"""Stars around words are for the page; a box is also named on a terminal."""
_BOX = re.compile(r"\[(?P<tick>[ xX])\]\s+(?P<text>.*)", re.DOTALL)
_BACKTICKS = re.compile(r"^[\s>]*(?:[-*+]\s+|\d+[.)]\s+)?(?:`{3,}|~{3,})(?P<info>.*)$")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; ``level`` 1 to 6, ``text`` without its attributes."""

    level: int
    text: str
    attributes: Attributes | None
    position: Position


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A fenced block. ``attributes`` None: an illustration, never run; ``first_line`` is that of its text."""

    language: str
    attributes: Attributes | None
    text: str
    position: Position

    @property
    def first_line(self) -> int:
        return self.position.line + 1


@dataclass(frozen=True, slots=True)
class Checkbox:
    """A list item ``- [ ] text {#id}``."""

    text: str
    ticked: bool
    attributes: Attributes | None
    position: Position


Block = Heading | CodeBlock | Checkbox


def read_blocks(text: str, file: str, *, first_line: int = 1) -> tuple[list[Block], list[Problem]]:
    """The blocks of a document in its order, and a problem for every attribute that cannot be read.

    ``text`` has ``\\n`` newlines; lines before ``first_line`` (the front matter) are skipped.
    """
    lines = text.split("\n")
    body = "\n".join([*[""] * (first_line - 1), *lines[first_line - 1 :]])
    reader = _Reader(lines, file)
    tokens = MarkdownIt("commonmark").parse(body)
    return [block for token in reader.walk(tokens) if (block := token) is not None], reader.problems


class _Reader:
    def __init__(self, lines: list[str], file: str) -> None:
        self.lines, self.file = lines, file
        self.problems: list[Problem] = []

    def walk(self, tokens: list[Token]) -> Iterator[Block | None]:
        for before, token in zip([None, *tokens], tokens, strict=False):
            if token.type == "fence":
                yield self.block(token)
            elif (
                token.type == "inline"
                and before is not None
                and before.type == "heading_open"
                and before.level == 0
            ):
                yield self.heading(token, before)
            elif token.type == "inline" and before is not None and before.type == "paragraph_open":
                yield self.checkbox(token, tokens)

    def position(self, token: Token) -> Position:
        return Position(self.file, (token.map[0] if token.map else 0) + 1)

    def attributes(self, text: str, position: Position) -> tuple[str, Attributes | None]:
        try:
            return split_attributes(text)
        except ValueError as error:
            self.problems.append(Problem(position, "attributes", f"the braces are wrong: {error}"))
            return text.split("{", maxsplit=1)[0].strip(), Attributes()

    def heading(self, token: Token, opening: Token) -> Heading:
        position = self.position(token)
        text, attributes = self.attributes(token.content, position)
        return Heading(int(opening.tag[1]), text, attributes, position)

    def block(self, token: Token) -> CodeBlock:
        position = self.position(token)
        match = _BACKTICKS.match(self.lines[position.line - 1])
        info, attributes = self.attributes(match["info"] if match else token.info, position)
        words = info.split()
        if attributes is None and "{" in info:
            self.problems.append(
                Problem(
                    position, "attributes", f"the braces after ```{info} do not close", "end the line with }"
                )
            )
        if token.map and not self._closes(token):
            self.problems.append(
                Problem(
                    position,
                    "open-block",
                    "this block is never closed",
                    "end it with a line of ``` of its own",
                )
            )
        return CodeBlock(words[0] if words else "", attributes, token.content, position)

    def _closes(self, token: Token) -> bool:
        last = self.lines[min(token.map[1], len(self.lines)) - 1] if token.map else ""
        return re.fullmatch(r"[\s>]*" + re.escape(token.markup) + r"[`~]*\s*", last) is not None

    def checkbox(self, token: Token, tokens: list[Token]) -> Checkbox | None:
        match = _BOX.match(token.content)
        if match is None or token.level < 3:
            return None
        position = self.position(token)
        text, attributes = self.attributes(" ".join(match["text"].split()), position)
        text = _EMPHASIS.sub(r"\1", text)
        return Checkbox(text, match["tick"] != " ", attributes, position)
