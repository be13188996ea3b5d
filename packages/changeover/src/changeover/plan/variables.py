"""The ``${NAME}`` and ``:name`` of a plan: where they stand, and which the front matter does not explain.

Rule: what is not declared comes from the environment and is treated as a secret.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from changeover.plan.model import AnyAction, HttpAction, Parameter, Plan, Request, ShellAction, SqlAction
from changeover.problems import Position

NAME = re.compile(r"\$\{([A-Za-z_]\w*)\}")
_SHELL_NAME = re.compile(r"\$\{?([A-Za-z_]\w*)")


def with_undeclared(plan: Plan) -> Plan:
    """The plan with a secret parameter from the environment for each ``${NAME}`` that it does not declare."""
    declared = {parameter.name for parameter in plan.parameters}
    added: dict[str, Parameter] = {}
    for name, position in expanded_names(plan):
        if name not in declared and name not in added:
            added[name] = Parameter(name, position, required=True, secret=True, env=name, declared=False)
    return replace(plan, parameters=(*plan.parameters, *added.values()))


def expanded_names(plan: Plan) -> Iterator[tuple[str, Position]]:
    """Each ``${NAME}`` that changeover itself expands (everything but shell scripts), with its place."""
    for text, position in _texts(plan):
        for name in NAME.findall(text):
            yield name, position


def used_names(plan: Plan) -> set[str]:
    """Every name that the plan uses anywhere, in SQL and in shell scripts too."""
    found = {name for name, _ in expanded_names(plan)}
    for action in plan.actions():
        if isinstance(action, SqlAction):
            found |= {name for statement in action.statements for name in statement.parameters}
        if isinstance(action, ShellAction):
            found |= set(_SHELL_NAME.findall("\n".join([action.script, action.undo or "", _command(action)])))
    found |= {name for hook in plan.hooks for name in _SHELL_NAME.findall(hook.target)}
    if plan.contract and plan.contract.command:
        found |= set(_SHELL_NAME.findall(plan.contract.command))
    return found


def _command(action: ShellAction) -> str:
    return (action.until.command or "") if action.until else ""


def _texts(plan: Plan) -> Iterator[tuple[str, Position]]:
    yield plan.database, plan.position
    yield plan.backups or "", plan.position
    for extension in plan.extensions:
        yield extension, plan.position
    for hook in plan.hooks:
        if hook.kind == "webhook":
            yield hook.target, hook.position
    if plan.probe:
        yield (
            "\n".join([plan.probe.url, *(header.value for header in plan.probe.headers)]),
            plan.probe.position,
        )
    for action in plan.actions():
        for text in _action_texts(action):
            yield text, action.position


def _action_texts(action: AnyAction) -> Iterator[str]:
    if action.expect:
        yield action.expect.text
    if isinstance(action, HttpAction):
        for request in action.requests:
            yield from _request_texts(request)
    if isinstance(action, ShellAction) and action.until and action.until.request:
        yield from _request_texts(action.until.request)


def _request_texts(request: Request) -> Iterator[str]:
    yield request.url
    yield request.body or ""
    yield from (header.value for header in request.headers)
    yield from (assertion.value for assertion in request.assertions if isinstance(assertion.value, str))
