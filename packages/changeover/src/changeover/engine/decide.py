"""The engine: from a plan and its journal to the next thing to do. A pure function; the runner performs.

Rule: no file, no clock, no memory. Everything it knows stands in the journal, so that a runner that was
killed is replaced by another that reads the same lines and comes to the same decision.

- Nothing is changed before every check of Pre-flight was carried out and passed, and a backup is whole.
- A change that was cut off is settled by asking the ledger; a check is asked again; a command that was cut
  off counts as failed, except that a gate is waited for again.
- Any failure from Execute on turns the run: everything that was started is taken back, never forward again.
- A way back that fails is tried `TRIES` times a session; then the operator is called. No clock ends it: a
  database that is half-way back helps nobody. That it took longer than ``rollback-within`` is told.
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
    """Do this task. ``gate_only``: its command ended before a crash; only what is waited for is left."""

    task: Task
    limit: Limit | None = None
    attempt: int = 1
    pause_s: float = 0.0
    gate_only: bool = False


@dataclass(frozen=True, slots=True)
class ResolveInDoubt:
    """Find out whether this task was done: it was started, and nothing more is known."""

    task: Task


@dataclass(frozen=True, slots=True)
class StartRollback:
    """Go back from here on; ``task`` is the id of what failed, empty when a person asked for it."""

    reason: str
    task: str = ""


@dataclass(frozen=True, slots=True)
class End:
    """Nothing is left to do in this session."""

    ending: Ending
    reason: str = ""


Decision = Perform | ResolveInDoubt | StartRollback | End


def decide(plan: Plan, entries: Sequence[Entry], *, additive: bool) -> Decision:
    """The next thing to do. ``additive``: whether the change only adds to the schema (see `tasks.ordered`).

    Repeated until it says End, with what happened added to the journal each time, it comes to an end for
    every journal, and a change is never done twice.
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
    """Pre-flight, all of it, even when some of it fails: a person wants to see every fault at once."""
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
    """What to do about a task of Execute or After; None when it turns out to be done."""
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
    """The tasks of the way back as things stand: what needs to be undone, and what goes with it.

    The one place that decides this: the engine, what people are shown and the rehearsal ask here.
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
    """What of the way back is not done yet."""

    def is_done(task: Task) -> bool:
        return state.of(task).done or (task.atomic and state.of(task).applied is True)

    return tuple(task for task in going_back(plan, found, state) if not is_done(task))


def still_in_force(plan: Plan, found: TaskPlan, state: RunState) -> tuple[Task, ...]:
    """The changes of Execute that the rest of the way back takes back, in the order in which they ran."""
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
