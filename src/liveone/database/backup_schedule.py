"""Backups that nobody has to think of: made on time, put back on trial, copied elsewhere, old ones dropped.

Rule: only what the schedule or an upgrade made is ever dropped, and never before a newer one is proven.
What happened stands in `schedule.json` beside the backups, so that doctor, the administrator's page and the
metrics agree.
"""

import fcntl
import logging
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from liveone.clock import Clock
from liveone.database.backup_copies import BackupCopies
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
    """Makes a backup every ``every_s`` seconds. ``copies`` is where else they go: what could not be
    copied is tried again every hour, without another backup. ``after_each`` is told the instant of each new
    one: what else it makes superfluous goes then.

    A thread of its own looks once a minute; of several processes one makes it.
    """

    backups: BackupFolder
    clock: Clock
    every_s: float
    rotation: BackupRotation
    copies: BackupCopies | None = None
    after_each: Callable[[float], None] = lambda _: None
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
        """When there is something to do next; in the past: now."""
        state = read_state(self.backups.folder)
        again_at = state.tried_at + AGAIN_AFTER_S if state.tried_at and state.error else 0.0
        if self._waiting(state):
            return again_at
        return max(self._next_at(state), again_at)

    def _next_at(self, state: ScheduleState) -> float:
        """When the next backup is to be made, whether or not the last try failed."""
        newest = max((at for at in map(made_at, state.made) if at is not None), default=None)
        return 0.0 if newest is None else newest + self.every_s

    def _waiting(self, state: ScheduleState) -> list[str]:
        """The newest, where it has no copy yet: that failed, or the program ended before."""
        if self.copies is None:
            return []
        newest = [name for name in state.made[-1:] if name not in state.copied]
        return [name for name in newest if (self.backups.folder / name).is_file()]

    def make_if_due(self) -> bool:
        """Make one if it is time and nobody else does; what fails is noted, logged once, and tried later."""
        if self.clock.now_at() < self.due_at():
            return False
        with self._alone() as ours:
            if not ours or self.clock.now_at() < self.due_at():
                return False
            try:
                self._do_what_is_due()
            except (LiveOneError, OSError) as error:
                state = read_state(self.backups.folder)
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

    def _do_what_is_due(self) -> None:
        """A backup, kept in the state before its copy is tried, so that a copy that fails makes no second."""
        state, now_at = read_state(self.backups.folder), int(self.clock.now_at())
        was_tried = False
        if now_at >= self._next_at(state):
            state, was_tried = self._made(state, now_at)
            self._keep(state)
            self.after_each(now_at)
        if self.copies is not None:
            state = self._copied(state, self.copies, fetched_back=was_tried)
        self._keep(replace(state, tried_at=now_at, error=""))

    def _made(self, state: ScheduleState, now_at: int) -> tuple[ScheduleState, bool]:
        """The state with one more, and whether that was put back on trial."""
        folder = self.backups.folder
        self._refuse_full(folder)
        done = self.backups.back_up()
        name, restored_at = str(done["name"]), state.restored_at
        is_trial = restored_at is None or now_at - restored_at >= TRIAL_EVERY_S
        if is_trial:
            put_back_on_trial(folder / name, done["rows"], now_at)
            restored_at = now_at
        made = (*(one for one in state.made if (folder / one).is_file()), name)
        stay = self._staying(made)
        for gone in set(made) - set(stay):
            (folder / gone).unlink(missing_ok=True)
        return ScheduleState(stay, now_at, state.error, restored_at, state.copied), is_trial

    def _copied(self, state: ScheduleState, copies: BackupCopies, *, fetched_back: bool) -> ScheduleState:
        """The newest has its copy, and copies whose backup went are gone. An older one that could not be
        copied is not made up for: a newer one is there."""
        waiting = self._waiting(state)
        for name in waiting:
            copies.keep(self.backups.folder / name, fetched_back=fetched_back)
        there = (*state.copied, *waiting)
        for gone in [name for name in there if name not in state.made]:
            copies.drop(gone)
        return replace(state, copied=tuple(name for name in there if name in state.made))

    def _refuse_full(self, folder: Path) -> None:
        needed = 2 * self.backups.database_bytes() + SPARE_BYTES
        if self.backups.free_bytes() < needed:
            raise NoRoom(
                f"a backup and its trial need {needed / 1e6:,.0f} MB at {folder}, and there is less",
                hint="Make room, keep fewer (keep_daily, keep_weekly, keep_monthly), or set [backup] folder.",
            )

    def _staying(self, made: tuple[str, ...]) -> tuple[str, ...]:
        """Of the backups that the schedule made, those that stay."""
        times = {name: at for name in made if (at := made_at(name)) is not None}
        stay = self.rotation.stay(times.values())
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
