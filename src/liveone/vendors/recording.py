"""A recording of a device that its owner can send: what it answered, without who and where he is. Pure.

Rule: what tells a person or a place (secrets, names, addresses, serial numbers, coordinates) is masked letter
for letter, so that an answer keeps its shape and still means the same reading.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from liveone import __version__
from liveone.vendors.redact import redact_text

_PERSONAL = re.compile(
    r"serial|(^|_)sn$|^mac|mac$|uuid|guid|imei|ssid|e-?mail|user|owner|name$|street|city|address|post.?code|zip"
    r"|^lat|^lon|^lng|phone|^ip$|_ip$|^host|token|pass|secret|key$|cookie|session|auth|equipment_id|eui",
    re.IGNORECASE,
)
"""Keys whose values are of a person, a place or one device."""

_MAC = re.compile(r"\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b", re.IGNORECASE)
_IPV4 = re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b")
_LONG_NUMBER = re.compile(r"(?<![.\w])(?=(?:[A-Z]{0,20}\d){9})[A-Z0-9]{9,}\b", re.IGNORECASE)
"""A serial number or a meter's number in the middle of a text: a word with nine digits or more."""

TEXT_CHARS_MAX = 200_000
DEPTH_MAX = 30


def recording_of(
    vendor_type: str,
    answers: Mapping[str, Any],
    *,
    reading: Mapping[str, Any] | None,
    error: str,
    secrets: Iterable[str] = (),
) -> dict[str, Any]:
    """A recording as it is written to a file: ``answers`` by path, or by the names of an adapter's questions.

    ``reading`` is what LiveOne made of them, for the owner to compare; without one ``error`` says why.
    """
    known = tuple(filter(None, secrets))
    return {
        "vendor_type": vendor_type,
        "liveone": __version__,
        "answers": {masked_text(name, known): masked(value, known) for name, value in answers.items()},
        "reading": reading,
        "error": masked_text(redact_text(error, known), known),
    }


def masked(value: Any, secrets: tuple[str, ...] = (), *, depth: int = DEPTH_MAX) -> Any:
    """The same JSON value without what is personal; a text that holds JSON is looked into."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        return _text(value, secrets, depth)
    if depth == 0:
        return None
    if isinstance(value, Mapping):
        return {
            str(key): _hidden(inner, depth)
            if _PERSONAL.search(str(key))
            else masked(inner, secrets, depth=depth - 1)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [masked(inner, secrets, depth=depth - 1) for inner in value]
    return value


def masked_text(text: str, secrets: tuple[str, ...] = ()) -> str:
    """A text without what is personal in it, wherever that stands."""
    found = text[:TEXT_CHARS_MAX]
    for secret in sorted(secrets, key=len, reverse=True):
        found = found.replace(secret, _mask(secret))
    for pattern in (_MAC, _IPV4, _LONG_NUMBER):
        found = pattern.sub(lambda match: _mask(match[0]), found)
    return found


def _text(text: str, secrets: tuple[str, ...], depth: int) -> Any:
    stripped = text.strip()
    if stripped[:1] in ("{", "["):
        try:
            return masked(json.loads(stripped), secrets, depth=depth - 1)
        except (ValueError, RecursionError):
            pass
    return masked_text(text, secrets)


def _hidden(value: Any, depth: int) -> Any:
    """Of a personal value its shape: letters and digits are others, numbers of a place are 0."""
    if isinstance(value, str):
        return _mask(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return int("1" * len(str(abs(value)))) if isinstance(value, int) else 0.0
    if isinstance(value, Mapping) and depth > 0:
        return {str(key): _hidden(inner, depth - 1) for key, inner in value.items()}
    if isinstance(value, list) and depth > 0:
        return [_hidden(inner, depth - 1) for inner in value]
    return None


def _mask(text: str) -> str:
    return "".join("1" if each.isdigit() else "x" if each.isalpha() else each for each in text)
