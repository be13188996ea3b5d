"""Reads a plan file and checks it: the caller gets the plan, or all its faults at once."""

from pathlib import Path

from changeover.check.lint import Performing
from changeover.check.rules import check
from changeover.errors import PlanErrors
from changeover.plan.model import Plan
from changeover.plan.read import read_plan
from changeover.problems import Problem, Severity


def load_plan(path: Path) -> Plan:
    """The plan in a file. Raises `PlanErrors`, with all faults of text and rules, if the text has one."""
    plan, problems = read_plan(path)
    if plan is None or problems:
        more = check(plan) if plan else []
        raise PlanErrors(sorted([*problems, *(p for p in more if p.severity is Severity.ERROR)], key=_order))
    return plan


def check_file(path: Path, performing: Performing | None = None) -> list[Problem]:
    """Every problem of a plan file, warnings included, in the order of the document; see `rules.check`."""
    plan, problems = read_plan(path)
    return sorted([*problems, *(check(plan, None, performing) if plan else [])], key=_order)


def _order(problem: Problem) -> tuple[str, int]:
    return problem.position.file, problem.position.line
