"""What a person forgot to fill in: ``user_xxx``, ``REPLACE_ME``, ``TODO``, ``<your-id>``, or nothing.

Rule: a placeholder that reaches production looks like data; so it is found before anything runs.
"""

import re

_WHOLE = re.compile(
    r"""\s* (?: (?:[A-Za-z]+[_-])?[xX]{3,}(?:[_-][xX]{3,})* | user_x* | <[^<>]*> | \.{3} | YOUR[_-].*
        | your[_-].*[_-](?:id|key)
    ) \s*""",
    re.VERBOSE,
)
_WORD = re.compile(
    r"(?i:\b(?:replace|change|fill)[-_ ]?me\b|\bplaceholder\b)|\b(?:TODO|FIXME|TBD)\b"
    r"|\buser_[xX]{2,}\w*|<your[-_ ][^<>]*>"
)


def is_placeholder(value: str) -> bool:
    """Whether a whole value (a literal, a parameter) is a placeholder; an empty value is one."""
    return not value.strip() or _WHOLE.fullmatch(value) is not None or _WORD.search(value) is not None


def placeholder_in(text: str) -> str | None:
    """The first placeholder inside a longer text (a command, a request), or None."""
    match = _WORD.search(text)
    return match.group() if match else None
