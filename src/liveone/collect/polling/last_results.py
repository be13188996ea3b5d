"""The last result of each system, read from the database: it answers for a system that must not be polled
again yet.
"""

from collections.abc import Mapping, Sequence

from liveone.collect.polling.poller import PollFailed, PollResult
from liveone.collect.polling.recorder import RecordResult
from liveone.domain.system import System
from liveone.store import polling, readings
from liveone.store.leases import Refusal
from liveone.store.store import Store


def last_results(
    store: Store, systems: Sequence[System], refused: Mapping[int, Refusal], now_at: float
) -> dict[int, PollResult]:
    """The result of each system's last poll, whoever made it, by system id. Raises StoreError."""
    if not systems:
        return {}
    statuses, newest = polling.statuses(store), readings.latest_many(store, now_at)
    found = {}
    for system in systems:
        status, reading = statuses.get(system.id), newest.get(system.id)
        at = int(status.last_poll_time or 0) if status else 0
        if reading is not None and status is not None and not status.consecutive_errors:
            found[system.id] = PollResult(system, at, 0.0, reading, RecordResult.REPEAT)
        else:
            last = f" Its last poll failed: {status.last_error}" if status and status.last_error else ""
            found[system.id] = PollResult(
                system, at, 0.0, error=PollFailed(_why(refused.get(system.id)) + last)
            )
    return found


def _why(refusal: Refusal | None) -> str:
    who = refusal.holder if refusal and refusal.holder else "Another process"
    return f"{who} polls this system; it is not polled twice in a minute."
