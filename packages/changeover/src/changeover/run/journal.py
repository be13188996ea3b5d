"""The journal of a run: JSON lines that are only appended, each on disk before the next task begins.

Rule: `add` returns when the line is on the disk (fsync). If the last line is torn (its writer was killed, or
the power failed), it is cut off when the journal is opened; a torn line anywhere else is damage. Secrets
never get in: every entry passes the redactor.
"""

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from changeover.engine.entries import Entry, EntryKind
from changeover.errors import ChangeoverError, Damaged, DatabaseError, Full
from changeover.plan.redaction import Redactor

NAME = "journal.jsonl"
ENOSPC = (28, 122)


class Journal:
    """An open journal. ``entries`` is all of it.

    ``hook`` is called with ``before journal KIND`` and ``after ...``.

    ``look`` is called with every entry that is added; ``guard`` may refuse an entry by raising (a lost
    lease).
    """

    def __init__(
        self,
        path: Path,
        *,
        redactor: Redactor,
        hook: Callable[[str], None] = lambda moment: None,
        now_at: Callable[[], float] = time.time,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.path, self.redactor, self.hook = path, redactor, hook
        self.now_at, self.clock_s = now_at, clock_s
        self.look: Callable[[Entry], None] = lambda entry: None
        self.guard: Callable[[], None] = lambda: None
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            whole, self.entries = _read(path)
            # A torn last line goes before anything is added: behind it a new line would be unreadable too.
            os.ftruncate(self._file, whole)
            # The file's name is in its folder: without this a power cut may take away a journal that was
            # itself synced.
            _sync_folder(path.parent)
        except BaseException:
            os.close(self._file)
            raise

    def add(self, kind: EntryKind, id: str = "", **data: object) -> Entry:
        """Write one entry and wait until it is on the disk. Raises Full or DatabaseError if that fails."""
        self.guard()
        safe = self.redactor.hide_all(data)
        assert isinstance(safe, Mapping)
        entry = Entry(kind, self.now_at(), self.clock_s(), id, safe)
        self.hook(f"before journal {kind} {id}".rstrip())
        self._write(_line(entry))
        self.entries.append(entry)
        self.hook(f"after journal {kind} {id}".rstrip())
        self.look(entry)
        return entry

    def close(self) -> None:
        """Close the file; nothing can be added after this."""
        os.close(self._file)

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, line: bytes) -> None:
        end = os.fstat(self._file).st_size
        try:
            if os.write(self._file, line) != len(line):
                raise OSError(ENOSPC[0], "no space left on device")
            # Before what it announces is done: a task that is not in the journal was not begun.
            os.fsync(self._file)
        except OSError as error:
            # Half a line in the middle would be damage for whoever reads the journal next.
            os.ftruncate(self._file, end)
            raise _failure(self.path, error) from error


def read(path: Path) -> list[Entry]:
    """The entries of a journal, without a torn last line. Raises DatabaseError or Damaged."""
    return _read(path)[1]


def _read(path: Path) -> tuple[int, list[Entry]]:
    """(number of bytes in whole lines, the entries in them)."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise DatabaseError(f"{path} cannot be read: {error.strerror}.", hint="Check its mode.") from error
    whole, entries = 0, list[Entry]()
    lines = text.split(b"\n")
    for number, line in enumerate(lines[:-1], 1):
        try:
            entries.append(_entry(line))
        except (ValueError, KeyError, TypeError) as error:
            # Torn although its newline is there: after a power cut
            # the blocks of one write need not all be on the disk.
            if number == len(lines) - 1:
                break
            raise Damaged(
                f"{path}:{number} is not a line of a journal.",
                hint="Somebody edited it, or the disk is failing. The database tells what was done: the table"
                " changeover_ledger.",
            ) from error
        whole += len(line) + 1
    return whole, entries


def _line(entry: Entry) -> bytes:
    document = {
        "kind": entry.kind.value,
        "at": round(entry.at, 6),
        "clock_s": round(entry.clock_s, 6),
        "id": entry.id,
        "data": dict(entry.data),
    }
    return json.dumps(document, ensure_ascii=False, default=str).encode() + b"\n"


def _entry(line: bytes) -> Entry:
    document = json.loads(line)
    return Entry(
        EntryKind(document["kind"]), document["at"], document["clock_s"], document["id"], document["data"]
    )


def _failure(path: Path, error: OSError) -> ChangeoverError:
    if error.errno in ENOSPC:
        return Full(f"{path}: no space left for the journal.", hint="Free space there, then `resume`.")
    return DatabaseError(f"{path} cannot be written: {error.strerror}.", hint="Check mode and disk.")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
