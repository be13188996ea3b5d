"""What a page says before its script runs: the newest values as text in the reader's language.

The script writes the same texts (``js/core/format.js``) again within the second and keeps them true.
"""

from collections.abc import Mapping
from typing import Any

from liveone.web.shell import NOTHING

COMMAS = ("de",)
"""Languages that write 3,12."""


def values(data: Mapping[str, Any], language: str) -> dict[str, str]:
    """Texts by placeholder name, from an answer of ``/api/data`` (or its error, which has fewer)."""
    found = {"name": str(data.get("displayName") or "LiveOne")}
    latest = data.get("latest")
    if not isinstance(latest, Mapping):
        return found | {"problem": str(data.get("error", ""))}
    power, level = latest["power"], latest["soc"]["battery"]
    for key in ("solar", "load", "battery", "grid", "losses"):
        found[key] = watts(power[f"{key}W"], language)
    found["soc"] = NOTHING if level is None else f"{decimal(level, 0, language)} %"
    found["time"] = str(latest["timestamp"])[11:16]
    return found


def watts(power_w: float | None, language: str) -> str:
    """``723 W``, ``3.12 kW``; a minus sign where it is below zero."""
    if power_w is None:
        return NOTHING
    size = abs(power_w)
    text = f"{decimal(size, 0, language)} W"
    if size >= 1000:
        text = f"{decimal(size / 1000, 2 if size < 10_000 else 1, language)} kW"
    return f"\u2212{text}" if power_w < 0 and round(size) else text


def decimal(value: float, digits: int, language: str) -> str:
    text = f"{value:.{digits}f}"
    return text.replace(".", ",") if language in COMMAS else text
