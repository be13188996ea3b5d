"""A process that closes days on a server as a collector does. Argument: the database's URL."""

import asyncio
import sys
from collections.abc import Callable

from liveone.clock import SystemClock
from liveone.collect.days import closer
from liveone.collect.days.closer import Closed
from liveone.collect.days.daily_job import DailyJobRunner
from liveone.collect.leases.lease_client import LeaseClient
from liveone.collect.leases.lease_times import times_for
from liveone.collect.leases.polling_share import PollingShare
from liveone.collect.workers import Workers
from liveone.store.store import open_store


async def main(url: str) -> None:
    store, clock, asked = open_store(url), SystemClock(), 0

    def work(goes_on: Callable[[], bool]) -> list[Closed]:
        def told() -> bool:
            nonlocal asked
            asked += 1
            print(asked, flush=True)
            return goes_on()

        return closer.catch_up(store, clock.now_at(), goes_on=told)

    await DailyJobRunner(store, clock, LeaseClient(PollingShare(store, clock, times_for(60))), Workers(2)).do(
        work
    )


asyncio.run(main(sys.argv[1]))
