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

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from changeover.budgets import spoken
from changeover.course import Course, Doing, Task, course, way_back
from changeover.entries import Command, Ending, Entry, Kind, ending, worked_s
from changeover.plan import Phase, Plan, ShellAction

TRIES = 3
PAUSES_S = (0.0, 1.0, 3.0)
COMMAND_ENDED = "command ended"


@dataclass(frozen=True, slots=True)
class Limit:
    """How long a task may take, and whose limit that is, in words."""

    seconds: float
    name: str


@dataclass(frozen=True, slots=True)
class Perform:
    """Do this task. ``gate_only``: its command ended before a crash; only what is waited for is left."""

    task: Task
    limit: Limit | None = None
    attempt: int = 1
    pause_s: float = 0.0
    gate_only: bool = False


@dataclass(frozen=True, slots=True)
class Settle:
    """Find out whether this task was done: it was started, and nothing more is known."""

    task: Task


@dataclass(frozen=True, slots=True)
class Turn:
    """Go back from here on; ``task`` is the id of what failed, empty when a person asked for it."""

    reason: str
    task: str = ""


@dataclass(frozen=True, slots=True)
class End:
    """Nothing is left to do in this session."""

    ending: Ending
    reason: str = ""


Decision = Perform | Settle | Turn | End


@dataclass(slots=True)
class Known:
    """What the journal says of one task. ``applied`` None: unknown. ``failures`` are this session's.

    ``cut_off``: it was started, and neither its end nor what became of it stands in the journal.
    """

    started: bool = False
    cut_off: bool = False
    done: bool = False
    failed: bool = False
    applied: bool | None = None
    command_ended: bool = False
    failures: int = 0
    reason: str = ""
    first_s: float = 0.0
    last_s: float = 0.0

    @property
    def settled(self) -> bool:
        """Whether it is known what became of it."""
        return self.done or self.applied is not None


@dataclass(slots=True)
class State:
    """A journal, folded: what is known of each task, and where the run stands."""

    tasks: dict[str, Known] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    command: Command = Command.RUN
    turned: bool = False
    back_asked: bool = False
    finish_asked: bool = False
    stop_asked: bool = False
    alarm: str = ""
    ended: Ending | None = None
    was_done: bool = False
    now_s: float = 0.0

    def of(self, task: Task) -> Known:
        """What is known of a task."""
        return self.tasks.get(task.id) or Known()


def decide(plan: Plan, entries: Sequence[Entry], *, additive: bool) -> Decision:
    """The next thing to do. ``additive``: whether the change only adds to the schema (see `course.ordered`).

    Repeated until it says End, with what happened added to the journal each time, it comes to an end for
    every journal, and a change is never done twice.
    """
    state = fold(entries)
    found = course(plan, additive=additive)
    if state.ended is not None:
        return End(state.ended)
    decision = _decide(plan, found, state)
    if state.stop_asked and not isinstance(decision, End | Turn):
        return End(Ending.STOPPED, "a person stopped it")
    return decision


def fold(entries: Sequence[Entry]) -> State:
    """What the journal says, taken together."""
    state = State()
    for entry, at_s in zip(entries, worked_s(entries), strict=True):
        state.now_s = at_s
        if entry.id and entry.kind in _OF_A_TASK:
            _note(state, entry, at_s)
        else:
            _step(state, entry)
    state.ended = ending(entries)
    return state


_OF_A_TASK = (Kind.STARTED, Kind.NOTED, Kind.DONE, Kind.FAILED, Kind.SETTLED)


def _step(state: State, entry: Entry) -> None:
    match entry.kind:
        case Kind.OPENED:
            state.command = Command(entry.text("command"))
            state.back_asked |= state.command is Command.ROLLBACK
            state.finish_asked |= state.command is Command.FINISH
            state.stop_asked, state.alarm = False, ""
            for known in state.tasks.values():
                known.failures = 0
        case Kind.TURNED:
            state.turned = True
        case Kind.ASKED:
            state.stop_asked = True
        case Kind.ALARM:
            state.alarm = entry.text("reason")
        case Kind.ENDED:
            state.was_done |= entry.text("ending") == Ending.DONE


def _note(state: State, entry: Entry, at_s: float) -> None:
    known = state.tasks.setdefault(entry.id, Known())
    match entry.kind:
        case Kind.STARTED:
            if not known.started:
                known.first_s = at_s
                state.order.append(entry.id)
            known.started = known.cut_off = True
            known.failed, known.applied = False, None
        case Kind.NOTED:
            known.command_ended |= entry.text("what") == COMMAND_ENDED
        case Kind.DONE:
            known.done, known.cut_off, known.applied = True, False, True
        case Kind.FAILED:
            applied = entry.data.get("applied")
            known.failed, known.reason = True, entry.text("message")
            known.failures += 1
            known.cut_off = False
            known.applied = applied if isinstance(applied, bool) else None
        case Kind.SETTLED:
            known.applied, known.cut_off = bool(entry.data.get("applied")), False
    known.last_s = at_s


def _decide(plan: Plan, found: Course, state: State) -> Decision:
    if state.command is Command.FINISH or (state.finish_asked and state.command is Command.RESUME):
        return _finish(found, state)
    if state.turned:
        return _back(plan, found, state)
    if state.back_asked:
        if any(state.of(task).started for task in found.finish):
            return End(Ending.UNFINISHED, "`finish` has dropped what a way back needs")
        return Turn("a person asked for it")
    return _forward(plan, found, state)


def _forward(plan: Plan, found: Course, state: State) -> Decision:
    before = _before(found, state)
    if before is not None:
        return before
    for task in (*found.execute, *found.after):
        known = state.of(task)
        if known.done:
            continue
        if known.failed:
            return Turn(known.reason, task.id)
        broken = _broken_limit(plan, found, state) or state.alarm
        if broken:
            return Turn(broken)
        decision = _next(task, known)
        if decision is not None:
            return _limited(plan, found, state, decision)
    broken = _broken_limit(plan, found, state) or state.alarm
    return Turn(broken) if broken else End(Ending.DONE)


def _before(found: Course, state: State) -> Decision | None:
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


def _next(task: Task, known: Known) -> Decision | None:
    """What to do about a task of Execute or After; None when it turns out to be done."""
    if not known.started:
        return Perform(task)
    if task.atomic:
        return Settle(task) if not known.settled else None if known.applied else Perform(task)
    if task.repeatable:
        return Perform(task)
    if known.command_ended:
        return Perform(task, gate_only=True)
    return Turn("it was cut off, and nobody knows how far it came", task.id)


def _back(plan: Plan, found: Course, state: State) -> Decision:
    forward = {task.id: task for task in found.execute}
    started = [forward[name] for name in state.order if name in forward]
    for task in started:
        if task.atomic and not state.of(task).settled:
            return Settle(task)

    def needs_undo(task: Task) -> bool:
        if task.atomic:
            return state.of(task).applied is True
        action = plan.action(task.subject) if task.doing is Doing.ACTION else None
        return isinstance(action, ShellAction) and not action.safe

    back = way_back(plan, started, needs_undo)
    for task in back:
        decision = _undo(task, state.of(task))
        if decision is not None:
            return decision
    return End(Ending.ROLLED_BACK, _late(plan, back, state))


def _late(plan: Plan, back: Sequence[Task], state: State) -> str:
    """That the way back took longer than was promised; it is never ended for that, but it is said."""
    taken_s, limit_s = _span(back, state.tasks), plan.rollback_within_s
    if limit_s is None or taken_s <= limit_s:
        return ""
    return f"going back took {taken_s:.2f} s and was to take {spoken(limit_s)}"


def _undo(task: Task, known: Known) -> Decision | None:
    if known.done:
        return None
    if task.atomic and known.started and not known.settled:
        return Settle(task)
    if task.atomic and known.applied:
        return None
    if known.failures >= TRIES:
        return End(Ending.OPERATOR_NEEDED, f"{task.label}: {known.reason}")
    return Perform(task, attempt=known.failures + 1, pause_s=PAUSES_S[known.failures])


def _finish(found: Course, state: State) -> Decision:
    if state.turned or state.back_asked or not state.was_done:
        return End(Ending.UNFINISHED, "only a run that is done can be finished")
    for task in found.finish:
        known = state.of(task)
        if known.done:
            continue
        if task.atomic and known.started and not known.settled:
            return Settle(task)
        if task.atomic and known.applied:
            continue
        return End(Ending.UNFINISHED, known.reason) if known.failures else Perform(task)
    return End(Ending.FINISHED)


def _limited(plan: Plan, found: Course, state: State, decision: Decision) -> Decision:
    if not isinstance(decision, Perform):
        return decision
    left = [
        Limit(max(limit.seconds - used_s, 0.0), limit.name)
        for limit, used_s in _limits(plan, found, state, decision.task)
    ]
    tightest = min(left, key=lambda limit: limit.seconds, default=None)
    return replace(decision, limit=tightest)


def _limits(plan: Plan, found: Course, state: State, task: Task) -> Iterator[tuple[Limit, float]]:
    """The limits that a task is under, each with what is used up of it."""
    action = plan.action(task.subject) if task.doing is Doing.ACTION else None
    if action is not None and action.budget_s is not None:
        yield Limit(action.budget_s, f"{task.label} may take {spoken(action.budget_s)}"), 0.0
    step = next((step for step in plan.steps(task.phase) if step.id == task.step), None)
    tasks = found.execute if task.phase is Phase.EXECUTE else found.after
    if step is not None and step.budget_s is not None:
        own = [other for other in tasks if other.step == step.id]
        limit = Limit(step.budget_s, f"step {step.title!r} may take {spoken(step.budget_s)}")
        yield limit, _since_first(own, state)
    section = plan.section(task.phase)
    if section is not None and section.budget_s is not None:
        limit = Limit(section.budget_s, f"{section.title} may take {spoken(section.budget_s)}")
        yield limit, _since_first(tasks, state)
    if task.phase is Phase.EXECUTE and plan.downtime_s is not None:
        limit = Limit(plan.downtime_s, f"downtime may be {spoken(plan.downtime_s)}")
        yield limit, _since_first(tasks, state)


def _since_first(tasks: Sequence[Task], state: State) -> float:
    starts = [state.tasks[task.id].first_s for task in tasks if task.id in state.tasks]
    return state.now_s - min(starts) if starts else 0.0


def _broken_limit(plan: Plan, found: Course, state: State) -> str:
    """The first limit that what has been done so far went past, in words; empty when none."""
    for phase, tasks in ((Phase.EXECUTE, found.execute), (Phase.AFTER, found.after)):
        spans = _spans(plan, phase, tasks, state.tasks)
        for name, limit_s, taken_s in spans:
            if limit_s is not None and taken_s > limit_s:
                return f"{name} took {taken_s:.2f} s and may take {spoken(limit_s)}"
    return ""


def _spans(
    plan: Plan, phase: Phase, tasks: Sequence[Task], known: Mapping[str, Known]
) -> Iterator[tuple[str, float | None, float]]:
    for task in tasks:
        if task.doing is Doing.ACTION and task.id in known:
            one = known[task.id]
            yield task.label, plan.action(task.subject).budget_s, one.last_s - one.first_s
    for step in plan.steps(phase):
        own = [task for task in tasks if task.step == step.id]
        yield f"step {step.title!r}", step.budget_s, _span(own, known)
    section = plan.section(phase)
    if section is not None:
        yield section.title, section.budget_s, _span(tasks, known)
    if phase is Phase.EXECUTE:
        yield "the whole execution", plan.downtime_s, _span(tasks, known)


def _span(tasks: Sequence[Task], known: Mapping[str, Known]) -> float:
    touched = [known[task.id] for task in tasks if task.id in known]
    if not touched:
        return 0.0
    return max(one.last_s for one in touched) - min(one.first_s for one in touched)
