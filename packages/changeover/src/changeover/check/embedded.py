"""Finds the statements that pick rows: on their own, in CREATE TABLE ... AS, and in the body of a trigger.

Rule: in a trigger NEW and OLD are one row of its table, so a comparison with them is read as one with the
table.
"""

from collections.abc import Iterator

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from changeover.check.reading import ROWIDS
from changeover.check.schema_copy import EmptyCopy
from changeover.sql.identifiers import identifier_key
from changeover.sql.text import SqlToken, body_of_trigger, tokens, unquoted
from changeover.sql.tree import Effect, effect_of

Picking = exp.Update | exp.Delete | exp.Insert
_ROWS = ("new", "old")


def picking(text: str, effect: Effect, copy: EmptyCopy) -> Iterator[tuple[str, str, Picking]]:
    """(verb, table that is written, tree) of each statement in ``text`` that picks rows.

    A trigger that the schema has already, word for word, is left alone: the plan did not write it.
    """
    if isinstance(effect.tree, Picking) and effect.writes:
        yield effect.verb, effect.writes[0], effect.tree
    elif effect.is_trigger and not copy.had(text):
        yield from _in_trigger(text, copy)
    elif effect.verb == "CREATE" and (effect.creates or effect.temporary):
        yield from _made_as(text)


def _made_as(text: str) -> Iterator[tuple[str, str, Picking]]:
    """CREATE TABLE ... AS SELECT, as the INSERT ... SELECT that copies the same rows."""
    try:
        tree = sqlglot.parse_one(text, dialect="sqlite")
    except (SqlglotError, RecursionError):
        return
    if isinstance(tree, exp.Create) and isinstance(tree.expression, exp.Query):
        made = tree.find(exp.Table)
        assert made is not None
        yield "CREATE", made.name, exp.Insert(this=made.copy(), expression=tree.expression.copy())


def _in_trigger(text: str, copy: EmptyCopy) -> Iterator[tuple[str, str, Picking]]:
    pieces = list(tokens(text))
    words = [piece.word for piece in pieces]
    if "ON" not in words:
        return
    table = _named(pieces, words.index("ON") + 1)
    for start, end in body_of_trigger(text):
        effect = effect_of(text[start:end])
        if isinstance(effect.tree, Picking) and effect.writes:
            yield effect.verb, effect.writes[0], _with_row(effect.tree, table, copy)


def _named(pieces: list[SqlToken], place: int) -> str:
    """The table's name at index ``place``, without ``main.`` before it; empty at the end of the text."""
    if [piece.text for piece in pieces[place + 1 : place + 2]] == ["."]:
        place += 2
    return unquoted(pieces[place].text) if place < len(pieces) else ""


def _with_row(tree: Picking, table: str, copy: EmptyCopy) -> Picking:
    """The statement with NEW and OLD as subqueries of its WHERE, if the WHERE names them.

    Their columns are renamed to ``new id`` and so on, because a bare ``id`` in a trigger never means NEW or
    OLD.
    """
    where = tree.args.get("where")
    columns = (
        [column for column in where.find_all(exp.Column) if column.table.lower() in _ROWS] if where else []
    )
    if not columns:
        return tree
    found = tree.copy()
    condition = found.args["where"].this
    rows: dict[str, exp.Subquery] = {}
    for column in condition.find_all(exp.Column):
        row = column.table.lower()
        if row in _ROWS:
            rows[row] = _row(table, row, copy)
            column.set("this", exp.to_identifier(f"{row} {identifier_key(column.name)}", quoted=True))
    first, *rest = rows.values()
    asked = exp.select("1").from_(first).where(condition.copy())
    for other in rest:
        asked = asked.join(other, join_type="CROSS")
    found.set("where", exp.Where(this=exp.Exists(this=asked)))
    return found


def _row(table: str, row: str, copy: EmptyCopy) -> exp.Subquery:
    columns = dict.fromkeys([*copy.column_order(table), *ROWIDS])
    named = [
        exp.alias_(exp.column(exp.to_identifier(one, quoted=True)), f"{row} {one}", quoted=True)
        for one in columns
    ]
    source = exp.Table(this=exp.to_identifier(table, quoted=True))
    return exp.select(*named).from_(source).subquery(row)
