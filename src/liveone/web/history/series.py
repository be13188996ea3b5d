"""A series of a history: one value for each interval, and how parts are combined."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from liveone.domain.system import System
from liveone.domain.zones import Zone
from liveone.store.store import Store
from liveone.web.history.ranges import Window
from liveone.web.numbers import WHOLE, Number

Column = Sequence[Number | None]
Slot = Sequence[Any]
"""A row of the store: the interval's end, then the requested values."""


@dataclass(frozen=True, slots=True)
class HistorySource:
    """The system, the store, and the time of the request (UTC epoch seconds)."""

    store: Store
    system: System
    zone: Zone
    now_at: float


@dataclass(frozen=True, slots=True)
class SeriesValues:
    """A value per interval, and the indexes of estimated ones (None: the series is not an energy)."""

    data: Column
    estimated: list[int] | None = None


def placed(rows: Sequence[Slot], window: Window, columns: int) -> list[Column]:
    """Rows ``(interval's end, values...)`` as columns with a value for each interval of the window."""
    size = -(-(window.end_at - window.start_at) // window.step_s)
    if len(rows) != size:
        slots: list[Slot] = [(None,) * (columns + 1)] * size
        before_at, step_s = window.start_at + 1, window.step_s
        for row in rows:
            slots[(row[0] - before_at) // step_s] = row
        rows = slots
    found: list[Column] = list(zip(*rows, strict=True))
    return found[1:]


def aligned(ends: Sequence[int], columns: Sequence[Column], window: Window) -> list[Column]:
    """Columns over intervals that have a row, as columns over every interval of the window."""
    size = -(-(window.end_at - window.start_at) // window.step_s)
    runs = _runs(ends, window.step_s)
    places = [(ends[first] - window.start_at - 1) // window.step_s for first, _ in runs]
    found: list[Column] = []
    for column in columns:
        slots: list[Number | None] = [None] * size
        for place, (first, last) in zip(places, runs, strict=True):
            slots[place : place + last - first] = column[first:last]
        found.append(slots)
    return found


def _runs(ends: Sequence[int], step_s: int) -> list[tuple[int, int]]:
    """(first, first behind) of each run of intervals without a gap."""
    if not ends:
        return []
    breaks = [at for at, (before, end) in enumerate(pairwise(ends), 1) if end - before != step_s]
    return list(pairwise([0, *breaks, len(ends)]))


def whole(column: Column) -> Column:
    """Powers as whole watts: a mean of means has digits that nobody measured."""
    if WHOLE.issuperset(map(type, column)):
        return column
    return [None if watts is None else round(watts) for watts in column]


def summed(slots: Iterable[Sequence[tuple[float | None, bool]]]) -> SeriesValues:
    """Energies of intervals as sums of their parts ``(kwh, estimated)``; null if no part is known."""
    data: list[Number | None] = []
    estimated: list[int] = []
    for index, parts in enumerate(slots):
        known = [kwh for kwh, _ in parts if kwh is not None]
        data.append(sum(known) if known else None)
        if any(guessed for _, guessed in parts):
            estimated.append(index)
    return SeriesValues(data, estimated)
