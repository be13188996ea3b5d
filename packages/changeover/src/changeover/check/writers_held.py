"""Forecasts how long a change would block writers, from the number of rows; for `check --database`.

Rule: a forecast only warns. The rehearsal measures, and the run compares itself with that.
"""

from collections.abc import Iterator

from changeover.check.consequence import LivingSchema
from changeover.database.change import forecast
from changeover.engine.budgets import DRIVER_PATIENCE_S
from changeover.engine.tasks import is_online
from changeover.plan.model import Phase, Plan, SqlAction
from changeover.problems import Problem, Severity
from changeover.words import format_duration


def held_rules(plan: Plan, schema: LivingSchema) -> Iterator[Problem]:
    """A warning for each change that would block writers longer than the plan, or a common driver, allows."""
    limit_s = min(plan.writers_held_s or DRIVER_PATIENCE_S, DRIVER_PATIENCE_S)
    allowed = f"writers-held is {format_duration(limit_s)}"
    if plan.writers_held_s is None or plan.writers_held_s > DRIVER_PATIENCE_S:
        allowed = f"Python's sqlite3 and many other drivers give up after {format_duration(limit_s)}"
    for action in plan.actions(Phase.EXECUTE):
        if not isinstance(action, SqlAction) or not action.changes or is_online(action):
            continue
        expected_s = forecast.forecast(action.statements, schema.size).certain_s
        if expected_s > limit_s:
            message = f"{action.label} is expected to hold writers for about {expected_s:.2g} s; {allowed}"
            hint = "rehearse it, which measures; or make the change in smaller steps"
            yield Problem(action.position, "writers-held", message, hint, Severity.WARNING)
