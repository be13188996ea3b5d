"""A script of SQL as its statements; triggers stay whole."""

from collections.abc import Iterator

from changeover.problems import Position
from changeover.sql import text as sqltext
from changeover.sql.text import is_complete
from liveone.errors import BadInput


def split(text: str) -> Iterator[str]:
    """The statements of a script. Raises BadInput for an unfinished statement at its end."""
    for statement in sqltext.split(text, Position("script", 1)):
        if not is_complete(statement.text + "\n;"):
            raise BadInput(f"unfinished statement: {statement.text[:60]!r}", hint="End it with a semicolon.")
        yield statement.text
