"""A million readings with their aggregates into a new database, and the bytes they take."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from benchmarks.house import Row, minutes, new_store, write_csv
from benchmarks.measure import Measure, Watch, stopwatch
from liveone.store import bulk, storage, systems
from liveone.store.patience import ROWS_MOST
from liveone.store.readings import READING_COLUMNS, STORED_COLUMNS
from liveone.store.store import Store
from liveone.transfer.importing import ImportRequest, import_file
from liveone.transfer.readings_in import ReadingsFile

READINGS = 1_000_000
IN_MEMORY = 300_000
PEER_READINGS = 100_000
PEER = "sqlite-utils"


def run(folder: Path) -> Iterator[Measure]:
    path = folder / "readings.csv"
    write_csv(path, minutes(READINGS))
    rows = list(islice(ReadingsFile(path).rows(), IN_MEMORY))
    plain = IN_MEMORY / executemany(folder / "plain.db", rows).wall_s
    yield from _imported(folder, path, rows, plain)
    shell = _shell(folder, path)
    name = "sqlite3 shell: .import, INSERT ... SELECT, no aggregates"
    yield _rate(name, READINGS / shell.wall_s if shell else None, plain)
    peer, why_not = _peer(folder, path)
    name = f"{PEER} insert --csv, one index, no aggregates"
    yield _rate(name, PEER_READINGS / peer.wall_s if peer else None, plain, note=why_not)


def _imported(folder: Path, path: Path, rows: list[Row], plain: float) -> Iterator[Measure]:
    with new_store(folder / "csv.db") as store:
        system = systems.get_system(store, 1)
        assert system is not None
        with stopwatch() as watch:
            import_file(store, system, ReadingsFile(path), ImportRequest(path.name, "benchmark"))
        found = storage.storage(store)
    note = f"{watch.cpu_s / READINGS * 1e6:.1f} us CPU a reading beside the parser"
    yield _rate("import of a CSV with aggregates", READINGS / watch.wall_s, plain, aim=100_000, note=note)
    yield Measure("bytes on disk a reading, all tables and indexes", found.bytes_per_reading, "B")
    (folder / "csv.db").unlink()
    with new_store(folder / "memory.db") as store:
        watch = _timed(store, rows)
    note = f"{watch.cpu_s / IN_MEMORY * 1e6:.1f} us CPU a reading"
    yield _rate("import from memory with aggregates", IN_MEMORY / watch.wall_s, plain, note=note)


def _rate(
    name: str, per_s: float | None, plain: float, *, aim: float | None = None, note: str = ""
) -> Measure:
    against = "executemany, no aggregates"
    return Measure(name, per_s, "/s", aim, "more", baseline=plain, against=against, note=note)


def _timed(store: Store, rows: Iterable[Row]) -> Watch:
    with stopwatch() as watch:
        bulk.import_readings(store, 1, rows)
    return watch


def executemany(path: Path, rows: list[Row]) -> Watch:
    """The same rows into the same table by the driver's own bulk call, durable like ours."""
    with new_store(path) as store:
        store.read("now")
    columns, slots = ", ".join(STORED_COLUMNS), ", ".join("?" * len(STORED_COLUMNS))
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    with stopwatch() as watch:
        for start in range(0, len(rows), ROWS_MOST):
            connection.execute("BEGIN")
            piece = rows[start : start + ROWS_MOST]
            stored = [(1, row[1] - row[0], 0, *row) for row in piece]
            connection.executemany(f"INSERT INTO readings ({columns}) VALUES ({slots})", stored)
            connection.execute("COMMIT")
    connection.close()
    return watch


def _shell(folder: Path, csv_path: Path) -> Watch | None:
    """What somebody with the sqlite3 shell would do; None where it is not installed."""
    if shutil.which("sqlite3") is None:
        return None
    with new_store(folder / "shell.db") as store:
        store.read("now")
    names = ", ".join(READING_COLUMNS)
    values = ", ".join(f"nullif({name}, '')" for name in READING_COLUMNS)
    script = f"""
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE staged ({names});
.import --csv --skip 1 {csv_path} staged
INSERT INTO readings (system_id, delay_seconds, {names})
  SELECT 1, received_time - inverter_time, {values} FROM staged;
"""
    command = ["sqlite3", "-bail", str(folder / "shell.db")]
    with stopwatch() as watch:
        subprocess.run(command, input=script, text=True, check=True, stdout=subprocess.DEVNULL)
    (folder / "shell.db").unlink()
    return watch


def _peer(folder: Path, csv_path: Path) -> tuple[Watch | None, str]:
    """sqlite-utils from PyPI in an environment of its own; None and why where it cannot be had."""
    short = folder / "short.csv"
    with csv_path.open() as file:
        short.write_text("".join(islice(file, PEER_READINGS + 1)))
    python, why = peer_python(folder)
    if python is None:
        return None, why
    command = [str(python.parent / PEER), "insert", str(folder / "peer.db"), "readings", str(short), "--csv"]
    with stopwatch() as watch:
        _quietly([*command, "--pk", "inverter_time", "--silent"])
    return watch, ""


def peer_python(folder: Path) -> tuple[Path | None, str]:
    """The Python of an environment that has sqlite-utils; None and why where it cannot be had."""
    home = folder / "peer"
    try:
        if not home.exists():
            _quietly([sys.executable, "-m", "venv", str(home)])
            _quietly([str(home / "bin/pip"), "install", "--quiet", "--only-binary", ":all:", PEER])
    except (subprocess.SubprocessError, OSError) as error:
        return None, f"not installed: {error}"[:70]
    return home / "bin/python", ""


def _quietly(command: list[str]) -> None:
    subprocess.run(command, check=True, timeout=120, capture_output=True)
