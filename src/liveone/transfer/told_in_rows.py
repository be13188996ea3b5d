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

    Told by a column of text that was not read and differs in most rows of one and the same time.
    """
    used = {*plan.times, *(term.place for terms in plan.terms.values() for term in terms)}
    firsts: dict[tuple[str, ...], Sequence[str]] = {}
    differs: Counter[int] = Counter()
    for row in body:
        if len(row) == plan.width:
            first = firsts.setdefault(tuple(row[place] for place in plan.times), row)
            pairs = enumerate(zip(first, row, strict=True))
            differs.update(place for place, pair in pairs if place not in used and _are_two_names(*pair))
    for place, count in differs.items():
        if count > len(firsts) / 2:
            names = dict.fromkeys(row[place].strip() for row in body if len(row) == plan.width)
            raise BadInput(
                sentence(
                    "{where} has several rows of one time: {column} is {names} ...",
                    where=where,
                    column=repr(titles[place].strip()),
                    names=", ".join(repr(name) for name in list(names)[:3]),
                ),
                hint=sentence("Keep the rows of one of them, and import what the house needs one by one."),
            )


def _are_two_names(one: str, other: str) -> bool:
    return one != other and not (_is_no_name(one) or _is_no_name(other))


def _is_no_name(cell: str) -> bool:
    return is_absent(cell) or bool(MEASURED.fullmatch(cell.strip()))
