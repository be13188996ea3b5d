"""One measured figure, its aim and what it is compared with; and a stopwatch for both clocks."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Measure:
    """A line of the table.

    ``aim`` is a bound on ``value`` (at least it where ``better`` is "more"). ``baseline`` is in the same
    unit, measured in the same run; ``against`` says what it is. ``note`` is for what a figure hides.
    """

    name: str
    value: float | None
    unit: str
    aim: float | None = None
    better: Literal["more", "less"] = "less"
    baseline: float | None = None
    against: str = ""
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        """Whether the aim is met; None where there is none or nothing was measured."""
        if self.aim is None or self.value is None:
            return None
        return self.value >= self.aim if self.better == "more" else self.value <= self.aim

    @property
    def ratio(self) -> float | None:
        """Value by baseline."""
        return self.value / self.baseline if self.value is not None and self.baseline else None


class Watch:
    """Wall and CPU seconds of what ran under it (CPU of all threads of this process)."""

    wall_s = cpu_s = 0.0


@contextmanager
def stopwatch() -> Iterator[Watch]:
    """Measure a block."""
    watch, wall_s, cpu_s = Watch(), time.perf_counter(), time.process_time()
    try:
        yield watch
    finally:
        watch.wall_s, watch.cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s


def median_ms(*calls: Callable[[], object], rounds: int = 50, warm: int = 3) -> list[float]:
    """The median wall time of each call in ms, measured in turn so that all meet the same disturbances."""
    for _ in range(warm):
        for call in calls:
            call()
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds):
        for found, call in zip(times, calls, strict=True):
            began = time.perf_counter()
            call()
            found.append((time.perf_counter() - began) * 1000)
    return [statistics.median(found) for found in times]


def least_cpu_ms(call: Callable[[], object], rounds: int = 20, times: int = 5) -> float:
    """The CPU time of a call in ms, of all threads of this process: the least mean of several times, which a
    busy machine disturbs least."""
    means = []
    for _ in range(times):
        with stopwatch() as watch:
            for _ in range(rounds):
                call()
        means.append(watch.cpu_s / rounds * 1000)
    return min(means)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` (0 to 1) of all are not above."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]
