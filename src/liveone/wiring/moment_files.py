"""What systems are between their readings, passed on among the processes of one machine: the one that polls a
system knows it, and another may serve its page.

Rule: files in the folder of the settings, replaced as a whole and never fsynced: nothing of it lasts. A
process writes what it wants (``wanted-``), another what it knows of that (``now-``), and whoever takes what
is sent passes that on (``pushed-``). Nobody looks, and nothing is written. What is older than WANTED_S counts
no more.
"""

import os
import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from liveone.domain.reading import Reading

FOLDER = "moments"
WATCH_S, IDLE_S = 0.04, 1.0
"""How often the folder is looked at: while somebody looks at a page, and while nobody does."""

RENEW_S, WANTED_S, GONE_S = 5.0, 15.0, 60.0
BYTES_MAX = 100_000


@dataclass(frozen=True, slots=True)
class MomentHandlers:
    """What a process does with the moments: ``now_of`` is what it knows itself, None of a system that it does
    not poll; ``told`` hears that another has told of a system, ``pushed`` what a source sent to another."""

    now_of: Callable[[int], Reading | None]
    told: Callable[[int], None]
    pushed: Callable[[int, int, Mapping[str, Any]], None]


class MomentFiles:
    """The moments that a process shares with others of its machine. Safe to call from any thread."""

    def __init__(self, folder: Path, handlers: MomentHandlers) -> None:
        self._folder, self._handlers = folder, handlers
        self._own = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._wanted_here: frozenset[int] = frozenset()
        self._wanted_there: frozenset[int] = frozenset()
        self._changed: set[int] = set()
        self._seen: dict[str, int] = {}
        self._wants: dict[str, frozenset[int]] = {}
        self._moments: dict[int, tuple[float, Reading]] = {}
        self._renewed_s = float("-inf")
        self._wake, self._closed = threading.Event(), False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to watch. Raises OSError where the folder cannot be made."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._thread = threading.Thread(target=self._watch, name="moments", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End; what this process wanted is wanted no more."""
        self._closed = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            with suppress(OSError):
                self._path("wanted", self._own).unlink(missing_ok=True)

    def want(self, system_ids: Collection[int]) -> None:
        """Somebody looks at these systems here, and at no others."""
        if self._wanted_here != frozenset(system_ids):
            self._wanted_here, self._renewed_s = frozenset(system_ids), float("-inf")
            self._wake.set()

    def changed(self, system_id: int) -> None:
        """A system that is polled here has told something."""
        if system_id in self._wanted_there:
            self._changed.add(system_id)

    def pass_on(self, system_id: int, source_id: int, at: int, values: Mapping[str, Any]) -> None:
        """What a source sent to this process, for the one that polls its system."""
        if self._thread is not None and system_id in self._wanted_here | self._wanted_there:
            self._write(
                "pushed", f"{source_id}-{self._own}", {"source": source_id, "at": at, "values": values}
            )

    def now_of(self, system_id: int) -> Reading | None:
        """What another process told last of a system, while it counts."""
        told_s, reading = self._moments.get(system_id, (float("-inf"), None))
        return reading if time.monotonic() - told_s <= WANTED_S else None

    def look(self) -> bool:
        """Take what others wrote, and write what they want; whether somebody looks anywhere."""
        for kind, name, content in self._news():
            self._take(kind, name, content)
        self._wanted_there = frozenset().union(*self._wants.values())
        self._renew()
        while self._changed:
            system_id = self._changed.pop()
            if (reading := self._handlers.now_of(system_id)) is not None:
                self._write("now", f"{system_id}-{self._own}", {"system": system_id, "reading": reading})
        return bool(self._wanted_here or self._wanted_there)

    def _watch(self) -> None:
        while not self._closed:
            is_busy = False
            # A disk that is full or gone makes the page slower, and nothing else.
            with suppress(OSError):
                is_busy = self.look()
            self._wake.wait(WATCH_S if is_busy else IDLE_S)
            self._wake.clear()

    def _news(self) -> Iterator[tuple[str, str, Any]]:
        """Kind, name and content of what others wrote since the last look. What is old is removed."""
        there = set()
        for entry in list(os.scandir(self._folder)):
            kind, _, name = entry.name.removesuffix(".json").partition("-")
            with suppress(FileNotFoundError, ValueError):
                stat = entry.stat(follow_symlinks=False)
                age_s = time.time() - stat.st_mtime
                if age_s > GONE_S:
                    os.unlink(entry.path)
                elif age_s <= WANTED_S and not name.endswith(self._own) and entry.name.endswith(".json"):
                    there.add(name if kind == "wanted" else "")
                    if self._seen.get(entry.name) != stat.st_mtime_ns and stat.st_size <= BYTES_MAX:
                        self._seen[entry.name] = stat.st_mtime_ns
                        yield kind, name, orjson.loads(Path(entry.path).read_bytes())
        self._wants = {name: each for name, each in self._wants.items() if name in there}

    def _take(self, kind: str, name: str, content: Any) -> None:
        """What cannot be read is passed over: another release may have written it."""
        with suppress(KeyError, TypeError, ValueError):
            if kind == "wanted":
                self._wants[name] = frozenset(map(int, content["systems"]))
            elif kind == "pushed":
                self._handlers.pushed(int(content["source"]), int(content["at"]), dict(content["values"]))
            elif kind == "now" and int(content["system"]) in self._wanted_here:
                self._moments[int(content["system"])] = time.monotonic(), Reading(**content["reading"])
                self._handlers.told(int(content["system"]))

    def _renew(self) -> None:
        """Say, and say again, what is looked at here."""
        if time.monotonic() - self._renewed_s < RENEW_S:
            return
        self._renewed_s = time.monotonic()
        if self._wanted_here:
            self._write("wanted", self._own, {"systems": sorted(self._wanted_here)})
        else:
            self._path("wanted", self._own).unlink(missing_ok=True)

    def _write(self, kind: str, name: str, content: Mapping[str, Any]) -> None:
        path = self._path(kind, name)
        partial = path.with_suffix(f".{threading.get_ident()}")
        with suppress(OSError):
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(orjson.dumps(content))
            partial.replace(path)

    def _path(self, kind: str, name: str) -> Path:
        return self._folder / f"{kind}-{name}.json"
