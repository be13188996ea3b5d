"""Text that was meant as an expression or a name: ``DEFAULT 'current_timestamp'``, ``SELECT "nmae"``.

Rule: a default that the database has already is left alone, because a table that is rebuilt keeps it.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from sqlglot import exp

from changeover.check.schema_copy import EmptyCopy
from changeover.sql.identifiers import identifier_key
from changeover.sql.text import SqlToken, tokens, unquoted

_KEYWORD = re.compile(r"current_(time|date|timestamp)", re.IGNORECASE)
_CALL = re.compile(r"(\w+)\s*\(.*\)", re.DOTALL)
_ROWID = {"rowid", "oid", "_rowid_"}


def quoted_defaults(statement: str, copy: EmptyCopy) -> Iterator[str]:
    """The texts after DEFAULT that hold an expression or second quotes, as ``'datetime(''now'')'`` does."""
    pieces = list(tokens(statement))
    if [piece.word for piece in pieces[:2]] not in (["CREATE", "TABLE"], ["ALTER", "TABLE"]):
        return
    for word, value in pairwise(pieces):
        if word.word == "DEFAULT" and _is_text(value):
            text = value.text[1:-1].replace(value.text[0] * 2, value.text[0])
            if _is_expression(text.strip(), copy) and value.text not in _defaults(copy):
                yield text


def _is_text(token: SqlToken) -> bool:
    return token.kind == "string" or (token.kind == "name" and token.text.startswith('"'))


def _is_expression(text: str, copy: EmptyCopy) -> bool:
    if text[:1] == "(" and text[-1:] == ")":
        return _is_expression(text[1:-1].strip(), copy)
    if len(text) > 1 and text[0] in "'\"" and text[-1] == text[0]:
        return True
    call = _CALL.fullmatch(text)
    return bool(_KEYWORD.fullmatch(text)) or (call is not None and _is_function(call.group(1), copy))


def _is_function(name: str, copy: EmptyCopy) -> bool:
    sql = "SELECT 1 FROM pragma_function_list WHERE name = ?"
    return (
        identifier_key(name) == "now"
        or copy.connection.execute(sql, (identifier_key(name),)).fetchone() is not None
    )


def _defaults(copy: EmptyCopy) -> set[str]:
    sql = "SELECT c.dflt_value FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'"
    return {str(value) for (value,) in copy.connection.execute(sql)}


def names_read_as_text(statement: str, tree: exp.Expr, copy: EmptyCopy) -> Iterator[tuple[str, bool]]:
    """(name, is_copied) for each name in double quotes that is no column: SQLite reads it as a text.

    ``is_copied``: the text stands in the SELECT of a copy, so that every copied row gets it.
    """
    # SQLite does so for the sake of old databases (https://sqlite.org/quirks.html#dblquote).
    quoted = {unquoted(piece.text) for piece in tokens(statement) if piece.text.startswith('"')}
    copied = isinstance(tree, exp.Insert) and isinstance(tree.expression, exp.Query)
    query = tree.expression if copied else tree
    tables = [table.name for table in query.find_all(exp.Table)]
    if not quoted or not tables or not copy.known or not all(copy.has(table) for table in tables):
        return
    known = {column for table in tables for column in copy.columns(table)} | _ROWID
    known |= {identifier_key(alias.alias) for alias in query.find_all(exp.Alias, exp.TableAlias)}
    listed = query.expressions if copied else []
    for column in query.find_all(exp.Column):
        if not column.table and column.name in quoted and identifier_key(column.name) not in known:
            yield column.name, any(column is item for item in listed)
