"""What stands in the collector's place where the database may only be read: it collects nothing."""

import asyncio
from collections.abc import Sequence

from liveone.collect.poller import PollResult
from liveone.collect.status import CollectorStatus
from liveone.store.database import ReadOnly

NOTHING = CollectorStatus(
    systems=0,
    polled_systems=(),
    polls_alone=False,
    in_flight=0,
    stuck=0,
    slowed_down=0,
    polls=0,
    failures=0,
    retries=0,
    skipped=0,
    readings_new=0,
    readings_repeated=0,
    readings_spooled=0,
    readings_drained=0,
    commits=0,
    spool_waiting=0,
    spool_held=0,
    spool_in_memory=0,
    spool_bytes=0,
    threads=0,
    last_poll_at=None,
    last_drain_at=None,
    last_close_at=None,
    problems=(),
)


class Onlooker:
    """A companion of the web server that waits until it is stopped. Lives in one event loop."""

    def __init__(self) -> None:
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Do nothing until ``stop`` is called."""
        await self._stopping.wait()

    async def stop(self) -> None:
        """End ``run``."""
        self._stopping.set()

    async def poll_once(self) -> Sequence[PollResult]:
        """Raises ReadOnly: what a poll brings could not be kept."""
        raise ReadOnly(
            "this instance does not poll: its database token only reads",
            hint="Ask the instance that polls, or give this one a token that may write.",
        )

    def status(self) -> CollectorStatus:
        """Nothing is collected, and nothing is wrong."""
        return NOTHING
