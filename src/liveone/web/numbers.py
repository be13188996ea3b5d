"""Numbers as the API writes them: integers from 1,000 up, else four significant digits, never -0.

``None`` and what is not a number become ``null``: a gap, not a zero. Energies of one system that others are
summed from are told to a number of decimals instead, counters as they are stored.
"""

import math
from collections.abc import Sequence

Number = int | float
WHOLE = frozenset((int, type(None)))
WH, MWH = 3, 6
"""Decimals of a kWh: a day's energies are told to the Wh, an interval's to the mWh, so that 288 sum up."""


def rounded(value: Number | None) -> Number | None:
    """``value`` as the API writes it: 1234.6 -> 1235, 0.123456 -> 0.1235, -0.0 -> 0, 50.0 -> 50."""
    if value is None or type(value) is int:
        return value
    if not math.isfinite(value):
        return None
    short = float(f"{value:.4g}") if abs(value) < 1000 else float(round(value))
    return int(short) if short.is_integer() else short


def rounded_all(values: Sequence[Number | None]) -> Sequence[Number | None]:
    """``rounded`` of each value, in order. Whole numbers, which is what powers are, pass untouched; small
    ones are written in one go, which takes a third of the time."""
    if WHOLE.issuperset(map(type, values)):
        return values
    known = [value for value in values if value is not None]
    if not all(-1000 < value < 1000 for value in known):
        return [rounded(value) for value in values]
    texts = ("%.4g " * len(known) % tuple(known)).split()
    short = [float(text) if "." in text or "e" in text else int(text) for text in texts]
    if len(short) == len(values):
        return short
    following = iter(short)
    return [None if value is None else next(following) for value in values]


def to_decimals(value: Number | None, decimals: int) -> Number | None:
    """``value`` to so many decimals: to_decimals(31.20049, 3) -> 31.2, -0.0001 -> 0."""
    return None if value is None else exact(round(value, decimals))


def exact(value: Number | None) -> Number | None:
    """``value`` with every digit it has: 25567.123 -> 25567.123, 50.0 -> 50, -0.0 -> 0."""
    if value is None or type(value) is int:
        return value
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() else value  # type: ignore[union-attr]
