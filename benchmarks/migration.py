"""The shipped plan from generation 1 to 2, by `changeover`, on a database that is served, polled and written.

``--readings`` says how many readings it holds; half a million unless given. Each size has a folder of its
own, gone when it is done: five times the database is needed on disk.
"""

import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks import beside, migrated, old_database
from benchmarks.beside import Waits
from benchmarks.measure import Measure, stopwatch
from benchmarks.migrated import House

READINGS = (500_000,)
FREEZE_AIM_MS = 250.0
QUIET_S = 5.0
CALM_S = 1.0
SHELL = "sqlite3 .backup, nobody writing"
PATIENCE = 5
"""`.backup` begins again whenever somebody writes: this many times its quiet time it may take then."""
TOLD = 3
FORTH, BACK = ("merge-systems", "migrate-systems"), ("undo-migrate", "undo-merge")


def run(folder: Path, readings: Sequence[int] = READINGS) -> Iterator[Measure]:
    for number in readings:
        place = folder / f"readings-{number}"
        place.mkdir()
        for measure in _measured(place, number):
            yield replace(measure, name=f"migration at {number / 1e6:g} M: {measure.name}")
        shutil.rmtree(place)


def _measured(place: Path, readings: int) -> Iterator[Measure]:
    """Rehearsal, run and rollback, in the order of a night on which one changes one's mind."""
    database = place / "liveone.db"
    size_mb = old_database.make(database, readings) / 1e6
    shell_s = _shell_backup_s(database, timeout_s=600)
    yield Measure("the database", size_mb, "MB", note=f"{readings:,} readings")
    with migrated.living(place) as house:
        with beside.writer(database) as waits:
            time.sleep(QUIET_S)
            usual_ms = waits.longest_ms()
            yield _shell_beside_writer(database, size_mb, shell_s)
            yield from _rehearsal(house, waits, size_mb, shell_s)
            yield from _run(house, waits, size_mb, shell_s, usual_ms)
            yield from _rollback(house, waits, usual_ms)
        with beside.writer(database, CALM_S) as calm:
            yield _calmly(house)
    acknowledged = len(waits.every_ms) + len(calm.every_ms)
    lost = acknowledged - beside.kept(database) + len(waits.errors) + len(calm.errors)
    yield Measure("writes lost or refused", lost, "", aim=0, note=f"of {acknowledged:,} acknowledged")


def _calmly(house: House) -> Measure:
    """The run again, with as many writes as a house of sixty systems has."""
    house.changeover("run", "--confirm", "people")
    frozen_ms = _frozen_ms(house, *FORTH)
    return Measure("freeze with one write a second", sum(frozen_ms), "ms", note=_parts(frozen_ms))


def _rehearsal(house: House, waits: Waits, size_mb: float, shell_s: float | None) -> Iterator[Measure]:
    since = len(waits.every_ms)
    with beside.watched(house.folder) as disk:
        said = house.changeover("rehearse")
    rate = size_mb / said.seconds
    yield Measure("rehearsal", said.seconds, "s", note=_longest(said.phases()))
    yield Measure("rehearsal rate", rate, "MB/s", better="more", **_against(size_mb, shell_s))
    note = f"{disk.needed_mb / size_mb:.1f} x the database"
    yield Measure("disk for the rehearsal", disk.needed_mb, "MB", note=note)
    yield Measure("longest wait of a writer in the rehearsal", waits.longest_ms(since), "ms")


def _run(
    house: House, waits: Waits, size_mb: float, shell_s: float | None, usual_ms: float
) -> Iterator[Measure]:
    since = len(waits.every_ms)
    with beside.watched(house.folder) as disk:
        said = house.changeover("run", "--confirm", "people")
    done = house.done()
    backup, frozen_ms = done["changeover:backup"], _frozen_ms(house, *FORTH)
    copy_s, check_s = float(backup["copy_s"]), float(backup["check_s"])
    yield Measure(
        "freeze as reported, twenty writes a second",
        sum(frozen_ms),
        "ms",
        aim=FREEZE_AIM_MS,
        note=_parts(frozen_ms),
    )
    note = f"of {len(waits.every_ms) - since} writes"
    yield Measure("longest wait of a writer in the run", waits.longest_ms(since), "ms",
                  baseline=usual_ms, against="before the run", note=note)  # fmt: skip
    yield Measure("run, from first check to report", said.seconds, "s", note=_longest(house.seconds()))
    yield Measure("backup, copied and on disk", size_mb / copy_s, "MB/s", better="more", **against)
    note = f"{copy_s:.1f} s to copy, {check_s:.1f} s to prove (integrity, SHA-256)"
    yield Measure("backup, proven", size_mb / (copy_s + check_s), "MB/s", better="more", note=note, **against)
    yield Measure(
        "disk for the run", disk.needed_mb, "MB", note=f"{disk.needed_mb / size_mb:.1f} x the database"
    )


def _rollback(house: House, waits: Waits, usual_ms: float) -> Iterator[Measure]:
    since = len(waits.every_ms)
    said = house.changeover("rollback")
    frozen_ms = _frozen_ms(house, *BACK)
    back_s = {task: seconds for task, seconds in house.seconds().items() if task in (*BACK, "back-answers")}
    yield Measure("rollback", said.seconds, "s", note=_longest(back_s))
    yield Measure("freeze of the rollback", sum(frozen_ms), "ms", aim=FREEZE_AIM_MS, note=_parts(frozen_ms))
    yield Measure("longest wait of a writer in the rollback", waits.longest_ms(since), "ms",
                  baseline=usual_ms, against="before the run")  # fmt: skip


def _frozen_ms(house: House, *tasks: str) -> list[float]:
    done = house.done()
    return [float(done[task]["frozen_s"]) * 1000 for task in tasks]


def _parts(frozen_ms: Sequence[float]) -> str:
    return " and ".join(f"{one:.0f}" for one in frozen_ms) + " ms, one transaction each"


def _longest(seconds: Mapping[str, float]) -> str:
    """What took longest."""
    found = sorted(seconds.items(), key=lambda item: -item[1])[:TOLD]
    return ", ".join(f"{what[:44]} {took_s:.1f} s" for what, took_s in found)


def _shell_backup_s(database: Path, *, timeout_s: float) -> float | None:
    """Seconds of the sqlite3 shell's own backup; None where there is no shell, or it did not end in time."""
    if shutil.which("sqlite3") is None:
        return None
    target = database.with_name("shell-backup.db")
    try:
        with stopwatch() as watch:
            command = ["sqlite3", str(database), f".backup '{target}'"]
            subprocess.run(command, check=True, timeout=timeout_s, capture_output=True)
    except subprocess.TimeoutExpired:
        return None
    finally:
        for path in database.parent.glob("shell-backup.db*"):
            path.unlink()
    return watch.wall_s


def _shell_beside_writer(database: Path, size_mb: float, shell_s: float | None) -> Measure:
    patience_s = max(PATIENCE * (shell_s or 0.0), 10.0)
    seconds = _shell_backup_s(database, timeout_s=patience_s) if shell_s is not None else None
    note = (
        ""
        if seconds is not None or shell_s is None
        else f"not done after {patience_s:.0f} s: writes restart it"
    )
    rate = size_mb / seconds if seconds is not None else None
    return Measure("sqlite3 .backup beside a writer", rate, "MB/s", better="more", note=note,
                   **_against(size_mb, shell_s))  # fmt: skip


def _beside_shell(size_mb: float, shell_s: float | None, measure: Measure) -> Measure:
    return replace(measure, baseline=size_mb / shell_s if shell_s else None, against=SHELL)
