"""`liveone import` of a CSV at every spacing that households have, each beside plain executemany."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from benchmarks.bulk import Row, executemany
from benchmarks.house import minutes, new_store, write_csv
from benchmarks.measure import Measure, stopwatch
from liveone.store import systems
from liveone.transfer.importing import ImportRequest, import_file
from liveone.transfer.readings_in import ReadingsFile

READINGS = 300_000
SPACINGS_S = (10, 60, 300, 600, 900, 3600)
MINUTE_S = 60


def run(folder: Path) -> Iterator[Measure]:
    for every_s in SPACINGS_S:
        path = folder / f"every-{every_s}.csv"
        write_csv(path, spaced(READINGS, every_s))
        rows = list(ReadingsFile(path).rows())
        plain = executemany(folder / f"plain-{every_s}.db", rows)
        with new_store(folder / f"house-{every_s}.db") as store:
            system = systems.get_system(store, 1)
            assert system is not None
            with stopwatch() as watch:
                done = import_file(store, system, ReadingsFile(path), ImportRequest(path.name, "benchmark"))
        assert done.new == READINGS
        yield Measure(
            f"import of a CSV, a reading every {spoken(every_s)}",
            READINGS / watch.wall_s,
            "/s",
            aim=100_000 if every_s <= MINUTE_S else None,
            better="more",
            baseline=READINGS / plain.wall_s,
            against="executemany, no aggregates, no log",
            note=f"{watch.cpu_s / READINGS * 1e6:.1f} us CPU a reading beside the parser's, "
            f"executemany {plain.cpu_s / READINGS * 1e6:.1f}; {done.intervals:,} intervals",
        )


def spaced(count: int, every_s: int) -> Iterator[Row]:
    """The readings of a house, as far apart as asked for."""
    for place, row in enumerate(islice(minutes(count), count)):
        shift_s = place * (every_s - MINUTE_S)
        yield (row[0] + shift_s, row[1] + shift_s, *row[2:])


def spoken(seconds_s: int) -> str:
    return f"{seconds_s} s" if seconds_s < MINUTE_S else f"{seconds_s // MINUTE_S} min"
