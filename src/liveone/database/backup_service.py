"""Backups as the administrator's page has them: made one at a time, looked into, put back.

Rule: nothing here destroys. What is put back is proven first; what it replaces becomes a backup itself.
"""

import re
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from liveone.clock import Clock
from liveone.database.backup_state import read_state
from liveone.errors import BadInput, sentence
from liveone.store import backup, readings, systems
from liveone.store.backup import BackupReport
from liveone.store.database import Unavailable
from liveone.store.storage import storage
from liveone.store.store import Store, open_store

NAME = re.compile(r"backup-(\d{8}-\d{6})\.db")
Facts = Mapping[str, Any]
Make = Callable[[Path, float], BackupReport]


@dataclass
class Progress:
    """``since_at`` is when the backup that is being made was begun; None when none is."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    since_at: float | None = None


@dataclass(frozen=True)
class BackupFolder:
    """``make`` puts a proven backup of the database into a folder; ``database_path`` is None for a server,
    whose backups are local files that are put back by another way. ``every_s`` is how often one is made
    by itself, 0 for never."""

    store: Store
    clock: Clock
    folder: Path
    make: Make
    database_path: Path | None
    progress: Progress = field(default_factory=Progress)
    every_s: float = 0.0

    def found(self) -> list[Facts]:
        """Newest first: ``name``, ``bytes``, ``at``; a file that only looks like a backup is none."""
        listed: list[Facts] = []
        for path in sorted(self.folder.glob("backup-*.db"), reverse=True):
            at = made_at(path.name)
            with suppress(FileNotFoundError):
                if at is not None:
                    listed.append({"name": path.name, "bytes": path.stat().st_size, "at": at})
        return listed

    def making(self) -> Facts | None:
        """The backup this process is making: ``sinceAt``, ``bytes`` written of about ``ofBytes``.

        All are written long before it is done: it is checked, hashed and opened then.
        """
        since_at = self.progress.since_at
        if since_at is None:
            return None
        written = backup.partial_bytes(self.folder)
        return {"sinceAt": since_at, "bytes": written, "ofBytes": self.database_bytes()}

    def schedule(self) -> Facts:
        """``everyS`` (0: none are made), ``error`` of the last try, ``restoredAt``: the last trial."""
        state = read_state(self.folder)
        return {"everyS": self.every_s, "error": state.error, "restoredAt": state.restored_at}

    def free_bytes(self) -> int:
        """The room on the disk that the backups go to."""
        folder = self.folder if self.folder.is_dir() else self.folder.parent
        return shutil.disk_usage(folder).free

    def back_up(self) -> Facts:
        """Make one: its ``name``, ``bytes``, ``sha256``, ``generation``, ``rows``. Raises BadInput."""
        with self._alone():
            done = self.make(self.folder, self._unused_at())
        return {
            "name": done.path.name,
            "bytes": done.size_bytes,
            "sha256": done.sha256,
            "generation": done.generation,
            "rows": done.rows,
        }

    def file(self, name: str) -> Path:
        """Where a backup is. Raises BadInput for a name that is none."""
        path = self.folder / name
        if made_at(name) is None or not path.is_file():
            raise BadInput(
                sentence("there is no backup {name}", name=repr(name)),
                hint=sentence("The page lists those there are."),
            )
        return path

    def contents(self, name: str) -> Facts:
        """Prove a backup and say what it holds beside what the database holds now.

        ``systems``: ``name``, ``readings`` and ``newestAt`` (UTC epoch seconds) of both; None where there is
        no such system. Raises BadInput, Corrupt, Foreign.
        """
        path = self.file(name)
        sha256 = backup.prove(path)
        with closing(open_store(path)) as kept:
            there, generation = _standing(kept), kept.generation
        now = _standing(self.store)
        return {
            "name": name,
            "sha256": sha256,
            "generation": generation,
            "systems": [
                {"id": number, "backup": there.get(number), "now": now.get(number)}
                for number in sorted({*there, *now})
            ],
        }

    def restore_refusal(self) -> BadInput | None:
        """Why no backup can be put back here, and how it is done instead."""
        if self.database_path is not None:
            return None
        return BadInput(
            sentence(
                "the database is on a server, where other programs use it: it is not replaced in its place"
            ),
            hint=sentence("Make a new database of it, and leave the old one: liveone db restore BACKUP URL"),
        )

    def restore(self, name: str) -> Facts:
        """Put a backup's content in the database's place, after a backup of what is there: ``keptAs``.

        Works while the database is in use: SQLite copies page by page within one transaction.
        """
        refusal = self.restore_refusal()
        if refusal is not None or self.database_path is None:
            raise refusal or AssertionError("no path and no refusal")
        source = self.file(name)
        if not self.database_path.is_file():
            raise Unavailable(f"{self.database_path} is not there", hint="Use `liveone restore`.")
        with self._alone():
            done = backup.restore(source, self.database_path, self.clock.now_at())
            kept = self.folder / backup.backup_name(self._unused_at())
            if done.replaced is not None:
                shutil.move(done.replaced, kept)
        self.store.detect_again()
        return {
            "name": name,
            "sha256": done.sha256,
            "generation": done.generation,
            "rows": done.rows,
            "keptAs": kept.name,
        }

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self.progress.lock.acquire(blocking=False):
            raise BadInput(
                sentence("a backup is being made already"), hint=sentence("Wait until it is done.")
            )
        try:
            self.progress.since_at = self.clock.now_at()
            yield
        finally:
            self.progress.since_at = None
            self.progress.lock.release()

    def database_bytes(self) -> int:
        """About how large a backup of it is."""
        if self.database_path is None:
            return storage(self.store).file_bytes
        return self.database_path.stat().st_size

    def _unused_at(self) -> float:
        """Now, or the next second after which no backup is named yet."""
        named = {one["name"] for one in self.found()}
        now_at = self.clock.now_at()
        later = (now_at + seconds for seconds in range(len(named) + 1))
        return next(at for at in later if backup.backup_name(at) not in named)


def made_at(name: str) -> int | None:
    """When a backup of that name was made, UTC epoch seconds; None for a name that no backup has."""
    if not NAME.fullmatch(name):
        return None
    try:
        return int(datetime.strptime(f"{name}Z", "backup-%Y%m%d-%H%M%S.db%z").timestamp())
    except ValueError:
        return None


def _standing(store: Store) -> dict[int, Facts]:
    newest = readings.newest_at(store)
    return {
        one.id: {
            "name": one.display_name,
            "readings": readings.count(store, one.id),
            "newestAt": newest.get(one.id),
        }
        for one in systems.list_systems(store)
    }
