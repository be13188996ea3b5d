"""How a fleet grows: a simulation of pollers and primaries, from figures measured on one machine.

``python -m benchmarks.scale`` prints what docs/operations/scale.md quotes, from the parameters recorded in
scale.json (``python -m benchmarks growth --record``); ``--write`` puts it into the document. Rule: the
simulation has no knob that is not measured, decided in the code of the collector, or named in PLANNED.
"""

import heapq
import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path

from benchmarks.measure import percentile
from liveone.collect.polling.grid import offset_s
from liveone.collect.polling.recorder import GATHER_S, GATHER_S_MAX, GATHER_WRITES

HERE = Path(__file__).parent
RECORDED, DOCUMENT = HERE / "scale.json", HERE.parent / "docs" / "operations" / "scale.md"
BEGIN, END = "<!-- printed by python -m benchmarks.scale -->\n```\n", "```\n<!-- end -->"
MINUTE_S, YEAR_MINUTES = 60, 525_600
FLEETS = (1_000, 10_000, 100_000, 1_000_000)
ON_ONE_NAMESPACE = (1_000, 2_500, 5_000, 10_000, 20_000, 40_000)
MINUTES = 3


@dataclass(frozen=True)
class Planned:
    """What is decided, not measured: how full things may be, and how bad a day is planned for."""

    poller_load: float = 0.6
    core_load: float = 0.6
    lock_load: float = 0.5
    late_s: float = 5.0
    watching: float = 0.02
    """Share of the systems whose dashboard is open, each asking once a minute besides its stream."""
    takeover_s: float = 120.0
    outage_s: float = 600.0
    spooled_bytes: int = 450


PLANNED = Planned()


@dataclass(frozen=True)
class Parameters:
    """Measured: CPU of one poll at the poller and at the database, and of one /api/data; what a commit takes
    (reading before it, and writing with the lock), fixed and for each reading; disk."""

    poll_cpu_ms: float
    database_cpu_ms: float
    read_fixed_ms: float
    read_each_ms: float
    write_fixed_ms: float
    write_each_ms: float
    reading_bytes: float
    data_cpu_ms: float


@dataclass(frozen=True)
class Outcome:
    """A simulated namespace: seconds from a poll's moment to its commit, share of time that the write lock
    is held, commits a minute, readings in the largest."""

    latencies_s: Sequence[float]
    lock_load: float
    commits_per_min: float
    largest: int

    @property
    def p99_s(self) -> float:
        return percentile(self.latencies_s, 0.99)

    @property
    def longest_s(self) -> float:
        return max(self.latencies_s)


def recorded() -> Parameters:
    """The parameters as they were recorded."""
    kept = json.loads(RECORDED.read_text())
    return Parameters(**{each.name: kept[each.name] for each in fields(Parameters)})


def polled_per_poller(given: Parameters) -> int:
    """Systems that one poller takes: its interpreter is one core, and polls fill two thirds of a minute."""
    return int(MINUTE_S * 1000 * PLANNED.poller_load * 2 / 3 / given.poll_cpu_ms)


def simulated(given: Parameters, systems: int, pollers: int) -> Outcome:
    """``systems`` of one namespace, shared out to ``pollers``, over a few minutes."""
    answers = [_answers(given, systems, pollers, own) for own in range(pollers)]
    waiting = [(row[0][1], own, 0, 0.0) for own, row in enumerate(answers) if row]
    heapq.heapify(waiting)
    latencies: list[float] = []
    lock_free_s = held_s = 0.0
    commits = largest = 0
    while waiting:
        begins_s, own, place, _ = heapq.heappop(waiting)
        row = answers[own]
        end = place
        while end < len(row) and row[end][1] <= begins_s:
            end += 1
        count = end - place
        asks_s = begins_s + (given.read_fixed_ms + given.read_each_ms * count) / 1000
        writes_s = (given.write_fixed_ms + given.write_each_ms * count) / 1000
        done_s = lock_free_s = max(asks_s, lock_free_s) + writes_s
        held_s, commits, largest = held_s + writes_s, commits + 1, max(largest, count)
        latencies += [done_s - due_s for due_s, _ in row[place:end]]
        if end < len(row):
            pause_s = min(GATHER_S_MAX, max(GATHER_S, GATHER_WRITES * (done_s - begins_s)))
            heapq.heappush(waiting, (max(begins_s + pause_s, done_s, row[end][1]), own, end, 0.0))
    return Outcome(latencies, held_s / (MINUTES * MINUTE_S), commits / MINUTES, largest)


def _answers(given: Parameters, systems: int, pollers: int, own: int) -> list[tuple[float, float]]:
    """For each poll of a poller when it was due and when its reading was there: one after the other, because
    one interpreter does the work, whatever waits in its threads."""
    due = sorted(
        minute * MINUTE_S + _second_of(number)
        for number in range(own, systems, pollers)
        for minute in range(MINUTES)
    )
    found, free_s = [], 0.0
    for due_s in due:
        free_s = max(free_s, due_s) + given.poll_cpu_ms / 1000
        found.append((float(due_s), free_s))
    return found


@cache
def _second_of(number: int) -> int:
    return offset_s("select.live", str(number), MINUTE_S)


def largest_namespace(given: Parameters) -> int:
    """How many systems one namespace takes before its lock is too busy or readings come too late."""
    low, high = 100, 400_000
    while high - low > 100:
        middle = (low + high) // 2
        low, high = (middle, high) if _fits(given, middle) else (low, middle)
    return low // 100 * 100


def _fits(given: Parameters, systems: int) -> bool:
    if _lock_load(given, systems) > PLANNED.lock_load:
        return False
    outcome = simulated(given, systems, math.ceil(systems / polled_per_poller(given)))
    return outcome.lock_load <= PLANNED.lock_load and outcome.p99_s <= PLANNED.late_s


def report(given: Parameters) -> Iterator[str]:
    """The lines that the document quotes."""
    each, most = polled_per_poller(given), largest_namespace(given)
    yield "measured: " + ", ".join(f"{name} {value:g}" for name, value in asdict(given).items())
    yield "planned:  " + ", ".join(f"{name} {value:g}" for name, value in asdict(PLANNED).items())
    yield f"one poller takes {each:,} systems; one namespace takes {most:,}"
    yield ""
    yield "one namespace:  systems  pollers  lock held  commits/min  largest  to commit p99    longest"
    for systems in ON_ONE_NAMESPACE:
        pollers = math.ceil(systems / each)
        found = simulated(given, systems, pollers)
        yield (
            f"{'':14}{systems:>9,}{pollers:>9}{found.lock_load:>11.0%}{found.commits_per_min:>13.0f}"
            f"{found.largest:>9}{found.p99_s:>13.2f} s{found.longest_s:>9.2f} s"
        )
    yield ""
    yield from _fleets(given, each, most)


def _fleets(given: Parameters, each: int, most: int) -> Iterator[str]:
    yield "fleet" + "".join(f"{systems:>14,}" for systems in FLEETS)
    rows = [_planned(given, systems, each, most) for systems in FLEETS]
    for name in rows[0]:
        yield f"{name:<36}" + "".join(f"{row[name]:>12}" for row in rows)


def _planned(given: Parameters, systems: int, each: int, most: int) -> dict[str, str]:
    """What a fleet needs, and what failures cost it."""
    namespaces, pollers = math.ceil(systems / most), math.ceil(systems / each)
    per_s = systems / MINUTE_S
    cores = per_s * given.database_cpu_ms / 1000 / PLANNED.core_load
    readers = per_s * PLANNED.watching * given.data_cpu_ms / 1000 / PLANNED.core_load
    year_gb = systems * YEAR_MINUTES * given.reading_bytes / 1e9
    lost = min(systems, each) * PLANNED.takeover_s / MINUTE_S
    waiting = systems * PLANNED.outage_s / MINUTE_S
    free_ms = (1 - min(0.95, _lock_load(given, systems / namespaces))) * 1000
    drain_s = waiting / namespaces * given.write_each_ms / free_ms
    return {
        "readings a second": f"{per_s:,.0f}",
        "namespaces (write locks)": f"{namespaces:,}",
        "poller processes, a core each": f"{pollers:,}",
        "cores at the primaries": f"{cores:,.1f}",
        "cores for reading (replicas, web)": f"{readers:,.1f}",
        "disk a year, GB": f"{year_gb:,.0f}",
        "a poller dies: readings missed": f"{lost:,.0f}",
        "primaries away 10 min: spool, MB": f"{waiting * PLANNED.spooled_bytes / 1e6:,.0f}",
        "  and emptied within, s": f"{drain_s:,.0f}",
    }


def _lock_load(given: Parameters, systems: float) -> float:
    return systems * given.write_each_ms / 1000 / MINUTE_S


def quoted(lines: Iterator[str]) -> str:
    """The lines as they stand in the document."""
    return BEGIN + "".join(f"{line}".rstrip() + "\n" for line in lines) + END


def write_document() -> None:
    """Put the present output between the document's marks."""
    text = DOCUMENT.read_text()
    before, _, rest = text.partition(BEGIN)
    DOCUMENT.write_text(before + quoted(report(recorded())) + rest.partition(END)[2])


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        write_document()
    else:
        print("\n".join(report(recorded())))
