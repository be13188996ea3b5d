"""Rehearsal: the plan carried out on a copy of the real data, there, back and there again.

copy -> forward (every check) -> new writes -> rollback -> original plus those writes? -> forward again

Rule: production is read once, in one step, and never written. The same code does the work as in the run, with
every invariant asked in full; the second way forward runs as the run will, and its times are the prediction.
"""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from changeover import conditions, records
from changeover.actions import shell, sql
from changeover.actions.scene import Deadline, Result, Scene
from changeover.budgets import spoken
from changeover.course import Course, Doing, Task, course, is_change, way_back
from changeover.database import backup as backups
from changeover.database import fingerprint, space, writes
from changeover.database.connect import connect, opened
from changeover.database.invariants import Depth
from changeover.database.ledger import Direction
from changeover.errors import ChangeoverError, CheckFailed, InvariantBroken
from changeover.folders import State, state_of
from changeover.params import Values
from changeover.plan import HttpAction, Phase, Plan, Retry, ShellAction, SqlAction
from changeover.records import Record, Rehearsed

Progress = Callable[[str, float | None, float | None], None]
"""(words, part done 0..1 or None, seconds left or None)"""

FORWARD, ROLLBACK, AGAIN = "forward", "rollback", "again"


def rehearse(
    plan: Plan,
    values: Values,
    database: Path,
    *,
    who: str,
    state: Path | None = None,
    now_at: Callable[[], float] = time.time,
    progress: Progress = lambda words, part, left_s: None,
) -> Record:
    """Rehearse a plan and keep a record of it, passed or not; `Record.faults` says why it did not.

    Raises PlanErrors, Refused or DatabaseError when it could not even begin, Full when there is no room.
    """
    conditions.require_sound(plan, database)
    place = state_of(database, state)
    name = f"{datetime.fromtimestamp(now_at(), UTC):%Y%m%d-%H%M%S}"
    with _workshop(place, database, name) as folder:
        stage = _Stage(plan, values, folder, who, f"rehearsal-{name}", progress)
        stage.copy(database)
        stage.play(conditions.is_additive(plan, database))
        record = stage.record(name, now_at())
    records.save(place, record)
    return record


@contextmanager
def _workshop(state: State, database: Path, name: str) -> Iterator[Path]:
    """A folder for the copies, on the disk of the database; gone afterwards."""
    space.require(
        database.resolve().parent, 4 * space.size_of(database), purpose="The rehearsal (two copies and a WAL)"
    )
    state.rehearsals.mkdir(parents=True, exist_ok=True)
    for old in state.rehearsals.glob("work-*"):
        shutil.rmtree(old, ignore_errors=True)
    folder = state.rehearsals / f"work-{name}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(slots=True)
class _Stage:
    """One rehearsal under way, with all that it has found."""

    plan: Plan
    values: Values
    folder: Path
    who: str
    run_id: str
    progress: Progress
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
    definitions: fingerprint.Definitions = field(default_factory=dict)
    before: str = ""
    after: str = ""

    @property
    def original(self) -> Path:
        """The database as it was."""
        return self.folder / "original.db"

    @property
    def copy_path(self) -> Path:
        """The database on which everything is done."""
        return self.folder / "copy.db"

    def copy(self, database: Path) -> None:
        """Two copies of production: one to work on, one to compare with."""
        self.size = space.size_of(database)
        started_s = time.monotonic()

        def tell(phase: str, done: int, total: int, left_s: float | None) -> None:
            self.progress(f"copying the database, {phase}", done / total if total else None, left_s)

        backups.copy(database, self.original, progress=tell)
        backups.check(self.original, progress=tell)
        size = self.original.stat().st_size
        self.rate = size / 1e6 / max(time.monotonic() - started_s, 1e-9)
        shutil.copyfile(self.original, self.copy_path)
        with closing(connect(self.copy_path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            self.definitions = fingerprint.definitions(connection)
        self.before = fingerprint.fingerprint_of(self.definitions)

    def play(self, additive: bool) -> None:
        """There, back and there again; the first fault ends it."""
        found = course(self.plan, additive=additive)
        try:
            self._forward(found, FORWARD, Depth.THOROUGH)
            self.after = self._schema()
            written = self._write()
            self._after(found)
            self._rollback(found)
            self._compare(written)
            self._forward(found, AGAIN, Depth.SWIFT)
            self._same_again()
            self._limits()
        except ChangeoverError as error:
            self.faults.append(self.values.redactor.hide(str(error)))

    def _forward(self, found: Course, direction: str, depth: Depth) -> None:
        for task in (*found.preflight, *found.execute):
            if direction == AGAIN and task.phase is Phase.PREFLIGHT:
                continue
            self._do(task, direction, depth)

    def _after(self, found: Course) -> None:
        """Checks of After, once: what waits for the living application cannot be shown here."""
        for task in found.after:
            if task.doing is not Doing.ACTION:
                continue
            waits = self.plan.action(task.subject).retry.times > 1
            try:
                self._do(task, FORWARD, Depth.THOROUGH)
            except CheckFailed:
                if not waits:
                    raise
                self._skip(task, "it waits for the living application")

    def _rollback(self, found: Course) -> None:
        for task in way_back(self.plan, found.execute, lambda task: task.atomic):
            self._do(task, ROLLBACK, Depth.THOROUGH)

    def _do(self, task: Task, direction: str, depth: Depth) -> None:
        reason = self._cannot(task)
        if reason:
            self._skip(task, reason)
            return
        self.progress(f"{direction}: {task.label}", None, None)
        started_s = time.monotonic()
        try:
            result = self._act(task, direction, depth)
        except ChangeoverError as error:
            found = self.values.redactor.hide(error.message)
            self._keep(task, direction, "failed", time.monotonic() - started_s, Result(found))
            raise
        self._keep(task, direction, "passed", time.monotonic() - started_s, result)
        if result.data.get("notes") and direction == AGAIN:
            self.notes += [str(note) for note in _list(result.data["notes"])]
        if task.atomic:
            self._measure()

    def _cannot(self, task: Task) -> str:
        """Why a task cannot be shown on a copy; empty when it can."""
        if task.doing is Doing.JUDGEMENT:
            return "a person judges it in the run"
        if task.doing in (Doing.UNDO_COMMAND, Doing.BACKUP):
            return "it acts on the world outside the database"
        if task.doing is Doing.ACTION:
            action = self.plan.action(task.subject)
            if isinstance(action, HttpAction):
                return "it asks the living application"
            if isinstance(action, ShellAction) and not action.safe:
                return "it acts on the world outside the database"
        return ""

    def _act(self, task: Task, direction: str, depth: Depth) -> Result:
        scene = self._scene(depth)
        if task.doing is Doing.RESTORED:
            return self._restored()
        action = self.plan.action(task.subject)
        if task.doing is Doing.UNDO_DERIVED:
            assert isinstance(action, SqlAction)
            return sql.undo(action, scene, self._purpose(task, action, direction))
        if isinstance(action, SqlAction):
            once = replace(action, retry=Retry())
            if is_change(once):
                return sql.change(once, scene, self._purpose(task, once, direction))
            return sql.query(once, scene, Deadline(None))
        assert isinstance(action, ShellAction)
        return shell.run(replace(action, until=None), scene, Deadline(None))

    def _purpose(self, task: Task, action: SqlAction, direction: str) -> sql.Purpose:
        way = Direction.ROLLBACK if direction == ROLLBACK else Direction.FORWARD
        last = [a.id for a in self.plan.actions(Phase.EXECUTE) if is_change(a)][-1:] == [action.id]
        after = self.plan.schema.after if self.plan.schema else None
        forward = way is Direction.FORWARD and last
        contract = conditions.contract_of(self.plan, self._scene(Depth.SWIFT)) if forward else None
        return sql.Purpose(
            f"{task.id} ({direction})",
            way,
            sql.content_of(action),
            budget_s=self._budget(task, action) if direction == AGAIN else None,
            expected=fingerprint.definitions_of_script(after.text) if forward and after else None,
            contract=dict(contract) if contract else None,
        )

    def _budget(self, task: Task, action: SqlAction) -> float | None:
        step = next((step for step in self.plan.steps(task.phase) if step.id == task.step), None)
        limits = [action.budget_s, step.budget_s if step else None, self.plan.downtime_s]
        return min((limit for limit in limits if limit is not None), default=None)

    def _scene(self, depth: Depth) -> Scene:
        return Scene(
            plan=self.plan,
            values=self.values,
            database=self.copy_path,
            folder=self.plan.path.resolve().parent,
            run_id=self.run_id,
            who=self.who,
            depth=depth,
        )

    def _restored(self) -> Result:
        with opened(self.copy_path) as connection:
            found = fingerprint.definitions(connection)
        differences = fingerprint.difference(self.definitions, found)
        if differences:
            lines = "\n".join(f"- {one}" for one in differences)
            raise InvariantBroken(
                f"The rollback does not bring the old schema back:\n{lines}",
                hint="Mend the Rollback section, then rehearse again.",
            )
        return Result("as it was")

    def _write(self) -> writes.Written:
        """What an application might write after the change, so that the way back has something to keep."""
        scope = {
            table
            for action in self.plan.actions(Phase.EXECUTE)
            if isinstance(action, SqlAction)
            for table in action.scope
        }
        self.progress("writing new rows, as the application would", None, None)
        written = writes.write(self.copy_path, scope)
        self.new_writes = len(written.writes)
        self.notes += [f"no new rows to keep: {reason}" for reason in written.unwritten]
        return written

    def _compare(self, written: writes.Written) -> None:
        self.progress("comparing with the original, row by row", None, None)
        comparison, lost = writes.compare_with_writes(self.original, written, self.copy_path)
        self.rows_compared = comparison.rows
        if not comparison.equal or lost:
            lines = [*([str(comparison)] if not comparison.equal else []), *(f"- {one}" for one in lost)]
            raise InvariantBroken(
                "After the rollback the database is not the original plus what was written since:\n"
                + "\n".join(lines),
                hint="The way back must carry every row that can be written after the change: mend the"
                " rollback script, or keep what the old schema cannot hold in a changeover_... table.",
            )

    def _same_again(self) -> None:
        if self._schema() != self.after:
            raise InvariantBroken(
                "The second way forward leaves another schema than the first.",
                hint="Something that the first run made is still there and changes what the script does.",
            )

    def _limits(self) -> None:
        """Predictions against the promises of the plan."""
        limit_s = self.plan.rollback_within_s
        taken_s = self._total(ROLLBACK)
        if limit_s is not None and taken_s > limit_s:
            self.faults.append(f"The rollback took {taken_s:.1f} s and may take {spoken(limit_s)}.")

    def _schema(self) -> str:
        with opened(self.copy_path) as connection:
            return fingerprint.fingerprint(connection)

    def _measure(self) -> None:
        """How far WAL and file grow."""
        wal = self.copy_path.with_name(self.copy_path.name + "-wal")
        self.wal_bytes = max(self.wal_bytes, wal.stat().st_size if wal.exists() else 0)
        self.growth = max(self.growth, self.copy_path.stat().st_size - self.original.stat().st_size)

    def _skip(self, task: Task, reason: str) -> None:
        sentence = f"{task.label} ({task.id}): {reason}"
        if sentence not in self.skipped:
            self.skipped.append(sentence)

    def _keep(self, task: Task, direction: str, verdict: str, seconds: float, result: Result) -> None:
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

    def _total(self, direction: str) -> float:
        return sum(step.seconds for step in self.steps if step.direction == direction)

    def _frozen(self, direction: str) -> float:
        return sum(step.frozen_s or 0.0 for step in self.steps if step.direction == direction)

    def record(self, name: str, at: float) -> Record:
        """Everything found, as it is kept."""
        return Record(
            id=name,
            at=at,
            who=self.who,
            plan_sha256=self.plan.sha256,
            parameters_sha256=records.parameters_hash(self.values),
            schema_before=self.before,
            schema_after=self.after,
            definitions=[(kind, label, list(parts)) for (kind, label), parts in self.definitions.items()],
            database_bytes=self.size,
            needed_bytes=self.wal_bytes + max(self.growth, 0) + self.size,
            wal_bytes=self.wal_bytes,
            backup_mb_per_s=round(self.rate, 1),
            frozen_s=round(self._frozen(AGAIN), 6),
            seconds=round(self._total(AGAIN), 4),
            rollback_s=round(self._total(ROLLBACK), 4),
            rollback_frozen_s=round(self._frozen(ROLLBACK), 6),
            rows_compared=self.rows_compared,
            writes=self.new_writes,
            steps=tuple(self.steps),
            skipped=tuple(self.skipped),
            notes=tuple(dict.fromkeys(self.notes)),
            faults=tuple(self.faults),
        )


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else []
