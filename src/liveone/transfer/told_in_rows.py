"""What some programs tell in the rows of a table and not in its header: the device, and the unit."""

from collections import Counter
from collections.abc import Sequence

from liveone.errors import BadInput, sentence
from liveone.transfer.header import UNIT, ColumnPlan, name_of
from liveone.transfer.numbers import MEASURED, is_absent
from liveone.transfer.options import ENERGY_UNITS, POWER_UNITS


def units_told(titles: Sequence[str], body: Sequence[Sequence[str]]) -> list[str] | None:
    """The unit of each column that names none, as a column ``Units`` tells it; None where there is none."""
    place = next((place for place, title in enumerate(titles) if name_of(title) in ("unit", "units")), None)
    told = {row[place].strip() for row in body if len(row) == len(titles)} if place is not None else set()
    if len(told) != 1 or not told & (ENERGY_UNITS.keys() | POWER_UNITS.keys()):
        return None
    unit = told.pop()
    return ["" if UNIT.search(title) else unit for title in titles]


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
