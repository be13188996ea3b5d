"""A process that collects as `liveone serve` does, on a clock whose hands lie in a file.

Started with one JSON argument: database, spool, hands, url, cadence_s, tick_s. SIGTERM stops it in order;
it is made to be killed. The adapter reads time through ``liveone.clock`` alone, so there it is replaced.
"""

import asyncio
import json
import logging
import signal
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.simulation.clockwork import FastClock, Hands

from liveone import clock as clock_module
from liveone.collect.collector import Collector
from liveone.collect.queue.spool import Spool
from liveone.collect.settings import CollectSettings
from liveone.simulate.portal import EMAIL, PASSWORD
from liveone.store.store import open_store
from liveone.vendors import retry
from liveone.vendors.base import VendorAccount
from liveone.vendors.registry import open_vendor

LOOPS = 5
"""Closing days, emptying the spool, reading the systems, sharing them, polling."""


async def collect(job: dict[str, Any], clock: FastClock) -> None:
    """Collect until SIGTERM."""
    store = open_store(Path(job["database"]), cadence_s=job["cadence_s"], busy_timeout_s=0.005)
    vendor = open_vendor(VendorAccount("select.live", job["url"], EMAIL, PASSWORD, timeout_s=4.0))
    settings = CollectSettings(cadence_s=job["cadence_s"], tick_s=job["tick_s"], chores_every_s=300.0)
    collector = Collector(store, lambda _: vendor, clock, Spool(Path(job["spool"])), settings)
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    ticking = asyncio.create_task(clock.run(lambda: collector.status().in_flight))
    collecting = asyncio.create_task(collector.run())
    await stopping.wait()
    await collector.stop()
    await collecting
    ticking.cancel()
    vendor.close()
    store.close()


def main() -> None:
    """Run with the time of the hands."""
    logging.basicConfig(level=logging.WARNING)
    job = json.loads(sys.argv[1])
    hands = Hands.in_file(Path(job["hands"]))
    clock = FastClock(hands, resting=LOOPS)
    vars(clock_module)["time"] = SimpleNamespace(time=clock.now_at, monotonic=clock.monotonic_s)
    retry.PAUSE_S = 0.001
    asyncio.run(collect(job, clock))


if __name__ == "__main__":
    main()
