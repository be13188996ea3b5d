"""The times of leases, from the cadence of polls."""

from dataclasses import dataclass

PATIENCE_S = 3.0
"""How long a poll waits for the database before it goes on without."""


@dataclass(frozen=True, slots=True)
class LeaseTimes:
    """Seconds. A poller without a heartbeat for ``lease_s`` is dead; it sends one every ``renew_s``.

    Without the database it relies on its leases for ``safe_s``. ``pause_s`` is the least time between polls
    by different processes, ``fresh_s`` the most between a claim and its poll. While the database is silent, a
    poller polls a system again ``pause_s`` to ``again_s`` after its last poll, or not at all.
    """

    lease_s: float
    renew_s: float
    safe_s: float
    pause_s: float
    fresh_s: float
    again_s: float


def times_for(cadence_s: float, pause_s: float | None = None) -> LeaseTimes:
    """At a cadence of 60 s: dead after 30 s, a heartbeat every 10 s, 57 s or more between polls."""
    lease_s = min(30.0, max(3.0, cadence_s / 2))
    pause_s = cadence_s * 0.95 if pause_s is None else pause_s
    fresh_s = min(2.0, cadence_s / 4)
    again_s = max(cadence_s, pause_s) + PATIENCE_S + fresh_s
    return LeaseTimes(lease_s, lease_s / 3, lease_s * 5 / 6, pause_s, fresh_s, again_s)
