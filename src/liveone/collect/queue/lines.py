"""Readings as JSON lines, the form in which they wait on disk.

Rule: what is absent in a reading is absent in its line. The raw answer is left out: it is kept of the
newest poll only, and a spool may have to hold days. Points wait with the reading that they came with.
"""

from dataclasses import asdict

import orjson

from liveone.domain.points import Point, kept_points
from liveone.domain.reading import Reading
from liveone.store.readings import Recorded


def encode(recorded: Recorded, **notes: str) -> bytes:
    """One line with its newline; ``notes`` are further text fields, such as a reason."""
    reading = {name: value for name, value in asdict(recorded.reading).items() if value is not None}
    line = {
        "system_id": recorded.system_id,
        "polled_at": recorded.polled_at,
        "reading": reading,
        "memory": dict(recorded.memory),
    }
    if points := kept_points(recorded.points):
        line["points"] = [asdict(point) for point in points]
    return orjson.dumps(line | notes, option=orjson.OPT_APPEND_NEWLINE)


def decode(line: bytes) -> Recorded | None:
    """The reading of a line, or None when the line is torn or not one of ours."""
    try:
        fields = orjson.loads(line)
        return Recorded(
            system_id=fields["system_id"],
            reading=Reading(**fields["reading"]),
            raw=None,
            memory=fields["memory"],
            polled_at=fields["polled_at"],
            points=tuple(Point(**point) for point in fields.get("points", ())),
        )
    except (ValueError, TypeError, KeyError):
        return None
