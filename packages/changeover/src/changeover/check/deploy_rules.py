"""The order of deploy and migration: no release is deployed before the schema that it needs.

Rule: the plan's contract says what the new release needs. If a deploy comes before the script that makes it,
each request that needs it fails until the migration is done.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from sqlite3 import Error

from changeover.check.schema_copy import EmptyCopy, schema_of_script
from changeover.engine.tasks import ordered
from changeover.plan.model import AnyAction, Order, Part, Plan, ShellAction, SqlAction
from changeover.problems import Problem, Severity
from changeover.sql.identifiers import identifier_key

_DEPLOYS = re.compile(r"\bgit push\b|\bdeploy\b|\bsystemctl restart\b|\bdocker compose up\b")


def deploy_rules(plan: Plan, schema: Mapping[str, str] | None) -> Iterator[Problem]:
    """The problems of a deploy that comes before its schema.

    ``schema`` maps names to CREATE statements of the database; None stands for the plan's ``schema: before``.
    """
    early, change = _early(plan)
    if early is None or change is None:
        return
    if early.part is None:
        message = (
            f"{early.id} looks like a deploy and runs before {change.id}, which makes the schema it may need"
        )
        hint = f"add phase=deploy to {early.id} and phase=migrate to {change.id}: the order then follows"
        yield Problem(early.position, "unmarked-deploy", message, hint, Severity.WARNING)
    missing = _missing(plan, schema)
    if missing and (early.part is None or plan.order is not Order.AUTO):
        message = f"{early.id} deploys before {change.id}, but the new release needs {', '.join(missing)}"
        hint = (
            f"add phase=deploy to {early.id}, phase=migrate to {change.id} and order: migrate-first, or take"
            " from `contract` what the new release can do without until then"
        )
        would = f"every request that needs {missing[0]} would fail until {change.id} is done"
        yield Problem(early.position, "deploy-before-schema", f"{message}: {would}", hint)


def _early(plan: Plan) -> tuple[AnyAction | None, AnyAction | None]:
    """The first deploy in Execute before a change, and the last change after it; (None, None) without."""
    actions = [action for step in ordered(plan, additive=False) for action in step.actions]
    for place, action in enumerate(actions):
        changes = [one for one in actions[place + 1 :] if isinstance(one, SqlAction) and one.changes]
        if changes and _is_deploy(action):
            return action, changes[-1]
    return None, None


def _is_deploy(action: AnyAction) -> bool:
    if action.part is not None or not isinstance(action, ShellAction) or action.safe:
        return action.part is Part.DEPLOY
    return action.until is not None or _DEPLOYS.search(action.script) is not None


def _missing(plan: Plan, schema: Mapping[str, str] | None) -> list[str]:
    """The columns, as ``loans.due_on``, that the contract names and the schema before the change lacks."""
    if plan.contract is None or not plan.contract.tables:
        return []
    if schema is None:
        if plan.schema is None or plan.schema.before is None:
            return []
        with suppress(Error):
            schema = schema_of_script(plan.schema.before.text)
    if schema is None:
        return []
    copy = EmptyCopy(schema)
    try:
        return [
            f"{table}.{column}"
            for table, columns in plan.contract.tables.items()
            for column in columns
            if identifier_key(column) not in copy.columns(table)
        ]
    finally:
        copy.close()
