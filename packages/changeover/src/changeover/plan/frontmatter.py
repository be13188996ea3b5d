"""The front matter of a plan: YAML, with the line of every value.

Rule: every scalar is a text, whatever it looks like. Aliases and repeated keys are errors, and ``${NAME}``
may stand unquoted anywhere. Raises `Unreadable` with the line.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import yaml

_PARAMETER = re.compile(r"\$\{(\w+)\}")
_STAND_IN = re.compile("\ue000(\\w+)\ue001")
"""Within ``{a: b}`` YAML ends an unquoted text at a brace, so ``${NAME}`` is read with other signs for it.
They are of private use: no text that means something holds them."""
DEEPEST = 40
"""Brackets within brackets. What reads YAML takes the square of their number: fifteen seconds for 5,000."""
_HINT = "write 'name: value', and quotes around a value that holds ': ' or ' #' or begins with a sign"


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
    text = _PARAMETER.sub("\ue000\\1\ue001", text)
    _refuse_depth(text, first_line)
    try:
        _refuse_aliases(text, first_line)
        root = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = first_line + (mark.line if mark else 0)
        raise Unreadable(line, f"{error.problem or error.context}; {_HINT}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise Unreadable(first_line, f"the front matter is not YAML: {str(error).splitlines()[0]}") from error
    if root is None:
        return {}
    if not isinstance(root, yaml.MappingNode):
        raise Unreadable(first_line + root.start_mark.line, "front matter is a mapping: write 'name: value'")
    return _mapping(root, first_line)


def _refuse_depth(text: str, first_line: int) -> None:
    depth = 0
    for line, words in enumerate(text.split("\n"), first_line):
        depth += words.count("[") + words.count("{") - words.count("]") - words.count("}")
        if depth > DEEPEST:
            raise Unreadable(line, f"more than {DEEPEST} brackets are open; {_HINT}")


def _refuse_aliases(text: str, first_line: int) -> None:
    """Each value stands in one place, so that an error in it has one line."""
    for event in yaml.parse(text, Loader=yaml.BaseLoader):
        if isinstance(event, yaml.AliasEvent):
            line = first_line + (event.start_mark.line if event.start_mark else 0)
            raise Unreadable(line, f"'*{event.anchor}' stands for another value; write the value itself")


def _node(node: yaml.Node, first_line: int) -> Node:
    line = first_line + node.start_mark.line
    if isinstance(node, yaml.MappingNode):
        return Node(_mapping(node, first_line), line)
    if isinstance(node, yaml.SequenceNode):
        return Node([_node(item, first_line) for item in node.value], line)
    return Node(_text(node), line)


def _mapping(node: yaml.MappingNode, first_line: int) -> dict[str, Node]:
    found: dict[str, Node] = {}
    for key, value in node.value:
        line = first_line + key.start_mark.line
        if not isinstance(key, yaml.ScalarNode):
            raise Unreadable(line, f"a name is a text; {_HINT}")
        name = _text(key)
        if name in found:
            raise Unreadable(line, f"{name} stands twice; keep one")
        found[name] = _node(value, first_line)
    return found


def _text(node: yaml.Node) -> str:
    return _STAND_IN.sub(r"${\1}", str(node.value))
