"""A history as a table with a row an interval, for Grafana's Infinity, Node-RED and spreadsheets.

Columns are named like quantities in ``docs/names.md``, with their units. A cell is a time, a number,
``true``, ``false`` or empty. Text from elsewhere is never in it, so a spreadsheet has no formula to run.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from liveone.domain.zones import Zone
from liveone.web.answers import Tagged
from liveone.web.history.intervals import HistoryColumns, numbers, tag
from liveone.web.history.ranges import Window
from liveone.web.history.series import SeriesValues

CSV = "text/csv; charset=utf-8"


def as_rows(answered: HistoryColumns) -> Tagged:
    """``{"success", "columns", "rows"}``: each row an object by column name."""
    columns = _columns(answered)
    names = list(columns)
    rows = [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    body = orjson.dumps({"success": True, "columns": names, "rows": rows})
    return Tagged(body, tag(body, {}))


def as_csv(answered: HistoryColumns) -> Tagged:
    """RFC 4180 with a first line of column names; an absent value is an empty cell."""
    columns = _columns(answered)
    lines = [",".join(columns), *_lines(columns.values())]
    body = "".join(f"{line}\r\n" for line in lines).encode()
    return Tagged(body, tag(body, {}))


def _lines(columns: Any) -> Iterator[str]:
    for row in zip(*columns, strict=True):
        yield ",".join(_cell(value) for value in row)


def _cell(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _columns(answered: HistoryColumns) -> dict[str, Sequence[Any]]:
    starts, ends = _times(answered.window, answered.source.zone)
    found: dict[str, Sequence[Any]] = {"start": starts, "end": ends}
    found |= {field.title: numbers(field, values.data) for field, values in answered.series}
    return found | {
        f"{field.title}_estimated": _flags(values)
        for field, values in answered.series
        if values.estimated is not None
    }


def _flags(values: SeriesValues) -> list[bool]:
    estimated = set(values.estimated or ())
    return [index in estimated for index in range(len(values.data))]


def _times(window: Window, zone: Zone) -> tuple[list[str], list[str]]:
    """The beginning and the end of each interval, at the system's offset."""
    if not window.in_days:
        edges = range(window.start_at, window.end_at + 1, window.step_s)
        texts = [zone.iso(at) for at in edges]
    else:
        days = window.days()[:: window.days_each]
        texts = [zone.iso(zone.bounds(day)[0]) for day in days] + [zone.iso(window.end_at)]
    return texts[:-1], texts[1:]
