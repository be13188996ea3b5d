"""Spans of time as people name them: two local days, or two instants, both included."""

import re

from liveone.domain.zones import Zone
from liveone.errors import BadInput, sentence
from liveone.transfer.times import TimeReader

DAY = re.compile(r"\d{4}-\d\d-\d\d")


def read_span(first: str, last: str, zone: Zone) -> tuple[int, int]:
    """``(from_at, to_at]``, UTC epoch seconds. Raises BadInput."""
    from_at = zone.bounds(first)[0] if DAY.fullmatch(first) else _instant(first, zone) - 1
    to_at = zone.bounds(last)[1] if DAY.fullmatch(last) else _instant(last, zone)
    if from_at >= to_at:
        raise BadInput(
            sentence("{first} is after {last}", first=first, last=last),
            hint=sentence("The first comes first; both are included."),
        )
    return from_at, to_at


def _instant(text: str, zone: Zone) -> int:
    try:
        return TimeReader(zone).read(text)
    except ValueError as error:
        hint = "Write a day, 2025-08-17, or an instant, 2025-08-17T10:00:00."
        raise BadInput(str(error), hint=hint) from None
