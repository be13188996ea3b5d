"""Importing many readings of one system at once, with their aggregates.

Rule: every transaction leaves the database right and is short, so an import may be interrupted and repeated,
and other writers come in between; readings that are there already stay as they are.
"""

import json
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

from liveone.domain.intervals import interval_end
from liveone.domain.reading import COUNTERS
from liveone.store.database import BulkInsert, Busy, Unavailable, Value
from liveone.store.patience import ROWS_MOST, Pace, persistently
from liveone.store.ranges import aggregate_steps, ranges_of
from liveone.store.readings import STORED_COLUMNS
from liveone.store.reopen import touched_days
from liveone.store.store import Query, Store

Row = tuple[Any, ...]

HANDOVER_S = 0.0005

AHEAD = 2
"""Batches made while one is written: making needs the interpreter, writing mostly does not."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: readings offered, how many of them were new, intervals computed."""

    offered: int
    new: int
    intervals: int


def import_readings(
    store: Store,
    system_id: int,
    readings: Iterable[Row],
    *,
    batch: int = ROWS_MOST,
    progress: Callable[[Imported], None] | None = None,
) -> Imported:
    """Add readings, each a tuple of ``readings.READING_COLUMNS`` (the fields of Reading in their order).

    Any order will do, time order is fastest. ``progress`` is told the sums after every batch. Raises
    ConstraintFailed when the system does not exist, or when a reading has gaps and this generation
    holds none; the transaction it stands in is not applied then, earlier ones are. A database that is busy
    or away is waited for; then Busy or Unavailable, and the import can be repeated.
    """
    (now_at,) = persistently(lambda: store.read("now"))[0]
    total = Imported(0, 0, 0)
    with _quick_handover(), ThreadPoolExecutor(max_workers=1) as writer:
        started = _started(writer, iter(readings), batch, _Import(store, system_id, now_at, Pace()).batch)
        try:
            for written in _behind(started, AHEAD):
                total = _sum(total, written.result())
                if progress is not None:
                    progress(total)
        except (Busy, Unavailable) as error:
            error.hint = (
                f"{total.new:,} readings or more came in, and stay. Run the same import again: it goes on."
            )
            raise
    return total


def fresh_of(store: Store, system_id: int, rows: list[Row]) -> list[Row]:
    """Those of the readings that the database does not have yet; nothing is written (for a dry run too)."""
    times = [row[0] for row in rows]
    (near,) = store.read("readings_any", system_id, min(times), max(times))[0]
    if not near:
        return rows
    asked = json.dumps([(system_id, at) for at in times])
    known = {at for _, at in store.read("readings_existing", asked)}
    return [row for row in rows if row[0] not in known]


@contextmanager
def _quick_handover() -> Iterator[None]:
    """The driver gives the interpreter up at every statement, and would wait 5 ms each time to have it back
    while rows are being made."""
    before_s = sys.getswitchinterval()
    sys.setswitchinterval(HANDOVER_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before_s)


def _started(
    writer: Executor, source: Iterator[Row], batch: int, write: Callable[[list[Row]], Imported]
) -> Iterator[Future[Imported]]:
    """Every batch on its way to the writer; after one that failed nothing more is written."""
    before: Future[Imported] | None = None
    while rows := list(islice(source, batch)):
        before = writer.submit(_after, before, write, rows)
        yield before


def _after(
    before: Future[Imported] | None, write: Callable[[list[Row]], Imported], rows: list[Row]
) -> Imported:
    if before is not None:
        before.result()
    return write(rows)


def _behind(started: Iterator[Future[Imported]], distance: int) -> Iterator[Future[Imported]]:
    """The same in the same order, each given only when ``distance`` more have been started."""
    waiting = deque(islice(started, distance))
    for newest in started:
        waiting.append(newest)
        yield waiting.popleft()
    yield from waiting


def _sum(left: Imported, right: Imported) -> Imported:
    return Imported(left.offered + right.offered, left.new + right.new, left.intervals + right.intervals)


@dataclass(frozen=True, slots=True)
class _Import:
    """One import into one system; ``now_at`` by the database's clock."""

    store: Store
    system_id: int
    now_at: Value
    pace: Pace

    def batch(self, rows: list[Row]) -> Imported:
        """Write those that are new, in as many transactions as the pace asks for."""
        fresh = persistently(lambda: fresh_of(self.store, self.system_id, rows))
        done = intervals = 0
        while done < len(fresh):
            piece, found = persistently(partial(self._piece, fresh, done))
            done, intervals = done + piece, intervals + found
        return Imported(len(rows), len({row[0] for row in fresh}), intervals)

    def _piece(self, fresh: list[Row], done: int) -> tuple[int, int]:
        """Readings and intervals written behind ``done``, in one transaction; what is there already stays."""
        rows = fresh[done : done + self.pace.rows]
        ends = {interval_end(row[0]) for row in rows}
        ranges = ranges_of(self.system_id, ends)
        stored = [(self.system_id, row[1] - row[0], self.now_at, *row) for row in rows]
        days = touched_days(self.store, ranges, {self.system_id: (True,) * len(COUNTERS)})
        steps: list[Query | BulkInsert] = [
            BulkInsert("readings", STORED_COLUMNS, stored),
            *aggregate_steps(self.store, ranges),
            Query("reopen_days", (days,)),
        ]
        self.pace.write(len(rows), lambda: self.store.write(steps))
        return len(rows), len(ends)


def count_existing(store: Store, system_id: int, times: Iterable[int]) -> int:
    """How many of these ``inverter_time`` a system has already; for a dry run."""
    return len(store.read("readings_existing", json.dumps([(system_id, at) for at in times])))
