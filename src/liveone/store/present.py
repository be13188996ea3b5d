"""What a system's page shows first, read together: on a server each question is a round trip."""

from collections.abc import Sequence
from dataclasses import dataclass

from liveone.domain.aggregates import FiveMinutes
from liveone.domain.reading import Reading
from liveone.store.aggregates import context_queries, widened
from liveone.store.polling import PollingStatus, status_of_row
from liveone.store.readings import reading_of
from liveone.store.store import Query, Store


@dataclass(frozen=True, slots=True)
class Present:
    """A system as it stands: how polling goes (None: never polled), the newest reading, the first five
    minutes there are, those that were asked for with the rows around them, and the last readings, oldest
    first."""

    status: PollingStatus | None
    latest: Reading | None = None
    first: FiveMinutes | None = None
    five_minutes: Sequence[FiveMinutes] = ()
    recent: Sequence[Reading] = ()


def present(store: Store, system_id: int, start_at: int, end_at: int, *, recent_s: int) -> Present:
    """With the five minutes of ``(start_at, end_at]``, as ``five_minutes_with_context`` gives them, and the
    readings of the ``recent_s`` up to the newest. Without a reading nothing but the status is known."""
    asked = [
        Query(name, (system_id,)) for name in ("polling_status", "readings_latest", "five_minutes_first")
    ]
    told = store.snapshot([*asked, *context_queries(system_id, start_at, end_at)])
    statuses, newest, first, *around = told
    status = status_of_row(statuses[0]) if statuses else None
    if not newest:
        return Present(status)
    latest = reading_of(newest[0])
    rows, recent = store.snapshot(
        [
            Query("five_minutes", (system_id, *widened(around, start_at, end_at))),
            Query("readings_between", (system_id, latest.inverter_time - recent_s, latest.inverter_time)),
        ]
    )
    return Present(
        status,
        latest,
        first=FiveMinutes(*first[0]) if first else None,  # type: ignore[arg-type]
        five_minutes=[FiveMinutes(*row) for row in rows],  # type: ignore[arg-type]
        recent=[reading_of(row) for row in recent],
    )
