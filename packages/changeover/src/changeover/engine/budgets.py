"""Checks the time limits of a plan: each budget fits into the one around it, and all into ``downtime``.

Rule: a plan whose own limits contradict each other is refused before it runs.
"""

from collections.abc import Iterator

from changeover.plan.model import AnyAction, Phase, Plan, Section, ShellAction, Step
from changeover.problems import Problem, Severity
from changeover.words import format_duration

DRIVER_PATIENCE_S = 5.0
"""How long Python's `sqlite3.connect`, like many drivers, waits for a lock by default."""


def budget_rules(plan: Plan) -> Iterator[Problem]:
    """The problems of a plan's budgets, as they contradict each other."""
    if plan.downtime_s is None:
        hint = "add 'downtime: 2m' to the front matter; past it the run goes back"
        yield Problem(plan.position, "no-downtime", "no limit for the whole", hint, Severity.WARNING)
    if plan.rollback_within_s is None and plan.section(Phase.ROLLBACK):
        hint = "add 'rollback-within: 1m' to the front matter"
        yield Problem(plan.position, "no-rollback-limit", "no limit for going back", hint, Severity.WARNING)
    yield from _writers_held(plan)
    for section in plan.sections:
        limit_s, name = _limit(plan, section)
        yield from _section(section, limit_s, name)
        for step in section.steps:
            yield from _step(step)


def _writers_held(plan: Plan) -> Iterator[Problem]:
    if plan.writers_held_s is None:
        return
    if plan.downtime_s is not None and plan.writers_held_s > plan.downtime_s:
        held, down = format_duration(plan.writers_held_s), format_duration(plan.downtime_s)
        message = f"writers-held is {held}, but downtime only {down}"
        yield Problem(plan.position, "budget", message, "lower writers-held or raise downtime")
    elif plan.writers_held_s >= DRIVER_PATIENCE_S:
        message = (
            f"writers may be held for {format_duration(plan.writers_held_s)}; Python's sqlite3 and many other"
            f' drivers give up after {format_duration(DRIVER_PATIENCE_S)} with "database is locked"'
        )
        hint = "lower writers-held, or make sure that every writer waits longer (PRAGMA busy_timeout)"
        yield Problem(plan.position, "writers-held", message, hint, Severity.WARNING)


def _limit(plan: Plan, section: Section) -> tuple[float | None, str]:
    if section.phase is Phase.EXECUTE:
        return plan.downtime_s, "downtime"
    if section.phase is Phase.ROLLBACK:
        return plan.rollback_within_s, "rollback-within"
    return None, ""


def _section(section: Section, limit_s: float | None, name: str) -> Iterator[Problem]:
    steps_s = sum(step.budget_s or 0.0 for step in section.steps)
    planned_s = section.budget_s or steps_s
    if section.budget_s is not None and steps_s > section.budget_s:
        steps, budget = format_duration(steps_s), format_duration(section.budget_s)
        message = f"the steps may take {steps}, the section only {budget}"
        yield Problem(section.position, "budget", message, "raise the one or lower the others")
    if limit_s is not None and planned_s > limit_s:
        message = (
            f"{section.title} may take {format_duration(planned_s)}, but {name} is {format_duration(limit_s)}"
        )
        yield Problem(section.position, "budget", message, f"lower the budgets or raise {name}")


def _step(step: Step) -> Iterator[Problem]:
    actions_s = sum(action.budget_s or 0.0 for action in step.actions)
    if step.budget_s is None:
        return
    if actions_s > step.budget_s:
        actions, budget = format_duration(actions_s), format_duration(step.budget_s)
        message = f"the blocks may take {actions}, step {step.title!r} only {budget}"
        yield Problem(step.position, "budget", message, "raise the one or lower the others")
    for action in step.actions:
        for name, wait_s in _waits(action):
            if wait_s > step.budget_s:
                wait, budget = format_duration(wait_s), format_duration(step.budget_s)
                message = f"{name}={wait} is longer than the step's budget {budget}"
                yield Problem(action.position, "budget", message, f"lower {name} or raise the budget")


def _waits(action: AnyAction) -> Iterator[tuple[str, float]]:
    if action.timeout_s is not None:
        yield "timeout", action.timeout_s
    if isinstance(action, ShellAction) and action.until is not None and action.until.timeout_s is not None:
        yield "wait", action.until.timeout_s
    if action.retry.times > 1:
        yield "retries x every", (action.retry.times - 1) * action.retry.every_s
