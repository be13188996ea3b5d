"""How long a plan that touches no big table holds writers up, by the size of the big table beside it.

Another process commits all the while, so that nothing that was counted before the lock may be believed. What
is measured is the processor's time under the lock: a busy machine makes it hardly longer.
"""

import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks.measure import Measure
from changeover.database.change.apply import Context, PlannedChange, ProgressHooks, migrate
from changeover.database.change.invariants import Depth
from changeover.database.connect import connect
from changeover.database.ledger import Direction
from changeover.problems import Position
from changeover.sql.text import split

SIZES = (10_000, 2_000_000)
TURNS = 15
TABLES = """
PRAGMA journal_mode = WAL;
CREATE TABLE systems (id INTEGER PRIMARY KEY, name TEXT NOT NULL, zone INTEGER NOT NULL);
CREATE TABLE readings (id INTEGER PRIMARY KEY, system INTEGER NOT NULL REFERENCES systems (id),
  at INTEGER NOT NULL, solar_w INTEGER, battery_soc REAL);
CREATE UNIQUE INDEX readings_at ON readings (system, at);
CREATE INDEX readings_by_time ON readings (at);
INSERT INTO systems VALUES (1, 'Home', 600), (2, 'Shed', 600), (3, 'Farm', 570);
"""
FILL = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
INSERT INTO readings SELECT i, 1 + i % 3, 1700000000 + i / 3 * 60, i % 5000, i % 1000 / 10.0 FROM n
"""
SCRIPT = """
CREATE TABLE systems_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL, zone INTEGER NOT NULL, owner TEXT);
INSERT INTO systems_new (id, name, zone) SELECT id, name, zone FROM systems;
DROP TABLE systems; ALTER TABLE systems_new RENAME TO systems;
"""
WRITER = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
for number in range(1_000_000):
    connection.execute("INSERT INTO readings (system, at) VALUES (1, ?)", (number,))
    time.sleep(0.02)
"""


def run(folder: Path) -> Iterator[Measure]:
    first_ms = None
    for rows in SIZES:
        path = folder / f"{rows}.db"
        _make(path, rows)
        each_ms = sorted(_frozen_ms(path))
        note = f"{TURNS} times, {each_ms[0]:.1f} to {each_ms[-1]:.1f} ms"
        value, against = statistics.median(each_ms), f"{SIZES[0]:,} rows" if first_ms else ""
        yield Measure(
            f"freeze beside {rows:,} rows, median", value, "ms", baseline=first_ms, against=against, note=note
        )
        first_ms = first_ms or value


def _make(path: Path, rows: int) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(TABLES)
        connection.execute(FILL, (rows,))
        connection.commit()


def _frozen_ms(path: Path) -> Iterator[float]:
    change = PlannedChange(statements=split(SCRIPT, Position("script.sql", 1)), scope=("systems",))
    hooks = ProgressHooks(now=time.thread_time)
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)]) as writer:
        try:
            for turn in range(TURNS):
                with closing(connect(path)) as connection:
                    done = migrate(connection, change, _context(turn), depth=Depth.SWIFT, hooks=hooks)
                with closing(sqlite3.connect(path)) as connection:
                    connection.execute("ALTER TABLE systems DROP COLUMN owner")
                yield done.measured.frozen_s * 1000
        finally:
            writer.kill()


def _context(turn: int) -> Context:
    return Context(
        run_id=f"turn-{turn}",
        action="migrate",
        direction=Direction.FORWARD,
        plan_sha256="p",
        content_sha256=f"c{turn}",
        started_at=int(time.time()),
        who="benchmark",
    )
