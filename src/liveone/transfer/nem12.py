"""NEM12, what distributors and retailers in Australia give out: what a meter counted in each interval.

Source: AEMO, "Meter Data File Format Specification NEM12 & NEM13". A line begins with its kind: 100 the file,
200 a register of a meter (unit, minutes of an interval), 300 a day of it, 400 the quality of a part of that
day, 900 the end. Registers E.. count what came from the grid, B.. what went into it; others hold no energy.
Days are of Eastern Standard Time, in summer and in every state.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from liveone.domain.zones import Zone
from liveone.errors import BadInput, said, sentence
from liveone.transfer.columns import Converter, Row
from liveone.transfer.interval_energies import IntervalEnergies
from liveone.transfer.options import ENERGY_UNITS
from liveone.transfer.rows import RowReader

FILE, REGISTER, DAY, QUALITY = "100", "200", "300", "400"
DIRECTIONS: Mapping[str, int] = {"E": 1, "B": -1}
"""By the first letter of a register: into the house, and out of it."""
UNITS = {unit.upper(): factor for unit, factor in ENERGY_UNITS.items()}
EASTERN = Zone(600)
DAY_MINUTES = 1440
NO_VALUE = "N"
"""The quality of what is not known; a substitute is kept as what it is told to be."""


def is_nem12(first: Sequence[str]) -> bool:
    """Whether a line is the first of such a file."""
    return [cell.strip().upper() for cell in first[:2]] == [FILE, "NEM12"]


@dataclass(frozen=True, slots=True)
class _Register:
    nmi: str
    suffix: str
    meter: str
    unit: str
    minutes: int


class Nem12File:
    """Gathers the lines of a file, then gives its readings."""

    columns = ("grid_w",)

    def __init__(self, converter: Converter, reader: RowReader) -> None:
        self._converter, self._reader = converter, reader
        self._register: _Register | None = None
        self._days: dict[tuple[str, _Register], list[float | None]] = {}
        self._passed_over: Counter[str] = Counter()
        self._last: list[float | None] = []

    def take(self, line: int, cells: Sequence[str]) -> None:
        """One line; one that cannot be is named."""
        kind = cells[0].strip() if cells else ""
        try:
            if kind == REGISTER:
                self._last, self._register = [], None
                self._register = self._begun(cells)
            elif kind == DAY and self._register is not None:
                self._last = self._day(self._register, cells)
            elif kind == QUALITY and cells[3][:1].upper() == NO_VALUE:
                begin, end = int(cells[1]), int(cells[2])
                self._last[begin - 1 : end] = [None] * len(self._last[begin - 1 : end])
        except (ValueError, IndexError) as error:
            self._reader.findings.refuse(
                line, sentence("a line of NEM12 that is not whole: {reason}", reason=said(error))
            )

    def rows(self, where: str) -> Iterator[Row]:
        """All readings, oldest first. Raises BadInput where the file is of several houses, or of none."""
        if self._passed_over:
            names = ", ".join(sorted(self._passed_over))
            self._reader.findings.note(
                sentence("Registers that hold no energy were not read: {names}.", names=names)
            )
        houses = sorted({register.nmi for _, register in self._days})
        if len(houses) > 1:
            raise BadInput(
                sentence(
                    "{where} is of several meters' points: {names}", where=where, names=", ".join(houses)
                ),
                hint=sentence("Keep the blocks of one of them; each begins with a line 200."),
            )
        if not houses:
            raise BadInput(
                sentence("{where} holds no register of energy", where=where),
                hint=sentence("Ask for interval data (NEM12) of the registers E1 and B1."),
            )
        energies = IntervalEnergies(self._reader)
        for day in sorted({day for day, _ in self._days}):
            self._spread(day, energies)
        yield from energies.rows()

    def _spread(self, day: str, energies: IntervalEnergies) -> None:
        """A day of all registers, in the shortest of their intervals; a longer one is spread evenly."""
        registers = [(register, values) for (at, register), values in self._days.items() if at == day]
        minutes = min(register.minutes for register, _ in registers)
        begin_at = EASTERN.bounds(f"{day[:4]}-{day[4:6]}-{day[6:]}")[0]
        for place in range(DAY_MINUTES // minutes):
            parts = []
            for register, values in registers:
                value = values[place * minutes // register.minutes]
                factor = DIRECTIONS[register.suffix[:1]] * UNITS[register.unit] * 1000
                parts.append(None if value is None else value * factor * minutes / register.minutes)
            known = [part for part in parts if part is not None]
            if len(known) == len(parts):  # a sum of fewer registers would be another quantity
                energies.add(begin_at + place * minutes * 60, minutes * 60, "grid_w", sum(known))

    def _begun(self, cells: Sequence[str]) -> _Register | None:
        """What a line 200 begins; None for a register that holds no energy. Raises ValueError, IndexError."""
        found = _Register(
            cells[1].strip(),
            cells[4].strip().upper(),
            cells[6].strip(),
            cells[7].strip().upper(),
            int(cells[8]),
        )
        if found.suffix[:1] not in DIRECTIONS or found.unit not in UNITS:
            self._passed_over[found.suffix] += 1
            return None
        if found.minutes not in (5, 15, 30):
            raise ValueError(sentence("intervals of {count} minutes", count=found.minutes))
        return found

    def _day(self, register: _Register, cells: Sequence[str]) -> list[float | None]:
        """The values of a line 300, by reference: a line 400 may take some of them away."""
        day, count = cells[1].strip(), DAY_MINUTES // register.minutes
        if len(cells) < count + 3 or len(day) != 8 or not day.isdecimal():
            raise ValueError(sentence("{count} values of {day}", count=max(0, len(cells) - 2), day=day))
        values = [self._converter.number(cell) for cell in cells[2 : count + 2]]
        if cells[count + 2][:1].upper() == NO_VALUE:
            values = [None] * count
        self._days[day, register] = values
        return values
