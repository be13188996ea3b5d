"""The portal's other answers: the lists of systems, the system page, and the LAN box's devices. Pure."""

import re
from collections.abc import Mapping, Sequence
from html import unescape
from typing import Any

from liveone.domain.system import SystemInfo
from liveone.vendors.base import Site

LABELS = {
    "SP PRO Model:": "model",
    "SP PRO Serial:": "serial",
    "SP PRO Ratings:": "ratings",
    "Solar Size:": "solar_size",
    "Battery Size:": "battery_size",
}
TEXT_MAX = 100
LOOKED_AT_MAX = 1_000
"""Characters of one text that are looked at."""

PAGE_MAX = 50_000
"""Characters of a page that are looked at."""

_UNSEEN = re.compile(r"<(?:(script|style)\b|!--)", re.IGNORECASE)
_ENDS = {
    "script": re.compile(r"</script\s*>", re.IGNORECASE),
    "style": re.compile(r"</style\s*>", re.IGNORECASE),
    "": re.compile("-->"),
}
_TAG = re.compile(r"<[^<>]*>")
_DEVICE_ID = re.compile(r"[0-9a-fA-F]{32}")


def sites_of(answer: Mapping[str, Any], vendor_type: str) -> list[Site]:
    """The sites in an answer of ``/systems/list/...``; entries without ``did`` are left out."""
    systems = answer.get("systems")
    entries = systems if isinstance(systems, list) else []
    return [
        Site(vendor_type, str(did)[:TEXT_MAX], _text(entry.get("name")) or str(did))
        for entry in entries
        if isinstance(entry, Mapping) and isinstance(did := entry.get("did"), int | str) and str(did).strip()
    ]


def system_info(page: str) -> SystemInfo:
    """The labelled values of a system page; what the page does not show is None."""
    texts = [_text(unescape(text[:LOOKED_AT_MAX])) for text in _TAG.split(_seen(page[:PAGE_MAX]))]
    shown = [text for text in texts if text]
    found: dict[str, str] = {}
    for index, text in enumerate(shown):
        for label, name in LABELS.items():
            if text == label and index + 1 < len(shown) and not shown[index + 1].endswith(":"):
                found.setdefault(name, shown[index + 1])
            elif text.startswith(label) and text != label:
                found.setdefault(name, text.removeprefix(label).strip())
    return SystemInfo(**found)


def _seen(page: str) -> str:
    """The page without its scripts, styles and comments; one that never ends hides all that follows."""
    parts, at = [], 0
    while opening := _UNSEEN.search(page, at):
        parts.append(page[at : opening.start()])
        ending = _ENDS[(opening[1] or "").lower()].search(page, opening.end())
        at = ending.end() if ending else len(page)
    return "".join([*parts, page[at:]])


def device_ids(answer: object) -> list[str]:
    """The ids in the LAN box's list of devices."""
    entries: Sequence[object] = answer if isinstance(answer, list) else []
    ids = [entry.get("id") for entry in entries if isinstance(entry, Mapping)]
    return [found for found in ids if isinstance(found, str) and _DEVICE_ID.fullmatch(found)]


def device_name(answer: Mapping[str, Any], device_id: str) -> str:
    """What the LAN box calls a device, else its serial number, else the beginning of its id."""
    named = _text(answer.get("name")) or _text(answer.get("serial"))
    return named or f"SP PRO {device_id[:8]}"


def device_info(answer: Mapping[str, Any]) -> SystemInfo:
    """What the LAN box says of a device."""
    return SystemInfo(model=_text(answer.get("model")), serial=_text(answer.get("serial")))


def _text(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = "".join(letter if letter.isprintable() else " " for letter in str(value)[:LOOKED_AT_MAX])
    return " ".join(text.split())[:TEXT_MAX] or None
