"""What one SQL statement does, by its syntax tree: its verb, and tables written, made, dropped, renamed.

Rule: if sqlglot cannot read a statement, the effect holds the verb only. Triggers are not given to sqlglot.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from changeover.sql.text import SqlToken, tokens, unquoted

logging.getLogger("sqlglot").setLevel(logging.ERROR)
"""It warns of what it cannot read, such as WITHOUT ROWID; the rule above deals with that."""

_TREES = {"SELECT", "WITH", "INSERT", "REPLACE", "UPDATE", "DELETE", "VALUES"}


@dataclass(frozen=True, slots=True)
class Effect:
    """What a statement does; tables are named as it writes them.

    ``copies`` are the sources of INSERT ... SELECT, ``temporary`` the tables that are made TEMP. ``tree`` is
    None if sqlglot could not read the statement.
    """

    verb: str
    writes: tuple[str, ...] = ()
    creates: tuple[str, ...] = ()
    drops: tuple[str, ...] = ()
    renames: Mapping[str, str] = field(default_factory=dict)
    copies: tuple[str, ...] = ()
    tree: exp.Expr | None = None
    is_trigger: bool = False
    temporary: tuple[str, ...] = ()


def effect_of(statement: str) -> Effect:
    """The effect of one statement."""
    pieces = list(tokens(statement))
    verb = pieces[0].word if pieces else ""
    if verb in _TREES:
        return _data(verb, statement)
    if verb in ("CREATE", "DROP", "ALTER"):
        return _definition(verb, pieces)
    return Effect(verb)


def _definition(verb: str, pieces: list[SqlToken]) -> Effect:
    words = [piece.word for piece in pieces if piece.text != "("][:6]
    if "TRIGGER" in words[:3]:
        return Effect(verb, is_trigger=True)
    if "TABLE" not in words[:4]:
        return Effect(verb, writes=_indexed(pieces) if verb == "CREATE" and "INDEX" in words[:3] else ())
    name, after = _table_name(pieces)
    if verb == "CREATE" and words[1] in ("TEMP", "TEMPORARY"):
        return Effect(verb, temporary=(name,))
    if verb == "CREATE":
        return Effect(verb, creates=(name,))
    if verb == "DROP":
        return Effect(verb, drops=(name,))
    if [piece.word for piece in after[:2]] == ["RENAME", "TO"]:
        return Effect(verb, renames={name: unquoted(after[2].text)} if len(after) > 2 else {})
    return Effect(verb, writes=(name,))


def _table_name(pieces: list[SqlToken]) -> tuple[str, list[SqlToken]]:
    """The name after TABLE [IF [NOT] EXISTS] [schema.], and what follows it."""
    at = next(index for index, piece in enumerate(pieces) if piece.word == "TABLE") + 1
    while at < len(pieces) - 1 and pieces[at].kind == "name" and pieces[at].word in ("IF", "NOT", "EXISTS"):
        at += 1
    if at + 2 < len(pieces) and pieces[at + 1].text == ".":
        at += 2
    return (unquoted(pieces[at].text) if at < len(pieces) else ""), pieces[at + 1 :]


def _indexed(pieces: list[SqlToken]) -> tuple[str, ...]:
    at = next((index for index, piece in enumerate(pieces) if piece.word == "ON"), None)
    return (unquoted(pieces[at + 1].text),) if at is not None and at + 1 < len(pieces) else ()


def _data(verb: str, statement: str) -> Effect:
    try:
        # sqlglot does not know REPLACE INTO, which is another name of INSERT OR REPLACE INTO
        text = f"INSERT OR {statement}" if verb == "REPLACE" else statement
        tree = sqlglot.parse_one(text, dialect="sqlite")
    except (SqlglotError, RecursionError):
        return Effect(verb)
    written = tree.this if isinstance(tree, exp.Insert | exp.Update | exp.Delete) else None
    table = written.find(exp.Table) if isinstance(written, exp.Expr) else None
    copies: tuple[str, ...] = ()
    if isinstance(tree, exp.Insert) and isinstance(tree.expression, exp.Query):
        copies = tuple(dict.fromkeys(found.name for found in tree.expression.find_all(exp.Table)))
    return Effect(verb, writes=(table.name,) if table else (), copies=copies, tree=tree)
