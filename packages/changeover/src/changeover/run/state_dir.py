"""The files that changeover keeps: one folder for each database, and in it one folder for each run.

    liveone.db
    liveone.db.changeover/
      runs/0001-20260105-021500/   journal.jsonl  plan/PLAN.md  plan/migrate.sql  report.md  report.html
      rehearsals/0001-20260104-200000.json

Rule: the plan of a run is stored with it, word for word, so that it can be resumed or taken back whatever
happens to the original. The engine never deletes anything here.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from changeover.database.local import state_folder
from changeover.database.where import Database
from changeover.engine.entries import Entry, begun
from changeover.errors import Refused
from changeover.plan.model import Plan
from changeover.run import journal
from changeover.words import stamp


@dataclass(frozen=True, slots=True)
class StateDir:
    """The folder of one database."""

    path: Path

    @property
    def runs(self) -> Path:
        """The folder of runs."""
        return self.path / "runs"

    @property
    def rehearsals(self) -> Path:
        """The folder of rehearsal records."""
        return self.path / "rehearsals"

    def run_ids(self) -> tuple[str, ...]:
        """The ids of all runs, oldest first."""
        found = (path for path in self.runs.glob(f"*/{journal.NAME}") if path.stat().st_size)
        return tuple(sorted(path.parent.name for path in found))

    def run(self, run_id: str) -> Path:
        """The folder of a run."""
        return self.runs / run_id

    def newest(self) -> str | None:
        """The id of the newest run with a journal entry, or None."""
        return next((name for name in reversed(self.run_ids()) if self.entries(name)), None)

    def entries(self, run_id: str) -> list[Entry]:
        """The journal of a run. Raises Refused if there is no such run."""
        path = self.run(run_id) / journal.NAME
        if not path.exists():
            known = ", ".join(self.run_ids()) or "none"
            raise Refused(f"There is no run {run_id} of this database.", hint=f"Runs: {known}.")
        return journal.read(path)


def state_of(database: Database, folder: Path | None = None) -> StateDir:
    """The state folder of a database.

    The one named, else beside the file, or in the current folder for a server.
    """
    return StateDir(state_folder(database, folder))


def numbered(folder: Path, now_at: float) -> str:
    """``0007-20260105-021500``: the next number, whatever the clock says, and the time (UTC)."""
    numbers = (path.name.partition("-")[0] for path in folder.glob("*-*"))
    number = max((int(text) for text in numbers if text.isdigit()), default=0) + 1
    return f"{number:04d}-{stamp(now_at)}"


def make_run(state: StateDir, run_id: str, plan: Plan) -> Path:
    """Make the folder of a run with the plan in it; it is on disk before the journal begins."""
    folder = state.run(run_id)
    (folder / "plan").mkdir(parents=True)
    _write(folder / "plan" / plan.path.name, plan.text)
    for file in plan.files:
        target = folder / "plan" / file.name
        if not target.resolve().is_relative_to((folder / "plan").resolve()):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        _write(target, file.text)
    return folder


def stored_plan(state: StateDir, run_id: str) -> Path | None:
    """The copy of the plan that a run was begun with, or None."""
    first = begun(state.entries(run_id))
    path = state.run(run_id) / "plan" / (first.text("plan_file") if first else "")
    return path if path.is_file() else None


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    _write(partial, text)
    # Atomic, and after fsync of the content: a reader sees the old file or the new one, and never an empty
    # one.
    os.replace(partial, path)


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
