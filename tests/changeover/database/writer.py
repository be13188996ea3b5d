"""An application that never stops writing, and knows what it was told is committed."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Writer:
    """Commits acknowledged so far, by ``inverter_time`` (1, 2, 3, ...), and the longest that one took."""

    acknowledged: list[int] = field(default_factory=list)
    longest_s: float = 0.0

    def __len__(self) -> int:
        return len(self.acknowledged)


@contextmanager
def busy_writer(path: Path) -> Iterator[Writer]:
    """Somebody who commits a reading as fast as he can while the block runs."""
    done, writer = threading.Event(), Writer()

    def write() -> None:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as connection:
            while not done.is_set():
                at, started = len(writer) + 1, time.monotonic()
                connection.execute(
                    "INSERT INTO readings (system_id, inverter_time, solar_w, battery_soc)"
                    " VALUES (3, ?, 1, 1)",
                    (at,),
                )
                writer.longest_s = max(writer.longest_s, time.monotonic() - started)
                writer.acknowledged.append(at)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        while not writer.acknowledged and thread.is_alive():
            time.sleep(0.001)
        yield writer
    finally:
        done.set()
        thread.join()
