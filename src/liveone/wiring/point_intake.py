"""Points that sources send by themselves: made where they are new, and those of the past recorded at once.

Rule: points are merged with nothing, so none comes too late, in whatever house. What is of now becomes part
of the next poll, as the fields of a reading do.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from liveone.domain.averages import Timed, averaged
from liveone.domain.points import MOST_POINTS, PointAddress, address_of, sent_points
from liveone.domain.sources import HouseSource
from liveone.domain.zones import zone_of
from liveone.errors import BadInput
from liveone.store import changes, points, systems
from liveone.store.database import CannotHold
from liveone.store.points import PointValue
from liveone.store.store import Store

ROWS_AT_ONCE = 5_000

Moments = Mapping[int, Mapping[str, Any]]
"""What was sent, by its instant (UTC epoch seconds)."""


def meet_sent(store: Store, source: HouseSource, moments: Moments) -> Mapping[PointAddress, int]:
    """The ids of the points among what was sent; new ones are made.

    Raises CannotHold before plan 0006, BadInput for points beyond those that a system may have.
    """
    names = {name: value for values in moments.values() for name, value in values.items()}
    told = sent_points(names, source.name)
    if not told:
        return {}
    if len(told) > MOST_POINTS:
        raise _too_many(told[-1].key)
    found = points.meet(store, [(source.system_id, point) for point in told])
    ids = {address: point_id for (_, address), point_id in found.items()}
    if not store.shape.keeps_points:
        raise CannotHold(f"database {store.database.label} cannot keep points yet", hint=points.UPGRADE_FIRST)
    if missing := [point.key for point in told if address_of(point) not in ids]:
        raise _too_many(missing[0])
    return ids


def _too_many(key: str) -> BadInput:
    return BadInput(
        f"{key!r} is one point too many: a system has at most {MOST_POINTS:,}",
        hint="Send fewer, under keys that stay the same.",
    )


def record_past(store: Store, source: HouseSource, past: Moments, ids: Mapping[PointAddress, int]) -> None:
    """One value of each point for each span of the cadence that has none yet, but for what is excluded."""
    system = systems.get_system(store, source.system_id)
    if system is None or not ids:
        return
    told = _by_span(past, source, ids, store.cadence_s)
    taken = points.spans_taken(store, list(told), store.cadence_s)
    out = [each for each in changes.exclusions(store, system.id) if not each.fields]
    rows = [
        row
        for key, row in told.items()
        if key not in taken and not any(each.from_at < row[1] <= each.to_at for each in out)
    ]
    for first in range(0, len(rows), ROWS_AT_ONCE):
        points.record_values(store, zone_of(system), rows[first : first + ROWS_AT_ONCE])


def spans_of(past: Moments, span_s: int) -> dict[int, list[Timed]]:
    """The moments of each span of ``span_s`` seconds, by its end; they ascend."""
    spans: defaultdict[int, list[Timed]] = defaultdict(list)
    for at in sorted(past):
        spans[-(-at // span_s) * span_s].append((at, past[at]))
    return dict(sorted(spans.items()))


def _by_span(
    past: Moments, source: HouseSource, ids: Mapping[PointAddress, int], span_s: int
) -> dict[tuple[int, int], PointValue]:
    """The value of each point in each span, by point and the span's end."""
    found: dict[tuple[int, int], PointValue] = {}
    for end_at, samples in spans_of(past, span_s).items():
        values = averaged(samples, start_at=end_at - span_s, end_at=end_at)
        for point in sent_points(values, source.name):
            point_id = ids[address_of(point)]
            found[point_id, end_at] = point_id, samples[-1][0], point.value
    return found
