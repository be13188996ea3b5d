"""Ranges of 5-minute intervals that a write touches: ``(system_id, from_at, to_at)``, from exclusive."""

import json
from collections.abc import Iterable, Sequence

from liveone.domain.intervals import INTERVAL_S
from liveone.store.store import Query, Store

Range = tuple[int, int, int]


def ranges_of(system_id: int, ends: Iterable[int]) -> list[Range]:
    """The intervals of one system that end at ``ends``, as ranges; adjacent ones are joined."""
    return joined([(system_id, end - INTERVAL_S, end) for end in ends], within_s=0)


def joined(ranges: Sequence[Range], within_s: int) -> list[Range]:
    """The ranges, ascending; those of one system that are at most ``within_s`` apart are joined.

    A query for one range may cost as much as one for all around it, so thousands of lone intervals must not
    be queried one by one.
    """
    found: list[Range] = []
    for system_id, from_at, to_at in sorted(ranges):
        if found and found[-1][0] == system_id and from_at - found[-1][2] <= within_s:
            found[-1] = (system_id, found[-1][1], max(found[-1][2], to_at))
        else:
            found.append((system_id, from_at, to_at))
    return found


def aligned(system_id: int, start_at: int, end_at: int) -> Range:
    """The range of whole intervals that hold the instants in ``(start_at, end_at]``."""
    return system_id, start_at // INTERVAL_S * INTERVAL_S, -(-end_at // INTERVAL_S) * INTERVAL_S


def aggregate_steps(store: Store, ranges: Sequence[Range]) -> list[Query]:
    """The steps of a write that bring the 5-minute rows of ``ranges`` up to date with raw rows."""
    asked = json.dumps(ranges)
    return [Query("aggregate_5m_open", (asked,)), Query("aggregate_5m", (asked, store.cadence_s))]
