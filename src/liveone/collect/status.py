"""The status of a collector, for health checks, metrics and ``doctor``."""

from dataclasses import dataclass


@dataclass(slots=True)
class PollCounts:
    """Polls since the collector was made. ``skipped``: the system's last poll had not ended.

    ``last_at`` is when the last one ended (UTC epoch seconds), ``lag_s`` by how much it began too late.
    """

    polls: int = 0
    failures: int = 0
    retries: int = 0
    skipped: int = 0
    last_at: float | None = None
    lag_s: float = 0.0


@dataclass(frozen=True, slots=True)
class CollectorStatus:
    """The status at one moment. Instants are UTC epoch seconds, None before the first time.

    Counts are since start.

    ``lag_s`` is by how much the last poll began late, ``longest_write_s`` the longest of all commits.
    ``polled_systems`` are the ids of those of the ``systems`` that this process polls; ``polls_alone``: no
    other process can poll this database. ``database_refuses``: the last write was not taken. ``problems`` are
    sentences for an operator on what is wrong now, worst first; empty if all is well.
    """

    systems: int
    polled_systems: tuple[int, ...]
    polls_alone: bool
    in_flight: int
    stuck: int
    slowed_down: int
    polls: int
    failures: int
    retries: int
    skipped: int
    readings_new: int
    readings_repeated: int
    readings_spooled: int
    readings_drained: int
    commits: int
    spool_waiting: int
    spool_held: int
    spool_in_memory: int
    database_refuses: bool
    spool_bytes: int
    threads: int
    lag_s: float
    longest_write_s: float
    last_poll_at: float | None
    last_drain_at: float | None
    last_close_at: float | None
    problems: tuple[str, ...]
