"""The engine: a pure function from a plan and its journal to the next thing to do; the runner does it.

Rule: no file, no clock, no memory. All it knows is in the journal, so that after a crash another runner reads
the same lines and comes to the same decision.

- Nothing is changed before every check of Pre-flight has passed and the backup is verified.
- If a change was cut off, the ledger is asked whether it was committed. A check that was cut off is repeated.
  A command that was cut off counts as failed; only its gate is waited for again.
- After any failure from Execute on, the run rolls back all that was started; it never goes forward again.
- A rollback task that fails is tried `TRIES` times in a session; then the operator is called. No time limit
  ends a rollback, since a database half-way back helps nobody; missing ``rollback-within`` is reported.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from changeover.engine import limits
from changeover.engine.entries import Command, Ending, Entry
from changeover.engine.limits import Limit
from changeover.engine.progress import RunState, TaskProgress, fold
from changeover.engine.tasks import Task, TaskKind, TaskPlan, rollback_tasks, task_plan, undos
from changeover.plan.model import Plan, ShellAction

TRIES = 3
PAUSES_S = (0.0, 1.0, 3.0)


@dataclass(frozen=True, slots=True)
class Perform:
    """Do this task. ``gate_only``: its command had ended before a crash, so only its gate is waited for."""

    task: Task
    limit: Limit | None = None
    attempt: int = 1
    pause_s: float = 0.0
    gate_only: bool = False


@dataclass(frozen=True, slots=True)
class ResolveInDoubt:
    """Find out whether this task was done: it was started, and the journal does not say how it ended."""

    task: Task


@dataclass(frozen=True, slots=True)
class StartRollback:
    """Begin the rollback; ``task`` is the id of the task that failed, empty if a person asked for it."""

    reason: str
    task: str = ""


@dataclass(frozen=True, slots=True)
class End:
    """Nothing is left to do in this session."""

    ending: Ending
    reason: str = ""


Decision = Perform | ResolveInDoubt | StartRollback | End


def decide(plan: Plan, entries: Sequence[Entry], *, additive: bool) -> Decision:
    """The next thing to do. ``additive``: the change only adds to the schema (see `tasks.ordered`).

    The caller adds what happened to the journal and asks again. For every journal this ends with `End`, and
    no change is ever made twice.
    """
    state = fold(entries)
    found = task_plan(plan, additive=additive)
    if state.ended is not None:
        return End(state.ended)
    decision = _decide(plan, found, state)
    if state.stop_asked and not isinstance(decision, End | StartRollback):
        return End(Ending.STOPPED, "a person stopped it")
    return decision


def _decide(plan: Plan, found: TaskPlan, state: RunState) -> Decision:
    if state.command is Command.ABANDON:
        return End(Ending.ABANDONED, "a person gave it up; what it had changed stays")
    if state.command is Command.FINISH or (state.finish_asked and state.command is Command.RESUME):
        return _finish(found, state)
    if state.rolling_back:
        return _back(plan, found, state)
    if state.back_asked:
        if any(state.of(task).started for task in found.finish):
            return End(Ending.UNFINISHED, "`finish` has dropped what a way back needs")
        return StartRollback("a person asked for it")
    return _forward(plan, found, state)


def _forward(plan: Plan, found: TaskPlan, state: RunState) -> Decision:
    before = _before(found, state)
    if before is not None:
        return before
    for task in (*found.execute, *found.after):
        known = state.of(task)
        if known.done:
            continue
        if known.failed:
            return StartRollback(known.reason, task.id)
        broken = limits.broken_limit(plan, found, state) or state.alarm
        if broken:
            return StartRollback(broken)
        decision = _next(task, known)
        if decision is not None:
            limit = limits.tightest(plan, found, state, task)
            return replace(decision, limit=limit) if isinstance(decision, Perform) else decision
    broken = limits.broken_limit(plan, found, state) or state.alarm
    return StartRollback(broken) if broken else End(Ending.DONE)


def _before(found: TaskPlan, state: RunState) -> Decision | None:
    """The next task of Pre-flight.

    All of it is done even if some fails, so that a person sees every fault.
    """
    for task in found.preflight:
        known = state.of(task)
        if not known.done and not known.failed:
            return Perform(task)
    if any(state.of(task).failed for task in found.preflight):
        return End(Ending.REFUSED, "Pre-flight found what must not be")
    backup = state.of(found.backup)
    if backup.failed:
        return End(Ending.REFUSED, backup.reason)
    return None if backup.done else Perform(found.backup)


def _next(task: Task, known: TaskProgress) -> Decision | None:
    """What to do about a task of Execute or After; None if it is done."""
    if not known.started:
        return Perform(task)
    if task.atomic:
        return ResolveInDoubt(task) if not known.resolved else None if known.applied else Perform(task)
    if task.repeatable:
        return Perform(task)
    if known.command_ended:
        return Perform(task, gate_only=True)
    # A command is not a transaction: done twice it may do harm, and half of it may stand.
    return StartRollback("it was cut off, and nobody knows how far it came", task.id)


def going_back(plan: Plan, found: TaskPlan, state: RunState) -> tuple[Task, ...]:
    """The tasks of the rollback at this moment: those that undo something, and those that go with them.

    The engine, the display and the rehearsal all ask here, so that they agree.
    """
    forward = {task.id: task for task in found.execute}
    started = [forward[name] for name in state.order if name in forward]

    def needs_undo(task: Task) -> bool:
        if task.online:
            return True
        if task.atomic:
            return state.of(task).applied is True
        action = plan.action(task.subject) if task.kind is TaskKind.ACTION else None
        return isinstance(action, ShellAction) and not action.safe

    return rollback_tasks(plan, started, needs_undo)


def left_to_undo(plan: Plan, found: TaskPlan, state: RunState) -> tuple[Task, ...]:
    """The tasks of the rollback that are not done yet."""

    def is_done(task: Task) -> bool:
        return state.of(task).done or (task.atomic and state.of(task).applied is True)

    return tuple(task for task in going_back(plan, found, state) if not is_done(task))


def still_in_force(plan: Plan, found: TaskPlan, state: RunState) -> tuple[Task, ...]:
    """The changes of Execute that the rest of the rollback will take back, in the order in which they ran."""
    left = {task.id for task in left_to_undo(plan, found, state)}
    ran = sorted(
        (task for task in found.execute if task.atomic and state.of(task).applied is True),
        key=lambda task: state.order.index(task.id),
    )
    return tuple(task for task in ran if any(undo.id in left for undo in undos(plan, task)))


def _back(plan: Plan, found: TaskPlan, state: RunState) -> Decision:
    for task in found.execute:
        known = state.of(task)
        if task.atomic and known.started and not known.resolved:
            return ResolveInDoubt(task)
    for task in left_to_undo(plan, found, state):
        return _undo(task, state.of(task))
    return End(Ending.ROLLED_BACK, limits.late(plan, going_back(plan, found, state), state))


def _undo(task: Task, known: TaskProgress) -> Decision:
    if task.atomic and known.started and not known.resolved:
        return ResolveInDoubt(task)
    if known.failures >= TRIES:
        return End(Ending.OPERATOR_NEEDED, f"{task.label}: {known.reason}")
    return Perform(task, attempt=known.failures + 1, pause_s=PAUSES_S[known.failures])


def _finish(found: TaskPlan, state: RunState) -> Decision:
    if state.rolling_back or state.back_asked or not state.was_done:
        return End(Ending.UNFINISHED, "only a run that is done can be finished")
    for task in found.finish:
        known = state.of(task)
        if known.done:
            continue
        if task.atomic and known.started and not known.resolved:
            return ResolveInDoubt(task)
        if task.atomic and known.applied:
            continue
        return End(Ending.UNFINISHED, known.reason) if known.failures else Perform(task)
    return End(Ending.FINISHED)
