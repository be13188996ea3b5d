"""What the scripts of a change and of its rollback say about values, from their words.

Rule: a column is known by its name in lower case, whatever its table.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from changeover.database.change import script
from changeover.database.change.assigned import Assigned
from changeover.plan.model import SqlStatement
from changeover.sql.text import tokens as sql_tokens

EVERY_COLUMN = "*"


@dataclass(frozen=True, slots=True)
class ScriptValues:
    """``computed`` are the columns that the change assigns (`EVERY_COLUMN`: any).

    ``made_of`` are the texts in its expressions, by column. ``rewritten`` are the columns that only the
    rollback assigns, ``mentioned`` the numbers and texts in the rollback.
    """

    computed: frozenset[str] = frozenset()
    made_of: Mapping[str, Sequence[str]] = field(default_factory=dict)
    rewritten: frozenset[str] = frozenset()
    mentioned: frozenset[object] = frozenset()


def read(forward: Sequence[SqlStatement], back: Sequence[SqlStatement]) -> ScriptValues:
    """The values of the two scripts."""
    computed = computed_columns(forward)
    rewritten = frozenset(_texts_of_computed(back)) - computed
    return ScriptValues(
        computed,
        _texts_of_computed(forward),
        frozenset() if EVERY_COLUMN in computed else rewritten,
        _literals(back),
    )


def computed_columns(statements: Iterable[SqlStatement]) -> frozenset[str]:
    """The columns (lower case) that a script computes; `EVERY_COLUMN` if it does not name them.

    A column that gets one constant in all rows is not computed.
    """
    found: dict[str, set[tuple[str, ...]]] = {}
    mapped: set[str] = set()
    for _, values in script.given(statements):
        for one in [Assigned(EVERY_COLUMN, ())] if values is None else values:
            found.setdefault(one.column, set()).add(one.item)
            mapped |= {one.column} if not (one.is_constant and one.to_all) else set()
    return frozenset(name for name, items in found.items() if name in mapped or len(items) > 1)


def _texts_of_computed(statements: Iterable[SqlStatement]) -> Mapping[str, tuple[str, ...]]:
    """Column in lower case -> the texts in the expressions by which a script computes it."""
    found: dict[str, tuple[str, ...]] = {}
    for _, values in script.given(statements):
        for one in values or ():
            if not (one.source or one.is_constant):
                said = (word[1:-1].replace("''", "'") for word in one.item if word.startswith("'"))
                found[one.column] = (*found.get(one.column, ()), *said)
    return found


def _literals(statements: Iterable[SqlStatement]) -> frozenset[object]:
    """The numbers and texts in scripts."""
    found: set[object] = set()
    for statement in statements:
        for token in sql_tokens(statement.text):
            if token.kind == "string":
                found.add(token.text[1:-1].replace("''", "'"))
            elif token.kind == "number":
                with suppress(ValueError):
                    found.add(float(token.text))
    return frozenset(found)
