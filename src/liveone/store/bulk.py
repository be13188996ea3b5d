"""Importing many readings of one system at once, with their aggregates.

Rule: every transaction leaves the database right and is short, so an import may be interrupted and repeated,
and other writers come in between; readings that are there already stay as they are, unless they are to be
replaced. Each transaction says in the log of changes what it did.
"""

import json
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

from liveone.domain.intervals import interval_end
from liveone.store import changes
from liveone.store.changes import ChangeEntry, Exclusion
from liveone.store.database import BulkInsert, Busy, Unavailable, Value
from liveone.store.late import noting_late
from liveone.store.patience import ROWS_MOST, Pace, persistently
from liveone.store.ranges import aggregate_steps, ranges_of
from liveone.store.readings import READING_COLUMNS, STORED_COLUMNS
from liveone.store.reopen import touched_days
from liveone.store.store import Query, Store

Row = tuple[Any, ...]

HANDOVER_S = 0.0005

AHEAD = 2
"""Batches made while one is written: making needs the interpreter, writing mostly does not."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: readings offered, how many of them were new, intervals computed, how many that were
    there were replaced, how many stayed out because they are excluded; and its entry in the log, if any."""

    offered: int = 0
    new: int = 0
    intervals: int = 0
    replaced: int = 0
    excluded: int = 0
    change_id: int | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """``entry`` is what the log of changes says of the import, None where it keeps no log. ``replacing`` are
    the columns of ``readings`` whose values replace those that are there; none: what is there stays.
    ``begun`` is told the id of the entry."""

    entry: ChangeEntry | None = None
    replacing: Sequence[str] = ()
    begun: Callable[[int], None] = lambda change_id: None


def import_readings(
    store: Store,
    system_id: int,
    readings: Iterable[Row],
    *,
    batch: int = ROWS_MOST,
    terms: Terms | None = None,
    progress: Callable[[Imported], None] | None = None,
) -> Imported:
    """Add readings, each a tuple of ``readings.READING_COLUMNS`` (the fields of Reading in their order).

    Any order will do, time order is fastest. ``progress`` is told the sums after every batch. Raises
    ConstraintFailed when the system does not exist, or when a reading has gaps and this generation
    holds none; the transaction it stands in is not applied then, earlier ones are. A database that is busy
    or away is waited for; then Busy or Unavailable, and the import can be repeated.
    """
    (now_at,) = persistently(lambda: store.read("now"))[0]
    excluded = persistently(lambda: changes.exclusions(store, system_id))
    work = _Import(store, system_id, now_at, Pace(), terms or Terms(), excluded)
    try:
        total = _written(work, readings, batch, progress)
    except BaseException:
        changes.withdraw_empty(store, work.change_id)
        raise
    if work.change_id is not None:
        persistently(partial(changes.end, store, work.change_id))
    return total


def _written(
    work: "_Import", readings: Iterable[Row], batch: int, progress: Callable[[Imported], None] | None
) -> Imported:
    total = Imported()
    with _quick_handover(), ThreadPoolExecutor(max_workers=1) as writer:
        started = _started(writer, iter(readings), batch, work.batch)
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


def preview(store: Store, system_id: int, rows: list[Row], terms: Terms) -> Imported:
    """What importing these rows would do; nothing is written."""
    work = _Import(store, system_id, 0, Pace(), terms, changes.exclusions(store, system_id))
    return work.sorted_out(rows).counts


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
    # Raises what the batch before raised, so that nothing is written behind a hole.
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
    return Imported(
        left.offered + right.offered,
        left.new + right.new,
        left.intervals + right.intervals,
        left.replaced + right.replaced,
        left.excluded + right.excluded,
        right.change_id or left.change_id,
    )


@dataclass(frozen=True, slots=True)
class _Sorted:
    """The rows of a batch that are to be written, the times of those that replace another, and the counts."""

    rows: list[Row]
    replacing: set[int]
    counts: Imported


@dataclass(slots=True)
class _Import:
    """One import into one system; ``now_at`` by the database's clock."""

    store: Store
    system_id: int
    now_at: Value
    pace: Pace
    terms: Terms
    exclusions: Sequence[Exclusion] = ()
    change_id: int | None = field(default=None, init=False)

    def batch(self, rows: list[Row]) -> Imported:
        """Write those that are new or replace, in as many transactions as the pace asks for."""
        work = persistently(lambda: self.sorted_out(rows))
        if work.rows and self.terms.entry is not None and self.change_id is None:
            entry = self.terms.entry
            # Only now that a row will be written: an import that changes nothing leaves no entry.
            self.change_id = persistently(lambda: changes.begin(self.store, self.system_id, entry))
            self.terms.begun(self.change_id)
        done = intervals = 0
        while done < len(work.rows):
            piece, found = persistently(partial(self._piece, work, done))
            done, intervals = done + piece, intervals + found
        counts = work.counts
        return Imported(
            counts.offered, counts.new, intervals, counts.replaced, counts.excluded, self.change_id
        )

    def sorted_out(self, rows: list[Row]) -> _Sorted:
        """Which of the rows are to be written."""
        kept = [row for each in rows if (row := self._without_excluded(each)) is not None]
        known = self._known(kept)
        if not known:
            fresh, changed = kept, []
        else:
            fresh = [row for row in kept if row[0] not in known]
            changed = self._changed([row for row in kept if row[0] in known]) if self.terms.replacing else []
        new = len(fresh) if len(fresh) < 2 else len({row[0] for row in fresh})
        counts = Imported(len(rows), new, 0, len(changed), len(rows) - len(kept))
        return _Sorted(fresh + changed, {row[0] for row in changed}, counts)

    def _known(self, rows: list[Row]) -> set[int]:
        """The times of those readings that the database has already."""
        if not rows:
            return set()
        times = [row[0] for row in rows]
        # One cheap question for the usual case, an import into a time that has no readings yet.
        (near,) = self.store.read("readings_any", self.system_id, min(times), max(times))[0]
        if not near:
            return set()
        asked = json.dumps([(self.system_id, at) for at in times])
        return {int(at) for _, at in self.store.read("readings_existing", asked)}  # type: ignore[arg-type]

    def _changed(self, rows: list[Row]) -> list[Row]:
        """The rows as they will be, of those that differ from what is there in a column that is replaced."""
        replaced = [name in self.terms.replacing for name in READING_COLUMNS]
        asked = json.dumps([row[0] for row in rows])
        there = {row[0]: row for row in self.store.read("readings_at", self.system_id, asked)}
        merged = {}
        for row in rows:
            before = there[row[0]]
            after = tuple(
                new if chosen else old for new, old, chosen in zip(row, before, replaced, strict=True)
            )
            if after != before:
                merged[row[0]] = after
        return list(merged.values())

    def _without_excluded(self, row: Row) -> Row | None:
        for each in self.exclusions:
            if each.from_at < row[0] <= each.to_at:
                if not each.fields:
                    return None
                named = zip(READING_COLUMNS, row, strict=True)
                row = tuple(None if name in each.fields else value for name, value in named)
        return row

    def _piece(self, work: _Sorted, done: int) -> tuple[int, int]:
        """Readings and intervals written behind ``done``, in one transaction; what is there already stays."""
        rows = work.rows[done : done + self.pace.rows]
        ends = {interval_end(row[0]) for row in rows}
        ranges = ranges_of(self.system_id, ends)
        days = touched_days(self.store, ranges, {self.system_id: None})
        steps: list[Query | BulkInsert] = [
            *noting_late((self.system_id, row[0]) for row in rows),
            *self._inserting(rows, work.replacing),
            *aggregate_steps(self.store, ranges),
            Query("reopen_days", (days,)),
        ]
        self.pace.write(len(rows), lambda: self.store.write(steps))
        return len(rows), len(ends)

    def _inserting(self, rows: list[Row], replacing: set[int]) -> list[Query | BulkInsert]:
        stored = [(self.system_id, row[1] - row[0], self.now_at, *row) for row in rows]
        inserting: list[Query | BulkInsert] = [BulkInsert("readings", STORED_COLUMNS, stored)]
        if self.change_id is None:
            return inserting
        times = [row[0] for row in rows]
        replaced = [at for at in times if at in replacing] if replacing else []
        new = len(set(times)) - len(replaced)
        asked = json.dumps(replaced)
        aside = [
            Query("changes_aside_times", (self.change_id, self.system_id, asked)),
            Query("readings_delete_times", (self.system_id, asked)),
        ]
        grown = (self.change_id, len(rows), new, len(replaced), min(times), max(times))
        return [
            *(aside if replaced else []),
            *inserting,
            changes.keys_step(self.change_id, times),
            Query("changes_grow", grown),
        ]
