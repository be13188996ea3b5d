"""What a source may send: times, fields and numbers, checked; an error names the place. Pure."""

import math
import re
import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

from liveone.domain.averages import Timed
from liveone.domain.bounds import BOUNDS, YEAR_2000_AT, soon_at
from liveone.domain.points import SENT, WIDEST
from liveone.domain.sources import HouseSource
from liveone.errors import BadInput

MOST = 20_000
"""Moments in one request."""

POINTS = "points"
TELEGRAF_FIELDS = "fields"
"""Where Telegraf has the values; its ``name`` and ``tags`` may be anything."""

_KEY = re.compile(r"[\w.-]{1,80}")
TIME_NAMES = ("at", "time", "timestamp")
_WHOLE = ("fault_code", "fault_at", "generator_status")
_OFFSET = re.compile(r"(Z|[+-]\d\d:?\d\d)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SentTerms:
    """What is taken from a source: its fields, and times until now."""

    source: HouseSource
    now_at: float

    def sample(self, at: object, values: Mapping[str, object], where: str) -> Timed:
        """One moment. Raises BadInput."""
        moment = self._time(at, where)
        given = {name: value for name, value in values.items() if value is not None}
        found = {name: self._value(name, value, where) for name, value in given.items() if name != POINTS}
        found |= self._points(given.get(POINTS), where)
        if not found:
            raise BadInput(
                f"{where} has no value", hint=f"It may have: {', '.join(sorted(self.source.sent_fields))}."
            )
        return moment, found

    def _time(self, at: object, where: str) -> int:
        if at is None:
            return int(self.now_at)
        if isinstance(at, str):
            at = _instant(at, where)
        if isinstance(at, bool) or not isinstance(at, int | float) or not math.isfinite(at):
            raise BadInput(f"{where}: the time {quoted(at)} is none", hint=_TIME)
        if not at >= YEAR_2000_AT:
            raise BadInput(f"{where}: the time {quoted(at)} lies before the year 2000", hint=_TIME)
        if at > soon_at(self.now_at):
            raise BadInput(
                f"{where}: the time {quoted(at)} lies in the future",
                hint=f"{_TIME} Is the sender's clock right?",
            )
        return int(at)

    def _points(self, given: object, where: str) -> dict[str, int | float]:
        """The object ``points`` of a JSON reading."""
        if given is None:
            return {}
        if not isinstance(given, Mapping):
            raise BadInput(f"{where}: points is no JSON object", hint='Write "points": {"car_w": 7200}.')
        return {
            f"{SENT}{key}": _point(str(key), value, where)
            for key, value in given.items()
            if value is not None
        }

    def _value(self, name: str, value: object, where: str) -> int | float:
        if name.startswith(SENT):
            return _point(name.removeprefix(SENT), value, where)
        allowed = self.source.sent_fields
        if name not in allowed:
            near = get_close_matches(name[:40], sorted(allowed), n=1)
            known = f"Did you mean {near[0]}?" if near else f"It may send: {', '.join(sorted(allowed))}."
            roles = ", ".join(self.source.roles)
            raise BadInput(
                f"{where}: {quoted(name)} is no field of this source, which gives {roles or 'points'}",
                hint=f"{known} What is beyond the house's balance is sent as {SENT}{name[:40]}.",
            )
        value = _number(name, value, where)
        bound = BOUNDS[name]
        if not bound.holds(value):
            low, high = bound.lowest, bound.highest
            raise BadInput(
                f"{where}: {name} is {quoted(value)}, outside {low:,.0f} to {high:,.0f}", hint=_ABSENT
            )
        if name.endswith("_w"):
            value = math.floor(value + 0.5) if value >= 0 else -math.floor(-value + 0.5)
        elif name in _WHOLE:
            value = int(value)
        return bound.believed(value) or 0


def quoted(sent: object) -> str:
    """What was sent, in the words of an error: its beginning, however long or deep it is."""
    return reprlib.repr(sent)


def _point(key: str, value: object, where: str) -> int | float:
    if not _KEY.fullmatch(key):
        raise BadInput(
            f"{where}: {key[:90]!r} is no key of a point",
            hint="Write 1 to 80 letters, digits, _, - and dots; the end says the unit: car_w, flow_c.",
        )
    found = _number(key, value, where)
    if abs(found) > WIDEST:
        raise BadInput(f"{where}: {key} is {quoted(found)}, which no quantity of a house is", hint=_ABSENT)
    return found


def _number(name: str, value: object, where: str) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadInput(f"{where}: {name} is {quoted(value)}, and must be a number", hint=_ABSENT)
    return value


def samples_of(body: Any, terms: SentTerms) -> list[Timed]:
    """The moments in a JSON body: one object, a list of them, or ``{"readings": [...]}``; and as Telegraf's
    JSON has them, ``{"metrics": [{"fields": {...}, "timestamp": ...}]}``. Raises BadInput."""
    entries = body.get("readings", body.get("metrics", body)) if isinstance(body, Mapping) else body
    found = entries if isinstance(entries, list) else [entries]
    refuse_too_many(found)
    return [_entry(entry, terms, f"reading {number}") for number, entry in enumerate(found, 1)]


def refuse_too_many(found: Sequence[object]) -> None:
    """Raises BadInput."""
    if len(found) > MOST:
        raise BadInput(
            f"{len(found):,} readings are too many at once", hint=f"Send at most {MOST:,} in a request."
        )


def _entry(entry: object, terms: SentTerms, where: str) -> Timed:
    if not isinstance(entry, Mapping):
        raise BadInput(f"{where} is no JSON object", hint='Write {"at": 1764500000, "solar_w": 3120}.')
    at = next((entry[name] for name in TIME_NAMES if name in entry), None)
    fields = entry.get(TELEGRAF_FIELDS)
    told = fields if isinstance(fields, Mapping) else entry
    values = {str(name): value for name, value in told.items() if name not in TIME_NAMES}
    return terms.sample(at, values, where)


def _instant(text: str, where: str) -> float:
    if not _OFFSET.search(text.strip()):
        raise BadInput(f"{where}: the time {text[:40]!r} has no offset from UTC", hint=_TIME)
    try:
        return datetime.fromisoformat(text.strip()).astimezone(UTC).timestamp()
    except (ValueError, OverflowError):
        raise BadInput(f"{where}: the time {text[:40]!r} is none", hint=_TIME) from None


_TIME = "Write ISO 8601 with an offset, 2026-06-01T12:00:00Z, or seconds since 1970; left out, it is now."
_ABSENT = "Leave out what was not measured, or write null."
