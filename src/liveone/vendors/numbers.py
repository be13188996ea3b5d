"""Numbers of an answer, taken with care: what is not a sensible number is None, and never zero.

Accepted: JSON numbers, and plain decimal text (``"12.5"``). Refused: true and false, NaN, infinity,
other text (``"12,5"``, ``"1_000"``, ``""``), and whatever lies outside the range given.
"""

import math
import re

_DECIMAL = re.compile(r"[+-]?\d{1,20}(?:\.\d{1,20})?(?:[eE][+-]?\d{1,3})?", re.ASCII)


def number(value: object, lowest: float, highest: float) -> float | None:
    """``value`` as a float within [lowest, highest], else None."""
    if isinstance(value, str) and _DECIMAL.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # Devices send -0.0; the sum with 0 has no sign.
    return float(value) + 0.0 if lowest <= value <= highest and math.isfinite(value) else None


def whole(value: object, lowest: int, highest: int) -> int | None:
    """``value`` as an int within [lowest, highest]; None also where it has a fraction."""
    found = number(value, lowest, highest)
    return int(found) if found is not None and found.is_integer() else None


def whole_watts(power_w: float | None) -> int | None:
    """Rounded to whole watts, half away from zero, as SQLite's round() does; None stays None."""
    return None if power_w is None else int(math.copysign(math.floor(abs(power_w) + 0.5), power_w))
