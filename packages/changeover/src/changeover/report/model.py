"""Everything that a report says, gathered from journal, rehearsal record and ledger; free of secrets.

Rule: a report is made from what was written down, never from memory, so it can be made again at any time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from changeover.database import ledger
from changeover.database.connect import opened
from changeover.database.where import Database
from changeover.display.steps import Line, frozen_s, lines
from changeover.engine.entries import (
    Command,
    Ending,
    Entry,
    EntryKind,
    as_begun,
    begun,
    ending,
    last,
    worked_s,
)
from changeover.engine.tasks import BACKUP
from changeover.errors import ChangeoverError, Refused
from changeover.plan.model import Plan, SqlAction
from changeover.report.felt import felt
from changeover.run.commands import PROBE
from changeover.run.mended_rollback import accepted
from changeover.run.records import Record, named
from changeover.run.state_dir import StateDir
from changeover.run.status import look
from changeover.sql.identifiers import identifier_key
from changeover.words import seconds


@dataclass(frozen=True, slots=True)
class RunSession:
    """One process that worked on the run."""

    command: Command
    who: str
    at: float
    ending: str


@dataclass(frozen=True, slots=True)
class Report:
    """The report of a run as data.

    ``probes`` is what the probe saw, by session, ``offsets_s`` when each began (seconds of work since the run
    began); ``counts`` are rows before and after by table.
    """

    run_id: str
    folder: Path
    plan: Plan | None
    title: str
    database: str
    begun_at: float
    ended_at: float
    worked_s: float
    ending: Ending | None
    reason: str
    parameters: Mapping[str, object]
    plan_sha256: str
    lines: tuple[Line, ...]
    counts: Mapping[str, tuple[int, int]]
    probes: tuple[Mapping[str, object], ...]
    offsets_s: tuple[float, ...]
    sessions: tuple[RunSession, ...]
    judgements: tuple[tuple[str, str, float], ...]
    accepted: Mapping[str, str]
    failures: tuple[Entry, ...]
    rollback_reason: str
    backup: Mapping[str, object]
    ledger: tuple[ledger.LedgerEntry, ...]
    rehearsal: Record | None
    advice: tuple[str, ...]

    @property
    def frozen_s(self) -> float:
        """How long writers were held, seconds."""
        return frozen_s(self.lines)

    @property
    def requests(self) -> tuple[int, int, int]:
        """Requests of the probe, how many failed, how many were slow."""
        total = [
            sum(_whole(probe.get(name)) for probe in self.probes) for name in ("requests", "failed", "slow")
        ]
        return total[0], total[1], total[2]

    @property
    def sentence(self) -> str:
        """The whole in one sentence."""
        asked, failed, slow = self.requests
        seen = f", {asked:,} requests probed, {failed} failed, {slow} slow" if asked else ""
        end = self.ending.value if self.ending else "cut off"
        held = f"writers held {seconds(self.frozen_s)}" if self.frozen_s else "writers not held"
        why = f": {self.reason}" if self.reason else ""
        return f"{self.title}: {end}{why} ({seconds(self.worked_s)}, {held}{seen})."

    @property
    def felt(self) -> tuple[str, ...]:
        """What users felt, in sentences."""
        return felt(max((line.frozen_s or 0.0 for line in self.lines), default=0.0), self.probes)

    @property
    def rows(self) -> tuple[Mapping[str, tuple[int, int]], Mapping[str, tuple[int, int]]]:
        """Rows before and after by table: of tables that the plan changes, and of those it leaves alone."""
        actions = self.plan.actions() if self.plan else ()
        scope = {
            identifier_key(table) for one in actions if isinstance(one, SqlAction) for table in one.scope
        }
        changed = {
            table: pair
            for table, pair in sorted(self.counts.items())
            if pair[0] != pair[1] or identifier_key(table) in scope
        }
        return changed, {table: self.counts[table] for table in sorted(self.counts.keys() - changed.keys())}

    @property
    def outcome(self) -> str:
        """How the run ended, or ``cut off``."""
        return self.ending.value if self.ending else "cut off"

    def summary(self) -> dict[str, object]:
        """The figures, for programs."""
        asked, failed, slow = self.requests
        return {
            "run": self.run_id,
            "reason": self.reason,
            "worked_s": round(self.worked_s, 3),
            "frozen_s": round(self.frozen_s, 6),
            "requests": asked,
            "failed": failed,
            "slow": slow,
            "backup": self.backup.get("path"),
            "folder": str(self.folder),
            "advice": list(self.advice),
            "felt": list(self.felt),
        }

    def as_data(self) -> Mapping[str, object]:
        """All of it, for ``--json``."""
        return {
            **self.summary(),
            "title": self.title,
            "database": self.database,
            "ending": self.ending,
            "begun_at": self.begun_at,
            "ended_at": self.ended_at,
            "parameters": self.parameters,
            "plan_sha256": self.plan_sha256,
            "steps": [asdict(line) for line in self.lines],
            "rows": {table: list(pair) for table, pair in self.counts.items()},
            "probes": list(self.probes),
            "sessions": [asdict(one) for one in self.sessions],
            "judgements": [list(one) for one in self.judgements],
            "accepted": dict(self.accepted),
            "ledger": [asdict(one) for one in self.ledger],
        }


def gather(state: StateDir, database: Database, plan: Plan | None, run_id: str | None) -> Report:
    """The report of a run; None: the newest. Raises Refused where nothing was run yet."""
    name = run_id or state.newest()
    if name is None:
        raise Refused(f"Nothing was run on {database} yet, so there is nothing to report.")
    entries = state.entries(name)
    plan = as_begun(plan, entries) if plan else None
    first = begun(entries)
    assert first is not None
    record = named(state, first.text("rehearsal"))
    predicted = record.predicted() if record else {}
    end, rollback_reason = last(entries, EntryKind.ENDED), last(entries, EntryKind.ROLLBACK_STARTED)
    given = first.data.get("parameters")
    backup = next((e for e in reversed(entries) if e.id == BACKUP and e.kind is EntryKind.DONE), None)
    return Report(
        run_id=name,
        folder=state.run(name),
        plan=plan,
        title=first.text("title"),
        database=first.text("database"),
        begun_at=first.at,
        ended_at=entries[-1].at,
        worked_s=worked_s(entries)[-1],
        ending=ending(entries),
        reason=end.text("reason") if end else "",
        parameters=given if isinstance(given, Mapping) else {},
        plan_sha256=first.text("plan_sha256"),
        lines=tuple(lines(plan, entries, predicted=predicted)) if plan else (),
        counts=_counts(entries),
        probes=tuple(e.data for e in entries if e.kind is EntryKind.NOTED and e.id == PROBE),
        offsets_s=_offsets(entries),
        sessions=_sessions(entries),
        judgements=_judgements(entries),
        accepted={**(record.accepted if record else {}), **accepted(entries)},
        failures=tuple(e for e in entries if e.kind is EntryKind.FAILED),
        rollback_reason=rollback_reason.text("reason") if rollback_reason else "",
        backup=backup.data if backup else {},
        ledger=_ledger(database, name),
        rehearsal=record,
        advice=look(state, database, plan).advice if name == state.newest() else (),
    )


def _offsets(entries: Sequence[Entry]) -> tuple[float, ...]:
    """For each session of which there is a probe, the work that had been done when it began."""
    found, opened_s = [], 0.0
    for entry, at_s in zip(entries, worked_s(entries), strict=True):
        if entry.kind is EntryKind.OPENED:
            opened_s = at_s
        elif entry.kind is EntryKind.NOTED and entry.id == PROBE:
            found.append(opened_s)
    return tuple(found)


def _counts(entries: Sequence[Entry]) -> dict[str, tuple[int, int]]:
    """Rows before the first and after the last change that counted them."""
    found: dict[str, tuple[int, int]] = {}
    for entry in entries:
        counts = entry.data.get("counts")
        if entry.kind is EntryKind.DONE and isinstance(counts, Mapping):
            for table, pair in counts.items():
                before = found[table][0] if table in found else _whole(pair[0])
                found[table] = (before, _whole(pair[1]))
    return found


def _sessions(entries: Sequence[Entry]) -> tuple[RunSession, ...]:
    found: list[RunSession] = []
    for entry in entries:
        if entry.kind is EntryKind.OPENED:
            found.append(RunSession(Command(entry.text("command")), entry.text("who"), entry.at, "cut off"))
        elif entry.kind is EntryKind.ENDED and found:
            one = found.pop()
            found.append(RunSession(one.command, one.who, one.at, entry.text("ending")))
    return tuple(found)


def _judgements(entries: Sequence[Entry]) -> tuple[tuple[str, str, float], ...]:
    labels = {e.id: e.text("label") for e in entries if e.kind is EntryKind.STARTED}
    return tuple(
        (labels.get(e.id, e.id), e.text("judged_by"), e.at)
        for e in entries
        if e.kind is EntryKind.DONE and e.text("judged_by")
    )


def _ledger(database: Database, run_id: str) -> tuple[ledger.LedgerEntry, ...]:
    try:
        with opened(database) as connection:
            return tuple(entry for entry in ledger.entries(connection) if entry.run_id == run_id)
    except ChangeoverError:
        return ()


def _whole(value: object) -> int:
    return int(value) if isinstance(value, int | float) else 0
