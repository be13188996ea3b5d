"""The columns of a file of readings: the database's names, the house's names, and select.live's."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime
from difflib import get_close_matches
from math import isfinite
from typing import Any

import orjson

from liveone.domain.reading import Reading
from liveone.errors import BadInput

FIELDS = tuple(field.name for field in fields(Reading))
"""The fields of a Reading, in order; rows of readings have this form."""

EXPORTED = {"battery_soc_pct": "battery_soc", "fault_at": "fault_timestamp"}
"""Where a file uses the database's name instead of the Reading's."""

ALIASES = {
    "battery_soc": "battery_soc_pct",
    "fault_timestamp": "fault_at",
    "fault_ts": "fault_at",
    "gen_status": "generator_status",
    "solarinverter_w": "solar_inverter_w",
    "timestamp": "inverter_time",
    **{f"{name}_wh_total": f"{name}_kwh_total" for name in ("solar", "load", "battery_in", "battery_out")},
    **{f"{name}_wh_total": f"{name}_kwh_total" for name in ("grid_in", "grid_out")},
}
"""Other names for the same columns; select.live's `*_wh_total` hold kWh in spite of their names."""

IGNORED = frozenset({"id", "system_id", "delay_seconds", "created_at"})
"""Columns of our own exports and tables that a reading does not need."""

EARLIEST_AT, LATEST_AT = 946_684_800, 4_102_444_800
"""2000-01-01 and 2100-01-01: outside, a time is a mistake (milliseconds, a reset clock)."""

LARGEST = 10**10
"""Beyond it a number is a mistake (10 GW, 10 TWh); SQLite takes no integers of more than 64 bits."""

Value = int | float | None
Row = tuple[Value, ...]
"""A reading as the values of FIELDS."""

Convert = Callable[[str], Value]


def parse_time(text: str) -> int:
    """UTC epoch seconds, or ISO 8601 with an offset; ValueError says what is wrong."""
    try:
        at = int(float(text))
    except ValueError:
        moment = _moment(text)
        if moment.tzinfo is None:
            raise ValueError(f"time {text!r} has no offset from UTC") from None
        at = int(moment.timestamp())
    if not EARLIEST_AT <= at < LATEST_AT:
        raise ValueError(f"time {text!r} is not between the years 2000 and 2100 (epoch seconds are expected)")
    return at


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.strip().replace(" ", "T"))
    except ValueError:
        raise ValueError(f"time {text!r} is neither epoch seconds nor ISO 8601") from None


def time_or_absent(text: str) -> int | None:
    """A time as ``parse_time`` reads it; empty is absent."""
    return parse_time(text) if text else None


def whole(text: str) -> int | None:
    """A whole number; fractions are rounded; empty is absent."""
    if not text:
        return None
    try:
        value = int(text)
    except ValueError:
        return round(_finite(text))
    return int(_believed(value, text))


def number(text: str) -> float | None:
    """A finite number; empty is absent."""
    return _finite(text) if text else None


def _finite(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{text[:40]!r} is not a number") from None
    if value - value != 0:
        raise ValueError(f"{text[:40]!r} is not a number")
    return _believed(value, text)


def _believed(value: float, text: str) -> float:
    if abs(value) > LARGEST:
        raise ValueError(f"{text[:40]} is too large to be true")
    return value


def converter(field: str) -> Convert:
    """How a column's text becomes its field's value."""
    if field in ("inverter_time", "received_time"):
        return time_or_absent
    return number if field == "battery_soc_pct" or field.endswith("_kwh_total") else whole


def convert_columns(rows: Sequence[Sequence[str]], width: int, places: Sequence[int]) -> list[Row] | None:
    """Rows of text as readings, or None where a single one is bad: then ``converter`` tells which and why.

    ``places`` as from match_header. Gives what ``converter`` gives cell by cell, in less than half the time.
    """
    try:
        cells = list(zip(*rows, strict=True))
        if len(cells) != width:
            return None
        absent: Sequence[Value] = [None] * len(rows)
        columns = [
            absent if place < 0 else _convert_column(field, cells[place])
            for field, place in zip(FIELDS, places, strict=True)
        ]
    except (ValueError, OverflowError):
        return None
    taken, received = columns[:2]
    if None in taken:
        return None
    if None in received:
        columns[1] = [at if got is None else got for at, got in zip(taken, received, strict=True)]
    return list(zip(*columns, strict=True))


def _convert_column(field: str, texts: Sequence[str]) -> Sequence[Value]:
    """All cells of a column; ValueError or OverflowError where one of them is bad."""
    if not any(texts):
        return [None] * len(texts)
    convert = converter(field)
    values = _plain_numbers(texts, convert)
    if values is None or _is_doubtful(values, convert):
        return [convert(text) for text in texts]
    return values


def _plain_numbers(texts: Sequence[str], convert: Convert) -> Sequence[int | float] | None:
    """The numbers of a column that holds nothing else, None of any other: JSON's parser reads them all at
    once, four times as fast. It takes less than ``int`` and ``float`` do, but for ``true`` and ``false``.
    """
    joined = ",".join(texts)
    if "e" in joined:
        return None
    try:
        values: list[int | float] = orjson.loads(f"[{joined}]")
        is_whole = type(sum(values)) is int
    except (ValueError, TypeError):
        return None
    if len(values) != len(texts) or (convert is not number and not is_whole):
        return None
    return list(map(float, values)) if convert is number else values


def _is_doubtful(values: Sequence[Any], convert: Convert) -> bool:
    """Whether plain numbers need a closer look: too large, not a number, or no time of this century."""
    if convert is time_or_absent:
        return bool(min(values) < EARLIEST_AT or max(values) >= LATEST_AT)
    return max(values) > LARGEST or min(values) < -LARGEST or not isfinite(sum(values))


def match_header(header: Sequence[str], where: str) -> list[int]:
    """For each field of a Reading the index of its column, or -1 where the file has none.

    Raises BadInput for unknown or repeated columns and where there is no time.
    """
    places: dict[str, int] = {}
    if len(header) == 1 and (other := next((mark for mark in ";\t|" if mark in header[0]), "")):
        raise BadInput(
            f"{where}: columns are divided by {other!r}",
            hint="Divide them by commas, and write fractions with a point: 75.5.",
        )
    for index, title in enumerate(header):
        name = title.strip().lower()
        if name in IGNORED:
            continue
        field = ALIASES.get(name, name)
        if field not in FIELDS:
            raise BadInput(f"{where}: unknown column {title!r}", hint=_suggest(field))
        if field in places:
            raise BadInput(f"{where}: column {title!r} comes twice")
        places[field] = index
    if "inverter_time" not in places:
        raise BadInput(f"{where}: no column `inverter_time`", hint="It holds the time of the reading.")
    return [places.get(field, -1) for field in FIELDS]


def _suggest(name: str) -> str:
    near = get_close_matches(name, FIELDS, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Known columns: {', '.join(FIELDS)}."
