"""Numbers as the API writes them: integers from 1,000 up, else four significant digits, never -0.

``None`` and what is not a number become ``null``: a gap, not a zero.
"""

import math
from collections.abc import Sequence

Number = int | float
WHOLE = frozenset((int, type(None)))


def rounded(value: Number | None) -> Number | None:
    """``value`` as the API writes it: 1234.6 -> 1235, 0.123456 -> 0.1235, -0.0 -> 0, 50.0 -> 50."""
    if value is None or type(value) is int:
        return value
    if not math.isfinite(value):
        return None
    short = float(f"{value:.4g}") if abs(value) < 1000 else float(round(value))
    return int(short) if short.is_integer() else short


def rounded_all(values: Sequence[Number | None]) -> Sequence[Number | None]:
    """``rounded`` of each value, in order. Whole numbers, which is what powers are, pass untouched."""
    if WHOLE.issuperset(map(type, values)):
        return values
    return [rounded(value) for value in values]
