"""Finds what others made in the database since a run began.

It was not there before, and the plan does not name it.

Rule: a rollback leaves it alone, or says by name that it drops it.
"""

from collections.abc import Iterable, Iterator, Mapping

from changeover.database.findings import Finding
from changeover.database.schema.definition import words_of
from changeover.database.schema.meaning import Meanings
from changeover.plan.model import Plan, SqlAction
from changeover.run import mended_rollback

ObjectKey = tuple[str, str]
"""(type, name in lower case)"""


def made_since(
    plan: Plan, before: Mapping[ObjectKey, object] | None, now: Iterable[ObjectKey]
) -> frozenset[ObjectKey]:
    """The objects of ``now`` that others made; ``before`` is the schema at the beginning, None if not known.

    A mended rollback may name objects of others, so that a name in it does not count.
    """
    if before is None:
        return frozenset()
    scripts = (
        action
        for action in plan.actions()
        if isinstance(action, SqlAction) and not action.id.startswith(mended_rollback.PREFIX)
    )
    named = {word for action in scripts for one in action.statements for word in words_of(one.text)}
    return frozenset(key for key in now if key not in before and key[1] not in named)


def dropped(others: Iterable[ObjectKey], now: Meanings) -> Iterator[Finding]:
    """A finding for each object of others that is gone."""
    for kind, name in sorted(others):
        if (kind, name) not in now:
            yield Finding(
                f"schema.{name}", f"{kind} {name}: somebody made it since the run, and the way back drops it"
            )
