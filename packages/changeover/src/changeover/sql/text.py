"""SQL as text: tokens, statements with their lines, the ``:names`` they bind.

Rule: statements are split by `sqlite3.complete_statement`, which knows triggers; sqlglot does not.
"""

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from changeover.problems import Position

_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))
      | (?P<string>'(?:''|[^'])*(?:'|\Z))
      | (?P<name>"(?:""|[^"])*(?:"|\Z)|`(?:``|[^`])*(?:`|\Z)|\[[^\]]*(?:\]|\Z)
        |[A-Za-z_\u0080-\U0010ffff][\w$\u0080-\U0010ffff]*)
      | (?P<number>\d[\w.]*|\.\d+)
      | (?P<parameter>[:@$][A-Za-z_]\w*|\$\{\w*\}|\?\d*)
      | (?P<semicolon>;)
      | (?P<space>\s+)
      | (?P<other>->>|->|\|\||<[<=>]|>[>=]|[!=]=|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_READING_PRAGMAS = {
    "integrity_check", "quick_check", "foreign_key_check", "foreign_key_list", "table_info", "table_xinfo",
    "table_list", "index_list", "index_info", "index_xinfo", "user_version", "application_id", "page_count",
    "page_size", "freelist_count", "journal_mode", "encoding", "compile_options",
}  # fmt: skip
_WRITING = {"INSERT", "UPDATE", "DELETE", "REPLACE"}


@dataclass(frozen=True, slots=True)
class SqlStatement:
    """One statement of a script, without the spaces around it, and the ``:names`` that it binds."""

    text: str
    position: Position
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SqlToken:
    """A piece of SQL; ``kind`` is string, name, number, parameter, semicolon or other; ``at`` its offset."""

    kind: str
    text: str
    at: int

    @property
    def word(self) -> str:
        """The token in capitals, for comparing with keywords; quoted names are never keywords."""
        return self.text.upper()


def tokens(sql: str) -> Iterator[SqlToken]:
    """The tokens of a script without spaces and comments."""
    for match in _TOKEN.finditer(sql):
        kind = match.lastgroup or "other"
        if kind not in ("comment", "space"):
            yield SqlToken(kind, match.group(), match.start())


def unquoted(name: str) -> str:
    """The bare name of a quoted or unquoted identifier."""
    if name[:1] in ('"', "`"):
        return name[1:-1].replace(name[0] * 2, name[0])
    return name[1:-1] if name[:1] == "[" else name


def split(sql: str, position: Position) -> tuple[SqlStatement, ...]:
    """The statements of a script, each with the line of its first token; the script begins at ``position``.

    The last statement needs no semicolon. An unfinished one (a string or trigger without an end) is returned
    as it is, and SQLite says what is wrong with it.
    """
    found: list[SqlStatement] = []
    start = 0
    for token in tokens(sql):
        # A semicolon inside CREATE TRIGGER ... BEGIN ends no
        # statement (https://sqlite.org/c3ref/complete.html).
        if token.kind == "semicolon" and is_complete(sql[start : token.at + 1]):
            found.extend(_statement(sql, start, token.at, position))
            start = token.at + 1
    found.extend(_statement(sql, start, len(sql), position))
    return tuple(found)


def is_complete(sql: str) -> bool:
    """Whether a text ends with a whole statement; False for a text with a NUL, which SQLite refuses."""
    try:
        return sqlite3.complete_statement(sql)
    except ValueError:
        return False


def _statement(sql: str, start: int, end: int, position: Position) -> list[SqlStatement]:
    pieces = list(tokens(sql[start:end]))
    if not pieces or all(piece.kind == "semicolon" for piece in pieces):
        return []
    first = start + pieces[0].at
    line = position.line + sql.count("\n", 0, first)
    column = first - (sql.rfind("\n", 0, first) + 1) + 1
    names = dict.fromkeys(t.text[1:] for t in pieces if t.kind == "parameter" and t.text.startswith(":"))
    return [SqlStatement(sql[first:end].rstrip(), Position(position.file, line, column), tuple(names))]


def body_of_trigger(sql: str) -> list[tuple[int, int]]:
    """(start, end) of each statement in the body of a CREATE TRIGGER; only strings hold a semicolon there."""
    found: list[tuple[int, int]] = []
    start, is_body = None, False
    for token in tokens(sql):
        if not is_body:
            is_body = token.word == "BEGIN"
        elif token.kind == "semicolon" and start is not None:
            found.append((start, token.at))
            start = None
        elif token.kind != "semicolon" and start is None:
            start = token.at
    return found


def reads_only(statement: str) -> bool:
    """Whether a statement only reads.

    SELECT, VALUES, EXPLAIN, WITH before these, or a PRAGMA without a value.
    """
    pieces = list(tokens(statement))
    first = pieces[0].word if pieces else ""
    if first == "PRAGMA":
        names = [piece for piece in pieces[1:4] if piece.kind == "name"]
        reading = [unquoted(name.text).lower() in _READING_PRAGMAS for name in names]
        return any(reading) and not any(piece.text == "=" for piece in pieces)
    if first == "WITH":
        return not any(piece.kind == "name" and piece.word in _WRITING for piece in _statement_words(pieces))
    return first in ("SELECT", "VALUES", "EXPLAIN")


def _statement_words(pieces: list[SqlToken]) -> Iterator[SqlToken]:
    """The tokens outside parentheses that are no function call; the verb after a WITH is among them."""
    depth = 0
    for piece, after in zip(pieces, [*pieces[1:], None], strict=False):
        depth += (piece.text == "(") - (piece.text == ")")
        if depth == 0 and not (after is not None and after.text == "("):
            yield piece
