"""The tasks of a plan, in the order in which they run.

Rule: pure. The id of a task never changes, so that a journal can be read years later. Ids of the engine's own
tasks hold a colon, which no id of a plan does.

The order of deploy and migration: a step with ``phase=`` moves together with the steps that follow it up to
the next one with ``phase=`` (its checks). Steps before the first and after the last of them keep their place.
An additive change migrates first, as the old release can ignore what is new; a removing one deploys first.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from changeover.plan.model import (
    AnyAction,
    HttpAction,
    Order,
    Part,
    Phase,
    Plan,
    ShellAction,
    SqlAction,
    Step,
    Strategy,
)

BACKUP = "changeover:backup"
RESTORED = "changeover:restored"
UNDO = "undo:"
FINISH = "finish:"


class TaskKind(StrEnum):
    """What a task is: an action of the plan, a box that a person judges, or work of the engine itself."""

    ACTION = "action"
    JUDGEMENT = "judgement"
    BACKUP = "backup"
    UNDO_COMMAND = "undo command"
    UNDO_DERIVED = "undo derived"
    RESTORED = "restored"
    FINISH_ONLINE = "finish online"


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do. ``subject`` is the id of the action or box that it is about.

    ``step`` the id of its step.

    ``atomic``: it changes the database in one transaction with a ledger row, so that its outcome can be asked
    for. ``repeatable``: it changes nothing, or can be done again after it was cut off. ``online``: it works
    beside writers for as long as it takes and leaves something behind wherever it is cut off, so it is always
    taken back.
    """

    id: str
    kind: TaskKind
    phase: Phase
    subject: str
    label: str
    step: str = ""
    atomic: bool = False
    repeatable: bool = False
    online: bool = False


@dataclass(frozen=True, slots=True)
class TaskPlan:
    """The tasks of a run that goes well, by phase."""

    preflight: tuple[Task, ...]
    backup: Task
    execute: tuple[Task, ...]
    after: tuple[Task, ...]
    finish: tuple[Task, ...]

    @property
    def forward(self) -> tuple[Task, ...]:
        """All tasks from the first check to the last, without Finish."""
        return (*self.preflight, self.backup, *self.execute, *self.after)


def task_plan(plan: Plan, *, additive: bool) -> TaskPlan:
    """The tasks of a plan. ``additive`` decides between deploy and migration first if the plan does not."""
    return TaskPlan(
        preflight=_tasks(Phase.PREFLIGHT, plan.steps(Phase.PREFLIGHT)),
        backup=Task(BACKUP, TaskKind.BACKUP, Phase.PREFLIGHT, "", "Backup", repeatable=True),
        execute=_tasks(Phase.EXECUTE, ordered(plan, additive=additive)),
        after=_tasks(Phase.AFTER, plan.steps(Phase.AFTER)),
        finish=(*_online_finish(plan), *_tasks(Phase.FINISH, plan.steps(Phase.FINISH))),
    )


def ordered(plan: Plan, *, additive: bool) -> tuple[Step, ...]:
    """The steps of Execute in the order in which they run."""
    steps = plan.steps(Phase.EXECUTE)
    if plan.order is Order.AS_WRITTEN:
        return steps
    migrate_first = plan.order is Order.MIGRATE_FIRST or (plan.order is Order.AUTO and additive)
    places = [place for place, step in enumerate(steps) if _part(step) is not None]
    if not places:
        return steps
    first = Part.MIGRATE if migrate_first else Part.DEPLOY
    groups = [steps[start:end] for start, end in zip(places, [*places[1:], places[-1] + 1], strict=True)]
    groups.sort(key=lambda group: _part(group[0]) is not first)
    moved = tuple(step for group in groups for step in group)
    return (*steps[: places[0]], *moved, *steps[places[-1] + 1 :])


def rollback_tasks(
    plan: Plan, started: Iterable[Task], needs_undo: Callable[[Task], bool]
) -> tuple[Task, ...]:
    """The tasks that take back what was done; none if nothing was started.

    ``started`` are the tasks of Execute in the order in which they ran. Their undos come in the reverse
    order, or as written if the plan's order is as-written. Actions of the Rollback section without ``undoes``
    stay before or after all of these. ``needs_undo`` says of a started task whether it has to be taken back.
    """
    begun = tuple(started)
    if not begun:
        return ()
    undone = [task for task in reversed(begun) if needs_undo(task)]
    undoes = [undo for task in undone for undo in undos(plan, task)]
    if plan.order is Order.AS_WRITTEN:
        place = {action.id: number for number, action in enumerate(plan.actions(Phase.ROLLBACK))}
        undoes.sort(key=lambda task: place.get(task.id, -1))
    before, after = _others(plan)
    schema = any(task.atomic for task in undone)
    restored = Task(
        RESTORED, TaskKind.RESTORED, Phase.ROLLBACK, "", "Schema as it was before", repeatable=True
    )
    return (*before, *undoes, *([restored] if schema else []), *after)


def is_change(action: AnyAction) -> bool:
    """Whether an action writes to the database."""
    return isinstance(action, SqlAction) and action.changes


def is_online(action: AnyAction) -> bool:
    """Whether an action rebuilds a table while others write to it."""
    return isinstance(action, SqlAction) and action.strategy is Strategy.ONLINE


def _online_finish(plan: Plan) -> Iterator[Task]:
    """The tasks that drop the old tables of online rebuilds; the plan does not have to name them."""
    for action in plan.actions(Phase.EXECUTE):
        if is_online(action):
            label = f"Give up what is kept: {action.label}"
            name = f"{FINISH}{action.id}"
            yield Task(name, TaskKind.FINISH_ONLINE, Phase.FINISH, action.id, label, repeatable=True)


def task_of(action: AnyAction, phase: Phase, step: str) -> Task:
    """The task that carries out an action."""
    atomic = is_change(action)
    repeatable = isinstance(action, HttpAction) or (isinstance(action, SqlAction) and not atomic)
    if isinstance(action, ShellAction):
        repeatable = action.safe or phase in (Phase.ROLLBACK, Phase.PREFLIGHT, Phase.AFTER)
    online = is_online(action)
    return Task(
        action.id,
        TaskKind.ACTION,
        phase,
        action.id,
        action.label,
        step,
        atomic=atomic,
        repeatable=repeatable,
        online=online,
    )


def _tasks(phase: Phase, steps: Iterable[Step]) -> tuple[Task, ...]:
    return tuple(task for step in steps for task in _of_step(phase, step))


def _of_step(phase: Phase, step: Step) -> Iterator[Task]:
    for box in step.boxes:
        if box.is_judgement:
            yield Task(box.id, TaskKind.JUDGEMENT, phase, box.id, box.text, step.id, repeatable=True)
    labels = [action.label for action in step.actions]
    for action in step.actions:
        task = task_of(action, phase, step.id)
        several = labels.count(action.label) > 1
        yield replace(task, label=f"{action.label}: {action.id}") if several else task


def _part(step: Step) -> Part | None:
    parts = {action.part for action in step.actions if action.part is not None}
    return parts.pop() if len(parts) == 1 else None


def undos(plan: Plan, task: Task) -> Iterator[Task]:
    """The tasks that take back one task of Execute."""
    if task.kind is not TaskKind.ACTION:
        return
    action = plan.action(task.subject)
    written = plan.undo_of(action.id)
    for undo in written:
        step = _step_of(plan, undo.id)
        if step is None:  # it stands outside the Rollback section; `check` says so
            continue
        yield next(task for task in _of_step(Phase.ROLLBACK, step) if task.subject == undo.id)
    if written:
        return
    name, label = f"{UNDO}{action.id}", f"Take back: {action.label}"
    if isinstance(action, SqlAction) and action.derived_undo:
        yield Task(name, TaskKind.UNDO_DERIVED, Phase.ROLLBACK, action.id, label, atomic=True)
    if isinstance(action, ShellAction) and action.undo:
        yield Task(name, TaskKind.UNDO_COMMAND, Phase.ROLLBACK, action.id, label, repeatable=True)


def _others(plan: Plan) -> tuple[list[Task], list[Task]]:
    """The actions and boxes of Rollback that undo nothing: those before the first undo, and the rest."""
    before: list[Task] = []
    after: list[Task] = []
    seen = False
    for step in plan.steps(Phase.ROLLBACK):
        for task in _of_step(Phase.ROLLBACK, step):
            if task.kind is TaskKind.ACTION and plan.action(task.subject).undoes is not None:
                seen = True
            else:
                (after if seen else before).append(task)
    return (before, after) if seen else ([], before)


def _step_of(plan: Plan, action_id: str) -> Step | None:
    steps = plan.steps(Phase.ROLLBACK)
    return next((step for step in steps if any(action.id == action_id for action in step.actions)), None)
