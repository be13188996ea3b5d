"""Readings to measure with: a generated house's minutes, for any length of time."""

import csv
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from pathlib import Path
from typing import Any

from liveone.domain.system import System
from liveone.simulate import presets
from liveone.store import systems
from liveone.store.files import create
from liveone.store.libsql.create import create_tables
from liveone.store.libsql.driver import LibsqlDatabase
from liveone.store.store import Store, open_store
from liveone.transfer.columns import FIELDS

Row = tuple[Any, ...]
MINUTE_S = 60
CYCLE = 60 * 1440
"""Two months of minutes are generated; after them the same weather comes again, counters going on."""
FIRST_AT = 1_451_606_400
"""2016-01-01"""
COUNTERS_FROM = FIELDS.index("solar_kwh_total")


def minutes(number: int, *, first_at: int = FIRST_AT) -> Iterator[Row]:
    """``number`` rows of Reading's fields, a minute apart, from ``first_at`` (UTC epoch seconds) on."""
    began = datetime.fromtimestamp(first_at, UTC) - timedelta(days=10)
    house = presets.house("grid", seed=1, since_day=began.date().isoformat())
    cycle = list(house.rows(first_at, first_at + CYCLE * MINUTE_S, MINUTE_S))
    return islice(_repeated(cycle), number)


def _repeated(cycle: list[Row]) -> Iterator[Row]:
    yield from cycle
    first, last = cycle[0][COUNTERS_FROM:], cycle[-1][COUNTERS_FROM:]
    grown = [after - before for before, after in zip(first, last, strict=True)]
    for turn in count(1):
        late_s = turn * CYCLE * MINUTE_S
        a, b, c, d, e, f = (turn * kwh for kwh in grown)
        for taken, received, *powers, solar, load, b_in, b_out, g_in, g_out in cycle:
            totals = (solar + a, load + b, b_in + c, b_out + d, g_in + e, g_out + f)
            yield (taken + late_s, received + late_s, *powers, *totals)


def write_csv(path: Path, rows: Iterable[Row]) -> None:
    """Rows as `liveone export` writes them."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(FIELDS)
        writer.writerows(rows)


@contextmanager
def new_store_on_server(url: str, number: int = 1) -> Iterator[Store]:
    """As ``new_store``, in the empty database of a libSQL server."""
    with closing(LibsqlDatabase(url)) as database:
        create_tables(database)
    with closing(open_store(url)) as store:
        for index in range(number):
            add_system(store, index)
        yield store


@contextmanager
def new_store(path: Path, number: int = 1) -> Iterator[Store]:
    """A new database of the newest generation with ``number`` systems, sites 1586, 1587, ..."""
    create(path)
    store = open_store(path)
    try:
        for index in range(number):
            add_system(store, index)
        yield store
    finally:
        store.close()


def add_system(store: Store, index: int) -> System:
    return systems.add_system(
        store,
        owner="owner",
        vendor_type="select.live",
        vendor_site_id=str(1586 + index),
        display_name=f"House {index + 1}",
        timezone_offset_min=600,
    )
