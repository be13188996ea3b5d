"""Durations, moments, counts and sizes in text, and durations read from it: the one home of their forms."""

import re
from datetime import UTC, datetime

_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse_duration(text: str) -> float:
    """Seconds of ``500ms``, ``30s``, ``2m``, ``1h`` or ``1m30s``; ValueError for anything else."""
    parts = re.findall(r"(\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text.replace(" ", ""):
        raise ValueError(f"{text!r} is no duration; write for example 500ms, 30s, 2m or 1m30s")
    seconds = sum(float(number) * _UNITS_S[unit] for number, unit in parts)
    if seconds <= 0:
        raise ValueError(f"{text!r} is no time at all; a duration is longer than zero")
    return seconds


def format_duration(seconds: float) -> str:
    """A duration for people: ``500ms``, ``1.5s``, ``45s``, ``1m30s``, ``2h``."""
    if seconds < 1:
        return f"{seconds * 1000:g}ms"
    if seconds < 60:
        return f"{seconds:g}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "m"), (rest, "s")]
    return "".join(f"{number}{unit}" for number, unit in parts if number)


def planned(value: float | None) -> str:
    """A limit as a plan writes it: ``30s``, ``1m30s``; empty for None."""
    return "" if value is None else format_duration(value)


def seconds(value: float | None) -> str:
    """A duration in a column: ``0.9 ms``, ``12 ms``, ``3.21 s``, ``2 m 05 s``; empty for None."""
    if value is None:
        return ""
    if value < 0.01:
        return f"{value * 1000:.1f} ms"
    if value < 1:
        return f"{value * 1000:.0f} ms"
    return f"{value:.2f} s" if value < 60 else f"{int(value // 60)} m {value % 60:02.0f} s"


def moment(at: float) -> str:
    """``2026-01-05 02:15:00 UTC``."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"


def stamp(at: float) -> str:
    """A moment in the name of a file: ``20260105-021500``, UTC."""
    return f"{datetime.fromtimestamp(at, UTC):%Y%m%d-%H%M%S}"


def counted(count: int, noun: str) -> str:
    """``1 row``, ``213,942 rows``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def megabytes(count: int) -> str:
    """``1,234.5 MB``, a million bytes each."""
    return f"{count / 1e6:,.1f} MB"
