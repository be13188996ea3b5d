"""The runner: asks the engine for the next task, does it, writes down how it went, until End.

Rule: a task is in the journal before it begins. A failure inside a task is written down, and the engine
decides. Only a lost lease and a journal that cannot be written end the runner at once, because then it can do
nothing safely.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from changeover.actions import sql
from changeover.actions.context import ActionContext, ActionResult
from changeover.actions.process import PROCESS_GROUP, end_orphans
from changeover.database import lease as leases
from changeover.database import ledger
from changeover.database.connect import opened
from changeover.database.lock import Holder
from changeover.database.where import Server
from changeover.engine.decide import PAUSES_S, Decision, End, Perform, ResolveInDoubt, StartRollback, decide
from changeover.engine.entries import Ending, EntryKind, last
from changeover.engine.progress import fold
from changeover.engine.tasks import Task, TaskKind
from changeover.errors import (
    ChangeoverError,
    Interrupted,
    LeaseLost,
    Locked,
    OutcomeUnknown,
    Refused,
    StepFailed,
)
from changeover.plan.model import Phase, Plan
from changeover.run.journal import Journal
from changeover.run.lease_heartbeat import LeaseHeartbeat, take_lease
from changeover.run.perform import Performer, direction_of


@dataclass(slots=True)
class Signals:
    """What reaches a runner from outside while it works: a request to stop, an alarm of the probe."""

    stop: str = ""
    alarm: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorPrompt:
    """How a runner asks people.

    ``ask`` (name, question) gives yes, no, or None if nobody answers. ``confirmed`` are the names of boxes
    that were judged beforehand. ``progress`` is called with (task, part done, seconds left, words).
    ``present``: somebody can be asked.
    """

    ask: Callable[[str, str], bool | None] = lambda name, question: None
    confirmed: frozenset[str] = frozenset()
    present: bool = False
    progress: Callable[[str, float | None, float | None, str], None] = lambda name, part, left_s, words: None


@dataclass(slots=True, kw_only=True)
class Runner:
    """One session of a run. ``work`` returns how it ended; ``close`` gives the lease back.

    ``hook`` is called at every boundary at which a runner may be killed. ``lasts_s`` is the length of the
    lease.
    """

    plan: Plan
    journal: Journal
    context: ActionContext
    performer: Performer
    holder: Holder
    additive: bool
    prompt: OperatorPrompt = field(default_factory=OperatorPrompt)
    signals: Signals = field(default_factory=Signals)
    on_rollback: Callable[[str], None] = lambda reason: None
    lasts_s: float = 30.0
    heartbeat: LeaseHeartbeat | None = None

    def work(self) -> End:
        """Do everything that is to be done in this session.

        Raises Refused if the runner cannot begin, and LeaseLost, Full, DatabaseError if it cannot go on.
        """
        try:
            return self._work()
        except LeaseLost:
            raise
        except ChangeoverError as error:
            untouched = self._has_not_begun()
            self._could_not_go_on(error, Ending.REFUSED if untouched else Ending.STOPPED)
            if untouched and not isinstance(error, Refused):
                raise Refused(
                    f"{error.message} Nothing was begun.", hint=f"{error.hint} Then run it again."
                ) from error
            raise

    def _has_not_begun(self) -> bool:
        """Whether nothing that changes anything was started, in this session or before."""
        state = fold(self.journal.entries)
        tasks = self.performer.tasks
        return not any(state.of(task).started for task in (*tasks.execute, *tasks.finish))

    def _could_not_go_on(self, error: ChangeoverError, how: Ending) -> None:
        """Note the reason in the journal, if that can be written, so that `status` need not guess."""
        with suppress(ChangeoverError):
            self.journal.add(EntryKind.ENDED, ending=how.value, reason=error.message, hint=error.hint)

    def _work(self) -> End:
        self._end_orphans()
        while True:
            self._hear()
            decision = self.next()
            match decision:
                case End():
                    lost = self._ledger_lost() if decision.ending is Ending.ROLLED_BACK else ""
                    end = End(Ending.OPERATOR_NEEDED, lost) if lost else decision
                    self.journal.add(EntryKind.ENDED, ending=end.ending.value, reason=end.reason)
                    return end
                case StartRollback(reason, task):
                    self.journal.add(EntryKind.ROLLBACK_STARTED, reason=reason, task=task)
                    self.on_rollback(reason)
                case ResolveInDoubt(task):
                    problem = self._resolve_in_doubt(task)
                    if problem:
                        self.journal.add(EntryKind.ENDED, ending=Ending.OPERATOR_NEEDED.value, reason=problem)
                        return End(Ending.OPERATOR_NEEDED, problem)
                case Perform():
                    self._perform(decision)

    def _ledger_lost(self) -> str:
        """A sentence if the ledger does not know this run any more; empty if it does.

        A command of the rollback then replaced the database's file, and later writes are gone.
        """
        state = fold(self.journal.entries)
        applied = [task for task in self.performer.tasks.execute if task.atomic and state.of(task).applied]
        if not applied:
            return ""
        with opened(self.context.database) as connection:
            if any(entry.run_id == self.context.run_id for entry in ledger.entries(connection)):
                return ""
        return (
            "after the way back the database knows nothing of this run: a command put another file in its"
            " place, and what was written since is not in it"
        )

    def next(self) -> Decision:
        """The engine's decision."""
        return decide(self.plan, self.journal.entries, additive=self.additive)

    def close(self) -> None:
        """Give the lease back."""
        if self.heartbeat is not None:
            self.heartbeat.release()

    def _resolve_in_doubt(self, task: Task) -> str:
        """Ask the ledger whether a task was committed; gives the reason if that keeps failing, else empty."""
        problem = ""
        for pause_s in PAUSES_S:
            time.sleep(pause_s)
            try:
                self._raise_token()
                applied = sql.was_done(self.context, task.id, direction_of(task))
            except (Locked, LeaseLost):
                raise
            except ChangeoverError as error:
                problem = f"the database cannot be asked whether {task.label} was done: {error.message}"
                continue
            self.journal.add(EntryKind.RESOLVED, task.id, applied=applied)
            return ""
        return problem

    def _hear(self) -> None:
        # The wish stays set for as long as the session; the journal hears of it once.
        if self.signals.stop and not _said(self.journal, EntryKind.ASKED):
            self.journal.add(EntryKind.ASKED, what="stop", who=self.signals.stop)
        if self.signals.alarm and not _said(self.journal, EntryKind.ALARM):
            self.journal.add(EntryKind.ALARM, reason=self.signals.alarm)

    def _perform(self, what: Perform) -> None:
        task = what.task
        time.sleep(what.pause_s)
        # Before "started" is written: from here on the journal itself refuses a runner whose lease is lost.
        self._take_lease(task)
        limit = {"limit_s": what.limit.seconds, "limit": what.limit.name} if what.limit else {}
        # Before the task: killed in between, it is found begun, and the ledger says that it was not done.
        self.journal.add(EntryKind.STARTED, task.id, label=task.label, attempt=what.attempt, **limit)
        started_s = time.monotonic()
        try:
            result = self._do(what)
        except LeaseLost:
            raise
        except Interrupted:
            # Not ended: `resume` finds it begun, asks the ledger, and goes on where it was.
            return
        except Exception as error:
            self._failed(task, error, time.monotonic() - started_s)
        else:
            seconds = round(time.monotonic() - started_s, 6)
            self.journal.add(EntryKind.DONE, task.id, found=result.found, seconds=seconds, **result.data)
        finally:
            if self.heartbeat is not None:
                self.heartbeat.go_on()

    def _failed(self, task: Task, error: Exception, seconds: float) -> None:
        if self.heartbeat is not None:
            self.heartbeat.go_on()
        ours = isinstance(error, ChangeoverError)
        facts: dict[str, object] = {
            "error": type(error).__name__,
            "message": str(getattr(error, "message", None) or error) or type(error).__name__,
            "hint": error.hint if isinstance(error, ChangeoverError) else "",
            "exit_code": error.exit_code if isinstance(error, ChangeoverError) else 1,
            "seconds": round(seconds, 6),
        }
        if isinstance(error, StepFailed) and error.position is not None:
            facts["position"] = str(error.position)
        if not ours:
            facts["message"] = f"unexpected {facts['error']}: {facts['message']}"
        if task.atomic:
            facts["applied"] = self._applied(task, error)
        self.journal.add(EntryKind.FAILED, task.id, **facts)

    def _applied(self, task: Task, error: Exception) -> bool | None:
        """Whether a change that failed was committed all the same; None if that cannot be known."""
        # An error that nobody foresaw may have come after COMMIT just as well.
        is_certain = isinstance(error, ChangeoverError) and not isinstance(error, OutcomeUnknown)
        try:
            if not is_certain:
                self._raise_token()
            return sql.was_done(self.context, task.id, direction_of(task))
        except ChangeoverError:
            return None

    def _do(self, what: Perform) -> ActionResult:
        task = what.task
        context = replace(
            self.context,
            lease=self.heartbeat.lease if self.heartbeat else None,
            hook=self._boundary,
            note=lambda data: _ignore(self.journal.add(EntryKind.NOTED, task.id, **data)),
            progress=lambda part, left_s, words: self.prompt.progress(task.id, part, left_s, words),
            ask=self.prompt.ask,
            confirmed=self.prompt.confirmed,
            alarm=lambda: self.signals.alarm if task.phase is not Phase.ROLLBACK else "",
            stopped=lambda: self.signals.stop,
        )
        return self.performer.perform(task, context, what.limit, gate_only=what.gate_only)

    def _boundary(self, moment: str) -> None:
        if self.heartbeat is not None:
            self.heartbeat.hear(moment)
        self.context.hook(moment)

    def _take_lease(self, task: Task) -> None:
        """Take the lease before the first task that writes.

        Checks must leave no trace in a database that is refused.
        """
        if task.phase is Phase.PREFLIGHT and task.kind is not TaskKind.BACKUP:
            return
        self._hold_lease()

    def _hold_lease(self) -> LeaseHeartbeat:
        if self.heartbeat is None:
            lease = take_lease(self.context.database, self.holder, self.lasts_s)
            self.heartbeat = LeaseHeartbeat(self.context.database, lease).start()
            self.journal.guard = self.heartbeat.require
        return self.heartbeat

    def _raise_token(self) -> None:
        """Raise the fencing token, so that requests that are still on their way to a server will be refused.

        Otherwise such a request could change the database after the ledger was asked. A file needs no token:
        what its writer had not committed ended with the process.
        """
        if not isinstance(self.context.database, Server):
            return
        taken = self.heartbeat is None
        heartbeat = self._hold_lease()
        if not taken:
            with opened(self.context.database) as connection:
                leases.renew(connection, heartbeat.lease)

    def _end_orphans(self) -> None:
        """End commands that a killed runner left running, before new tasks begin."""
        ended = {e.id for e in self.journal.entries if e.kind in (EntryKind.DONE, EntryKind.FAILED)}
        for entry in list(self.journal.entries):
            if (
                entry.kind is EntryKind.NOTED
                and entry.text("what") == PROCESS_GROUP
                and entry.id not in ended
            ):
                group = entry.number("group")
                if group and end_orphans(int(group), entry.text("since")):
                    self.journal.add(
                        EntryKind.NOTED, entry.id, what="ended what a killed runner left running"
                    )


def _said(journal: Journal, kind: EntryKind) -> bool:
    """Whether this session wrote an entry of that kind."""
    said, opened = last(journal.entries, kind), last(journal.entries, EntryKind.OPENED)
    if said is None or opened is None:
        return said is not None
    return journal.entries.index(said) > journal.entries.index(opened)


def _ignore(_: object) -> None:
    return None
