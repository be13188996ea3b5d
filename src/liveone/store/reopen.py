"""Which closed days new readings may change, so that they are closed again.

Pure arithmetic on what one read returns: days are counted in each system's own zone.
"""

import json
from collections.abc import Mapping, Sequence

from liveone.domain.zones import zone_of
from liveone.store.ranges import Range, joined
from liveone.store.store import Store
from liveone.store.systems import some_systems

NEAR_S = 60 * 86_400
"""Ranges closer than this are asked together. A day between them is closed once more for nothing, which costs
less than looking around each: an interval an hour would look 8,000 times through a year of others."""


def touched_days(store: Store, ranges: Sequence[Range], present: Mapping[int, Sequence[bool]]) -> str:
    """JSON ``[[system_id, first_day, last_day], ...]`` for the query ``reopen_days``.

    ``present`` says of each system which of the six counters its new readings have.
    """
    asked = json.dumps([(*each, *map(int, present[each[0]])) for each in joined(ranges, NEAR_S)])
    zones = {system.id: zone_of(system) for system in some_systems(store, present)}
    return json.dumps(
        [
            (system_id, zones[system_id].day_of(first), zones[system_id].day_of(last))  # type: ignore[index, arg-type]
            for system_id, first, last in store.read("readings_reach", asked)
            if system_id in zones
        ]
    )
