"""Where a database stands: its newest run, who works on it, what is in force, and what to do next.

Reads only.
"""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass

from changeover.course import BACKUP
from changeover.database import admin, ledger, lock
from changeover.database.connect import connect, translated
from changeover.database.where import Database
from changeover.entries import Ending, Entry, Kind, begun, ending, last
from changeover.errors import ChangeoverError
from changeover.folders import State
from changeover.known import fold
from changeover.plan import Plan
from changeover.progress import Line, Verdict, lines
from changeover.records import Record, records


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a database stands. ``how`` is one sentence, ``advice`` the commands that make sense now.

    ``run_id`` None: nothing was ever run on it. ``holder`` is the process at work, if one is; ``warning``
    what stands in the way of any change: writes that somebody had the server refuse.
    """

    database: Database
    run_id: str | None
    title: str
    how: str
    advice: tuple[str, ...]
    holder: str | None
    backup: str | None
    warning: str
    lines: tuple[Line, ...]
    applied: tuple[ledger.Entry, ...]
    rehearsal: Record | None

    def as_data(self) -> Mapping[str, object]:
        """For ``--json``."""
        return {
            "database": str(self.database),
            "run": self.run_id,
            "title": self.title,
            "how": self.how,
            "advice": list(self.advice),
            "holder": self.holder,
            "backup": self.backup,
            "warning": self.warning,
            "steps": [asdict(line) for line in self.lines],
            "ledger": [asdict(entry) for entry in self.applied],
            "rehearsal": asdict(self.rehearsal) if self.rehearsal else None,
        }


def look(state: State, database: Database, plan: Plan | None) -> Standing:
    """How a database stands; ``plan`` is the one of its newest run, for the list of steps."""
    run_id = state.newest()
    entries = state.entries(run_id) if run_id else []
    taken = lock.is_taken(database, state=state.path)
    holder = lock.holder_of(database, state=state.path) if taken else None
    with translated(database), closing(connect(database)) as connection:
        applied = ledger.entries(connection)
    first = begun(entries)
    name = plan.path.name if plan else first.text("plan_file") if first else "PLAN.md"
    how, advice = _how(entries, taken, name)
    return Standing(
        database,
        run_id,
        first.text("title") if first else "",
        how,
        advice,
        str(holder) if holder else None,
        backup_of(entries),
        _warning(database),
        tuple(lines(plan, entries)) if plan and entries else (),
        applied,
        next(reversed(records(state)), None),
    )


def _warning(database: Database) -> str:
    try:
        return str(admin.blocked(database) or "")
    except ChangeoverError as error:
        return f"Whether writes are blocked is not known: {error.message}"


def backup_of(entries: list[Entry]) -> str | None:
    """Where the backup of a run is."""
    done = (e for e in reversed(entries) if e.kind is Kind.DONE and e.id == BACKUP)
    found = next(done, None)
    return found.text("path") if found else None


def _how(entries: list[Entry], taken: bool, plan: str) -> tuple[str, tuple[str, ...]]:
    resume, back = f"changeover resume {plan}", f"changeover rollback {plan}"
    again = f"changeover run {plan} (with the same --set)"
    if not entries:
        return "Nothing was run on this database yet.", (f"changeover rehearse {plan}",)
    turned = last(entries, Kind.TURNED) is not None
    match ending(entries):
        case None if taken:
            return ("It is going back." if turned else "It is at work."), ()
        case None if fold(entries).finish_asked:
            return "Its `finish` was killed; the database is whole.", (f"changeover finish {plan}",)
        case None:
            return "Its runner was killed; the database is whole.", ((back,) if turned else (resume, back))
        case Ending.DONE:
            return "It is done; what a way back needs is kept.", (back, f"changeover finish {plan}")
        case Ending.ROLLED_BACK:
            return "It was taken back; the old schema is in force.", (again,)
        case Ending.REFUSED:
            return "It was refused before anything was changed.", (again,)
        case Ending.STOPPED:
            return "A person stopped it at a safe point.", ((back,) if turned else (resume, back))
        case Ending.OPERATOR_NEEDED:
            return "The way back keeps failing; the database is whole and readable.", (back,)
        case Ending.FINISHED:
            return "It is finished; there is no way back but the backup.", ()
        case Ending.UNFINISHED:
            return "It is done; `finish` did not come to its end.", (f"changeover finish {plan}",)


def unfinished(standing: Standing) -> bool:
    """Whether some task is cut off or failed."""
    return any(line.verdict in (Verdict.CUT_OFF, Verdict.FAILED) for line in standing.lines)
