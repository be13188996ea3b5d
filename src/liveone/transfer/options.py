"""How a file of readings is to be read, and what was noticed while reading it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from liveone.domain.zones import Zone
from liveone.errors import BadInput, sentence
from liveone.transfer.fields import FIELDS, LATEST_AT, column_of, field_of

ENERGY_UNITS: Mapping[str, float] = {"Wh": 0.001, "kWh": 1.0, "MWh": 1000.0}
POWER_UNITS: Mapping[str, float] = {"W": 1.0, "kW": 1000.0, "MW": 1_000_000.0}
PROBLEMS_KEPT = 1000
DAY_IN_NAME = re.compile(r"(?<!\d)(20\d\d)[-_. ]?(0[1-9]|1[0-2])[-_. ]?(0[1-9]|[12]\d|3[01])(?!\d)", re.ASCII)
PLACED = re.compile(r"\s*\d{1,3}\s*=[^=]*")
"""What a column is, by its place: ``2=solar_w``."""


@dataclass(frozen=True, slots=True)
class Options:
    """``layout`` is the name of a ready map, or ``auto``. ``columns`` maps a column's name, in small letters,
    to a field of Reading and a sign. Times without an offset are of ``zone``; of ``usual_zone`` where a ready
    map knows that its times are local. Nothing is believed that was taken after ``latest_at``.
    """

    layout: str = "auto"
    columns: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    zone: Zone | None = None
    usual_zone: Zone | None = None
    energy_unit: str | None = None
    power_unit: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    date_order: str | None = None
    latest_at: int = LATEST_AT
    day: str | None = None
    """The day that the name of the file tells, for times that are clocks alone."""


@dataclass(frozen=True, slots=True)
class LineProblem:
    """What is wrong with a line of a file."""

    line: int
    reason: str


@dataclass(slots=True)
class Findings:
    """``bad`` lines hold no usable reading; in ``doubtful`` ones a value was left out and the rest was read.
    Both keep the first thousand, the counts count all. ``notes`` are sentences for whoever imports."""

    bad: list[LineProblem] = field(default_factory=list)
    bad_count: int = 0
    doubtful: list[LineProblem] = field(default_factory=list)
    doubtful_count: int = 0
    notes: list[str] = field(default_factory=list)
    columns: tuple[str, ...] = ()
    """The columns of ``readings`` that the file has."""

    def refuse(self, line: int, reason: str) -> None:
        self.bad_count += 1
        if len(self.bad) < PROBLEMS_KEPT:
            self.bad.append(LineProblem(line, reason))

    def doubt(self, line: int, reason: str) -> None:
        self.doubtful_count += 1
        if len(self.doubtful) < PROBLEMS_KEPT:
            self.doubtful.append(LineProblem(line, reason))

    def note(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes.append(sentence)

    def first(self) -> LineProblem | None:
        """The first line with something wrong in it."""
        return min([*self.bad[:1], *self.doubtful[:1]], key=lambda each: each.line, default=None)


def day_named(name: str) -> str | None:
    """The day, YYYY-MM-DD, in the name of a file: ``Energy_Balance_2026_06_01.csv``."""
    match = DAY_IN_NAME.search(name)
    return "-".join(match.groups()) if match else None


def read_maps(texts: tuple[str, ...]) -> dict[str, tuple[str, int]]:
    """``NAME=FIELD`` or ``FIELD=NAME`` as ``Options.columns``; ``-`` before the field turns the sign. Places
    instead of names may stand in one text: ``1=timestamp,2=solar_w``.

    Raises BadInput where neither side is a field, or the name is given twice.
    """
    found: dict[str, tuple[str, int]] = {}
    for part in (part for text in texts for part in _parts(text)):
        name, target = _sides(part)
        if name in found:
            raise BadInput(sentence("--map names the column {name} twice", name=repr(name)))
        found[name] = target
    return found


def _parts(text: str) -> list[str]:
    parts = text.split(",")
    return parts if all(PLACED.fullmatch(part) for part in parts) else [text]


def _sides(text: str) -> tuple[str, tuple[str, int]]:
    left, is_divided, right = text.rpartition("=")
    for name, target in ((left, right), (right, left)) if is_divided else ():
        sign = -1 if target.strip().startswith("-") else 1
        known = field_of(target.strip().lstrip("+-").lower())
        if known and name.strip():
            return name.strip().lower(), (known, sign)
    names = ", ".join(column_of(name) for name in FIELDS)
    raise BadInput(
        sentence("--map {text} names no column of LiveOne", text=repr(text)),
        hint=sentence('Write --map "NAME IN THE FILE=COLUMN", with one of: {names}.', names=names),
    )
