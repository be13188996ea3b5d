"""What a plan asks of a server that only a file can do: found by `check --database URL`, not in the night."""

from collections.abc import Iterator, Mapping

from changeover.check.consequence import LivingSchema
from changeover.database.server import printed
from changeover.database.where import Server
from changeover.plan.model import Plan, SqlAction
from changeover.problems import Problem


def server_rules(plan: Plan, schema: Mapping[str, str] | None) -> Iterator[Problem]:
    """An expectation of a changing script that a server cannot judge before COMMIT."""
    if not isinstance(schema, LivingSchema) or not isinstance(schema.database, Server):
        return
    for action in plan.actions():
        if isinstance(action, SqlAction) and action.changes and action.expect is not None:
            reason = printed.unjudged(action.expect, action.statements)
            if reason:
                yield Problem(action.expect.position, "server-expect", reason, printed.HINT)
