"""What parsers of many makes need of an answer. Pure. What is not a number is None, and never zero."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from liveone.domain.points import Point
from liveone.vendors.numbers import number

WIDEST = 1e15
"""No quantity of a house is larger, in any unit."""


DECIMALS = 6
"""What a factor of 0.1 or 1000 leaves behind in binary is rounded off."""


def quantity(value: object) -> float | None:
    """A number of any size that a device may send, else None."""
    return number(value, -WIDEST, WIDEST)


def total(values: Iterable[object]) -> float | None:
    """The sum of numbers; None where there are none, or where one is none."""
    found = [quantity(value) for value in values]
    known = [value for value in found if value is not None]
    return sum(known) if known and len(known) == len(found) else None


def mean(values: Iterable[object]) -> float | None:
    """The mean of numbers; None where there are none, or where one is none."""
    found = list(values)
    added = total(found)
    return None if added is None else added / len(found)


def points(*wanted: tuple[str, str, str, object]) -> tuple[Point, ...]:
    """Those of ``(key, name, unit, value)`` whose value is a number, to DECIMALS."""
    return tuple(
        Point(key, name, unit, round(found, DECIMALS))
        for key, name, unit, value in wanted
        if (found := quantity(value)) is not None
    )


def objects(value: object) -> list[Mapping[str, Any]]:
    """The JSON objects of a list, or of the values of an object; none where it is neither."""
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return [each for each in inner if isinstance(each, Mapping)]


def instant(text: object) -> float | None:
    """An ISO time with its offset as UTC epoch seconds; None where it is none, or names no offset."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return None if found.tzinfo is None else found.astimezone(UTC).timestamp()
