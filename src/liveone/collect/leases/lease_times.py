"""The times of leases, from the cadence at which systems are polled."""

from dataclasses import dataclass

PATIENCE_S = 3.0
"""So long a poll waits for the database's word before it does without."""


@dataclass(frozen=True, slots=True)
class LeaseTimes:
    """Seconds. ``lease_s`` without a sign of life is death; a poller shows itself every ``renew_s``; without
    the database it trusts what it holds for ``safe_s``. ``pause_s`` lies between polls by different
    processes, ``fresh_s`` at most between claiming a poll and beginning it. While the database is silent a
    poller polls a system again ``pause_s`` to ``again_s`` after its last poll, or not."""

    lease_s: float
    renew_s: float
    safe_s: float
    pause_s: float
    fresh_s: float
    again_s: float


def times_for(cadence_s: float, pause_s: float | None = None) -> LeaseTimes:
    """At a cadence of 60 s: dead after 30 s, seen every 10 s, polled again after 57 s at the earliest."""
    lease_s = min(30.0, max(3.0, cadence_s / 2))
    pause_s = cadence_s * 0.95 if pause_s is None else pause_s
    fresh_s = min(2.0, cadence_s / 4)
    again_s = max(cadence_s, pause_s) + PATIENCE_S + fresh_s
    return LeaseTimes(lease_s, lease_s / 3, lease_s * 5 / 6, pause_s, fresh_s, again_s)
