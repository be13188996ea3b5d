"""The copies of the database that the runs of `liveone upgrade` made before they changed it.

Rule: only what a journal names as the copy of its run is ever dropped, and no copy of a run that is not over.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from changeover.database.backup.backup import is_backup
from changeover.engine.entries import Ending, begun, ending
from changeover.run.state_dir import StateDir
from changeover.run.status import backup_of

NOT_OVER = (None, Ending.STOPPED, Ending.OPERATOR_NEEDED, Ending.UNFINISHED)
"""How runs stand that a person still has to go on with."""


@dataclass(frozen=True, slots=True)
class UpgradeCopy:
    """The copy that a run made, where it still is; ``made_at`` in UTC epoch seconds."""

    run_id: str
    path: Path
    made_at: float
    is_over: bool

    @property
    def size_bytes(self) -> int:
        return self.path.stat().st_size


def upgrade_copies(state: StateDir) -> Iterator[UpgradeCopy]:
    """Those that are there, oldest first. Raises ChangeoverError for a journal that cannot be read."""
    for run_id in state.run_ids():
        entries = state.entries(run_id)
        first, named = begun(entries), backup_of(entries)
        path = Path(named) if named else None
        if first is not None and path is not None and is_backup(path) and path.is_file():
            yield UpgradeCopy(run_id, path, first.at, ending(entries) not in NOT_OVER)


def drop_older(state: StateDir, before_at: float) -> list[Path]:
    """Delete the copies of runs that are over and began before ``before_at``; returns those that went.

    Raises ChangeoverError and OSError.
    """
    old = [each.path for each in upgrade_copies(state) if each.is_over and each.made_at < before_at]
    for path in old:
        path.unlink()
    return old
