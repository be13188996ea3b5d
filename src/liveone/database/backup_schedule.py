"""Backups that nobody has to think of: made on time, put back on trial, copied elsewhere, old ones dropped.

Rule: only what the schedule made is ever dropped, and never before a newer one is proven. What happened
stands in `schedule.json` beside the backups, so that doctor, the administrator's page and the metrics agree.
"""

import fcntl
import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from liveone.clock import Clock
from liveone.database.backup_rotation import BackupRotation
from liveone.database.backup_service import BackupFolder, made_at
from liveone.database.backup_state import ScheduleState, keep_state, read_state
from liveone.errors import LiveOneError
from liveone.store import backup

LOOK_EVERY_S = 60.0
FIRST_AFTER_S = 600.0
"""So long after a start nothing is made: whoever restarts a program is not done with it."""

AGAIN_AFTER_S = 3600
TRIAL_EVERY_S = 7 * 86_400
SPARE_BYTES = 200_000_000

log = logging.getLogger(__name__)


class NoRoom(LiveOneError):
    """The disk has no room for another backup."""


@dataclass
class BackupSchedule:
    """Makes a backup every ``every_s`` seconds. ``copy_to`` is a second folder, on another disk.

    A thread of its own looks once a minute; of several processes one makes it.
    """

    backups: BackupFolder
    clock: Clock
    every_s: float
    rotation: BackupRotation
    copy_to: Path | None = None
    _stopping: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Look while inside. A backup that is being made when it ends is given up, and leaves nothing."""
        thread = threading.Thread(target=self._run, name="backups", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            thread.join(1)

    def due_at(self) -> float:
        """When the next one is to be made; in the past: now."""
        state = read_state(self.backups.folder)
        newest = max((one for one in map(made_at, state.made) if one is not None), default=None)
        next_at = 0.0 if newest is None else newest + self.every_s
        failed_at = state.tried_at if state.error else None
        return next_at if failed_at is None else max(next_at, failed_at + AGAIN_AFTER_S)

    def make_if_due(self) -> bool:
        """Make one if it is time and nobody else does; what fails is noted, logged once, and tried later."""
        if self.clock.now_at() < self.due_at():
            return False
        with self._alone() as ours:
            if not ours or self.clock.now_at() < self.due_at():
                return False
            state = read_state(self.backups.folder)
            try:
                self._keep(self._made(state))
            except (LiveOneError, OSError) as error:
                if str(error) != state.error:
                    log.error("the scheduled backup failed: %s", error)
                self._keep(replace(state, tried_at=int(self.clock.now_at()), error=str(error)))
                return False
        return True

    def _run(self) -> None:
        self._stopping.wait(FIRST_AFTER_S)
        while not self._stopping.is_set():
            self.make_if_due()
            self._stopping.wait(LOOK_EVERY_S)

    def _made(self, state: ScheduleState) -> ScheduleState:
        folder, now_at = self.backups.folder, int(self.clock.now_at())
        self._refuse_full(folder)
        done = self.backups.back_up()
        name, restored_at = str(done["name"]), state.restored_at
        if restored_at is None or now_at - restored_at >= TRIAL_EVERY_S:
            put_back_on_trial(folder / name, done["rows"], now_at)
            restored_at = now_at
        made = (*(one for one in state.made if (folder / one).is_file()), name)
        if self.copy_to is not None:
            copied(folder / name, self.copy_to)
            self._drop_old(made, self.copy_to)
        return ScheduleState(self._drop_old(made, folder), now_at, "", restored_at)

    def _refuse_full(self, folder: Path) -> None:
        needed = 2 * self.backups.database_bytes() + SPARE_BYTES
        if self.backups.free_bytes() < needed:
            raise NoRoom(
                f"a backup and its trial need {needed / 1e6:,.0f} MB at {folder}, and there is less",
                hint="Make room, keep fewer (keep_daily, keep_weekly, keep_monthly), or set [backup] folder.",
            )

    def _drop_old(self, made: tuple[str, ...], folder: Path) -> tuple[str, ...]:
        """Of the backups that the schedule made, those that stay; the others are removed from the folder."""
        times = {name: at for name in made if (at := made_at(name)) is not None}
        stay = self.rotation.stay(times.values())
        for name, at in times.items():
            if at not in stay:
                (folder / name).unlink(missing_ok=True)
        return tuple(name for name, at in times.items() if at in stay)

    def _keep(self, state: ScheduleState) -> None:
        keep_state(self.backups.folder, state)

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Whether no other process of this machine is at it; the lock is on the folder itself."""
        self.backups.folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.backups.folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield True
        except BlockingIOError:
            yield False
        finally:
            os.close(descriptor)


def put_back_on_trial(path: Path, rows: Mapping[str, int], now_at: float) -> None:
    """Restore a backup into an empty place, as one would after a loss, and count what is there.

    Raises TrialFailed where it is not what was backed up, and what `backup.restore` raises.
    """
    with tempfile.TemporaryDirectory(prefix=".trial-", dir=path.parent) as folder:
        done = backup.restore(path, Path(folder) / "trial.db", now_at)
        _, found = backup.contents(done.path)
        if found != dict(rows):
            raise TrialFailed(f"{path} was put back on trial and holds {found}, not {dict(rows)}")


class TrialFailed(LiveOneError):
    """A backup that was put back on trial does not hold what was backed up."""


def copied(path: Path, to: Path) -> Path:
    """A copy of a proven backup in another folder, compared by its hash. Raises OSError, TrialFailed."""
    to.mkdir(parents=True, exist_ok=True)
    partial, final = to / f".{path.name}.partial", to / path.name
    try:
        shutil.copyfile(path, partial)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        if backup.prove(partial) != backup.prove(path):
            raise TrialFailed(f"the copy of {path} in {to} differs from it")
        partial.replace(final)
    finally:
        with suppress(FileNotFoundError):
            partial.unlink()
    return final
