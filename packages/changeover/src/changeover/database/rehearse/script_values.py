"""What the scripts of a change and of its way back say of values, as far as their words tell.

Rule: a column is known by its folded name, whatever table it is of.
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
    """``computed`` are the columns to which the change gives values (`EVERY_COLUMN`: any).

    ``made_of`` are the texts in its expressions, by column. ``rewritten`` are the columns that only the way
    back computes, and ``mentioned`` the numbers and texts that it speaks of.
    """

    computed: frozenset[str] = frozenset()
    made_of: Mapping[str, Sequence[str]] = field(default_factory=dict)
    rewritten: frozenset[str] = frozenset()
    mentioned: frozenset[object] = frozenset()


def read(forward: Sequence[SqlStatement], back: Sequence[SqlStatement]) -> ScriptValues:
    """What the two say."""
    computed = computed_columns(forward)
    rewritten = frozenset(_texts_of_computed(back)) - computed
    return ScriptValues(
        computed,
        _texts_of_computed(forward),
        frozenset() if EVERY_COLUMN in computed else rewritten,
        _literals(back),
    )


def computed_columns(statements: Iterable[SqlStatement]) -> frozenset[str]:
    """The folded names of columns that a script gives values to; `EVERY_COLUMN` where that is not said.

    A column to which it gives one constant for all rows is not among them: no mapping made that value.
    """
    found: dict[str, set[tuple[str, ...]]] = {}
    mapped: set[str] = set()
    for _, values in script.given(statements):
        for one in [Assigned(EVERY_COLUMN, ())] if values is None else values:
            found.setdefault(one.column, set()).add(one.item)
            mapped |= {one.column} if not (one.is_constant and one.to_all) else set()
    return frozenset(name for name, items in found.items() if name in mapped or len(items) > 1)


def _texts_of_computed(statements: Iterable[SqlStatement]) -> Mapping[str, tuple[str, ...]]:
    """The texts in the expressions by which a script computes columns, by their folded names.

    A column that is only copied, or gets one constant, is not among them.
    """
    found: dict[str, tuple[str, ...]] = {}
    for _, values in script.given(statements):
        for one in values or ():
            if not (one.source or one.is_constant):
                said = (word[1:-1].replace("''", "'") for word in one.item if word.startswith("'"))
                found[one.column] = (*found.get(one.column, ()), *said)
    return found


def _literals(statements: Iterable[SqlStatement]) -> frozenset[object]:
    """The numbers and texts that scripts speak of."""
    found: set[object] = set()
    for statement in statements:
        for token in sql_tokens(statement.text):
            if token.kind == "string":
                found.add(token.text[1:-1].replace("''", "'"))
            elif token.kind == "number":
                with suppress(ValueError):
                    found.add(float(token.text))
    return frozenset(found)
