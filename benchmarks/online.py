"""A big table made anew while another process writes to it: online, in one transaction, and by sqlite-utils.

All three change the same table of `ROWS` rows in the same run. What a writer feels is measured in the
writer: it has five seconds of patience, as Python's sqlite3 has, and notes how long each of its writes took.
"""

import json
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.bulk import PEER, peer_python
from benchmarks.measure import Measure
from changeover.database.change import emptying
from changeover.database.connect import connect
from changeover.database.online.prepare import prepare
from changeover.database.online.rebuild import OnlineRebuild
from changeover.database.online.worker import Measures, Worker
from changeover.database.schema import catalogue
from changeover.problems import Position
from changeover.sql.text import split

ROWS = 1_000_000
RATES = (20, 100)
OLD = "changeover_old"
TABLE = """
PRAGMA journal_mode = WAL;
CREATE TABLE readings (id INTEGER PRIMARY KEY, serial TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, kw TEXT,
note TEXT); CREATE INDEX readings_at ON readings (at);
INSERT INTO readings SELECT value, hex(randomblob(8)), 1700000000 + value, printf('%.3f', value % 5000 /
1000.0),
  hex(randomblob(12)) FROM generate;
"""
REBUILD = """
CREATE TABLE readings_new (id INTEGER PRIMARY KEY, serial TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, kw REAL,
note TEXT); INSERT INTO readings_new (id, serial, at, kw, note) SELECT id, serial, at, CAST(kw AS REAL), note
FROM readings; DROP TABLE readings;
ALTER TABLE readings_new RENAME TO readings;
CREATE INDEX readings_at ON readings (at);
"""
WRITER = """
import json, random, sqlite3, sys, time
from pathlib import Path
path, stop, rate, rows = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
connection = sqlite3.connect(path, isolation_level=None, timeout=5)
waits, refused, number, due = [], 0, 0, time.perf_counter()
Path(f"{stop}.going").touch()
while not stop.exists():
    due += 1 / rate
    time.sleep(max(due - time.perf_counter(), 0))
    began, number = time.perf_counter(), number + 1
    try:
        if number % 3:
            connection.execute("UPDATE readings SET note = ? WHERE id = ?", (number, random.randrange(rows)))
        else:
            insert = "INSERT INTO readings (serial, at, kw) VALUES (?, ?, 1.5)"
            connection.execute(insert, (f"new {number}", number))
    except sqlite3.OperationalError:
        refused += 1
    waits.append(time.perf_counter() - began)
    due = max(due, time.perf_counter() - 1 / rate)
print(json.dumps({"waits": waits, "refused": refused}))
"""
PEERS = (
    "import sys, sqlite_utils; sqlite_utils.Database(sys.argv[1])['readings'].transform(types={'kw': float})"
)


@dataclass(frozen=True, slots=True)
class Felt:
    """What a writer felt, seconds; how long the change took; how many writes were refused; the WAL in
    bytes.
    """

    longest_s: float
    p99_s: float
    refused: int
    total_s: float
    wal_bytes: int


def run(folder: Path, rows: int = ROWS) -> Iterator[Measure]:
    """The measurements, for each rate of writes."""
    original = folder / "original.db"
    _make(original, rows)
    for rate in RATES:
        yield from _at(folder, original, rows, rate)
    yield from _finished(folder, original, rows)
    copy = _copy(original, folder)
    alone = _online(copy)
    yield Measure("online, nobody writes", rows / alone[0], "rows/s", aim=100_000, better="more")


def _at(folder: Path, original: Path, rows: int, rate: int) -> Iterator[Measure]:
    said: list[Measures] = []

    def online(path: Path) -> None:
        said.append(_online(path)[1])

    found = _felt(_copy(original, folder), rate, rows, online)
    blocking = _felt(_copy(original, folder), rate, rows, _blocking)
    python, why = peer_python(folder)
    peer = None
    if python is not None:
        peer = _felt(_copy(original, folder), rate, rows, partial(_peer, python))
    name, against = f"online, {rate} writes/s", "one transaction"
    others = f"{PEER}: {peer.longest_s * 1000:.0f} ms, {peer.refused} refused" if peer else f"{PEER}: {why}"
    note = f"{found.refused} refused; one transaction: {blocking.refused} refused; {others}"
    ms = 1000
    yield Measure(
        f"{name}: longest wait",
        found.longest_s * ms,
        "ms",
        100,
        "less",
        blocking.longest_s * ms,
        against,
        note,
    )
    yield Measure(f"{name}: p99 wait", found.p99_s * ms, "ms", None, "less", blocking.p99_s * ms, against)
    yield Measure(f"{name}: swap", said[0].swap_s * ms, "ms", 10, note=f"{said[0].swap_tries} tries")
    yield Measure(
        f"{name}: speed", rows / found.total_s, "rows/s", 25_000, "more", rows / blocking.total_s, against
    )
    yield Measure(f"{name}: WAL", found.wal_bytes / 1e6, "MB", 64, "less", blocking.wal_bytes / 1e6, against)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield Measure(f"{name}: memory of the whole benchmark", memory, "MB")


def _finished(folder: Path, original: Path, rows: int) -> Iterator[Measure]:
    """`finish`: the old table of so many rows goes, in chunks and in one piece."""
    old = folder / "old.db"
    shutil.copyfile(original, old)
    with closing(sqlite3.connect(old)) as connection:
        connection.execute(f"CREATE TABLE {OLD} AS SELECT * FROM readings")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    rate, ms = RATES[0], 1000
    found = _felt(_copy(old, folder), rate, rows, _emptied)
    dropped = _felt(_copy(old, folder), rate, rows, _dropped)
    name, against = f"finish, {rate} writes/s", "DROP TABLE"
    note = f"{found.refused} refused; in {found.total_s:.1f} s, {against} in {dropped.total_s:.1f} s"
    longest_ms, baseline_ms = found.longest_s * ms, dropped.longest_s * ms
    yield Measure(f"{name}: longest wait", longest_ms, "ms", 100, "less", baseline_ms, against, note)


def _make(path: Path, rows: int) -> None:
    numbers = f"(WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < {rows})"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(TABLE.replace("generate", f"{numbers} SELECT value FROM n)"))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _copy(original: Path, folder: Path) -> Path:
    copy = folder / "copy.db"
    for file in folder.glob("copy.db*"):
        file.unlink()
    shutil.copyfile(original, copy)
    return copy


def _felt(path: Path, rate: int, rows: int, change: Callable[[Path], object]) -> Felt:
    stop = path.with_name("stop")
    for file in path.parent.glob("stop*"):
        file.unlink()
    arguments = [sys.executable, "-c", WRITER, str(path), str(stop), str(rate), str(rows)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as writer:
        try:
            while not Path(f"{stop}.going").exists():
                time.sleep(0.01)
            time.sleep(1)
            began = time.perf_counter()
            change(path)
            total_s = time.perf_counter() - began
            wal = path.with_name(f"{path.name}-wal")
            wal_bytes = wal.stat().st_size if wal.exists() else 0
        finally:
            stop.touch()
            said, _ = writer.communicate()
    found = json.loads(said)
    p99_s = statistics.quantiles(found["waits"], n=100)[-1]
    return Felt(max(found["waits"]), p99_s, found["refused"], total_s, wal_bytes)


def _online(path: Path) -> tuple[float, Measures]:
    began = time.perf_counter()
    with closing(connect(path)) as connection:
        worker = Worker(connection=connection)
        change = prepare(connection, split(REBUILD, Position("rebuild.sql", 1)))
        OnlineRebuild(worker=worker, table="readings", content_sha256="bench").forward(change, lambda: None)
    return time.perf_counter() - began, worker.measures


def _blocking(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None, timeout=60)) as connection:
        connection.executescript(f"PRAGMA legacy_alter_table = ON; BEGIN IMMEDIATE; {REBUILD} COMMIT;")


def _emptied(path: Path) -> None:
    with closing(connect(path)) as connection:
        table = catalogue.read(connection, own=True).tables[OLD]
        emptying.empty(connection, table)
        connection.execute(f"DROP TABLE {OLD}")


def _dropped(path: Path) -> None:
    with closing(connect(path)) as connection:
        connection.execute(f"DROP TABLE {OLD}")


def _peer(python: Path, path: Path) -> None:
    subprocess.run([str(python), "-c", PEERS, str(path)], check=False, capture_output=True)
