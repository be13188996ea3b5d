"""The braces behind blocks, headings and boxes: ``{#id key=value key="a value" flag}``, and durations.

Rule: nothing is guessed; whatever is not understood raises ValueError with a sentence for the author.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_BRACES = re.compile(r"(?P<text>.*?)\{(?P<inside>(?:[^{}\"]|\"(?:\\.|[^\"\\])*\"|\$\{\w+\})*)\}\s*$")
_ITEM = re.compile(
    r"""\s*(?: \#(?P<id>[^\s}]+)
        | (?P<key>[A-Za-z][\w-]*)(?:=(?:"(?P<quoted>(?:\\.|[^"\\])*)"|(?P<bare>[^\s"]+)))?
        )(?=\s|$)""",
    re.VERBOSE,
)
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Attributes:
    """An id and named values; a flag without a value is the text ``true``."""

    id: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)


def split_attributes(line: str) -> tuple[str, Attributes | None]:
    """The text before trailing braces, and the attributes in them (None where there are no braces).

    Raises ValueError when the braces hold something that is no attribute, or a name twice.
    """
    match = _BRACES.match(line)
    if match is None:
        return line.strip(), None
    return match["text"].strip(), parse_attributes(match["inside"])


def parse_attributes(inside: str) -> Attributes:
    """The attributes between braces; ValueError names the part that is wrong."""
    identity: str | None = None
    values: dict[str, str] = {}
    at = 0
    inside = inside.strip()
    while at < len(inside):
        match = _ITEM.match(inside, at)
        if match is None:
            raise ValueError(f'cannot read {inside[at:].strip()!r}; write #id, name=value or name="a value"')
        if match["id"] is not None:
            if identity is not None:
                raise ValueError(f"two ids, #{identity} and #{match['id']}; keep one")
            identity = _checked_id(match["id"])
        elif match["key"] in values:
            raise ValueError(f"{match['key']} stands twice; keep one")
        else:
            values[match["key"]] = _value(match)
        at = match.end()
    return Attributes(identity, values)


def _value(match: re.Match[str]) -> str:
    if match["quoted"] is not None:
        return re.sub(r"\\([\"\\])", r"\1", match["quoted"])
    return match["bare"] if match["bare"] is not None else "true"


def _checked_id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise ValueError(f"the id #{text} may hold only letters, digits, '.', '_' and '-'")
    return text


def regular_expression(text: str) -> str:
    """The text itself; ValueError where it is no regular expression."""
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(
            f"{text!r} is no regular expression: {error}; write \\ before a sign that is meant as it is"
        ) from error
    return text
