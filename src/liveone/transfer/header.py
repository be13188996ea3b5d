"""From the names of a file's columns to a plan: which columns make which field of a reading."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from liveone.errors import BadInput, sentence
from liveone.transfer.fields import (
    CLOCK_NAMES,
    DATE_NAMES,
    FIELDS,
    IGNORED,
    TIME_NAMES,
    column_of,
    field_of,
)
from liveone.transfer.layouts import LAYOUTS, Layout, recognised
from liveone.transfer.options import ENERGY_UNITS, POWER_UNITS, Options

UNIT = re.compile(r"[\[(]\s{0,9}([^\[\]()]*?)\s{0,9}[\])]\s*$")
"""A unit behind a name: ``Power [kW]``, ``Energy Produced (Wh)``."""
IN_UTC = re.compile(r"\b(?:utc|gmt)\b(?!\s?[+-]\d)", re.IGNORECASE)
"""In the name of a time: ``Date/time UTC``, ``Time (UTC)``."""
SPELLED = {"kwhs": "kWh", "whs": "Wh", "kw/h": "kWh", "kwh": "kWh", "wh": "Wh", "kw": "kW", "watts": "W"}
"""Units as programs write them that have a plural or another case."""
SHOWN = 12

TIMES = ("inverter_time", "received_time")


@dataclass(frozen=True, slots=True)
class Term:
    """A column that counts ``factor`` times towards a field."""

    place: int
    factor: float


@dataclass(slots=True)
class ColumnPlan:
    """``times`` are the columns that together are the time: one, a date and a clock, or a span's two ends
    (``is_span``). ``terms`` by field; ``layout`` is the ready map that was used, ``ignored`` what was not."""

    times: tuple[int, ...]
    width: int
    received: int = -1
    terms: dict[str, list[Term]] = field(default_factory=dict)
    layout: Layout | None = None
    is_span: bool = False
    is_utc: bool = False
    """The name of the time's column says that it is in UTC."""
    of_interval: bool = False
    """The columns of powers hold the energy of intervals: kWh in so many minutes, not W."""
    ignored: list[str] = field(default_factory=list)

    @property
    def places(self) -> list[int] | None:
        """For each field of Reading its column, -1 where there is none; None: fields must be computed."""
        computed = any(len(terms) != 1 or terms[0].factor != 1 for terms in self.terms.values())
        if computed or len(self.times) != 1 or self.of_interval:
            return None
        own = {"inverter_time": self.times[0], "received_time": self.received}
        return [own.get(name, self.terms[name][0].place if name in self.terms else -1) for name in FIELDS]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of ``readings`` that the file has values for."""
        received = ("received_time",) if self.received >= 0 else ()
        return (*received, *(column_of(name) for name in FIELDS if name in self.terms))


def name_of(title: str) -> str:
    """A column's name in small letters, without its unit."""
    return " ".join(UNIT.sub("", title.strip().strip("\ufeff")).lower().split())


def is_header(cells: Sequence[str], below: Sequence[str], options: Options) -> bool:
    """Whether a row names columns, the time among them, and the row below it begins with one: a digit."""
    names = [name_of(cell) for cell in cells]
    if len(cells) < 2 or len(below) != len(cells) or any(name.isdecimal() for name in names):
        return False
    places = _mapped_time(cells, names, options)
    try:
        known = recognised(names)
        places = places or list(_timed(names, cells, LAYOUTS[known] if known else None, "").times)
    except BadInput:
        return False
    return bool(places) and below[places[0]].strip()[:1].isdigit()


def planned(
    titles: Sequence[str], options: Options, where: str, units: Sequence[str] | None = None
) -> ColumnPlan:
    """The plan for a header. ``units`` is the line of units below it, where there is one.

    Raises BadInput where there is no time, no value, or a column comes twice.
    """
    options = _placed(titles, options)
    names = [name_of(title) for title in titles]
    known = options.layout if options.layout != "auto" else recognised(names)
    layout = LAYOUTS[known] if known else None
    mapped_time = _mapped_time(titles, names, options)
    timed = ColumnPlan(tuple(mapped_time), len(titles)) if mapped_time else None
    plan = timed or _timed(names, titles, layout, where)
    plan.layout = layout
    plan.is_utc = bool(IN_UTC.search(titles[plan.times[0]]))
    unmet = dict(options.columns)
    for place, (title, name) in enumerate(zip(titles, names, strict=True)):
        whole = title.strip().lower()
        called = whole if whole in options.columns else name
        mapped = options.columns.get(called)
        unmet.pop(called, None)
        targets = _targets(name, mapped, layout, plan)
        if not mapped and layout is None:
            _refuse_second(plan, title, targets, options, where)
        _place(plan, place, title, targets, is_mapped=bool(mapped))
    _refuse_unmet(unmet, titles, where)
    if not plan.terms:
        raise BadInput(
            sentence("{where}: no column holds a value that LiveOne knows", where=where),
            hint=_suggestions(plan.ignored),
        )
    below = units or [""] * len(titles)
    said = [unit.strip(" []()") or _unit_in(title) for unit, title in zip(below, titles, strict=True)]
    is_known = layout is not None and layout.of_interval
    plan.of_interval = is_known or _holds_energies(plan, titles, said, options, where)
    for name, place, term in _numbered(plan):
        term_factor = term.factor * _factor(name, said[place], options, plan)
        plan.terms[name][plan.terms[name].index(term)] = Term(place, term_factor)
    return plan


def _holds_energies(
    plan: ColumnPlan, titles: Sequence[str], said: Sequence[str], options: Options, where: str
) -> bool:
    """Whether the columns of powers say kWh: then they hold what flowed in each interval. Raises BadInput
    where some do and some do not."""
    places = [place for name, place, _ in _numbered(plan) if name.endswith("_w")]
    has_counters = any(name.endswith("_kwh_total") for name in plan.terms)
    unsaid = "" if options.energy_unit and not has_counters else None
    energies = [
        place
        for place in places
        if (said[place] in ENERGY_UNITS or said[place] == unsaid) and not options.power_unit
    ]
    if energies and len(energies) < len(places):
        other = next(place for place in places if place not in energies)
        raise BadInput(
            sentence(
                "{where}: {name} is an energy and {other} is a power",
                where=where,
                name=repr(titles[energies[0]].strip()),
                other=repr(titles[other].strip()),
            ),
            hint=sentence(
                "Import them one after the other: first the powers, then the energies of intervals."
            ),
        )
    return bool(energies)


def _placed(titles: Sequence[str], options: Options) -> Options:
    """Where a number is no column's name, it is the place of one."""
    there = {title.strip().lower() for title in titles}
    columns = {
        titles[int(name) - 1].strip().lower()
        if name not in there and name.isdecimal() and 1 <= int(name) <= len(titles)
        else name: target
        for name, target in options.columns.items()
    }
    return replace(options, columns=columns)


def _mapped_time(titles: Sequence[str], names: Sequence[str], options: Options) -> list[int]:
    """The columns that somebody named as the time: one, or a date and a clock."""
    mapped = {name for name, (known, _) in options.columns.items() if known == "inverter_time"}
    both = enumerate(zip(titles, names, strict=True))
    return [place for place, (title, name) in both if {name, title.strip().lower()} & mapped]


def _timed(names: Sequence[str], titles: Sequence[str], layout: Layout | None, where: str) -> ColumnPlan:
    own = [place for place, name in enumerate(names) if field_of(name) == "inverter_time"]
    if len(own) > 1:
        raise BadInput(sentence("{where}: column {name} comes twice", where=where, name=repr(titles[own[1]])))
    if own and layout is not LAYOUTS["liveone-page"]:
        return ColumnPlan((own[0],), len(titles))
    if layout is LAYOUTS["liveone-page"]:
        return ColumnPlan((names.index("from"), names.index("to")), len(titles), is_span=True)
    if {"start", "end"} <= set(names):
        return ColumnPlan((names.index("start"), names.index("end")), len(titles), is_span=True)
    if "interval_end" in names:
        return ColumnPlan((names.index("interval_end"),), len(titles))
    dates = [place for place, name in enumerate(names) if name in DATE_NAMES]
    clocks = [place for place, name in enumerate(names) if name in CLOCK_NAMES]
    if dates and clocks:
        return ColumnPlan((dates[0], clocks[0]), len(titles))
    if layout is LAYOUTS["sunny-portal"]:
        return ColumnPlan((0,), len(titles))
    bare = [" ".join(IN_UTC.sub("", name).split()) or name for name in names]
    for name in TIME_NAMES:
        if name in bare:
            return ColumnPlan((bare.index(name),), len(titles))
    if {"charged energy", "vehicle", "fahrzeug"} & set(names):
        raise BadInput(
            sentence("{where} holds charging sessions, and nothing of the house", where=where),
            hint=sentence(
                "evcc keeps the house's powers in InfluxDB: export pvPower, homePower, gridPower ..."
            ),
        )
    if "day" in names:
        raise BadInput(
            sentence("{where} holds days, not readings", where=where),
            hint=sentence(
                "Export `--kind readings` or `--kind 5m`: days follow from those and are computed anew."
            ),
        )
    raise BadInput(
        sentence("{where}: no column `inverter_time`", where=where),
        hint=sentence(
            "It holds the time of the reading. The columns are {names}. If one of them is the time: "
            '--map "NAME=inverter_time".',
            names=_listed(titles),
        ),
    )


def _targets(
    name: str, mapped: tuple[str, int] | None, layout: Layout | None, plan: ColumnPlan
) -> Sequence[tuple[str, int]]:
    if mapped:
        return [mapped]
    if layout and (targets := layout.fields.get(name)):
        return targets
    known = field_of(name)
    return [(known, 1)] if known and not (layout and layout.of_interval) else []


def _refuse_second(
    plan: ColumnPlan, title: str, targets: Sequence[tuple[str, int]], options: Options, where: str
) -> None:
    """Refuse a second column of our own name: only columns that somebody named add up to a field."""
    mapped = {known for known, _ in options.columns.values()}
    for known, _ in targets:
        if known in plan.terms or (known in mapped and known not in TIMES):
            raise BadInput(
                sentence(
                    "{where}: two columns are {column}, {name} is one of them",
                    where=where,
                    column=column_of(known),
                    name=repr(title),
                ),
                hint=sentence(
                    'If they are to be added up, name both: --map "{name}={column}".',
                    name=title,
                    column=column_of(known),
                ),
            )


def _place(
    plan: ColumnPlan, place: int, title: str, targets: Sequence[tuple[str, int]], *, is_mapped: bool
) -> None:
    if place in plan.times and not is_mapped:
        return
    if not targets:
        if name_of(title) not in IGNORED and title.strip():
            plan.ignored.append(title.strip())
        return
    for known, sign in targets:
        if known == "inverter_time":
            plan.ignored += [] if is_mapped else [title.strip()]
        elif known == "received_time":
            plan.received = place
        else:
            plan.terms.setdefault(known, []).append(Term(place, sign))


def _numbered(plan: ColumnPlan) -> Iterator[tuple[str, int, Term]]:
    for name, terms in plan.terms.items():
        for term in list(terms):
            yield name, term.place, term


def _factor(name: str, said: str, options: Options, plan: ColumnPlan) -> float:
    """What makes a column's numbers W or kWh - or Wh, where they are the energy of an interval."""
    if name in TIMES:
        return 1.0
    if plan.of_interval and not name.endswith("_kwh_total"):
        usual = plan.layout.unit if plan.layout else "kWh"
        energy = options.energy_unit or (said if said in ENERGY_UNITS else usual)
        return ENERGY_UNITS[energy] * 1000 if name.endswith("_w") else 1.0
    if name.endswith("_w"):
        return POWER_UNITS[options.power_unit or (said if said in POWER_UNITS else "W")]
    if name.endswith("_kwh_total"):
        return ENERGY_UNITS[options.energy_unit or (said if said in ENERGY_UNITS else "kWh")]
    return 1.0


def _unit_in(title: str) -> str:
    match = UNIT.search(title)
    return SPELLED.get(match[1].lower(), match[1]) if match else ""


def _refuse_unmet(unmet: Mapping[str, object], titles: Sequence[str], where: str) -> None:
    if unmet:
        raise BadInput(
            sentence("{where} has no column {name}", where=where, name=repr(next(iter(unmet)))),
            hint=sentence("It has: {names}.", names=_listed(titles)),
        )


def _listed(titles: Sequence[str]) -> str:
    more = " ..." if len(titles) > SHOWN else ""
    return ", ".join(repr(title.strip()) for title in titles[:SHOWN]) + more


def _suggestions(titles: Sequence[str]) -> str:
    for title in titles:
        if near := get_close_matches(title.lower(), FIELDS, n=1):
            return sentence("Column {name}: Did you mean {column}?", name=repr(title), column=repr(near[0]))
    known = ", ".join(column_of(name) for name in FIELDS)
    return sentence(
        'Its columns are {names}. Say what they mean: --map "NAME=COLUMN", with one of {known}.',
        names=_listed(titles),
        known=known,
    )
