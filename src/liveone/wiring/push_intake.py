"""Values that sources send by themselves: kept durably, and made part of readings.

Rule: what was accepted is in the database. What is of now becomes part of the house's next reading, on the
grid like all others, each value weighted by the time it held. What is of the past becomes readings at once,
one for each span of the cadence that has none, where the source is the only one of its house.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from liveone.clock import Clock
from liveone.domain.averages import Timed, averaged
from liveone.domain.points import without_points
from liveone.domain.reading import Reading
from liveone.domain.sources import HouseSource, SourceReading, merge
from liveone.store import bulk, readings, systems
from liveone.store import sources as stored
from liveone.store.readings import row_of
from liveone.store.store import Store
from liveone.web.services import AcceptedValues
from liveone.wiring.live_houses import LiveHouses
from liveone.wiring.point_intake import meet_sent, record_past, spans_of


class PushIntake:
    """Takes values from sources. Safe to call from any thread."""

    def __init__(self, store: Store, clock: Clock, live: LiveHouses | None = None) -> None:
        self._store, self._clock, self._live = store, clock, live

    def source_of(self, token: str) -> HouseSource | None:
        """The source that a token lets in. Raises StoreError."""
        return stored.source_of_token(self._store, token)

    def accept(self, source: HouseSource, samples: Sequence[Timed]) -> AcceptedValues:
        """Keep values durably. Raises StoreError, and BadInput for points beyond those that a system may
        have; sending them again is harmless then, and always."""
        moments = _together(samples)
        ids = meet_sent(self._store, source, moments)
        new = stored.keep_values(self._store, [(source.id, at, values) for at, values in moments.items()])
        if self._live is not None:
            self._live.pushed(source, list(moments.items()))
        past = {at: values for at, values in moments.items() if at <= self._over_at()}
        if not past or not new:
            return AcceptedValues(len(moments), new)
        record_past(self._store, source, past, ids)
        told = {at: fields for at, values in past.items() if (fields := without_points(values))}
        if not told:
            return AcceptedValues(len(moments), new)
        if not is_alone(self._store, source):
            return AcceptedValues(len(moments), new, late=len(told))
        return AcceptedValues(len(moments), new, recorded=self._record(source, told))

    def _over_at(self) -> int:
        """Until when the readings of the grid are made: a poll looks back one cadence."""
        return int(self._clock.now_at()) - 2 * self._store.cadence_s

    def _record(self, source: HouseSource, past: Mapping[int, Mapping[str, Any]]) -> int:
        """One reading for each span of the cadence that has none yet."""
        span_s, now_at = self._store.cadence_s, int(self._clock.now_at())
        spans = spans_of(past, span_s)
        there = readings.between(self._store, source.system_id, min(spans) - span_s, max(spans))
        taken = {-(-reading.inverter_time // span_s) * span_s for reading in there}
        rows = []
        for end_at, samples in spans.items():
            if end_at in taken:
                continue
            values = averaged(samples, start_at=end_at - span_s, end_at=end_at)
            reading = Reading(inverter_time=samples[-1][0], received_time=now_at, **values)
            part = SourceReading(source.name, frozenset(source.roles), source.sent_fields, reading)
            house = merge([part], now_at=now_at, late_s=float("inf"))
            if house.reading is not None:
                rows.append(row_of(house.reading))
        return bulk.import_readings(self._store, source.system_id, rows).new if rows else 0


def is_alone(store: Store, source: HouseSource) -> bool:
    """Whether nothing else gives readings of its house."""
    system = systems.get_system(store, source.system_id)
    others = len(stored.list_sources(store, source.system_id)) > 1
    return system is not None and system.is_without_account and not others


def _together(samples: Sequence[Timed]) -> dict[int, dict[str, Any]]:
    """The values of each moment; of a field that is there twice the first counts, as in the database."""
    moments: defaultdict[int, dict[str, Any]] = defaultdict(dict)
    for at, values in samples:
        moments[at] = {**values, **moments[at]}
    return dict(moments)
