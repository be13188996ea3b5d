"""A shell block of a runbook as commands, each with what the runbook says that it prints.

Rule: a block with loops, alternatives or anything that cannot be split safely stays one script.
"""

import re
from dataclasses import dataclass, field

from changeover.shell import script as shell

_EXPECTED = re.compile(
    r"#+\s*(?:(?:the\s+)?expect(?:ed|s)?(?:\s+(?:output|result|response|answer|value))?|should\s+(?:return|show|print|be|see))"
    r"\s*+(?::|=|->|\u2192)?\s*+(?P<rest>.*)$",
    re.IGNORECASE,
)
_PROMPT = re.compile(r"^\s*(?:[\w.-]+@[\w.-]+:?[^\s$#%]*)?[$%\u276f]\s+")
_GIVES_UP = ("exit", "return", "true", ":")


@dataclass(slots=True)
class RunbookCommand:
    """One command of a runbook: as a shell reads it, and the comments after it that say what it prints."""

    shell: shell.ShellCommand
    expected: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The command as written, continuations and here-documents included."""
        return self.shell.text

    @property
    def words(self) -> list[str]:
        """The words of its first program."""
        return self.shell.parts[0].texts

    @property
    def expected_text(self) -> str:
        """What the comments after the command say that it prints."""
        return "\n".join(self.expected).strip("\n")


def split_commands(script: str) -> list[RunbookCommand] | None:
    """The commands of a script in order; None if it must stay whole."""
    try:
        pieces = shell.read_script(without_prompts(script))
    except shell.Unterminated:
        return None
    found: list[RunbookCommand] = []
    expecting = gives_up = False
    for piece in pieces:
        if isinstance(piece, shell.Comment):
            expecting = bool(piece.text) and _comment(piece.text, found, expecting)
            continue
        if gives_up:
            if piece.parts[0].texts[:1] not in ([word] for word in _GIVES_UP):
                return None
        elif piece.controlled or piece.joined == "&":
            return None
        else:
            found.append(RunbookCommand(piece))
        expecting, gives_up = False, piece.joined == "||"
    return found


def without_prompts(script: str) -> str:
    """A console's log as a script: prompts taken off, output made comments that say what is expected."""
    lines = script.split("\n")
    if not any(_PROMPT.match(line) for line in lines):
        return script
    out: list[str] = []
    command: list[str] = []
    answered = False
    for line in lines:
        prompted = _PROMPT.match(line) is not None
        if command and not prompted and _is_open("\n".join(command)):
            command.append(re.sub(r"^> ?", "", line))
            out.append(command[-1])
        elif prompted:
            command, answered = [_PROMPT.sub("", line)], False
            out.append(command[-1])
        elif line.lstrip().startswith("#") or not line.strip():
            out.append(line)
        elif command:
            out.append(f"# {line}" if answered else f"# Expected output: {line}")
            answered = True
        else:
            out.append(f"# {line}")
    return "\n".join(out)


def _is_open(text: str) -> bool:
    """Whether a quote, a here-document or a continuation goes on in the next line."""
    if text.endswith("\\"):
        return True
    try:
        shell.read_script(text + "\n")
    except shell.Unterminated:
        return True
    return False


def _comment(text: str, found: list[RunbookCommand], expecting: bool) -> bool:
    """Reads a comment line; whether expected output goes on in the next one."""
    match = _EXPECTED.match(text)
    if match and found:
        if match["rest"].strip():
            found[-1].expected.append(match["rest"].strip())
        return True
    if expecting and found:
        found[-1].expected.append(re.sub(r"^#+ ?", "", text))
    return expecting
