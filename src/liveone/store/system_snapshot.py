"""What a system's page shows first, read together: on a server each question is a round trip."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from liveone.domain.aggregates import Day, FiveMinutes
from liveone.domain.bounds import soon_at
from liveone.domain.reading import SOON_S, Reading
from liveone.store.aggregates import around_query, day_of_row, with_earlier
from liveone.store.database import Row
from liveone.store.polling import PollingStatus, status_of_row
from liveone.store.readings import reading_of
from liveone.store.store import Query, Store


@dataclass(frozen=True, slots=True)
class Lifetime:
    """Six energies (kWh) in the order of ``reading.COUNTERS`` from the interval ``first_end`` on."""

    first_end: int | None = None
    kwh: Sequence[float | None] = (None,) * 6


@dataclass(frozen=True, slots=True)
class SourceState:
    """A source of a system, and how its last poll went: ``missing`` says why it said nothing in time."""

    name: str
    vendor_type: str
    roles: tuple[str, ...]
    missing: str | None = None


@dataclass(frozen=True, slots=True)
class SystemSnapshot:
    """A system as it stands: how polling goes (None: never polled), the newest reading, what the days before
    sum up to (since when, and six energies), the stored days and the five minutes that were asked for, these
    with the rows around them, and the last readings, oldest first. ``sources`` are those that it is made of,
    and ``derived`` what of the newest reading follows from other values."""

    status: PollingStatus | None
    latest: Reading | None = None
    lifetime: Lifetime = Lifetime()
    days: Sequence[Day] = ()
    five_minutes: Sequence[FiveMinutes] = ()
    recent: Sequence[Reading] = ()
    sources: Sequence[SourceState] = ()
    derived: Sequence[str] = ()


def read_snapshot(
    store: Store,
    system_id: int,
    span: tuple[int, int],
    *,
    days: tuple[str, str],
    now_at: float,
    recent_s: int,
) -> SystemSnapshot:
    """With the five minutes of ``span`` (from exclusive, to inclusive) as ``five_minutes_around`` gives them,
    the stored days from the first to the last of ``days``, the sums of those before the last, and the
    readings of the ``recent_s`` up to the newest. Without a reading nothing but the status is known."""
    until_at = soon_at(now_at)
    always = [
        Query("polling_status", (system_id,)),
        around_query(system_id, *span),
        Query("readings_recent", (system_id, until_at, recent_s, SOON_S)),
        Query("days_lifetime", (system_id, days[1])),
        Query("days", (system_id, *days)),
    ]
    standing = Query("sources_standing", (system_id,))
    statuses, rows, recent, ((first_end, *kwh),), stored, *made_of = store.snapshot_for(
        lambda shape: [*always, standing] if shape.keeps_sources else always
    )
    sources, derived = _sources(made_of[0]) if made_of and made_of[0] else ((), ())
    status = status_of_row(statuses[0]) if statuses else None
    if not recent:
        return SystemSnapshot(status, sources=sources, derived=derived)
    readings = [reading_of(row) for row in recent]
    return SystemSnapshot(
        status,
        readings[-1],
        Lifetime(first_end, kwh),  # type: ignore[arg-type]
        days=list(map(day_of_row, stored)),
        five_minutes=with_earlier(store, system_id, span[0], list(map(FiveMinutes._make, rows))),
        recent=readings,
        sources=sources,
        derived=derived,
    )


def _sources(rows: Sequence[Row]) -> tuple[Sequence[SourceState], Sequence[str]]:
    """The sources of a system, and the fields that were derived, as its last poll remembered them."""
    memory = json.loads(str(rows[0][3] or "{}")) or {}
    missing, derived = memory.get("missing"), memory.get("derived")
    why = missing if isinstance(missing, dict) else {}
    states = [
        SourceState(str(name), str(vendor_type), tuple(json.loads(str(roles))), why.get(name))
        for name, vendor_type, roles, _ in rows
    ]
    return states, [str(name) for name in derived] if isinstance(derived, list) else []
