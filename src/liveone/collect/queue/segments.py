"""A durable queue of lines in a folder: append at the end, take from the front.

Rule: ``append`` returns after fsync, so its lines survive a kill or a power cut; a segment is removed
only when all its lines have been dropped. A crash between use and drop gives the front lines again:
what is done with a line must be idempotent.
"""

import logging
import os
from dataclasses import dataclass
from pathlib import Path

SEGMENT_LINES = 500
"""A segment is also the largest batch that ``front`` gives."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class QueuedLines:
    """Lines from the front of the queue, without their newlines, and where in their segment they end."""

    path: Path
    lines: list[bytes]
    end: int


@dataclass(slots=True)
class _Segment:
    size_bytes: int = 0
    lines: int = 0


class Segments:
    """Files ``<number>.jsonl`` in one folder. Not safe for threads: its owner holds a lock."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        # The new folder's own name is an entry of its parent.
        _sync_folder(folder.parent)
        self._folder = folder
        self._segments = _found(folder)
        self._number = max((int(path.stem) for path in self._segments), default=0)
        self._dropped_bytes = 0
        self._tail: int | None = None
        self._tail_path = folder
        self._tail_lines = 0

    @property
    def count(self) -> int:
        """How many lines are in the queue."""
        return sum(segment.lines for segment in list(self._segments.values()))

    @property
    def size_bytes(self) -> int:
        """What the segments take on disk."""
        return sum(segment.size_bytes for segment in list(self._segments.values()))

    def append(self, lines: list[bytes]) -> None:
        """Write lines durably at the end. OSError when the disk refuses; a part may be there then."""
        for start in range(0, len(lines), SEGMENT_LINES):
            self._append_to_tail(lines[start : start + SEGMENT_LINES])

    def front(self) -> QueuedLines | None:
        """The oldest lines, or None when the queue is empty. Torn lines are put aside first."""
        while self._segments:
            path = next(iter(self._segments))
            try:
                data = path.read_bytes()[self._dropped_bytes :]
            except OSError:
                log.exception("spool: %s cannot be read; it is left for the next start", path)
                self._forget(path)
                continue
            *lines, torn = data.split(b"\n")
            if torn:
                self.put_aside(path, torn, "is torn: it was being written when the machine stopped")
            if lines:
                return QueuedLines(path, lines, self._dropped_bytes + len(data))
            self._remove(path)
        return None

    def drop(self, batch: QueuedLines) -> None:
        """Remove the lines of a batch from the front; lines appended since stay."""
        segment = self._segments[batch.path]
        segment.lines -= len(batch.lines)
        if segment.size_bytes > batch.end:
            self._dropped_bytes = batch.end
        else:
            self._remove(batch.path)

    def put_aside(self, path: Path, line: bytes, why: str) -> None:
        """Keep a line that cannot be used in ``damaged/`` for a person to look at."""
        damaged = self._folder / "damaged"
        damaged.mkdir(exist_ok=True)
        with (damaged / path.name).open("ab") as file:
            file.write(line + b"\n")
        log.error("spool: a line of %s %s; kept in %s", path, why, damaged / path.name)

    def adopt(self, other: "Segments") -> None:
        """Move the segments of another queue on the same disk to the end of this one."""
        self._close_tail()
        # Moved under a number of ours; with its tail open,
        # lines would be appended to a file that is ours now.
        other._close_tail()
        for path in list(other._segments):
            target = self._next_path()
            path.rename(target)
            self._segments[target] = other._segments.pop(path)
        _sync_folder(self._folder)

    def close(self) -> None:
        """Release the file that is open for appending."""
        self._close_tail()

    def _append_to_tail(self, lines: list[bytes]) -> None:
        if self._tail is None or self._tail_lines + len(lines) > SEGMENT_LINES:
            self._open_tail()
        assert self._tail is not None
        data = b"".join(lines)
        before = os.fstat(self._tail).st_size
        try:
            _write_all(self._tail, data)
            os.fsync(self._tail)
        except OSError:
            self._undo_tail(before)
            raise
        self._tail_lines += len(lines)
        segment = self._segments[self._tail_path]
        segment.size_bytes, segment.lines = before + len(data), segment.lines + len(lines)

    def _open_tail(self) -> None:
        self._close_tail()
        path = self._next_path()
        # O_EXCL: a number is never used twice, not even by a process that believes itself alone here.
        self._tail = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._tail_path = path
        self._segments[path] = _Segment()
        # A new file's name must be on the disk too, or a power cut loses lines that were synced.
        _sync_folder(self._folder)

    def _undo_tail(self, before: int) -> None:
        assert self._tail is not None
        try:
            # Half a line would be torn in the middle of the file, where later lines come behind it.
            os.ftruncate(self._tail, before)
        except OSError:
            log.exception("spool: a failed write could not be undone; its torn line will be put aside")
        self._close_tail()

    def _close_tail(self) -> None:
        if self._tail is not None:
            os.close(self._tail)
        self._tail, self._tail_lines = None, 0

    def _next_path(self) -> Path:
        self._number += 1
        return self._folder / f"{self._number:012d}.jsonl"

    def _remove(self, path: Path) -> None:
        self._forget(path)
        try:
            path.unlink()
        except OSError:
            log.exception("spool: %s is done with but cannot be removed", path)

    def _forget(self, path: Path) -> None:
        if len(self._segments) == 1:
            self._close_tail()
        self._dropped_bytes = 0
        del self._segments[path]


def _found(folder: Path) -> dict[Path, _Segment]:
    paths = sorted(path for path in folder.glob("*.jsonl") if path.stem.isdigit())
    contents = ((path, path.read_bytes()) for path in paths)
    return {path: _Segment(len(data), data.count(b"\n")) for path, data in contents}


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        # write(2) may take a part of it, on a disk that is nearly full for example.
        view = view[os.write(descriptor, view) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
