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
from liveone.store import bulk, storage
from liveone.store.readings import STORED_COLUMNS
from liveone.store.store import Store
from liveone.transfer.columns import FIELDS
from liveone.transfer.readings_in import Source

READINGS = 1_000_000
IN_MEMORY = 300_000
PEER_READINGS = 100_000
PEER = "sqlite-utils"


def run(folder: Path) -> Iterator[Measure]:
    path = folder / "readings.csv"
    write_csv(path, minutes(READINGS))
    rows = list(islice(Source(path).rows(), IN_MEMORY))
    plain = _per_s(IN_MEMORY, _executemany(folder / "plain.db", rows))
    yield from _imported(folder, path, rows, plain)
    shell = _shell(folder, path)
    name = "sqlite3 shell: .import, INSERT ... SELECT, no aggregates"
    yield Measure(name, shell and _per_s(READINGS, shell), "rows/s", better="more", **_against(plain))
    peer_s, why_not = _peer(folder, path)
    name = f"{PEER} insert --csv, one index, no aggregates"
    peer = peer_s and PEER_READINGS / peer_s
    yield Measure(name, peer, "rows/s", better="more", note=why_not, **_against(plain))


def _imported(folder: Path, path: Path, rows: list[Row], plain: float) -> Iterator[Measure]:
    with new_store(folder / "csv.db") as store:
        watch = _timed(store, Source(path).rows())
        found = storage.storage(store)
    note = f"{watch.cpu_s / READINGS * 1e6:.1f} us CPU a reading"
    yield Measure(
        "import of a CSV with aggregates",
        _per_s(READINGS, watch),
        "rows/s",
        aim=100_000,
        better="more",
        note=note,
        **_against(plain),
    )
    yield Measure("bytes on disk a reading, all tables and indexes", found.bytes_per_reading, "B")
    (folder / "csv.db").unlink()
    with new_store(folder / "memory.db") as store:
        watch = _timed(store, rows)
    note = f"{watch.cpu_s / IN_MEMORY * 1e6:.1f} us CPU a reading"
    name = "import from memory with aggregates"
    yield Measure(name, _per_s(IN_MEMORY, watch), "rows/s", better="more", note=note, **_against(plain))


def _timed(store: Store, rows: Iterable[Row]) -> Watch:
    with stopwatch() as watch:
        bulk.import_readings(store, 1, rows)
    return watch


def _executemany(path: Path, rows: list[Row]) -> Watch:
    """The same rows into the same table by the driver's own bulk call, durable like ours."""
    with new_store(path) as store:
        store.read("now")
    columns, slots = ", ".join(STORED_COLUMNS), ", ".join("?" * len(STORED_COLUMNS))
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    with stopwatch() as watch:
        for start in range(0, len(rows), bulk.BATCH_READINGS):
            connection.execute("BEGIN")
            piece = rows[start : start + bulk.BATCH_READINGS]
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
    names = ", ".join(FIELDS).replace("battery_soc_pct", "battery_soc").replace("fault_at", "fault_timestamp")
    script = f"""
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE staged ({names});
.import --csv --skip 1 {csv_path} staged
INSERT INTO readings (system_id, delay_seconds, {names})
  SELECT 1, received_time - inverter_time, {", ".join(f"nullif({n}, '')" for n in names.split(", "))} FROM staged;
"""
    command = ["sqlite3", "-bail", str(folder / "shell.db")]
    with stopwatch() as watch:
        subprocess.run(command, input=script, text=True, check=True, stdout=subprocess.DEVNULL)
    (folder / "shell.db").unlink()
    return watch


def _peer(folder: Path, csv_path: Path) -> tuple[float | None, str]:
    """sqlite-utils from PyPI in an environment of its own; None and why where it cannot be had."""
    home = folder / "peer"
    short = folder / "short.csv"
    with csv_path.open() as file:
        short.write_text("".join(islice(file, PEER_READINGS + 1)))
    try:
        _quietly([sys.executable, "-m", "venv", str(home)])
        _quietly([str(home / "bin/pip"), "install", "--quiet", "--only-binary", ":all:", PEER])
    except (subprocess.SubprocessError, OSError) as error:
        return None, f"could not be installed: {error}"[:60]
    command = [str(home / "bin" / PEER), "insert", str(folder / "peer.db"), "readings", str(short), "--csv"]
    with stopwatch() as watch:
        _quietly([*command, "--pk", "inverter_time", "--silent"])
    return watch.wall_s, ""


def _quietly(command: list[str]) -> None:
    subprocess.run(command, check=True, timeout=120, capture_output=True)


def _per_s(rows: int, watch: Watch) -> float:
    return rows / watch.wall_s


def _against(plain: float) -> dict[str, object]:
    return {"baseline": plain, "against": "executemany, no aggregates"}


