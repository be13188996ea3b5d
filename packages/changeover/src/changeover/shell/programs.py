"""One-line programs of other languages inside of a shell: ``python3 -c "shutil.copy(...)"``.

Rule: they are not followed. What they would do is guessed by the words of their library, and which files they
mean by the texts in them: a copy that is not seen costs rows, one that is seen wrongly costs a word.
"""

import re
from itertools import pairwise

from changeover.shell.script import Simple
from changeover.shell.wrappers import program, unwrapped

_LANGUAGE = re.compile(
    r"(?:python|pypy|perl|ruby|node|nodejs|deno|bun|php|lua|osascript|pwsh|powershell)[\d.]*$"
)
_CODE = {"-c", "-e", "-E", "-r", "-p", "-pe", "-ne", "-Command", "--eval", "--command", "eval"}
_FILES = re.compile(
    r"(?i)\bshutil\b|\bcopy_?file|\bcopy2?\b|\bcp\b|\bmove\b|\bmv\b|\brename|\breplace\s{0,9}\("
    r"|\bremove\s{0,9}\(|\bunlink|\brm|write_?(?:bytes|text|file)|\btruncate|FileUtils|File::Copy|copyFile"
    r"|\bopen\s{0,9}\([^)]{0,200}['\"][+]?[wax]|Copy-Item|Move-Item|Remove-Item|file_put_contents|\bcopy_to\b"
    r"|>{1,2}\s*['\"]"
)
_SQLITE = re.compile(r"(?i)\bsqlite3?\b|better-sqlite|libsql|DBI|PDO")
_CHANGES = re.compile(
    r"(?i)\b(?:insert|update|delete|replace|create|drop|alter|vacuum|reindex|attach)\b|executescript|\.backup\b"
)
_TEXT = re.compile(r"'((?:[^'\\\n]|\\.)*+)'?|\"((?:[^\"\\\n]|\\.)*+)\"?")
"""A text without its end goes on to the end of the line, so that no part of it is looked at twice."""


def code_of(part: Simple) -> str:
    """The text of a one-line program or of its here-document; empty where a program is none."""
    words = unwrapped(part)
    if not _LANGUAGE.match(program(words)):
        return ""
    given = [two.text for one, two in pairwise(words) if one.text in _CODE]
    given += [target.text for operator, target in part.redirects if operator in ("<<", "<<-", "<<<")]
    return "\n".join(given)


def file_literals(part: Simple) -> tuple[str, ...]:
    """The texts inside of a program that writes files; nothing where it writes none."""
    code = code_of(part)
    return _texts(code) if _FILES.search(code) else ()


def databases_changed(part: Simple) -> tuple[str, ...]:
    """The texts inside of a program that changes a database by SQL of its own."""
    code = code_of(part)
    return _texts(code) if _SQLITE.search(code) and _CHANGES.search(code) else ()


def _texts(code: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(match[1] or match[2] or "" for match in _TEXT.finditer(code)))
