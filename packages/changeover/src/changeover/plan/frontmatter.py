"""The front matter of a plan: the small part of YAML that a plan needs, with the line of every value.

Rule: scalars are texts; mappings nest by indentation or ``{a: b}``; lists are ``- item`` or ``[a, b]``. Tabs,
anchors, multi-line texts and repeated keys are errors. Raises `Unreadable` with the line.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_NAME = r"""(?:(?P<bare>[A-Za-z_][\w.-]*)|"(?P<double>[^"]+)"|'(?P<single>[^']+)'):"""
_KEY = re.compile(_NAME + r"(?:\s+(?P<rest>.*))?$")
_FLOW_KEY = re.compile(r"\s*" + _NAME + r"\s*")
_COMMENT = re.compile(r"(?:^|\s)#(?![{]).*$")


class Unreadable(ValueError):
    """A line of the front matter that cannot be read."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Node:
    """A value and its line (from 1 in the document): a text, a mapping or a list."""

    value: "str | Mapping[str, Node] | list[Node]"
    line: int


@dataclass(frozen=True, slots=True)
class _Line:
    indent: int
    text: str
    number: int


def split_front_matter(text: str) -> tuple[str | None, int]:
    """The text between the two ``---`` lines and the line number where the document goes on, or (None, 1)."""
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        return None, 1
    for index, line in enumerate(lines[1:], start=1):
        if line.rstrip() == "---":
            return "\n".join(lines[1:index]), index + 2
    raise Unreadable(1, "the front matter is not closed; end it with a line '---'")


def parse_front_matter(text: str, *, first_line: int = 2) -> Mapping[str, Node]:
    """The mapping that the front matter holds. ``first_line`` is the document's line of its first line."""
    lines = [
        _Line(len(raw) - len(raw.lstrip(" ")), _without_comment(raw.strip()), number)
        for number, raw in enumerate(text.split("\n"), start=first_line)
        if _without_comment(raw.strip())
    ]
    for line in lines:
        if "\t" in line.text[:1]:
            raise Unreadable(line.number, "a tab; indent with spaces")
    if not lines:
        return {}
    if lines[0].text.startswith("- "):
        raise Unreadable(lines[0].number, "front matter is a mapping: write 'name: value'")
    mapping, rest = _mapping(lines, lines[0].indent)
    if rest:
        raise Unreadable(rest[0].number, "this line is indented less than the first one")
    return mapping


def _name(match: re.Match[str]) -> str:
    """The key that a line begins with; quoted, it may hold any sign."""
    return match["bare"] or match["double"] or match["single"]


def _without_comment(text: str) -> str:
    if '"' in text or "'" in text:
        return "" if text.startswith("#") else text
    return _COMMENT.sub("", text).strip()


def _mapping(lines: list[_Line], indent: int) -> tuple[dict[str, Node], list[_Line]]:
    found: dict[str, Node] = {}
    while lines and lines[0].indent == indent:
        line = lines[0]
        match = _KEY.match(line.text)
        if match is None:
            raise Unreadable(line.number, f"cannot read {line.text!r}; write 'name: value'")
        if _name(match) in found:
            raise Unreadable(line.number, f"{_name(match)} stands twice; keep one")
        node, lines = _value(match["rest"], line, lines[1:])
        found[_name(match)] = node
    if lines and lines[0].indent > indent:
        raise Unreadable(lines[0].number, "this line is indented more than the ones before it")
    return found, lines


def _value(rest: str | None, line: _Line, after: list[_Line]) -> tuple[Node, list[_Line]]:
    if rest:
        return Node(_inline(rest, line.number), line.number), after
    if after and after[0].indent > line.indent:
        return _nested(after)
    if after and after[0].indent == line.indent and after[0].text.startswith("- "):
        return _nested(after)
    return Node("", line.number), after


def _nested(lines: list[_Line]) -> tuple[Node, list[_Line]]:
    first = lines[0]
    if not first.text.startswith("- "):
        mapping, rest = _mapping(lines, first.indent)
        return Node(mapping, first.number), rest
    items: list[Node] = []
    while lines and lines[0].indent == first.indent and lines[0].text.startswith("- "):
        item, lines = _item(lines)
        items.append(item)
    return Node(items, first.number), lines


def _item(lines: list[_Line]) -> tuple[Node, list[_Line]]:
    line = lines[0]
    text = line.text[2:].strip()
    if text.startswith(("{", "[", '"', "'")) or not _KEY.match(text):
        return Node(_inline(text, line.number), line.number), lines[1:]
    inner = _Line(line.indent + 2, text, line.number)
    mapping, rest = _mapping([inner, *lines[1:]], inner.indent)
    return Node(mapping, line.number), rest


def _inline(text: str, line: int) -> "str | Mapping[str, Node] | list[Node]":
    reader = _Flow(text, line)
    value = reader.value(stops="")
    if text[reader.at :].strip():
        raise Unreadable(
            line, f"cannot read {text[reader.at :].strip()!r} after the value; quote the whole of it"
        )
    return value


class _Flow:
    """Reads one value written on one line: ``{a: b}``, ``[a, b]``, a quoted or a bare text."""

    def __init__(self, text: str, line: int) -> None:
        self.text, self.line, self.at = text, line, 0

    def value(self, stops: str) -> "str | Mapping[str, Node] | list[Node]":
        self.skip()
        char = self.text[self.at : self.at + 1]
        if char == "{":
            return self.mapping()
        if char == "[":
            return self.list()
        if char in ('"', "'"):
            return self.quoted(char)
        return self.bare(stops)

    def skip(self) -> None:
        while self.text[self.at : self.at + 1] == " ":
            self.at += 1

    def mapping(self) -> dict[str, Node]:
        found: dict[str, Node] = {}
        self.at += 1
        while not self.closes("}"):
            match = _FLOW_KEY.match(self.text, self.at)
            if match is None:
                raise Unreadable(self.line, f"cannot read {self.text[self.at :]!r}; write {{name: value}}")
            if _name(match) in found:
                raise Unreadable(self.line, f"{_name(match)} stands twice; keep one")
            self.at = match.end()
            found[_name(match)] = Node(self.value(",}"), self.line)
            self.separator("}")
        return found

    def list(self) -> "list[Node]":
        found: list[Node] = []
        self.at += 1
        while not self.closes("]"):
            found.append(Node(self.value(",]"), self.line))
            self.separator("]")
        return found

    def closes(self, bracket: str) -> bool:
        self.skip()
        if self.at >= len(self.text):
            raise Unreadable(self.line, f"a {bracket!r} is missing at the end")
        if self.text[self.at] != bracket:
            return False
        self.at += 1
        return True

    def separator(self, bracket: str) -> None:
        self.skip()
        if self.text[self.at : self.at + 1] == ",":
            self.at += 1
        elif self.text[self.at : self.at + 1] != bracket:
            raise Unreadable(self.line, f"a ',' or {bracket!r} is missing before {self.text[self.at :]!r}")

    def quoted(self, quote: str) -> str:
        match = re.compile(r'"((?:\\.|[^"\\])*)"' if quote == '"' else r"'((?:''|[^'])*)'").match(
            self.text, self.at
        )
        if match is None:
            raise Unreadable(self.line, f"a closing {quote} is missing")
        self.at = match.end()
        return re.sub(r"\\(.)", r"\1", match[1]) if quote == '"' else match[1].replace("''", "'")

    def bare(self, stops: str) -> str:
        match = re.compile(r"(?:\$\{\w+\}|[^" + re.escape(stops) + r"])*" if stops else r".*").match(
            self.text, self.at
        )
        found = match[0] if match else ""
        self.at += len(found)
        return found.strip()
