"""Sessions that were ended before their time: one by signing out, or all of an account.

Kept in a file that every process of this machine reads, so that an end holds everywhere and after a restart.
Without a file it is kept in memory.
"""

import fcntl
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import orjson

from liveone.settings.private_file import replace_private
from liveone.settings.watched import WatchedFile

NAME = "ended-sessions.json"
Ends = Mapping[str, int]
"""Session ids, and when each would have ended by itself (UTC epoch seconds): then it is forgotten here."""


class EndedSessions:
    """Which sessions were ended. Safe to call from any thread and process."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._in_memory: dict[str, int] = {}
        self._lock = threading.Lock()
        self._file = WatchedFile(path, _read) if path else None

    def has(self, session_id: str) -> bool:
        """Whether this session was ended, by whatever process."""
        return session_id in self._in_memory or (
            self._file is not None and session_id in self._file.current()
        )

    def add(self, session_id: str, until_at: int, *, now_at: float) -> bool:
        """End a session that would have lasted until ``until_at``; False: it was ended already, perhaps at
        this moment by another thread or process. Raises OSError when it cannot be kept."""
        with self._lock:
            is_new = session_id not in self._in_memory
            self._in_memory = _lasting(self._in_memory, now_at) | {session_id: until_at}
        if self._path is not None:
            with _locked(self._path):
                ends = _lasting(_read(self._path), now_at)
                is_new = is_new and session_id not in ends
                replace_private(self._path, orjson.dumps(ends | {session_id: until_at}))
        return is_new


def _lasting(ends: Ends, now_at: float) -> dict[str, int]:
    return {session_id: until_at for session_id, until_at in ends.items() if until_at > now_at}


def _read(path: Path) -> Ends:
    """What the file says; one that was damaged ends nothing, as an absent one."""
    try:
        found = orjson.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One writer at a time; the lock ends with the process that holds it."""
    lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
