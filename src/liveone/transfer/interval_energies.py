"""Files that hold what flowed in each interval, gathered quantity by quantity: mean powers at the middle."""

from collections import defaultdict
from collections.abc import Iterator

from liveone.transfer.columns import Row
from liveone.transfer.rows import RowReader


class IntervalEnergies:
    """Gathers energies in Wh, then gives them as readings, oldest first. What comes twice adds up."""

    def __init__(self, reader: RowReader) -> None:
        self._reader = reader
        self._wh: dict[tuple[int, int], dict[str, float]] = defaultdict(dict)

    def add(self, at: int, length_s: int, name: str, wh: float) -> None:
        """``wh`` flowed in the ``length_s`` seconds from ``at`` on."""
        values = self._wh[at, length_s]
        values[name] = values.get(name, 0.0) + wh

    def rows(self) -> Iterator[Row]:
        """A reading an interval."""
        for at, length_s in sorted(self._wh):
            powers = {name: wh * 3600 / length_s for name, wh in self._wh[at, length_s].items()}
            middle_at = at + length_s // 2
            yield self._reader.reading(1, middle_at, middle_at, powers)
