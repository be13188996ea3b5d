"""The log of readings that came in behind newer ones of their system.

Rule: the transaction that writes such readings notes them, so that who follows a system by time misses none.
"""

import json
from collections.abc import Iterable, Sequence
from typing import cast

from liveone.store.ranges import Range, joined
from liveone.store.store import Query, Store

NEAR_S = 3_600
"""Late readings that lie closer than this are noted as one span."""
SPANS_KEPT = 10_000


def noting_late(keys: Iterable[tuple[int, int]]) -> list[Query]:
    """The steps of a write, before its readings ``(system_id, inverter_time)``, that note the late ones."""
    spans = joined([(system_id, at - 1, at) for system_id, at in keys], NEAR_S)
    noted = [Query("late_add", (json.dumps(spans),)), Query("late_prune", (SPANS_KEPT,))]
    return [Query("late_table"), *noted]


def spans_after(store: Store, span_id: int) -> Sequence[tuple[int, Range]]:
    """The spans noted after the one with that id, each with its id."""
    rows = store.read("late_after", span_id) if _is_noted(store) else []
    return [(cast(int, row[0]), cast(Range, row[1:])) for row in rows]


def newest_span(store: Store) -> int:
    """The id of the span that was noted last; 0 where there is none."""
    return cast(int, store.read("late_newest")[0][0]) if _is_noted(store) else 0


def _is_noted(store: Store) -> bool:
    return bool(store.read("late_tables"))
