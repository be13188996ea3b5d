"""What a libSQL server cannot do for a plan: `check --database URL` says it long before the run."""

from collections.abc import Iterator, Mapping

from changeover.check.consequence import LivingSchema
from changeover.database.server import printed
from changeover.database.where import Server
from changeover.plan.model import Plan, SqlAction
from changeover.problems import Problem


def server_rules(plan: Plan, schema: Mapping[str, str] | None) -> Iterator[Problem]:
    """A problem for each expectation of a changing script that cannot be judged before COMMIT on a server."""
    if not isinstance(schema, LivingSchema) or not isinstance(schema.database, Server):
        return
    for action in plan.actions():
        if isinstance(action, SqlAction) and action.changes and action.expect is not None:
            reason = printed.unjudged(action.expect, action.statements)
            if reason:
                yield Problem(action.expect.position, "server-expect", reason, printed.HINT)
