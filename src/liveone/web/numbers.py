"""Numbers as the API writes them: integers from 1,000 up, else four significant digits, never -0.

``None`` and what is not a number become ``null``: a gap, not a zero. Energies of one system that others are
summed from are told to a number of decimals instead, counters as they are stored.
"""

import math
from collections.abc import Sequence

import orjson

Number = int | float
WHOLE = frozenset((int, type(None)))
EXACT_END = 2**53
"""From here on a float names no single whole number, and JSON's readers have no room for one."""

WH, MWH = 3, 6
"""Decimals of a kWh: a day's energies are told to the Wh, an interval's to the mWh, so that 288 sum up."""


def rounded(value: Number | None) -> Number | None:
    """``value`` as the API writes it: 1234.6 -> 1235, 0.123456 -> 0.1235, -0.0 -> 0, 50.0 -> 50."""
    if value is None or type(value) is int:
        return value
    if not math.isfinite(value):
        return None
    short = float(f"{value:.4g}") if abs(value) < 1000 else float(round(value))
    return exact(short)


def rounded_all(values: Sequence[Number | None]) -> Sequence[Number | None]:
    """``rounded`` of each value, in order. Whole numbers, which is what powers are, pass untouched."""
    if WHOLE.issuperset(map(type, values)):
        return values
    return [rounded(value) for value in values]


def rounded_json(values: Sequence[Number | None]) -> bytes:
    """``rounded_all`` as a JSON array. Small numbers are written in one go, at a third of the cost."""
    if WHOLE.issuperset(map(type, values)):
        return orjson.dumps(values)
    known = tuple([value for value in values if value is not None])
    if min(known) > -1000 and max(known) < 1000 and math.isfinite(sum(known)):
        pattern = "%.4g," * len(known) if len(known) == len(values) else "".join(map(_place, values))
        text = (pattern % known)[:-1]
        if "-0," not in f"{text},":
            return f"[{text}]".encode()
    return orjson.dumps(rounded_all(values))


def _place(value: Number | None) -> str:
    return "null," if value is None else "%.4g,"


def to_decimals(value: Number | None, decimals: int) -> Number | None:
    """``value`` to so many decimals: to_decimals(31.20049, 3) -> 31.2, -0.0001 -> 0."""
    return None if value is None else exact(round(value, decimals))


def exact(value: Number | None) -> Number | None:
    """``value`` with every digit it has: 25567.123 -> 25567.123, 50.0 -> 50, -0.0 -> 0."""
    if value is None or type(value) is int:
        return value
    if not math.isfinite(value):
        return None
    return int(value) if abs(value) < EXACT_END and value == int(value) else value
