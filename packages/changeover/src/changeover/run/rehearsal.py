"""Rehearsal: carries the plan out on a copy of the real data, there and back, and once more with new rows.

copy -> forward -> rollback -> compare with the original -> forward again -> new writes -> rollback -> compare
with the original plus those writes -> forward once more -> finish

Rule: production is read once, in one snapshot, and never written; a server is forked. The code is that of the
run. The first time every invariant is checked in full; the next times as in the run, and these are the
prediction. Checks of the plan are made while there are no new rows, because they expect the real ones.
"""

import os
import shutil
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from changeover.actions import strategy
from changeover.database import capabilities
from changeover.database.backup import backup as backups
from changeover.database.backup import space
from changeover.database.change.invariants import Depth
from changeover.database.local import backup_dir, label
from changeover.database.schema.meaning import difference
from changeover.database.server import admin
from changeover.database.where import Database, Server
from changeover.engine.budgets import DRIVER_PATIENCE_S
from changeover.engine.decide import going_back, left_to_undo, still_in_force
from changeover.engine.entries import Entry, as_begun, begun
from changeover.engine.tasks import Task, TaskKind, task_plan
from changeover.errors import ChangeoverError, CheckFailed, InvariantBroken, StepFailed
from changeover.plan.model import Phase, Plan, SqlAction, Strategy
from changeover.plan.params import BoundParameters
from changeover.run import preconditions, records
from changeover.run.application import equipped
from changeover.run.made_since import dropped
from changeover.run.records import Record
from changeover.run.rehearsal_copy import (
    AGAIN,
    BACK_AGAIN,
    FORWARD,
    ONCE_MORE,
    ROLLBACK,
    Progress,
    RehearsalRun,
)
from changeover.run.state_dir import StateDir, numbered, state_of
from changeover.run.trial import Trial
from changeover.words import format_duration


@equipped
def rehearse(
    plan: Plan,
    values: BoundParameters,
    database: Database,
    *,
    who: str,
    state: Path | None = None,
    now_at: Callable[[], float] = time.time,
    progress: Progress = lambda words, part, left_s: None,
) -> Record:
    """Rehearse a plan and store a record, passed or not; `Record.faults` says why it did not pass.

    Raises PlanErrors, Refused or DatabaseError if it could not begin, Full if there is no room.
    """
    preconditions.require_sound(plan, database)
    place = state_of(database, state)
    name = numbered(place.rehearsals, now_at())
    with _workshop(place, database, name) as folder:
        if isinstance(database, Server):
            capabilities.probe(folder).require()
        fork = _fork(database, folder)
        chosen = preconditions.strategies_for(plan, database)
        plan = plan.with_strategies(strategy.online(chosen))
        tasks = task_plan(plan, additive=preconditions.is_additive(plan, database))
        telling = Telling(progress)
        rehearsal = RehearsalRun(plan, values, folder, who, f"rehearsal-{name}", telling, tasks, fork)
        rehearsal.name = label(database)
        rehearsal.strategies = strategy.online(chosen)
        rehearsal.notes += [str(one) for one in chosen if not one.fits or one.strategy == Strategy.ONLINE]
        with unforeseen_failures(rehearsal, telling):
            with rehearsal.reworded():
                rehearsal.copy(database)
            play(rehearsal)
        record = rehearsal.record(name, now_at())
    records.save(place, record)
    return record


def rehearse_way_back(
    plan: Plan,
    values: BoundParameters,
    database: Database,
    entries: Sequence[Entry],
    *,
    who: str,
    state: Path | None = None,
    now_at: Callable[[], float] = time.time,
    progress: Progress = lambda words, part, left_s: None,
) -> list[str]:
    """Rehearse the rollback of a run on a copy of the database as it is now; gives its faults.

    ``entries`` is the journal of that run: what it did and has taken back already is not rehearsed again.
    """
    place, first = state_of(database, state), begun(entries)
    assert first is not None
    name = numbered(place.rehearsals, now_at())
    with _workshop(place, database, name) as folder:
        fork = _fork(database, folder)
        plan = as_begun(plan, entries)
        tasks = task_plan(plan, additive=bool(first.data.get("additive")))
        telling = Telling(progress)
        rehearsal = RehearsalRun(plan, values, folder, who, f"rehearsal-{name}", telling, tasks, fork)
        rehearsal.name = label(database)
        with unforeseen_failures(rehearsal, telling):
            with rehearsal.reworded():
                rehearsal.copy(database)
            rehearsal.take_up(entries, records.named(place, first.text("rehearsal")))
            try:
                _play_way_back(rehearsal)
            except ChangeoverError as error:
                rehearsal.faults.append(rehearsal.said(error))
    return rehearsal.faults


def _play_way_back(rehearsal: RehearsalRun) -> None:
    """Take back what is left of a run, go forward again to today's rows, and on as in any rehearsal.

    Only changes that are still in force are made again, and no time limit of the plan applies.
    """
    back = left_to_undo(rehearsal.plan, rehearsal.tasks, rehearsal.state())
    in_force = still_in_force(rehearsal.plan, rehearsal.tasks, rehearsal.state())
    rehearsal.after, today = rehearsal.schema(), rehearsal.meanings()
    for task in back:
        rehearsal.do(task, ROLLBACK, Depth.THOROUGH)
    rehearsal.judge(
        list(dropped(rehearsal.others, rehearsal.meanings())), "The way back drops what is not the plan's:"
    )
    rehearsal.drop_others()
    before = rehearsal.keep_before()
    rehearsal.begin()
    _once_more(rehearsal, in_force)
    theirs = rehearsal.others - rehearsal.meanings().keys()
    if theirs and not difference({k: v for k, v in today.items() if k not in theirs}, rehearsal.meanings()):
        rehearsal.after = rehearsal.schema()
    rehearsal.require_same()
    rehearsal.compare_today(before)
    trial = Trial(rehearsal, before)
    trial.write(_changes(rehearsal, in_force))
    _there_and_back(rehearsal, trial, in_force)


@dataclass(slots=True)
class Telling:
    """Passes progress on, and remembers what is being done."""

    tell: Progress
    words: str = "beginning"

    def __call__(self, words: str, part: float | None, left_s: float | None) -> None:
        """See `Progress`."""
        self.words = words
        self.tell(words, part, left_s)


@contextmanager
def unforeseen_failures(rehearsal: RehearsalRun, telling: Telling) -> Iterator[None]:
    """Turns any failure inside into a fault of the rehearsal that says what was done, on what, and where."""
    try:
        yield
    except ChangeoverError:
        raise
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        notes = "".join(f", {note}" for note in getattr(error, "__notes__", ()))
        fault = StepFailed(
            f"The rehearsal failed unexpectedly ({telling.words}{notes}): {type(error).__name__}: {error}",
            hint="The database itself was only read. Please report it with this text"
            f" ({Path(place.filename).name}, line {place.lineno}).",
        )
        rehearsal.faults.append(rehearsal.said(fault))


@contextmanager
def _workshop(state: StateDir, database: Database, name: str) -> Iterator[Path]:
    """A folder for the copies, on the disk of the database.

    Removed at the end, with folders of killed rehearsals.

    If a fork could not be deleted, the empty folder stays: the next rehearsal deletes the fork by its name.
    """
    needed = 4 * backups.size_of(database)
    space.require(backup_dir(database, state.path), needed, purpose="The rehearsal (two copies and a WAL)")
    state.rehearsals.mkdir(parents=True, exist_ok=True)
    for old in state.rehearsals.glob("work-*"):
        if not _lives(old.name.rpartition("-")[2]):
            admin.end_fork(database, old.name)
            shutil.rmtree(old, ignore_errors=True)
    folder = state.rehearsals / f"work-{name}-{os.getpid()}"
    folder.mkdir()
    try:
        yield folder
    finally:
        try:
            admin.end_fork(database, folder.name)
        except ChangeoverError:
            for file in folder.iterdir():
                file.unlink()
        else:
            shutil.rmtree(folder, ignore_errors=True)


def _fork(database: Database, folder: Path) -> Server | None:
    """A fork on the server, if its admin API is known, with the name of the folder; else None."""
    if isinstance(database, Server) and database.admin_url:
        return admin.fork(database, folder.name)
    return None


def _lives(pid: str) -> bool:
    """Whether the process that works in a folder is still there."""
    with suppress(OSError, ValueError):
        os.kill(int(pid), 0)
        return int(pid) != os.getpid()
    return False


def play(rehearsal: RehearsalRun) -> None:
    """Run all of the rehearsal; the first fault ends it."""
    try:
        rehearsal.begin()
        _forward(rehearsal, FORWARD, Depth.THOROUGH)
        rehearsal.after = rehearsal.schema()
        waiting = _after(rehearsal)
        _rollback(rehearsal, ROLLBACK, Depth.THOROUGH)
        rehearsal.compare()
        rehearsal.begin()
        _forward(rehearsal, AGAIN, Depth.SWIFT)
        rehearsal.require_in_time()
        rehearsal.require_same()
        changes = [task for task in rehearsal.tasks.execute if task.atomic]
        trial = Trial(rehearsal, rehearsal.original)
        trial.write(_changes(rehearsal, changes))
        _ask_again(rehearsal, waiting)
        _there_and_back(rehearsal, trial, changes)
        trial.look_ahead(_changes(rehearsal, changes))
        _limits(rehearsal)
        rehearsal.finish()
    except ChangeoverError as error:
        rehearsal.faults.append(rehearsal.said(error))


def _there_and_back(rehearsal: RehearsalRun, trial: Trial, changes: Sequence[Task]) -> None:
    """Back with new rows and forward once more; each new row must be found, or its loss is reported."""
    try:
        _rollback(rehearsal, BACK_AGAIN, Depth.SWIFT)
        trial.look_back()
        rehearsal.begin()
        _once_more(rehearsal, changes)
    except (StepFailed, InvariantBroken) as error:
        raise trial.explain(error) from error
    rehearsal.require_same()
    trial.look_again()


def _once_more(rehearsal: RehearsalRun, changes: Sequence[Task]) -> None:
    for task in changes:
        rehearsal.do(task, ONCE_MORE, Depth.SWIFT)


def _changes(rehearsal: RehearsalRun, tasks: Sequence[Task]) -> list[SqlAction]:
    actions = (rehearsal.plan.action(task.subject) for task in tasks)
    return [action for action in actions if isinstance(action, SqlAction)]


def _forward(rehearsal: RehearsalRun, direction: str, depth: Depth) -> None:
    for task in (*rehearsal.tasks.preflight, *rehearsal.tasks.execute):
        if direction == FORWARD or task.phase is not Phase.PREFLIGHT:
            rehearsal.do(task, direction, depth)


def _after(rehearsal: RehearsalRun) -> list[Task]:
    """Make the checks of After once; gives those that failed and may need new rows."""
    waiting = []
    for task in rehearsal.tasks.after:
        try:
            rehearsal.do(task, FORWARD, Depth.THOROUGH)
        except CheckFailed:
            if rehearsal.plan.action(task.subject).retry.times == 1:
                raise
            rehearsal.steps.pop()
            waiting.append(task)
    return waiting


def _ask_again(rehearsal: RehearsalRun, waiting: Sequence[Task]) -> None:
    """Repeat the checks that needed new rows; a check that needs the application cannot be shown here."""
    for task in waiting:
        try:
            rehearsal.do(task, AGAIN, Depth.THOROUGH)
        except CheckFailed:
            rehearsal.steps.pop()
            rehearsal.skip(task, "it waits for the living application")


def _rollback(rehearsal: RehearsalRun, direction: str, depth: Depth) -> None:
    for task in going_back(rehearsal.plan, rehearsal.tasks, rehearsal.state()):
        if direction == ROLLBACK or task.atomic or task.kind is TaskKind.RESTORED:
            rehearsal.do(task, direction, depth)


def _limits(rehearsal: RehearsalRun) -> None:
    """Compare the predictions with the limits of the plan."""
    limit_s = rehearsal.plan.rollback_within_s
    taken_s = rehearsal.total(BACK_AGAIN)
    if limit_s is not None and taken_s > limit_s:
        rehearsal.faults.append(f"The rollback took {taken_s:.1f} s and may take {format_duration(limit_s)}.")
    held_s, most_s = rehearsal.longest_hold_s(), rehearsal.plan.writers_held_s
    if most_s is not None and held_s > most_s:
        rehearsal.faults.append(
            f"The rollback held writers for {held_s:.2f} s at a time;"
            f" writers-held is {format_duration(most_s)}."
        )
    if held_s >= DRIVER_PATIENCE_S:
        rehearsal.notes.append(
            f"writers were held for {held_s:.1f} s at a time: Python's sqlite3 and many other drivers give up"
            f" after {DRIVER_PATIENCE_S:g} s"
        )
