"""What the energy page of Home Assistant downloads: a line an entity, a column an hour.

Source: `ha-panel-energy` of its frontend. The first three columns are ``entity_id``, ``type`` and ``unit``;
the titles of the others are the beginnings of the intervals, in UTC. ``type`` says what an entity counts.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from liveone.errors import said, sentence
from liveone.transfer.columns import Converter, Row
from liveone.transfer.interval_energies import IntervalEnergies
from liveone.transfer.options import ENERGY_UNITS
from liveone.transfer.rows import RowReader, interval_of

HEAD = ["entity_id", "type", "unit"]
TYPES = {
    "solar_production": ("solar_w", 1),
    "grid_consumption": ("grid_w", 1),
    "grid_return": ("grid_w", -1),
    "battery_in": ("battery_w", -1),
    "battery_out": ("battery_w", 1),
    "calculated_total_consumption": ("load_w", 1),
}


def is_energy_table(titles: Sequence[str]) -> bool:
    """Whether a header is that of such a file."""
    return [title.strip().lower() for title in titles[:3]] == HEAD and len(titles) > len(HEAD)


class EnergyTable:
    """Gathers the lines of a file, then gives its readings: each interval's mean power, at its middle."""

    def __init__(self, titles: Sequence[str], converter: Converter, reader: RowReader) -> None:
        """Raises ValueError where a title is no time."""
        self._times = [int(datetime.fromisoformat(title.strip()).timestamp()) for title in titles[3:]]
        self._converter, self._reader = converter, reader
        self._wh: list[tuple[int, str, float]] = []

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of ``readings`` that the file has values for."""
        return tuple(sorted({name for _, name, _ in self._wh}))

    def take(self, line: int, cells: Sequence[str]) -> None:
        """One line; what is neither solar nor grid, battery nor the house is passed over."""
        name, sign = TYPES.get(cells[1].strip(), ("", 0))
        unit = cells[2].strip()
        if not name:
            return
        if unit not in ENERGY_UNITS:
            self._reader.findings.refuse(line, sentence("{unit} is no unit of energy", unit=repr(unit)))
            return
        try:
            numbers = [self._converter.number(cell) for cell in cells[3:]]
        except ValueError as error:
            self._reader.findings.refuse(line, said(error))
            return
        for at, number in zip(self._times, numbers, strict=True):
            if number is not None:
                self._wh.append((at, name, sign * number * ENERGY_UNITS[unit] * 1000))

    def rows(self, where: str) -> Iterator[Row]:
        """All readings, in order. Raises BadInput where the columns are days."""
        if not self._wh:
            return
        interval_s = interval_of([at for at, _, _ in self._wh], where)
        energies = IntervalEnergies(self._reader)
        for at, name, wh in self._wh:
            energies.add(at, interval_s, name, wh)
        yield from energies.rows()
