"""Numbers as people and their programs write them: decimal comma, thousands apart, words for nothing."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from liveone.errors import sentence

ABSENT = frozenset(
    (
        *(
            "",
            "-",
            "--",
            "\u2013",
            "\u2014",
            "..",
            "...",
            "?",
            "none",
            "null",
            "nil",
            "nan",
            "na",
            "n/a",
            "n.a.",
        ),
        *("no ct", "unavailable", "unknown", "undefined", "missing", "#n/a", "#nv", "#value!", "#wert!"),
    )
)
"""Cells, in small letters, that say that a value is not there."""

MEASURED = re.compile(r"[+\-\u2212]?\d[\d\s.,:;/+\-'TZ]{0,40}(?:[kM]?Wh?|%|V|A|Hz|[AaPp][Mm])?")
"""A number, perhaps with its unit, or a time."""
_PLAIN = re.compile(r"[+-]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_GROUPED = {
    ".": re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?", re.ASCII),
    ",": re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+(?:,\d*)?", re.ASCII),
}
_WITH_COMMA = re.compile(r"[+-]?\d[\d.]*,\d+", re.ASCII)
_SURELY_COMMA = re.compile(r"[+-]?(?:\d+,(?!\d{3}$)\d+|0,\d+|\d{4,},\d+|\d{1,3}(?:\.\d{3})+,\d+)", re.ASCII)
_SURELY_POINT = re.compile(r"[+-]?(?:\d+\.(?!\d{3}$)\d+|0\.\d+|\d{1,3}(?:,\d{3})+\.\d+)", re.ASCII)
_UNIT = re.compile(r"(?<=[\d.,])\s{0,9}([kM]?Wh?)")
"""Behind a number: ``1,234W``, ``5.12kWh``."""
_SPACES = str.maketrans(
    {" ": None, "\u00a0": None, "\u202f": None, "\u2009": None, "'": None, "\u2019": None}
)
_MINUS = str.maketrans({"\u2212": "-"})
SCALED_DECIMALS = 9
UNIT_CHARS_MAX = 12


def is_absent(text: str) -> bool:
    """Whether a cell says that there is no value."""
    return not text or text.strip().lower() in ABSENT


@dataclass(frozen=True, slots=True)
class Numbers:
    """Reads numbers whose fractions begin at ``decimal``: a point or a comma."""

    decimal: str = "."

    def read(self, text: str) -> float:
        """A finite number. Raises ValueError with the text."""
        plain = text.translate(_MINUS).strip()
        if not _PLAIN.fullmatch(plain) or (self.decimal == "," and "." in plain):
            plain = self._plain(_bare(text))
        if not _PLAIN.fullmatch(plain):
            raise ValueError(sentence("{text} is not a number", text=repr(text[:40])))
        value = float(plain)
        if value - value != 0:
            raise ValueError(sentence("{text} is not a number", text=repr(text[:40])))
        return value + 0.0

    def _plain(self, text: str) -> str:
        if _GROUPED[self.decimal].fullmatch(text):
            text = text.replace("," if self.decimal == "." else ".", "")
        elif self.decimal == "," and "." in text:
            return ""
        return text.replace(",", ".") if self.decimal == "," else text


def apart(cell: str) -> tuple[str, str]:
    """A cell without the unit of energy or power behind its number, and that unit (empty: there is none)."""
    text = cell.rstrip()
    found = None if text[-1:].isdigit() else _UNIT.search(text, max(0, len(text) - UNIT_CHARS_MAX))
    return (text[: found.start()], found[1]) if found and found.end() == len(text) else (cell, "")


def decimal_of(cells: Iterable[str], delimiter: str) -> str:
    """Whether fractions begin at a comma, by some cells of a file: never where commas divide columns. Three
    digits behind a comma may be thousands: then cells decide that can be read one way only."""
    if delimiter == ",":
        return "."
    numbers = [_bare(apart(cell)[0]) for cell in cells]
    if any(_SURELY_COMMA.fullmatch(number) for number in numbers):
        return ","
    if any(_SURELY_POINT.fullmatch(number) for number in numbers):
        return "."
    return "," if any(_WITH_COMMA.fullmatch(number) for number in numbers) else "."


def scaled(number: float, factor: float) -> float:
    """A number in another unit, to its last decimal: 5018083 Wh are 5018.083 kWh, not 5018.0830000000005."""
    return number * factor if abs(factor) == 1 else round(number * factor, SCALED_DECIMALS)


def _bare(text: str) -> str:
    """A number without what people put around and between its digits."""
    return text.translate(_MINUS).strip().removesuffix("%").translate(_SPACES)
