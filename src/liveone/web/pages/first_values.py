"""What a page says before its script runs: the newest values as text in the reader's language.

The script writes the same texts (``js/core/format.js``) again within the second and keeps them true;
tests/numbers.json has cases for both.
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from liveone.web.pages.shell import NOTHING

WATTS_END = 999.5
"""From here on watts are told as kilowatts."""

_POINT, _COMMA, _SPACE, _SWISS = (",", "."), (".", ","), ("\u00a0", ","), ("\u2019", ".")
MARKS = {
    "de": _COMMA,
    **dict.fromkeys(("de-AT",), _SPACE),
    **dict.fromkeys(("de-CH", "de-LI", "en-CH"), _SWISS),
    **dict.fromkeys(
        ("en-BE", "en-DE", "en-DK", "en-ES", "en-ID", "en-IT", "en-NL", "en-PL", "en-RO", "en-SI"), _COMMA
    ),
    "en-AT": _COMMA,
    **dict.fromkeys(
        ("en-CZ", "en-EE", "en-FI", "en-HU", "en-LT", "en-LV", "en-NO", "en-PT", "en-SE", "en-SK"), _SPACE
    ),
    **dict.fromkeys(("en-FR", "en-GE", "en-UA", "en-ZA"), _SPACE),
}
"""What stands between thousands and before fractions, as browsers have it, by the reader's locale or else the
language; elsewhere 1,234.5."""

SPOTS = ("solar", "load", "grid", "battery")
"""The powers on a card, in the order in which they stand there."""

CLOSE = "\u00a0"
"""Between a number and its unit no line may end."""


def values(data: Mapping[str, Any], locale: str) -> dict[str, str]:
    """Texts by placeholder name, from an answer of ``/api/data`` (or its error, which has fewer)."""
    found = {"name": str(data.get("displayName") or "LiveOne")}
    latest = data.get("latest")
    if not isinstance(latest, Mapping):
        return found | {"problem": str(data.get("error", ""))}
    power, level = latest["power"], latest["soc"]["battery"]
    for key in ("solar", "load", "battery", "grid", "losses"):
        found[key] = watts(power[f"{key}W"], locale)
    found["soc"] = pct(level, locale)
    found["time"] = str(latest["timestamp"])[11:16]
    return found


def cards(snapshot: Mapping[str, Any], locale: str) -> Sequence[Mapping[str, Any]]:
    """What ``parts/card.html`` shows of each system of the overview: id, name, powers and time as texts."""
    found = snapshot.get("cards", {})
    return [
        {
            "id": system["id"],
            "name": system["displayName"],
            "texts": {"time": ""}
            | dict.fromkeys(SPOTS, NOTHING)
            | values(found.get(str(system["id"]), {}), locale),
        }
        for system in snapshot.get("systems", ())
    ]


def watts(power_w: float | None, locale: str) -> str:
    """``723 W``, ``3.12 kW``."""
    if power_w is None:
        return NOTHING
    size = abs(power_w)
    if size < WATTS_END:
        return f"{decimal(power_w, 0, locale)}{CLOSE}W"
    return f"{decimal(power_w / 1000, 2 if size < 10_000 else 1, locale)}{CLOSE}kW"


def pct(share_pct: float | None, locale: str) -> str:
    """``63 %``."""
    return NOTHING if share_pct is None else f"{decimal(share_pct, 0, locale)}{CLOSE}%"


def decimal(value: float, digits: int, locale: str) -> str:
    """``1,234.6``. Halves are rounded away from zero, of the number as it is written, as by the script.

    What is rounded to zero has no sign.
    """
    size = Decimal(repr(abs(value))).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    thousands, fraction = MARKS.get(locale) or MARKS.get(locale.partition("-")[0], _POINT)
    text = f"{size:,}".translate(str.maketrans(",.", thousands + fraction))
    return f"\u2212{text}" if value < 0 and size else text
