"""Time limits of a task, and where each comes from; the only place where budgets are computed.

Rule: pure. What is used up of a limit comes from the journal; a rehearsal asks the same functions.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from changeover.engine.progress import RunState, TaskProgress
from changeover.engine.tasks import Task, TaskKind, TaskPlan
from changeover.plan.model import Phase, Plan
from changeover.words import format_duration


@dataclass(frozen=True, slots=True)
class Limit:
    """How many seconds a task may take, and the words that say whose limit this is."""

    seconds: float
    name: str


def tightest(plan: Plan, found: TaskPlan, state: RunState, task: Task) -> Limit | None:
    """The limit that ends a task first, with the seconds that are left of it; None if it has no limit."""
    left = (
        Limit(max(limit.seconds - used_s, 0.0), limit.name)
        for limit, used_s in limits_of(plan, found, state, task)
    )
    return min(left, key=lambda limit: limit.seconds, default=None)


def late(plan: Plan, back: Sequence[Task], state: RunState) -> str:
    """A sentence if the rollback took longer than the plan promises; empty if not.

    It is never ended for that.
    """
    taken_s, limit_s = span_s(back, state.tasks), plan.rollback_within_s
    if limit_s is None or taken_s <= limit_s:
        return ""
    return f"going back took {taken_s:.2f} s and was to take {format_duration(limit_s)}"


def limits_of(plan: Plan, found: TaskPlan, state: RunState, task: Task) -> Iterator[tuple[Limit, float]]:
    """The limits of a task, each with the seconds that are used up of it."""
    action = plan.action(task.subject) if task.kind is TaskKind.ACTION else None
    if action is not None and action.budget_s is not None:
        yield Limit(action.budget_s, f"{task.label} may take {format_duration(action.budget_s)}"), 0.0
    step = next((step for step in plan.steps(task.phase) if step.id == task.step), None)
    tasks = found.execute if task.phase is Phase.EXECUTE else found.after
    if step is not None and step.budget_s is not None:
        own = [other for other in tasks if other.step == step.id]
        limit = Limit(step.budget_s, f"step {step.title!r} may take {format_duration(step.budget_s)}")
        yield limit, _since_first(own, state)
    section = plan.section(task.phase)
    if section is not None and section.budget_s is not None:
        limit = Limit(section.budget_s, f"{section.title} may take {format_duration(section.budget_s)}")
        yield limit, _since_first(tasks, state)
    if task.phase is Phase.EXECUTE and plan.downtime_s is not None:
        limit = Limit(plan.downtime_s, f"downtime may be {format_duration(plan.downtime_s)}")
        yield limit, _since_first(tasks, state)


def _since_first(tasks: Sequence[Task], state: RunState) -> float:
    starts = [state.tasks[task.id].first_s for task in tasks if task.id in state.tasks]
    return state.now_s - min(starts) - _beside_s(tasks, state.tasks) if starts else 0.0


def _beside_s(tasks: Sequence[Task], known: Mapping[str, TaskProgress]) -> float:
    """The seconds of online work; they count against no limit but their own block's.

    The application is in use meanwhile.
    """
    return sum(
        known[task.id].last_s - known[task.id].first_s for task in tasks if task.online and task.id in known
    )


def broken_limit(plan: Plan, found: TaskPlan, state: RunState) -> str:
    """The first limit that the tasks done so far have exceeded, in words; empty if none."""
    for phase, tasks in ((Phase.EXECUTE, found.execute), (Phase.AFTER, found.after)):
        spans = _spans(plan, phase, tasks, state.tasks)
        for name, limit_s, taken_s in spans:
            if limit_s is not None and taken_s > limit_s:
                return f"{name} took {taken_s:.2f} s and may take {format_duration(limit_s)}"
    return ""


def _spans(
    plan: Plan, phase: Phase, tasks: Sequence[Task], known: Mapping[str, TaskProgress]
) -> Iterator[tuple[str, float | None, float]]:
    for task in tasks:
        if task.kind is TaskKind.ACTION and task.id in known:
            one = known[task.id]
            yield task.label, plan.action(task.subject).budget_s, one.last_s - one.first_s
    for step in plan.steps(phase):
        own = [task for task in tasks if task.step == step.id]
        yield f"step {step.title!r}", step.budget_s, span_s(own, known)
    section = plan.section(phase)
    if section is not None:
        yield section.title, section.budget_s, span_s(tasks, known)
    if phase is Phase.EXECUTE:
        yield "the whole execution", plan.downtime_s, span_s(tasks, known)


def span_s(tasks: Sequence[Task], known: Mapping[str, TaskProgress]) -> float:
    touched = [known[task.id] for task in tasks if task.id in known]
    if not touched:
        return 0.0
    whole_s = max(one.last_s for one in touched) - min(one.first_s for one in touched)
    return whole_s - _beside_s(tasks, known)
