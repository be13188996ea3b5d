"""Rows of the database as CSV or JSON, streamed chunk by chunk, so that ten years need no memory."""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from typing import Any, TextIO

import orjson

from liveone.domain.aggregates import ENERGIES, Day, FiveMinutes
from liveone.domain.quality import estimates
from liveone.domain.system import System
from liveone.domain.zones import zone_of
from liveone.store import aggregates, readings
from liveone.store.store import Store
from liveone.transfer.fields import EXPORTED, FIELDS

CHUNK_S = 7 * 86_400

Row = Sequence[Any]
Progress = Callable[[int], None]
"""Told how far the export has come: the end of the span that is done, UTC epoch seconds."""

CELLS = {None: "", True: "true", False: "false"}
"""How a CSV has what is no number and no text."""

READING_COLUMNS = tuple(EXPORTED.get(name, name) for name in FIELDS)
FIVE_MINUTES_COLUMNS = FiveMinutes._fields
STORED_OF_DAY = tuple(field.name for field in fields(Day) if field.name != "estimated")
DAY_COLUMNS = (*STORED_OF_DAY, *(f"{name}_kwh_estimated" for name in ENERGIES))


def reading_rows(
    store: Store, system: System, start_at: int, end_at: int, progress: Progress
) -> Iterator[Row]:
    """Readings taken in ``(start_at, end_at]``, oldest first."""
    for from_at in range(start_at, end_at, CHUNK_S):
        for reading in readings.between(store, system.id, from_at, min(from_at + CHUNK_S, end_at)):
            yield [getattr(reading, name) for name in FIELDS]
        progress(from_at + CHUNK_S)


def five_minute_rows(
    store: Store, system: System, start_at: int, end_at: int, progress: Progress
) -> Iterator[Row]:
    """Intervals that end in ``(start_at, end_at]``, oldest first."""
    for from_at in range(start_at, end_at, CHUNK_S):
        until_at = min(from_at + CHUNK_S, end_at)
        yield from aggregates.five_minutes(store, system.id, from_at, until_at)
        progress(until_at)


def day_rows(store: Store, system: System, start_at: int, end_at: int, progress: Progress) -> Iterator[Row]:
    """Stored local days that end in ``(start_at, end_at]``, oldest first, with what is estimated of each."""
    zone = zone_of(system)
    first, last = zone.day_of(start_at + 1), zone.day_of(end_at)
    before: Day | None = None
    for day in aggregates.days(store, system.id, zone.day_of(zone.bounds(first)[0]), last):
        if day.day >= first:
            is_next = before is not None and zone.next_day(before.day) == day.day
            stored = [getattr(day, name) for name in STORED_OF_DAY]
            yield [*stored, *estimates(day, before if is_next else None, zone)]
        before = day
    progress(end_at)


def write_csv(file: TextIO, columns: Sequence[str], rows: Iterator[Row]) -> int:
    """Write rows as CSV with a header, absent values empty, bools as true and false; returns how many."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    count = 0
    for row in rows:
        writer.writerow(
            [CELLS[value] if value is None or value is True or value is False else value for value in row]
        )
        count += 1
    return count


def write_json(file: TextIO, columns: Sequence[str], rows: Iterator[Row]) -> int:
    """Write rows as a JSON array, one object a line; returns how many."""
    count = 0
    file.write("[")
    for row in rows:
        text = orjson.dumps(dict(zip(columns, row, strict=True))).decode()
        file.write(f"{',' if count else ''}\n{text}")
        count += 1
    file.write("\n]\n")
    return count
