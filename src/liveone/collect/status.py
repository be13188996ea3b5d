"""What a collector says of itself, for health checks, metrics and ``doctor``."""

from dataclasses import dataclass


@dataclass(slots=True)
class PollCounts:
    """Polls since the collector was made. ``skipped``: the system's last poll had not ended; ``last_at`` and
    ``lag_s`` are when the last one ended (UTC epoch seconds), and by how much it began too late."""

    polls: int = 0
    failures: int = 0
    retries: int = 0
    skipped: int = 0
    last_at: float | None = None
    lag_s: float = 0.0


@dataclass(frozen=True, slots=True)
class CollectorStatus:
    """A snapshot. Instants are UTC epoch seconds, None before the first time; counts since start.

    ``lag_s`` is by how much the last poll began after its second, ``longest_write_s`` of all commits.
    ``polled_systems`` are the ids of those of the ``systems`` that this process polls; ``polls_alone`` says
    that no other process can poll this database. ``database_refuses``: the last write was not taken.
    ``problems`` holds sentences for an operator: what is wrong
    now, loudest first; empty when all is well.
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
