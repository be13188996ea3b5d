"""The shipped plan from generation 1 to 2, by `changeover`, on a database that is served, polled and written.

``--readings`` says how many readings it holds; half a million unless given. Each size has a folder of its
own, gone when it is done: five times the database is needed on disk.
"""

import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import beside, migrated, old_database
from benchmarks.beside import Waits
from benchmarks.measure import Measure, stopwatch
from benchmarks.migrated import House

READINGS = (500_000,)
FREEZE_AIM_MS = 250.0
QUIET_S, CALM_S = 5.0, 1.0
SHELL_LIMIT_S = 600.0
SHELL_TIMES = 5
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
    database = place / "liveone.db"
    size_mb = old_database.make(database, readings) / 1e6
    shell_s = _shell_backup_s(database, SHELL_LIMIT_S)
    yield Measure("the database", size_mb, "MB", note=f"{readings:,} readings")
    with migrated.living(place) as house:
        with beside.writer(database) as waits:
            time.sleep(QUIET_S)
            night = Night(house, waits, size_mb, shell_s, usual_ms=waits.longest_ms())
            yield night.shell()
            yield from night.rehearsal()
            yield from night.run()
            yield from night.rollback()
        with beside.writer(database, CALM_S) as calm:
            yield night.calm_run()
    acknowledged = len(waits.every_ms) + len(calm.every_ms)
    lost = acknowledged - beside.kept(database) + len(waits.errors) + len(calm.errors)
    yield Measure("writes lost or refused", lost, "", aim=0, note=f"of {acknowledged:,} acknowledged")


@dataclass(frozen=True, slots=True)
class Night:
    """A night on which one migrates and changes one's mind.

    ``shell_s`` is what `sqlite3 .backup` took while nobody wrote, ``usual_ms`` the writer's longest wait
    before anything began.
    """

    house: House
    waits: Waits
    size_mb: float
    shell_s: float | None
    usual_ms: float

    def shell(self) -> Measure:
        """The shell's own backup beside the writer."""
        limit_s = max(SHELL_TIMES * (self.shell_s or 0.0), 10.0)
        took_s = _shell_backup_s(self.house.database, limit_s)
        note = "" if took_s or not self.shell_s else f"not done after {limit_s:.0f} s: writes restart it"
        return self._rate("sqlite3 .backup, twenty writes a second", took_s, note)

    def rehearsal(self) -> Iterator[Measure]:
        since = len(self.waits.every_ms)
        with beside.watched(self.house.folder) as disk:
            said = self.house.changeover("rehearse")
        yield Measure("rehearsal", said.seconds, "s", note=_longest(said.phases()))
        yield self._rate("rehearsal, rate", said.seconds)
        yield self._disk("disk for the rehearsal", disk)
        yield self._wait("longest wait of a writer in the rehearsal", since)

    def run(self) -> Iterator[Measure]:
        since = len(self.waits.every_ms)
        with beside.watched(self.house.folder) as disk:
            said = self.house.changeover("run", "--confirm", "people")
        backup = self.house.done()["changeover:backup"]
        copy_s, check_s = float(backup["copy_s"]), float(backup["check_s"])
        yield self._freeze("freeze as reported, twenty writes a second", FORTH)
        yield self._wait("longest wait of a writer in the run", since)
        note = _longest(self.house.seconds())
        yield Measure("run, from first check to report", said.seconds, "s", note=note)
        yield self._rate("backup, copied and on disk", copy_s)
        note = f"{copy_s:.1f} s to copy, {check_s:.1f} s to prove (integrity, SHA-256)"
        yield self._rate("backup, proven", copy_s + check_s, note)
        yield self._disk("disk for the run", disk)

    def rollback(self) -> Iterator[Measure]:
        since = len(self.waits.every_ms)
        said = self.house.changeover("rollback")
        back_s = {task: seconds for task, seconds in self.house.seconds().items() if "undo" in task}
        yield Measure("rollback", said.seconds, "s", note=_longest(back_s))
        yield self._freeze("freeze of the rollback, twenty writes a second", BACK)
        yield self._wait("longest wait of a writer in the rollback", since)

    def calm_run(self) -> Measure:
        """The run again, with about as many writes as sixty systems cause."""
        self.house.changeover("run", "--confirm", "people")
        return self._freeze("freeze as reported, one write a second", FORTH)

    def _rate(self, name: str, seconds: float | None, note: str = "") -> Measure:
        rate = self.size_mb / seconds if seconds else None
        shell = self.size_mb / self.shell_s if self.shell_s else None
        against = "sqlite3 .backup, nobody writing"
        return Measure(name, rate, "MB/s", better="more", baseline=shell, against=against, note=note)

    def _disk(self, name: str, disk: beside.Disk) -> Measure:
        times = disk.needed_mb / self.size_mb
        return Measure(name, disk.needed_mb, "MB", note=f"{times:.1f} x the database")

    def _wait(self, name: str, since: int) -> Measure:
        note, longest_ms = f"of {len(self.waits.every_ms) - since} writes", self.waits.longest_ms(since)
        return Measure(name, longest_ms, "ms", baseline=self.usual_ms, against="before the run", note=note)

    def _freeze(self, name: str, tasks: Sequence[str]) -> Measure:
        done = self.house.done()
        each_ms = [float(done[task]["frozen_s"]) * 1000 for task in tasks]
        note = " and ".join(f"{one:.0f}" for one in each_ms) + " ms, one transaction each"
        return Measure(name, sum(each_ms), "ms", aim=FREEZE_AIM_MS, note=note)


def _longest(seconds: Mapping[str, float]) -> str:
    """What took longest."""
    found = sorted(seconds.items(), key=lambda item: -item[1])[:TOLD]
    return ", ".join(f"{what[:44]} {took_s:.1f} s" for what, took_s in found)


def _shell_backup_s(database: Path, limit_s: float) -> float | None:
    """Seconds of the sqlite3 shell's own backup; None where there is no shell, or it did not end in time."""
    if shutil.which("sqlite3") is None:
        return None
    target = database.with_name("shell-backup.db")
    try:
        with stopwatch() as watch:
            command = ["sqlite3", str(database), f".backup '{target}'"]
            subprocess.run(command, check=True, timeout=limit_s, capture_output=True)
    except subprocess.TimeoutExpired:
        return None
    finally:
        for path in database.parent.glob("shell-backup.db*"):
            path.unlink()
    return watch.wall_s
