"""Rows as one JSON parameter whose numbers arrive as they were.

SQLite up to 3.45 reads about one in five thousand shortest-form decimals as the neighbouring number. Written
with eighteen digits a number lies in the middle of what rounds to it, and is read exactly by every version.
"""

from collections.abc import Sequence
from math import isinf, isnan

import orjson

from liveone.store.database import StoreError, Value


def json_rows(rows: Sequence[Sequence[Value]]) -> str:
    """``[[...], ...]`` for ``json_each``. Raises StoreError for bytes and infinite numbers; NaN is NULL."""
    exact = [[_number(each) if type(each) is float else each for each in row] for row in rows]
    try:
        return orjson.dumps(exact, default=_refuse).decode()
    except orjson.JSONEncodeError as error:
        raise StoreError(f"a row cannot be written as JSON: {error}") from error


def _number(given: float) -> orjson.Fragment | None:
    text = f"{given:.18g}"
    if "." in text or "e" in text:
        return orjson.Fragment(text)
    if isnan(given):
        return None
    if isinf(given):
        raise StoreError("an infinite number cannot be written as JSON")
    return orjson.Fragment(f"{text}.0")


def _refuse(given: object) -> None:
    raise TypeError(f"{type(given).__name__} has no place in JSON")
