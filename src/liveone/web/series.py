"""A series of a history: one value per interval, and how parts are put together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from liveone.domain.system import System
from liveone.domain.zones import Zone
from liveone.store.store import Store
from liveone.web.numbers import Number

Column = Sequence[Number | None]
Slot = Sequence[Any]
"""A row of the store: the interval's end, then the values asked for."""


@dataclass(frozen=True, slots=True)
class Source:
    """Whose history, from where, and at which moment (UTC epoch seconds) it is asked for."""

    store: Store
    system: System
    zone: Zone
    now_at: float


@dataclass(frozen=True, slots=True)
class Values:
    """A value per interval, and the indexes of estimated ones (None: the series is not an energy)."""

    data: Column
    estimated: list[int] | None = None


def summed(slots: Iterable[Sequence[tuple[float | None, bool]]]) -> Values:
    """Energies of intervals out of their parts ``(kwh, estimated)``; null where no part is known."""
    data: list[Number | None] = []
    estimated: list[int] = []
    for index, parts in enumerate(slots):
        known = [kwh for kwh, _ in parts if kwh is not None]
        data.append(sum(known) if known else None)
        if any(guessed for _, guessed in parts):
            estimated.append(index)
    return Values(data, estimated)
