"""The files of SMA's programs (Sunny Explorer, SBFspot, Sunny WebBox): a header of up to six lines, the last
of which says how times are written and what the units are.

Devices, models and serial numbers stand above the names of the quantities, and those are in the language of
whoever exported them: so a column of energies is known by its unit. A file of days holds no readings.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from liveone.errors import BadInput, sentence

TIME_FORMAT = re.compile(r"(?=.*y)[dDMyHhmst]{1,4}(?:[./: -]{1,2}[dDMyHhmst]{1,4}){2,6}")
"""``dd/MM/yyyy HH:mm:ss``, ``dd.MM.yy``, ``MM/dd/yyyy hh:mm tt``."""
CLOCK_FORMAT = re.compile(r"[Hh]{1,2}:mm(?::ss)?(?: tt)?")
LINES_MOST = 8
COUNTER, POWER = "total yield", "power"
UNITS = {"kWh": COUNTER, "Wh": COUNTER, "MWh": COUNTER, "kW": POWER, "W": POWER, "Watt": POWER}


@dataclass(frozen=True, slots=True)
class SmaHeader:
    """``lines`` it has, what its columns are called and their units, and the order of day and month."""

    lines: int
    titles: list[str]
    units: list[str]
    date_order: str


def sma_header(rows: Sequence[Sequence[str]], where: str) -> SmaHeader | None:
    """The header at the beginning of a file; None where it is none of SMA's. Raises BadInput for days."""
    place = next((at for at, row in enumerate(rows[:LINES_MOST]) if row and _is_format(row[0])), None)
    if place is None:
        return None
    row = [cell.strip() for cell in rows[place]]
    has_clock = len(row) > 1 and bool(CLOCK_FORMAT.fullmatch(row[1]))
    if "h" not in row[0].lower() and not has_clock:
        raise BadInput(
            sentence("{where} holds days, not readings", where=where),
            hint=sentence("Export the files of single days: a day is computed anew from its readings."),
        )
    titles = ["date", "time"] if has_clock else ["timestamp"]
    begin = len(titles)
    above = [list(map(str.strip, rows[at])) for at in range(place) if len(rows[at]) == len(row)]
    if any(cell in UNITS for cell in row[begin:]):
        return SmaHeader(place + 1, [*titles, *_quantities(row[begin:], above, begin)], row, _order(row[0]))
    _refuse_several(row, rows[place + 1 :], where)
    units = above[-1] if above else [""] * len(row)
    return SmaHeader(place + 1, [*titles, *row[begin:]], ["", *units[1:]], _order(row[0]))


def _is_format(cell: str) -> bool:
    return bool(TIME_FORMAT.fullmatch(cell.strip()))


def _order(text: str) -> str:
    return "mdy" if text.lstrip().startswith("M") else "dmy"


def _refuse_several(titles: Sequence[str], rows: Sequence[Sequence[str]], where: str) -> None:
    """Refuse a log in which each inverter has a line of its own."""
    if "Serial" not in titles:
        return
    place = titles.index("Serial")
    if len({row[place] for row in rows if len(row) == len(titles)}) > 1:
        raise BadInput(
            sentence("{where} has a line for each of several inverters", where=where),
            hint=sentence(
                "Import the files PLANT-YYYYMMDD.csv: in those the inverters are columns, and add up."
            ),
        )


def _quantities(units: Sequence[str], above: Sequence[Sequence[str]], begin: int) -> list[str]:
    """Names for the columns below ``units``; a log of many quantities keeps the names that it has."""
    kinds = above[-1][begin:] if above else [""] * len(units)
    names = above[-2][begin:] if len(above) > 1 else [""] * len(units)
    if len(set(units)) > 2:
        return [name or unit for name, unit in zip(names, units, strict=True)]
    return [
        name if kind.lower() == "analog" and UNITS.get(unit) == COUNTER else UNITS.get(unit, name or unit)
        for name, kind, unit in zip(names, kinds, units, strict=True)
    ]
