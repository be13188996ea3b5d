"""The status of a database: its newest run, who works on it, what is in force, and what to do next.

Rule: reads only.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass

from changeover.database import ledger, lock
from changeover.database.connect import connect, translated
from changeover.database.online import state as states
from changeover.database.online.control import OnlineControl
from changeover.database.online.state import OnlinePhase, OnlineState
from changeover.database.server import admin
from changeover.database.where import Database
from changeover.display.steps import Line, lines
from changeover.engine.entries import Command, Ending, Entry, EntryKind, as_begun, begun, ending, last
from changeover.engine.progress import fold
from changeover.engine.tasks import BACKUP
from changeover.errors import ChangeoverError
from changeover.plan.model import Plan
from changeover.run import preconditions
from changeover.run.addressed import addressed
from changeover.run.records import Record, records
from changeover.run.state_dir import StateDir
from changeover.words import format_duration


@dataclass(frozen=True, slots=True)
class DatabaseStatus:
    """The status of a database. ``how`` is one sentence, ``advice`` the commands that make sense now.

    ``run_id`` None: there was no run. ``holder`` is the process at work, if there is one. ``warning`` is a
    reason why nothing can be changed: the server was told to refuse writes.
    """

    database: Database
    run_id: str | None
    title: str
    ended: Ending | None
    how: str
    reason: str
    advice: tuple[str, ...]
    holder: str | None
    backup: str | None
    warning: str
    lines: tuple[Line, ...]
    applied: tuple[ledger.LedgerEntry, ...]
    rehearsal: Record | None

    @property
    def outcome(self) -> str:
        """How the newest run ended, or ``at work``, ``cut off``, ``never run``."""
        if self.run_id is None:
            return "never run"
        if self.ended is not None:
            return self.ended.value
        return "at work" if self.holder else "cut off"

    def as_data(self) -> Mapping[str, object]:
        """The data for ``--json``."""
        return {
            "database": str(self.database),
            "run": self.run_id,
            "title": self.title,
            "how": self.how,
            "reason": self.reason,
            "advice": list(self.advice),
            "holder": self.holder,
            "backup": self.backup,
            "warning": self.warning,
            "steps": [asdict(line) for line in self.lines],
            "ledger": [asdict(entry) for entry in self.applied],
            "rehearsal": asdict(self.rehearsal) if self.rehearsal else None,
        }


def look(state: StateDir, database: Database, plan: Plan | None) -> DatabaseStatus:
    """The status of a database; ``plan`` is that of its newest run, for the list of steps."""
    run_id = state.newest()
    entries = state.entries(run_id) if run_id else []
    plan = as_begun(plan, entries) if plan else None
    taken = lock.is_taken(database, state=state.path)
    holder = lock.holder_of(database, state=state.path) if taken else None
    with translated(database), closing(connect(database)) as connection:
        applied = ledger.entries(connection)
        copying = [_copied(one) for one in states.read_all(connection) if one.phase in _BEFORE_SWAP]
    if copying and run_id:
        copying += _steered(OnlineControl(state.run(run_id)), at_work=taken)
    first = begun(entries)
    name = addressed(plan, database) if plan else first.text("plan_file") if first else "PLAN.md"
    how, advice = _how(entries, taken, name)
    how = " ".join((how, *copying))
    if run_id and not taken and ending(entries) in _GOES_ON:
        how, advice = _as_schema_is(database, entries, run_id, _Ways(name), (how, advice))
    backup = backup_of(entries)
    if backup and (ending(entries) in _MAY_RESTORE or DRIFTED in how):
        advice = (*advice, f"changeover restore {backup} {name}")
    return DatabaseStatus(
        database,
        run_id,
        first.text("title") if first else "",
        ending(entries),
        how,
        reason_of(entries),
        advice,
        str(holder) if holder else None,
        backup,
        _warning(database),
        tuple(lines(plan, entries)) if plan and entries else (),
        applied,
        next(reversed(records(state)), None),
    )


_GOES_ON = (None, Ending.DONE, Ending.STOPPED, Ending.OPERATOR_NEEDED, Ending.UNFINISHED)
"""The endings after which something is still to be done."""

DRIFTED = "Since then somebody else changed the schema, so the plan's own way back is refused."


def _as_schema_is(
    database: Database, entries: list[Entry], run_id: str, ways: "_Ways", said: tuple[str, tuple[str, ...]]
) -> tuple[str, tuple[str, ...]]:
    """The sentence and the advice, without commands that the present schema would refuse."""
    if not preconditions.schema_drifted(database, entries, run_id):
        return said
    how, advice = said
    finish = ways.finish in advice and not preconditions.schema_drifted(
        database, entries, run_id, or_later=True
    )
    mend = () if fold(entries).finish_asked else (ways.mend,)
    return f"{how} {DRIFTED}", (*([ways.finish] if finish else []), *mend, ways.abandon)


_MAY_RESTORE = (Ending.OPERATOR_NEEDED, Ending.FINISHED, Ending.ABANDONED)
"""The endings after which the backup is named as a way back."""


_BEFORE_SWAP = (OnlinePhase.COPY, OnlinePhase.VERIFY)


def _copied(state: OnlineState) -> str:
    """How far the copy of an online rebuild has come."""
    rows = f"{state.rows_copied:,} of about {max(state.rows_total, state.rows_copied):,} rows copied"
    checked = ", now checked against the table" if state.phase is OnlinePhase.VERIFY else ""
    return f"{state.details['table']}: {rows}{checked}."


def _steered(control: OnlineControl, *, at_work: bool) -> list[str]:
    """What the runner reported last, how long it will still take, and what people asked of it."""
    said, orders = control.progress(), control.orders()
    words = f"{said.words[:1].upper()}{said.words[1:]}"
    left = f", about {format_duration(max(round(said.left_s), 1))} left" if said.left_s is not None else ""
    found = [f"{words}{left}."] if at_work and words else []
    return [*found, f"Asked by {orders.who}: {orders}."] if orders.who else found


def _warning(database: Database) -> str:
    try:
        return str(admin.blocked(database) or "")
    except ChangeoverError as error:
        return f"Whether writes are blocked is not known: {error.message}"


def backup_of(entries: list[Entry]) -> str | None:
    """The path of a run's backup, or None."""
    done = (e for e in reversed(entries) if e.kind is EntryKind.DONE and e.id == BACKUP)
    found = next(done, None)
    return found.text("path") if found else None


def _how(entries: list[Entry], taken: bool, plan: str) -> tuple[str, tuple[str, ...]]:
    """How a run stands, in one sentence, and the commands that make sense now."""
    ways = _Ways(plan)
    if not entries:
        return "Nothing was run on this database yet.", (ways.rehearse,)
    how = ending(entries)
    if how is None:
        return _under_way(entries, taken, ways)
    rollback = last(entries, EntryKind.ROLLBACK_STARTED) is not None
    return {
        Ending.DONE: ("It is done; what a way back needs is kept.", (ways.back, ways.finish)),
        Ending.ROLLED_BACK: ("It was taken back; the old schema is in force.", (ways.again,)),
        Ending.REFUSED: ("It was refused before anything was changed.", (ways.again,)),
        Ending.STOPPED: (
            "It was stopped at a safe point.",
            (ways.back,) if rollback else (ways.on, ways.back),
        ),
        Ending.OPERATOR_NEEDED: (
            "The way back keeps failing; the database is whole and readable.",
            (ways.back, ways.mend, ways.abandon),
        ),
        Ending.FINISHED: ("It is finished; there is no way back but the backup.", ()),
        Ending.UNFINISHED: ("It is done; `finish` did not come to its end.", (ways.finish,)),
        Ending.ABANDONED: ("It was given up; what it had changed is still there.", (ways.rehearse,)),
        Ending.RESTORED: ("A backup was put back after it.", (ways.rehearse,)),
    }[how]


def _under_way(entries: list[Entry], taken: bool, ways: "_Ways") -> tuple[str, tuple[str, ...]]:
    """The same for a run that has not ended: somebody works on it, or it was killed."""
    state = fold(entries)
    if taken:
        return "It is going back." if state.rolling_back else "It is at work.", ()
    if state.command is Command.RESTORE:
        return "A restore was killed; the database is as before it, or as the backup.", (ways.restore,)
    if state.finish_asked:
        return "Its `finish` was killed; the database is whole.", (ways.finish,)
    commands = (ways.back,) if state.rolling_back else (ways.on, ways.back)
    return "Its runner was killed; the database is whole.", (*commands, ways.abandon)


class _Ways:
    """The commands that lead on, as a person types them."""

    def __init__(self, plan: str) -> None:
        self.rehearse = f"changeover rehearse {plan}"
        self.again = f"changeover run {plan} (with the same --set)"
        self.on, self.back = f"changeover resume {plan}", f"changeover rollback {plan}"
        self.finish = f"changeover finish {plan}"
        self.mend = f"changeover rollback {plan} --with MENDED.sql"
        self.abandon = f"changeover abandon {plan}"
        self.restore = f"changeover restore BACKUP {plan}"


def reason_of(entries: Sequence[Entry]) -> str:
    """The message of the failure that came last; empty if nothing failed."""
    end = last(entries, EntryKind.ENDED)
    said = end.text("reason") if end else ""
    start = max((n for n, e in enumerate(entries) if e.kind is EntryKind.OPENED), default=0)
    failed = [e.text("message") for e in entries[start:] if e.kind is EntryKind.FAILED]
    rollback = last(entries[start:], EntryKind.ROLLBACK_STARTED)
    found = [said, *([rollback.text("reason")] if rollback else []), *failed]
    failures: list[str] = []
    for one in found:
        if one and not any(one in other for other in failures):
            failures = [*(other for other in failures if other not in one), one]
    return "\n".join(failures)
