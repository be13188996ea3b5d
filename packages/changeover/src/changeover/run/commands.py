"""The commands that change a database: run, resume, rollback, abandon, finish; each is one session of a run.

Rule: a session holds the lock file from beginning to end. It begins only if `preconditions` allow it, and
ends with an `Outcome`. Locks, probe and notifications are created here and passed on as arguments; nothing is
global.
"""

import getpass
import os
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from changeover.actions import online
from changeover.actions.context import ActionContext
from changeover.database import lock
from changeover.database.connect import opened
from changeover.database.local import backup_dir, label
from changeover.database.online.control import OnlineControl
from changeover.database.schema.meaning import Meanings, meanings
from changeover.database.server import admin
from changeover.database.where import Database
from changeover.engine.entries import Command, Ending, Entry, EntryKind, as_begun, begun, ending, exit_of
from changeover.engine.progress import fold
from changeover.engine.tasks import Task, task_plan
from changeover.errors import Refused
from changeover.exits import Exit
from changeover.plan.model import Event, ParameterKind, Plan
from changeover.plan.params import BoundParameters
from changeover.run import preconditions, records
from changeover.run.application import equipped
from changeover.run.downtime_probe import Prober
from changeover.run.journal import NAME, Journal
from changeover.run.made_since import ObjectKey, made_since
from changeover.run.notify import Notifier
from changeover.run.perform import Performer
from changeover.run.runner import OperatorPrompt, Runner, Signals
from changeover.run.state_dir import StateDir, make_run, numbered, state_of, stored_plan

PROBE = "changeover:probe"
NOTIFY = "changeover:notify"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a session is carried out. ``state`` None: the folder beside the database.

    ``show`` gets every journal entry, ``hook`` the name of every boundary; ``lasts_s`` is the lease's length.
    """

    who: str
    state: Path | None = None
    max_age_s: float = records.MAX_AGE_S
    prompt: OperatorPrompt = field(default_factory=OperatorPrompt)
    signals: Signals = field(default_factory=Signals)
    show: Callable[[Entry], None] = lambda entry: None
    opened: Callable[[Sequence[Entry], Plan], None] = lambda entries, plan: None
    hook: Callable[[str], None] = lambda moment: None
    now_at: Callable[[], float] = time.time
    lasts_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a session ended. ``entries`` is the whole journal of the run, ``folder`` its folder."""

    run_id: str
    ending: Ending
    command: Command
    reason: str
    folder: Path
    entries: tuple[Entry, ...]

    @property
    def failures(self) -> tuple[Entry, ...]:
        """The failures of this session, in order."""
        start = max((n for n, e in enumerate(self.entries) if e.kind is EntryKind.OPENED), default=0)
        return tuple(entry for entry in self.entries[start:] if entry.kind is EntryKind.FAILED)

    @property
    def exit_code(self) -> Exit:
        """The exit code of the command."""
        if self.ending is Ending.REFUSED and self.failures:
            codes = {int(entry.number("exit_code") or 0) for entry in self.failures}
            return Exit.UNDECIDED if codes == {Exit.UNDECIDED} else Exit.REFUSED
        return exit_of(self.ending, asked_back=self.command is Command.ROLLBACK)


def this_person() -> str:
    """``simon@house``: the user and the machine, for journal and ledger."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    return f"{os.environ.get('SUDO_USER') or name}@{socket.gethostname()}"


@equipped
def run(plan: Plan, values: BoundParameters, database: Database, settings: Settings) -> Outcome:
    """Carry a plan out to its end, or take back what was begun.

    Raises Refused (NotRehearsed, Locked, ...), PlanErrors, BadParameter, DatabaseError before anything is
    changed, and LeaseLost, Full or DatabaseError if the runner cannot go on. All other failures are in the
    outcome.
    """
    state = state_of(database, settings.state)
    run_id = numbered(state.runs, settings.now_at())
    holder = lock.this_runner(run_id, since_at=int(settings.now_at()))
    with lock.take(database, holder, state=state.path):
        admin.require_open(database)
        preconditions.require_no_open_run(state, plan, database)
        preconditions.require_not_applied(plan, database)
        preconditions.require_sound(plan, database)
        wanted = preconditions.wanted_record(state, plan, database, values)
        record = records.require(state, plan, wanted, now_at=settings.now_at(), max_age_s=settings.max_age_s)
        preconditions.require_room(database, record)
        preconditions.require_judges(plan, settings.prompt.confirmed, present=settings.prompt.present)
        facts: dict[str, object] = {
            "run": run_id,
            "title": plan.title,
            "plan_sha256": plan.sha256,
            "plan_file": plan.path.name,
            "folder": str(plan.path.resolve().parent),
            "database": label(database),
            "schema_before": wanted.schema,
            "parameters": dict(values.public()),
            "parameters_sha256": wanted.parameters_sha256,
            "additive": preconditions.is_additive(plan, database),
            "rehearsal": record.id,
            "rehearsed_s": dict(record.frozen()),
            "strategies": dict(record.strategies),
            "who": settings.who,
        }
        folder = make_run(state, run_id, plan)
        with Journal(
            folder / NAME, redactor=values.redactor, hook=settings.hook, now_at=settings.now_at
        ) as journal:
            journal.look = settings.show
            journal.add(EntryKind.BEGUN, "", **facts)
            return _session(
                Command.RUN,
                plan,
                values,
                _Place(database, state, folder, journal, holder),
                settings,
            )


@equipped
def resume(
    plan: Plan, values: BoundParameters, database: Database, settings: Settings, *, run_id: str
) -> Outcome:
    """Go on with a run that was stopped, killed or needs its operator, in the direction it had."""
    return _again(Command.RESUME, plan, values, database, settings, run_id=run_id)


@equipped
def rollback(
    plan: Plan,
    values: BoundParameters,
    database: Database,
    settings: Settings,
    *,
    run_id: str,
    mend: Mapping[str, object] | None = None,
) -> Outcome:
    """Take a run back, whether it is done or was cut off; rows that were written since stay.

    ``mend``: the journal's data on a script that ``plan`` holds in place of a rollback (see
    `mended_rollback`).
    """
    return _again(Command.ROLLBACK, plan, values, database, settings, run_id=run_id, mend=mend)


@equipped
def abandon(
    plan: Plan, values: BoundParameters, database: Database, settings: Settings, *, run_id: str
) -> Outcome:
    """Give a run up: nothing more of it is done or taken back."""
    return _again(Command.ABANDON, plan, values, database, settings, run_id=run_id)


@equipped
def finish(
    plan: Plan, values: BoundParameters, database: Database, settings: Settings, *, run_id: str
) -> Outcome:
    """Drop what a run keeps for its rollback. After this, only the backup leads back."""
    return _again(Command.FINISH, plan, values, database, settings, run_id=run_id)


def recorded_settings(entries: Sequence[Entry], plan: Plan) -> list[str]:
    """The ``--set`` arguments of a run, without secrets, so that nobody has to repeat them."""
    first = begun(entries)
    given = first.data.get("parameters") if first else None
    found: list[str] = []
    for parameter in plan.parameters:
        value = given.get(parameter.name) if isinstance(given, Mapping) else None
        if parameter.secret or not parameter.declared or value is None:
            continue
        if parameter.kind is ParameterKind.MAP and isinstance(value, Mapping):
            found += [f"{parameter.name}.{key}={text}" for key, text in value.items()]
        elif isinstance(value, str):
            found.append(f"{parameter.name}={value}")
    return found


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a session works: database, state folder, the run's folder and journal, and the lock's holder."""

    database: Database
    state: StateDir
    folder: Path
    journal: Journal
    holder: lock.Holder


def _again(
    command: Command,
    plan: Plan,
    values: BoundParameters,
    database: Database,
    settings: Settings,
    *,
    run_id: str,
    mend: Mapping[str, object] | None = None,
) -> Outcome:
    state = state_of(database, settings.state)
    holder = lock.this_runner(run_id, since_at=int(settings.now_at()))
    with lock.take(database, holder, state=state.path):
        admin.require_open(database)
        entries = state.entries(run_id)
        require_sense(command, plan, entries, state, run_id)
        if command is not Command.ABANDON:
            preconditions.require_same_plan(plan, entries, stored_plan(state, run_id))
            if mend is None:
                later = command is Command.FINISH
                preconditions.require_same_schema(database, entries, run_id, or_later=later)
        folder = state.run(run_id)
        with Journal(
            folder / NAME, redactor=values.redactor, hook=settings.hook, now_at=settings.now_at
        ) as journal:
            journal.look = settings.show
            if mend is not None:
                journal.add(EntryKind.MENDED, "", **mend)
            return _session(
                command,
                plan,
                values,
                _Place(database, state, folder, journal, holder),
                settings,
            )


def require_sense(
    command: Command, plan: Plan, entries: Sequence[Entry], state: StateDir, run_id: str
) -> None:
    """Raises Refused, with the right command, if this one does not fit the state of the run."""
    ended = ending(entries)
    if run_id != state.newest() and ended is not Ending.DONE:
        raise Refused(f"Run {run_id} is not the newest run of this database.", hint="Leave --run away.")
    if command is Command.RESUME and ended is not None and (ended is Ending.DONE or ended.is_final):
        hint = f"Begin anew: changeover run {plan.path}." if ended is not Ending.FINISHED else _FINISHED
        raise Refused(f"Run {run_id} has come to its end: {ended}.", hint=hint)
    if command in (Command.ROLLBACK, Command.ABANDON) and ended is not None and ended.is_final:
        hint = "Nothing of it is in force." if ended is not Ending.FINISHED else _FINISHED
        what = "cannot be taken back" if command is Command.ROLLBACK else "has come to its end"
        raise Refused(f"Run {run_id} {what}: {ended}.", hint=hint)
    known = fold(entries)
    if command is Command.FINISH and (known.rolling_back or known.back_asked or not known.was_done):
        raise Refused(
            f"Run {run_id} is not done{f' but {ended}' if ended else ''}; there is nothing to finish.",
            hint=f"See changeover status {plan.path}.",
        )


_FINISHED = "What it kept for a way back was dropped by `finish`; restore the backup if you must."


def _session(
    command: Command, plan: Plan, values: BoundParameters, place: _Place, settings: Settings
) -> Outcome:
    journal, first = place.journal, begun(place.journal.entries)
    assert first is not None
    run_id = first.text("run")
    plan = as_begun(plan, journal.entries)
    record = records.named(place.state, first.text("rehearsal"))
    context = ActionContext(
        plan=plan,
        values=values,
        database=place.database,
        backup_dir=backup_dir(place.database, settings.state),
        folder=_script_folder(first, plan),
        run_id=run_id,
        who=settings.who,
        now_at=settings.now_at,
        hook=settings.hook,
        control=OnlineControl(place.folder),
    )
    journal.add(EntryKind.OPENED, command=command.value, who=settings.who, pid=os.getpid())
    settings.opened(journal.entries, plan)
    with ExitStack() as stack:
        notifier = Notifier(plan.hooks, values, lambda problem: _note(journal, NOTIFY, what=problem))
        stack.callback(notifier.close)
        tell = _teller(notifier, plan, run_id, settings.who)
        prober = _probe(plan, values, settings.signals)
        if prober is not None:
            stack.callback(lambda: _note(journal, PROBE, **prober.stats.as_data()))
            stack.enter_context(prober)
        additive = bool(first.data.get("additive"))
        before = record.definitions_before() if record else None
        performer = Performer(
            plan=plan,
            tasks=task_plan(plan, additive=additive),
            contract=lambda: preconditions.contract_of(plan, context),
            rehearsed_s=lambda task: _rehearsed_s(first, task),
            schema_before=first.text("schema_before"),
            meanings_before=before,
            others=_made_by_others(plan, before, place.database),
        )
        runner = Runner(
            plan=plan,
            journal=journal,
            context=context,
            performer=performer,
            holder=place.holder,
            additive=additive,
            prompt=settings.prompt,
            signals=settings.signals,
            on_rollback=lambda reason: tell(Event.FAILED, reason),
            lasts_s=settings.lasts_s,
        )
        stack.callback(runner.close)
        tell(Event.STARTED, command.value)
        end = runner.work()
        if end.ending is Ending.ABANDONED:
            online.abandon(context)
        _tell_end(tell, end.ending, end.reason)
    return Outcome(run_id, end.ending, command, end.reason, place.folder, tuple(journal.entries))


def _made_by_others(plan: Plan, before: Meanings | None, database: Database) -> frozenset[ObjectKey]:
    with opened(database) as connection:
        return made_since(plan, before, meanings(connection))


def _rehearsed_s(first: Entry, task: Task) -> float | None:
    """How long a change held writers in the rehearsal; None if this run cannot be compared."""
    rehearsed = first.data.get("rehearsed_s")
    found = rehearsed.get(task.id) if isinstance(rehearsed, Mapping) else None
    return float(found) if isinstance(found, int | float) else None


def _note(journal: Journal, name: str, **data: object) -> None:
    journal.add(EntryKind.NOTED, name, **data)


def _probe(plan: Plan, values: BoundParameters, signals: Signals) -> Prober | None:
    if plan.probe is None:
        return None

    def alarm(reason: str) -> None:
        signals.alarm = reason

    return Prober(plan.probe, values, alarm=alarm)


def _teller(notifier: Notifier, plan: Plan, run_id: str, who: str) -> Callable[[Event, str], None]:
    def tell(event: Event, reason: str) -> None:
        notifier.tell(event, {"run": run_id, "plan": plan.title, "who": who, "reason": reason})

    return tell


def _tell_end(tell: Callable[[Event, str], None], how: Ending, reason: str) -> None:
    events = {
        Ending.DONE: Event.FINISHED,
        Ending.FINISHED: Event.FINISHED,
        Ending.REFUSED: Event.FAILED,
        Ending.STOPPED: Event.FAILED,
        Ending.UNFINISHED: Event.FAILED,
        Ending.ROLLED_BACK: Event.ROLLED_BACK,
        Ending.OPERATOR_NEEDED: Event.OPERATOR_NEEDED,
        Ending.ABANDONED: Event.FAILED,
        Ending.RESTORED: Event.ROLLED_BACK,
    }
    tell(events[how], reason or how.value)


def _script_folder(first: Entry, plan: Plan) -> Path:
    """The folder in which scripts run: that of the plan when the run began, and not that of its copy."""
    folder = Path(first.text("folder"))
    return folder if folder.is_dir() else plan.path.resolve().parent
