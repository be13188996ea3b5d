"""What some programs tell in the rows of a table and not in its header: the device, and the unit."""

import re
from collections import Counter
from collections.abc import Sequence

from liveone.errors import BadInput, sentence
from liveone.transfer.header import UNIT, ColumnPlan, name_of
from liveone.transfer.numbers import MEASURED, Numbers, apart, is_absent
from liveone.transfer.options import ENERGY_UNITS, POWER_UNITS

UNIT_NAMES = ("unit", "units", "uom", "einheit", "eenheid", "unité")
TELLING_VALUES = 24
UNITS_LINE = re.compile(r"\[[^\]]*\]|%|[kM]?Wh?|V|A|Hz")
"""A cell of the line of units below a header."""

LEAST_W = 30
"""So many values of a house do not all stay below it."""


def units_told(titles: Sequence[str], body: Sequence[Sequence[str]]) -> list[str] | None:
    """The unit of each column that names none, as a column ``Units`` tells it; None where there is none."""
    place = next((place for place, title in enumerate(titles) if name_of(title) in UNIT_NAMES), None)
    told = {row[place].strip() for row in body if len(row) == len(titles)} if place is not None else set()
    told.discard("")
    if len(told) != 1 or not told & (ENERGY_UNITS.keys() | POWER_UNITS.keys()):
        return None
    unit = told.pop()
    return ["" if UNIT.search(title) else unit for title in titles]


def refuse_unlikely_watts(
    plan: ColumnPlan, titles: Sequence[str], body: Sequence[Sequence[str]], numbers: Numbers, where: str
) -> None:
    """Refuse powers that name no unit and are all as small as kW or the kWh of an interval are: taken for W
    they would make a house of nearly nothing."""
    if plan.layout is not None or plan.of_interval:
        return
    powers = [term for field, terms in plan.terms.items() if field.endswith("_w") for term in terms]
    if any(abs(term.factor) != 1 or UNIT.search(titles[term.place]) for term in powers):
        return
    read = (_number(row, term.place, numbers) for row in body for term in powers)
    known = [value for value in read if value is not None]
    if len(known) < TELLING_VALUES or max(map(abs, known)) >= LEAST_W or not any(v % 1 for v in known):
        return
    raise BadInput(
        sentence(
            "{where}: {name} names no unit, and none of its {count} first values reaches {value} W",
            where=where,
            name=repr(titles[powers[0].place].strip()),
            count=len(body),
            value=LEAST_W,
        ),
        hint=sentence(
            "Is it the energy of each interval? Add --energy-unit kWh. A power in kW? Add --power-unit kW. "
            "If it is in W, say so: --power-unit W."
        ),
    )


def _number(row: Sequence[str], place: int, numbers: Numbers) -> float | None:
    if len(row) <= place or is_absent(row[place]):
        return None
    try:
        return numbers.read(apart(row[place])[0])
    except ValueError:
        return None


def refuse_other_table(line: int, cells: Sequence[str], where: str) -> None:
    """Refuse a second header among the readings: what stands below it is another quantity."""
    if all(cells) and not any(char.isdigit() for cell in cells for char in cell):
        raise BadInput(
            sentence("{where}: another table begins at line {line}", where=where, line=str(line)),
            hint=sentence("Save each table as a file of its own, and import one after the other."),
        )


def refuse_rows_of_devices(
    plan: ColumnPlan, titles: Sequence[str], body: Sequence[Sequence[str]], where: str
) -> None:
    """Refuse a table in which each of several devices has a row of its own: of one time only one would count.

    Told by a column that was not read and differs in most rows of one and the same time: one of text, or one
    whose few values come back at most times (the numbers of inverters).
    """
    used = {*plan.times, *(term.place for terms in plan.terms.values() for term in terms)}
    at_times: dict[tuple[str, ...], list[Sequence[str]]] = {}
    for row in body:
        if len(row) == plan.width:
            at_times.setdefault(tuple(row[place] for place in plan.times), []).append(row)
    for place in set(range(plan.width)) - used:
        at_each = [{row[place].strip() for row in rows} for rows in at_times.values()]
        names = Counter(name for found in at_each for name in found)
        most = len(at_each) / 2
        is_of_text = not any(is_absent(name) or MEASURED.fullmatch(name) for name in names)
        comes_back = bool(names) and min(names.values()) > most
        if sum(len(found) > 1 for found in at_each) > most and (is_of_text or comes_back):
            shown = dict.fromkeys(row[place].strip() for rows in at_times.values() for row in rows)
            raise BadInput(
                sentence(
                    "{where} has several rows of one time: {column} is {names} ...",
                    where=where,
                    column=repr(titles[place].strip()),
                    names=", ".join(repr(name) for name in list(shown)[:3]),
                ),
                hint=sentence("Keep the rows of one of them, and import what the house needs one by one."),
            )


def is_reading(cells: Sequence[str]) -> bool:
    """Whether a line holds numbers and times only, and so no names of columns."""
    known = [cell for cell in cells if not is_absent(cell)]
    return len(known) > 1 and all(MEASURED.fullmatch(cell.strip()) for cell in known)


def holds_units(cells: Sequence[str]) -> bool:
    """Whether a line below the header is that of the units. In place of a time it has a format, a zone or
    nothing."""
    units = [cell.strip() for cell in cells[1:] if cell.strip()]
    is_reading = cells[0].strip()[:1].isdigit() or (bool(cells[0]) and not units)
    return not is_reading and all(UNITS_LINE.fullmatch(unit) for unit in units)
