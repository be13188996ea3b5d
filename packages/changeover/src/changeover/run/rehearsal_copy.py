"""The copies on which a rehearsal works, all that can be done to them, and what was found.

Rule: the original copy is never written. Tasks that act on the world outside the database are listed and not
done. The work is done on a file beside the original, or on a fork if the database is on a server with an
admin API.
"""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from changeover.actions import sql
from changeover.actions.context import ActionContext, ActionResult
from changeover.database.backup import backup as backups
from changeover.database.change.invariants import Depth
from changeover.database.connect import connect, opened
from changeover.database.findings import Finding, unaccepted, way_past
from changeover.database.rehearse import judge
from changeover.database.rehearse.compare import compare
from changeover.database.rehearse.dropped import gone, holdings
from changeover.database.rehearse.effects import between
from changeover.database.rehearse.written import NOTHING
from changeover.database.schema import fingerprint, meaning
from changeover.database.where import Database, Server
from changeover.engine import limits
from changeover.engine.decide import going_back
from changeover.engine.entries import Entry, EntryKind, begun
from changeover.engine.progress import RunState, fold
from changeover.engine.tasks import Task, TaskKind, TaskPlan
from changeover.errors import BudgetExceeded, ChangeoverError, InvariantBroken
from changeover.plan.model import Part, Plan
from changeover.plan.params import BoundParameters
from changeover.run import preconditions, records
from changeover.run.made_since import ObjectKey, made_since
from changeover.run.perform import Contract, Performer, direction_of
from changeover.run.records import Record, Rehearsed
from changeover.sql.identifiers import quoted

Progress = Callable[[str, float | None, float | None], None]
"""(words, part done from 0 to 1 or None, seconds left or None)"""

FORWARD, ROLLBACK = "forward", "rollback"
AGAIN, BACK_AGAIN, ONCE_MORE, FINISH = "again", "back again", "once more", "finish"


@dataclass(slots=True)
class RehearsalRun:
    """One rehearsal under way, with all that it has found."""

    plan: Plan
    values: BoundParameters
    folder: Path
    who: str
    run_id: str
    progress: Progress
    tasks: TaskPlan
    fork: Server | None = None
    entries: list[Entry] = field(default_factory=list)
    steps: list[Rehearsed] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    rate: float = 0.0
    size: int = 0
    wal_bytes: int = 0
    growth: int = 0
    rows_compared: int = 0
    new_writes: int = 0
    definitions: meaning.Meanings = field(default_factory=dict)
    others: frozenset[ObjectKey] = frozenset()
    before: str = ""
    after: str = ""
    name: str = ""
    place: str = ""
    on_its_engine: bool = False
    strategies: dict[str, str] = field(default_factory=dict)

    @property
    def original(self) -> Path:
        """The copy of the database as it was."""
        return self.folder / "original.db"

    @property
    def target(self) -> Database:
        """The database on which everything is done."""
        return self.fork or self.folder / "copy.db"

    def copy(self, database: Database) -> None:
        """Copy production twice: to work on, and to compare with; a fork is copied, as production goes on."""
        self.place = records.place_of(database, self.fork)
        self.on_its_engine = isinstance(self.target, type(database))
        self.size = backups.size_of(database)
        started_s = time.monotonic()
        self._fetch(self.fork or database, self.original)
        backups.check(self.original, progress=self._tell)
        size = self.original.stat().st_size
        self.rate = size / 1e6 / max(time.monotonic() - started_s, 1e-9)
        if isinstance(self.target, Path):
            # Nobody has this file open; one that is in use must never
            # be copied so (https://sqlite.org/howtocorrupt.html, 1.2).
            shutil.copyfile(self.original, self.target)
            with closing(connect(self.target)) as connection:
                # A rehearsal reads an older snapshot beside its own writes, which only a WAL allows.
                connection.execute("PRAGMA journal_mode = WAL")
        with opened(self.target) as connection:
            self.definitions = meaning.meanings(connection)
            self.before = fingerprint.fingerprint(connection)

    def local(self) -> Path:
        """The target as it is now, as a file on this machine."""
        if isinstance(self.target, Path):
            return self.target
        self._fetch(self.target, self.folder / "fetched.db")
        return self.folder / "fetched.db"

    def _fetch(self, source: Database, target: Path) -> None:
        backups.copy(source, target, progress=self._tell)

    def _tell(self, phase: str, done: int, total: int, left_s: float | None) -> None:
        self.progress(f"copying the database, {phase}", done / total if total else None, left_s)

    def begin(self) -> None:
        """Start another pass: nothing is done, and nothing of its limits is used up."""
        self.entries = [Entry(EntryKind.BEGUN, time.time(), time.monotonic())]

    def do(self, task: Task, direction: str, depth: Depth) -> None:
        """Do a task on the copy, or list it; the plan's limits apply when the change is made again."""
        performer = self._performer()
        if not performer.outside(task):
            self.progress(f"{direction}: {task.label}", None, None)
        limit = limits.tightest(self.plan, self.tasks, self.state(), task) if direction == AGAIN else None
        self._note(EntryKind.STARTED, task)
        started_s = time.monotonic()
        try:
            result = performer.perform(task, self._context(direction, depth), limit)
        except ChangeoverError as error:
            found = self._worded(error.message)
            self._keep(task, direction, "failed", time.monotonic() - started_s, ActionResult(found))
            self._note(EntryKind.FAILED, task)
            raise
        self._note(EntryKind.DONE, task)
        if result.listed:
            self.skip(task, result.listed)
            return
        self._keep(task, direction, "passed", time.monotonic() - started_s, result)
        if result.data.get("notes") and direction in (AGAIN, BACK_AGAIN):
            self.notes += [str(note) for note in _list(result.data["notes"])]

    def take_up(self, entries: Sequence[Entry], record: Record | None) -> None:
        """Start where a run under way stands; a task that was cut off is looked up in the copy's ledger."""
        first = begun(entries)
        self.entries = list(entries)
        self.before = first.text("schema_before") if first else ""
        self.definitions = record.definitions_before() if record else {}
        self.others = made_since(self.plan, self.definitions or None, self.meanings())
        context = replace(self._context(ROLLBACK, Depth.SWIFT), run_id=first.text("run") if first else "")
        for task in (*self.tasks.execute, *going_back(self.plan, self.tasks, self.state())):
            known = self.state().of(task)
            if task.atomic and known.started and not known.resolved:
                applied = sql.was_done(context, task.id, direction_of(task))
                resolved = {"applied": applied}
                self.entries.append(
                    Entry(EntryKind.RESOLVED, time.time(), time.monotonic(), task.id, resolved)
                )

    @contextmanager
    def reworded(self) -> Iterator[None]:
        """Errors raised inside are reworded by `said`."""
        try:
            yield
        except ChangeoverError as error:
            error.message, error.hint = self._worded(error.message), self._worded(error.hint)
            error.args = (error.message,)
            raise

    def said(self, error: ChangeoverError) -> str:
        """The message of an error without secrets, and without paths of copies that will be gone."""
        return self._worded(str(error))

    def _worded(self, text: str) -> str:
        for file in ("original.db", "copy.db", "fetched.db", "before.db"):
            for name in (str((self.folder / file).resolve()), str(self.folder / file)):
                text = text.replace(name, f"the copy of {self.name}")
        return self.values.redactor.hide(text)

    def state(self) -> RunState:
        """The state of the run that is rehearsed."""
        return fold(self.entries)

    def require_in_time(self) -> None:
        """Raises BudgetExceeded if this pass went past a limit of the plan."""
        broken = limits.broken_limit(self.plan, self.tasks, self.state())
        if broken:
            raise BudgetExceeded(
                f"Too slow, already on a copy: {broken}.",
                hint="Raise the limit, or make the change in smaller steps.",
            )

    def _note(self, kind: EntryKind, task: Task) -> None:
        self.entries.append(Entry(kind, time.time(), time.monotonic(), task.id))

    def _performer(self) -> Performer:
        return Performer(
            plan=self.plan,
            tasks=self.tasks,
            contract=self._contract,
            rehearsed_s=lambda task: sql.CLOCK_DECIDES,
            schema_before=self.before,
            meanings_before=self.definitions,
            others=self.others,
        )

    def _contract(self) -> Contract | None:
        """What the new release needs.

        None if it is deployed before the change, as it cannot be asked here.
        """
        if self.plan.contract and self.plan.contract.command and self._deploys_first():
            reason = (
                f"contract ({self.plan.contract.position}): the release that is deployed first answers it"
            )
            self.skipped += [reason] if reason not in self.skipped else []
            return None
        return preconditions.contract_of(self.plan, self._context(FORWARD, Depth.SWIFT))

    def _deploys_first(self) -> bool:
        """Whether a deploy step comes before the last change."""
        execute = self.tasks.execute
        last = max((place for place, task in enumerate(execute) if task.atomic), default=0)
        actions = (self.plan.action(task.subject) for task in execute[:last] if task.kind is TaskKind.ACTION)
        return any(action.part is Part.DEPLOY for action in actions)

    def _context(self, direction: str, depth: Depth) -> ActionContext:
        return ActionContext(
            plan=self.plan,
            values=self.values,
            database=self.target,
            folder=self.plan.path.resolve().parent,
            backup_dir=self.folder,
            run_id=f"{self.run_id} ({direction})",
            who=self.who,
            living=False,
            among_new_rows=direction == ONCE_MORE,
            depth=depth,
            hook=self._measure,
        )

    def compare(self) -> None:
        """Require that the rollback gives the original, value by value, when there are no new rows."""
        self.progress("comparing with the original, row by row", None, None)
        comparison = compare(self.original, self.local())
        self.rows_compared = comparison.rows
        self.judge(comparison.findings(), "After the rollback the database is not the original:")

    def keep_before(self) -> Path:
        """Store the target as it is now in a file.

        The database before the change, as the rollback made it.
        """
        self._fetch(self.target, self.folder / "before.db")
        return self.folder / "before.db"

    def compare_today(self, before: Path) -> None:
        """Require each row of today after the rollback, after going forward again, or set aside."""
        self.progress("comparing with the database as it is now, row by row", None, None)
        effects = between(self.original, self.local(), self.folder / "effects.db")
        seen = judge.after_rollback(before, NOTHING, effects, before)
        self.rows_compared = seen.comparison.rows
        verdict = judge.after_forward(seen, self.local())
        self.notes += verdict.notes
        self.judge(verdict.findings, "The way back loses what is in the database now:")

    def finish(self) -> None:
        """Do what `finish` will do, and report what it drops."""
        with opened(self.target) as connection:
            before = holdings(connection)
        for task in self.tasks.finish:
            self.do(task, FINISH, Depth.THOROUGH)
        with opened(self.target) as connection:
            dropped = list(gone(before, holdings(connection)))
        self.notes += [f"finish drops {one}" for one in dropped]

    def judge(self, findings: Sequence[Finding], headline: str) -> None:
        """Raises InvariantBroken for findings that the plan does not accept."""
        standing = unaccepted(findings, self.plan.accept)
        if standing:
            lines = "\n".join(f"- {one}" for one in standing)
            raise InvariantBroken(
                f"{headline}\n{lines}",
                hint="The way back must carry every row that can be written after the change: mend the"
                " rollback script, or keep what the old schema cannot hold in a changeover_... table."
                + way_past([one.name for one in standing]),
            )

    def require_same(self) -> None:
        if self.schema() != self.after:
            raise InvariantBroken(
                "Another way forward leaves another schema than the first.",
                hint="Something that the first run made is still there and changes what the script does.",
            )

    def meanings(self) -> meaning.Meanings:
        """The schema of the copy as it is now, by meaning."""
        with opened(self.target) as connection:
            return meaning.meanings(connection)

    def drop_others(self) -> None:
        """Drop what others made on tables of the plan, of which its scripts know nothing."""
        with opened(self.target) as connection:
            for kind, name in sorted(self.others & meaning.meanings(connection).keys()):
                if kind != "table":
                    connection.execute(f"DROP {kind.upper()} IF EXISTS {quoted(name)}")

    def schema(self) -> str:
        with opened(self.target) as connection:
            return fingerprint.fingerprint(connection)

    def _measure(self, moment: str) -> None:
        """Note how large WAL and file are, before the last connection closes and SQLite empties the WAL."""
        if moment == "committed" and isinstance(self.target, Path):
            wal = self.target.with_name(self.target.name + "-wal")
            size = wal.stat().st_size if wal.exists() else 0
            self.wal_bytes = max(self.wal_bytes, size)
            grown = self.target.stat().st_size + size - self.original.stat().st_size
            self.growth = max(self.growth, grown)

    def skip(self, task: Task, reason: str) -> None:
        sentence = f"{task.label} ({task.id}): {reason}"
        if sentence not in self.skipped:
            self.skipped.append(sentence)

    def _keep(self, task: Task, direction: str, verdict: str, seconds: float, result: ActionResult) -> None:
        frozen = result.data.get("frozen_s")
        self.steps.append(
            Rehearsed(
                task.id,
                task.label,
                direction,
                verdict,
                round(seconds, 4),
                float(frozen) if isinstance(frozen, int | float) else None,
                result.found[:500],
            )
        )

    def total(self, direction: str) -> float:
        return sum(step.seconds for step in self.steps if step.direction == direction)

    def longest_hold_s(self) -> float:
        """The longest time that writers were held at once, there or back, as the run will hold them."""
        swift = (step for step in self.steps if step.direction in (AGAIN, BACK_AGAIN))
        return max((step.frozen_s or 0.0 for step in swift), default=0.0)

    def _frozen(self, direction: str) -> float:
        return sum(step.frozen_s or 0.0 for step in self.steps if step.direction == direction)

    def record(self, name: str, at: float) -> Record:
        """All that was found, as a record."""
        return Record(
            id=name,
            at=at,
            who=self.who,
            plan_sha256=self.plan.sha256,
            parameters_sha256=records.parameters_hash(self.plan, self.values),
            schema_before=self.before,
            schema_after=self.after,
            definitions=[(kind, label, list(parts)) for (kind, label), parts in self.definitions.items()],
            database_bytes=self.size,
            needed_bytes=self.wal_bytes + self.growth + self.size,
            wal_bytes=self.wal_bytes,
            backup_mb_per_s=round(self.rate, 1),
            frozen_s=round(self._frozen(AGAIN), 6),
            seconds=round(self.total(AGAIN), 4),
            rollback_s=round(self.total(BACK_AGAIN), 4),
            rollback_frozen_s=round(self._frozen(BACK_AGAIN), 6),
            rows_compared=self.rows_compared,
            writes=self.new_writes,
            steps=tuple(self.steps),
            skipped=tuple(self.skipped),
            notes=tuple(dict.fromkeys(self.notes)),
            place=self.place,
            on_its_engine=self.on_its_engine,
            faults=tuple(self.faults),
            accepted=dict(self.plan.accept),
            strategies=self.strategies,
        )


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else []
