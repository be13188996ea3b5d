"""CREATE TABLE statements as they are written: under another name, or one column of them.

Rule: text goes through as its author wrote it; only names and commas are looked for.
"""

import re

from changeover.sql import text
from changeover.sql.identifiers import identifier_key, quoted


def named(create: str, name: str) -> str:
    """A CREATE TABLE statement for a table of another name."""
    pieces = list(text.tokens(create))
    at = next(index for index, piece in enumerate(pieces) if piece.word == "TABLE") + 1
    while pieces[at].word in ("IF", "NOT", "EXISTS"):
        at += 1
    if at + 1 < len(pieces) and pieces[at + 1].text == ".":
        at += 2
    token = pieces[at]
    return create[: token.at] + plain(name) + create[token.at + len(token.text) :]


def columns(create: str) -> dict[str, str]:
    """The text of each column's definition by its folded name; rules of the table are among them too."""
    found: dict[str, str] = {}
    depth, start, name = 0, 0, ""
    for token in text.tokens(create):
        depth += (token.text == "(") - (token.text == ")")
        if (depth == 1 and token.text in ("(", ",")) or (depth == 0 and token.text == ")"):
            if name:
                found.setdefault(name, create[start : token.at].strip())
            if depth == 0:
                break
            start, name = token.at + 1, ""
        elif depth == 1 and not name:
            name = identifier_key(text.unquoted(token.text))
    return found


def is_constant(default: str) -> bool:
    """Whether ADD COLUMN takes a default where there are rows; the catalogue leaves out parentheses."""
    return _CONSTANT.fullmatch(default.strip()) is not None


def plain(name: str) -> str:
    """A name as people write it: quoted only where it has to be."""
    return name if name.isidentifier() and name.isascii() and name.upper() not in _KEYWORDS else quoted(name)


_CONSTANT = re.compile(
    r"(?i)[+-]?\s*(?:[0-9.][0-9a-fx_.]*(?:e[+-]?[0-9]+)?|x?'(?:[^']|'')*'|\"[^\"]*\"|null|true|false)"
)
_KEYWORDS = {
    "ADD", "ALL", "ALTER", "AND", "AS", "BETWEEN", "BY", "CASE", "CHECK", "COLLATE", "COMMIT", "CONSTRAINT",
    "CREATE", "CURRENT", "DEFAULT", "DELETE", "DISTINCT", "DROP", "ELSE", "END", "ESCAPE", "EXISTS",
    "FOREIGN", "FROM", "GROUP", "HAVING", "IF", "IN", "INDEX", "INSERT", "INTO", "IS", "ISNULL", "JOIN",
    "KEY", "LIMIT", "NOT", "NOTNULL", "NULL", "ON", "OR", "ORDER", "PRIMARY", "REFERENCES", "SELECT", "SET",
    "TABLE", "THEN", "TO", "TRANSACTION", "TRIGGER", "UNION", "UNIQUE", "UPDATE", "USING", "VALUES", "VIEW",
    "WHEN", "WHERE", "WITH",
}  # fmt: skip
