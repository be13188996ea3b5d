"""A script of SQL as its statements; triggers stay whole."""

import sqlite3
from collections.abc import Iterator

from liveone.errors import BadInput


def split(text: str) -> Iterator[str]:
    """The statements of a script. Raises BadInput for an unfinished statement at its end."""
    pending = ""
    for piece in text.replace(";", ";\0").split("\0"):
        pending += piece
        if sqlite3.complete_statement(pending):
            if _says_something(pending):
                yield pending.strip()
            pending = ""
    rest = pending.strip()
    if not _says_something(rest):
        return
    if not sqlite3.complete_statement(rest + "\n;"):
        raise BadInput(f"unfinished statement: {rest[:60]!r}", hint="End it with a semicolon.")
    yield rest


def is_complete(text: str) -> bool:
    """Whether ``text`` ends with a whole statement."""
    return sqlite3.complete_statement(text)


def _says_something(text: str) -> bool:
    """Whether there is more than white space, comments and semicolons."""
    rest = text.lstrip().lstrip(";").lstrip()
    while rest.startswith(("--", "/*")):
        _, _, rest = rest.partition("\n" if rest.startswith("--") else "*/")
        rest = rest.lstrip().lstrip(";").lstrip()
    return bool(rest)
