"""`liveone demo` from the command to the address: two houses with 13 months of history."""

import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import processes
from benchmarks.house import MINUTE_S
from benchmarks.measure import Measure, stopwatch
from liveone.cli.demo import HISTORY_S
from liveone.simulate import presets

READINGS = 2 * HISTORY_S // MINUTE_S
BARE_DAYS = 30


def run(folder: Path) -> Iterator[Measure]:
    command = [*processes.LIVEONE, "demo", "--folder", str(folder / "demo"), "--port", "0", "--no-browser"]
    began_s = time.perf_counter()
    with processes.started(command, folder=folder) as program:
        program.line_with("demo is at", within_s=300)
        filled_s, cpu_s = time.perf_counter() - began_s, program.cpu_s
    yield Measure(
        "demo ready: two houses, 13 months of minutes each",
        filled_s,
        "s",
        baseline=_bare_s(),
        against="generating the minutes alone",
        note=f"{READINGS:,} readings, {cpu_s:.0f} s CPU",
    )


def _bare_s() -> float:
    """What the houses alone take for the same minutes, from a month of each."""
    with stopwatch() as watch:
        for kind in ("off-grid", "grid"):
            house = presets.house(kind, seed=1, since_day="2025-01-01")
            for _ in house.rows(house.since_at, house.since_at + BARE_DAYS * 86_400):
                pass
    return watch.wall_s * HISTORY_S / (BARE_DAYS * 86_400)
