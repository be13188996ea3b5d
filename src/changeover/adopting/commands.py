"""A shell fence as commands: continuations joined, comments read for expected output, prompts taken off.

Rule: a fence with loops, here-documents or anything that cannot be split safely stays one script.
"""

import re
import shlex
from dataclasses import dataclass, field

_EXPECTED = re.compile(
    r"#+\s*(?:(?:the\s+)?expect(?:ed|s)?(?:\s+(?:output|result|response|answer|value))?|should\s+(?:return|show|print|be|see))"
    r"\s*(?::|=|->|\u2192)?\s*(?P<rest>.*)$",
    re.IGNORECASE,
)
_CONTROL = re.compile(
    r"^\s*(?:for|while|until|if|case|function|select|\{|\()\b|<<|^\s*\w+\s*\(\)", re.MULTILINE
)
_PROMPT = re.compile(r"^\s*[$%]\s+")


@dataclass(slots=True)
class Command:
    """One command: ``text`` as written with continuations, ``words`` as a shell would split them."""

    text: str
    words: list[str]
    expected: list[str] = field(default_factory=list)

    @property
    def expected_text(self) -> str:
        """What the comments after the command say that it prints."""
        return "\n".join(self.expected).strip("\n")


def split_commands(script: str) -> list[Command] | None:
    """The commands of a script in order; None if it must stay whole."""
    if _CONTROL.search(script):
        return None
    found: list[Command] = []
    pending: list[str] = []
    expecting = False
    for raw in _without_prompts(script):
        if not pending and raw.lstrip().startswith("#"):
            expecting = _comment(raw.strip(), found, expecting)
            continue
        if not pending and not raw.strip():
            expecting = False
            continue
        pending.append(raw)
        words = _words(pending)
        if words is None:
            continue
        found.append(Command("\n".join(pending), words))
        pending, expecting = [], False
    return None if pending else found


def _without_prompts(script: str) -> list[str]:
    lines = script.split("\n")
    if not any(_PROMPT.match(line) for line in lines):
        return lines
    prompted = [(_PROMPT.sub("", line), bool(_PROMPT.match(line))) for line in lines]
    out, continued, seen = [], False, False
    for text, is_command in prompted:
        if is_command or continued or text.lstrip().startswith("#") or not text.strip():
            out.append(text)
            seen = seen or is_command
        else:
            out.append(f"# Expected output: {text}" if seen else f"# {text}")
            seen = False if seen else seen
        continued = text.endswith("\\")
    return out


def _words(lines: list[str]) -> list[str] | None:
    """The words of a whole command; None while a continuation or a quote is open."""
    if lines[-1].endswith("\\"):
        return None
    try:
        lexer = shlex.shlex("\n".join(lines).replace("\\\n", " "), posix=True, punctuation_chars="|&;<>")
        lexer.whitespace_split = True
        lexer.commenters = "#"
        return list(lexer)
    except ValueError:
        return None


def _comment(text: str, found: list[Command], expecting: bool) -> bool:
    """Reads a comment line; whether expected output goes on in the next one."""
    match = _EXPECTED.match(text)
    if match and found:
        if match["rest"].strip():
            found[-1].expected.append(match["rest"].strip())
        return True
    if expecting and found:
        found[-1].expected.append(re.sub(r"^#+ ?", "", text))
    return expecting
