"""Rows for charts: chosen columns of 5-minute rows as plain tuples, and buckets over any range.

Rule: what is returned is what is stored; a bucket without rows is absent, never invented.
"""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import orjson

from liveone.domain.aggregates import Day, FiveMinutes
from liveone.errors import BadInput
from liveone.store.store import Query, Store


def history_columns(
    store: Store, system_id: int, start_at: int, end_at: int, columns: Sequence[str]
) -> list[list[Any]]:
    """``[interval ends, *columns]``, a list each, of the intervals that end in ``(start_at, end_at]``.

    ``columns`` are names of FiveMinutes fields: ``solar_w_avg``, ``battery_soc_pct_last``, ... The order
    is the same in all lists, and nothing more is promised of it. The fast way for the API: a column
    crosses as one JSON text, in half the time of rows. Whole numbers are exact, others have 15 digits.
    Raises BadInput for an unknown column.
    """
    wanted = ("interval_end", *(_column(name) for name in columns))
    listed = ", ".join(f"json_group_array({name})" for name in wanted)
    asked = Query("history_columns", (system_id, start_at, end_at), columns=listed)
    ((texts,),) = store.snapshot([asked])
    return [orjson.loads(str(text)) for text in texts]


def day_columns(
    store: Store, system_id: int, first_day: str, last_day: str, columns: Sequence[str]
) -> list[Sequence[Any]]:
    """``[days, *columns]``, a sequence each, of the stored days from ``first_day`` to ``last_day``, both in.

    ``columns`` are names of Day fields. Most of them are energies, which JSON would take longer to write than
    rows take to cross. Raises BadInput for an unknown column.
    """
    listed = ", ".join(["day", *map(_day_column, columns)])
    rows = store.snapshot([Query("day_columns", (system_id, first_day, last_day), columns=listed)])[0]
    return list(zip(*rows, strict=True)) or [()] * (len(columns) + 1)


def buckets(  # noqa: PLR0917
    store: Store,
    system_id: int,
    start_at: int,
    end_at: int,
    step_s: int,
    columns: Sequence[str],
    offset_s: int = 0,
) -> list[tuple[Any, ...]]:
    """Rows ``(bucket_end, *columns)`` of buckets ``(end - step_s, end]`` that hold rows, oldest first.

    ``columns`` are names of FiveMinutes fields. In a bucket ``_avg`` is the mean of the rows' averages,
    ``_min`` and ``_max`` the extremes, ``_last`` the newest value, ``sample_count`` the sum. Buckets align to
    local time ``offset_s`` seconds east of UTC. Averages are floats. Raises BadInput for an unknown column or
    a step that is no multiple of 300 s.
    """
    if step_s <= 0 or step_s % 300:
        raise BadInput(f"a step of {step_s} s cannot be used", hint="Give a multiple of 300 s.")
    listed = ", ".join(_expression(_column(each)) for each in columns)
    asked = Query("buckets", (system_id, start_at, end_at, step_s, offset_s), columns=listed)
    return store.snapshot([asked])[0]


_DAY_COLUMNS = {
    field.name: field.name.replace("soc_pct", "soc")
    for field in fields(Day)
    if field.name not in ("day", "sample_count", "estimated")
}
_COLUMNS = {name: name.replace("soc_pct", "soc") for name in FiveMinutes._fields}


def _column(name: str) -> str:
    if name not in _COLUMNS:
        raise BadInput(f"{name!r} is not a column of 5-minute rows", hint=f"Known are {', '.join(_COLUMNS)}.")
    return _COLUMNS[name]


def _day_column(name: str) -> str:
    if name not in _DAY_COLUMNS:
        raise BadInput(f"{name!r} is not a column of days", hint=f"Known are {', '.join(_DAY_COLUMNS)}.")
    return _DAY_COLUMNS[name]


def _expression(column: str) -> str:
    """How a column of the rows in a bucket is summed up."""
    kind = column.rpartition("_")[2]
    if kind in ("avg", "min", "max"):
        return f"{kind}({column})"
    if kind == "last":
        stamped = f"CASE WHEN {column} IS NOT NULL THEN printf('%012d%!.17g', interval_end, {column}) END"
        return f"CAST(substr(max({stamped}), 13) AS REAL)"
    return "sum(sample_count)" if column == "sample_count" else "max(interval_end)"
