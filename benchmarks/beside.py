"""What goes on beside a migration: a writer that feels how long it must wait, and an eye on the disk."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

EVERY_S = 0.05
PATIENCE_S = 120.0
FIRST_AT = 1_000_000_000
"""The writer's readings are of 2001, so that they never clash with a polled one."""
INSERT = """
INSERT INTO readings (
  system_id, inverter_time, received_time, delay_seconds, solar_w, solar_inverter_w, shunt_w, load_w,
  battery_w, grid_w, battery_soc, fault_code, fault_timestamp, generator_status)
VALUES (3, ?, ?, 0, 1200, 1190, 10, 700, -400, -100, 61.5, 0, 0, 0)
"""


@dataclass
class Waits:
    """Milliseconds that each INSERT of the writer took, all acknowledged; ``lost`` were not, or are gone."""

    every_ms: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def longest_ms(self, since: int = 0) -> float:
        """The longest of all, or of those after the first ``since``."""
        return max(self.every_ms[since:], default=0.0)


@contextmanager
def writer(database: Path, every_s: float = EVERY_S) -> Iterator[Waits]:
    """Insert a reading every so often, durably, as LiveOne's own connection does, until the block ends."""
    waits, done = Waits(), threading.Event()
    thread = threading.Thread(target=_write_on, args=(database, waits, done, every_s), daemon=True)
    thread.start()
    try:
        yield waits
    finally:
        done.set()
        thread.join(PATIENCE_S)


def kept(database: Path) -> int:
    """How many of the writer's readings the database holds."""
    with closing(sqlite3.connect(database)) as connection:
        sql = "SELECT count(*) FROM readings WHERE system_id = 3 AND inverter_time BETWEEN ? AND ?"
        found: int = connection.execute(sql, (FIRST_AT, FIRST_AT + 100_000_000)).fetchone()[0]
        return found


def _write_on(database: Path, waits: Waits, done: threading.Event, every_s: float) -> None:
    with closing(sqlite3.connect(database, isolation_level=None, timeout=PATIENCE_S)) as connection:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        at = FIRST_AT + kept(database)
        while not done.wait(every_s):
            began_s = time.perf_counter()
            try:
                connection.execute(INSERT, (at, at))
            except sqlite3.Error as error:
                waits.errors.append(str(error))
            else:
                waits.every_ms.append((time.perf_counter() - began_s) * 1000)
                at += 1


@dataclass
class Disk:
    """The most bytes that a folder held while it was watched, and those at the beginning."""

    first: int
    most: int

    @property
    def needed_mb(self) -> float:
        """What was needed besides what was there, a million bytes each."""
        return (self.most - self.first) / 1e6


@contextmanager
def watched(folder: Path) -> Iterator[Disk]:
    """Look ten times a second how big a folder is."""
    first = _size(folder)
    disk, done = Disk(first, first), threading.Event()

    def look() -> None:
        while not done.wait(0.1):
            disk.most = max(disk.most, _size(folder))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield disk
    finally:
        done.set()
        thread.join(10)


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_blocks * 512
        except FileNotFoundError:
            continue
    return total
