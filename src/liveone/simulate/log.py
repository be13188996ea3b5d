"""The log of what was served, a JSON line an answer: the oracle for "nothing lost".

``clean`` says that the answer was a whole, true sample: every clean ``inverter_time`` of a site that a
client read must be in its store. ``delivered`` turns false when the client was gone; then a second line
with the same ``n`` follows, and the last line of an ``n`` counts. A line is written before its answer is
sent, so whoever has the answer finds the line.
"""

import threading
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO

import orjson

from liveone.errors import BadInput
from liveone.simulate.payload import Items

KEPT_MAX = 50_000
"""Entries held in memory; the file has them all."""


@dataclass(frozen=True, slots=True)
class Served:
    """One answer to a request for data; ``inverter_time`` and ``values`` are None if no sample was served."""

    n: int
    site: str
    face: str
    served_at: float
    status: int
    inverter_time: int | None
    faults: tuple[str, ...]
    clean: bool
    values: Items | None
    delivered: bool = True


class ServedLog:
    """Entries in memory and, when a path is given, appended to a file. Safe to use from many threads."""

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._kept: deque[Served] = deque(maxlen=KEPT_MAX)
        self._clean: dict[str, Counter[int]] = {}
        opened: tuple[BinaryIO | None, int] = _open(path) if path else (None, 1)
        self._file, self._next = opened

    def add(
        self,
        *,
        site: str,
        face: str,
        served_at: float,
        status: int,
        faults: tuple[str, ...],
        clean: bool,
        values: Items | None,
    ) -> Served:
        """Write an entry down; it is in the file when this returns."""
        at = values.get("timestamp") if values else None
        taken_at = at if isinstance(at, int) else None
        with self._lock:
            entry = Served(self._next, site, face, served_at, status, taken_at, faults, clean, values)
            self._next += 1
            self._note(entry)
            self._count(entry, 1)
        return entry

    def undelivered(self, entry: Served) -> None:
        """The client of this entry did not get it."""
        corrected = replace(entry, clean=False, delivered=False)
        with self._lock:
            self._note(corrected)
            self._count(entry, -1)

    def entries(self, site: str | None = None) -> list[Served]:
        """What is kept in memory, oldest first, corrected; of one site or of all."""
        with self._lock:
            newest = {entry.n: entry for entry in self._kept}
        return [entry for entry in newest.values() if site in (None, entry.site)]

    def clean_times(self, site: str) -> set[int]:
        """The times of all of the site's clean samples since this log was opened."""
        with self._lock:
            return {at for at, count in self._clean.get(site, Counter()).items() if count > 0}

    def close(self) -> None:
        with self._lock:
            if self._file:
                self._file.close()
                self._file = None

    def _count(self, entry: Served, by: int) -> None:
        if entry.clean and entry.inverter_time is not None:
            self._clean.setdefault(entry.site, Counter())[entry.inverter_time] += by

    def _note(self, entry: Served) -> None:
        self._kept.append(entry)
        if self._file:
            self._file.write(orjson.dumps(asdict(entry)) + b"\n")
            self._file.flush()


def read_log(path: Path) -> Iterator[Served]:
    """The entries of a file, corrected, oldest first; a torn last line is left out."""
    newest: dict[int, Served] = {}
    for line in path.read_bytes().splitlines():
        try:
            fields = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        newest[fields["n"]] = Served(**{**fields, "faults": tuple(fields["faults"])})
    return iter(newest.values())


def _open(path: Path) -> tuple[BinaryIO, int]:
    try:
        last = max((entry.n for entry in read_log(path)), default=0) if path.exists() else 0
        file = path.open("ab")
        if file.tell() and not path.read_bytes().endswith(b"\n"):
            file.write(b"\n")
        return file, last + 1
    except (OSError, KeyError, TypeError) as error:
        raise BadInput(
            f"the log {path} cannot be used: {error}", hint="Name a file that can be written, or another one."
        ) from error
