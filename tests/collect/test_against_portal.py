"""The collector against the simulated portal, over HTTP: what the portal served is what the store holds."""

import asyncio
import sqlite3
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from tests.collect.support import ManualClock, new_store, times_in, until

from liveone.collect.collector import Collector
from liveone.collect.queue.spool import Spool
from liveone.collect.settings import CollectSettings
from liveone.simulate.hiccup import Hiccup
from liveone.simulate.portal import EMAIL, PASSWORD, Portal, PortalSite
from liveone.simulate.presets import house
from liveone.vendors.base import VendorAccount
from liveone.vendors.registry import open_vendor

pytestmark = pytest.mark.anyio

BEGIN_AT = 1_755_485_100
"""Minute 45 of an hour of 2025-08-18, so that minute 50 is within."""

SITES = ("100", "101", "102")
MINUTES = 9


@pytest.mark.slow
async def test_through_a_bad_hour_every_sample_served_is_stored_once(tmp_path: Path) -> None:
    clock, store = ManualClock(BEGIN_AT), new_store(tmp_path / "data.db", 3, busy_timeout_s=0.05)
    made = house(since_day="2025-08-17")
    portal = Portal(
        [PortalSite(site, made) for site in SITES],
        now=clock.now_at,
        hiccup=Hiccup(3),
        faults=["repeat@15%", "status500@10%", "html@5%"],
    )
    other = sqlite3.connect(tmp_path / "data.db", isolation_level=None)
    with portal:
        vendor = open_vendor(VendorAccount("select.live", portal.url, EMAIL, PASSWORD))
        collector = Collector(
            store, lambda system: vendor, clock, Spool(tmp_path / "spool"), CollectSettings()
        )
        running = asyncio.create_task(collector.run())
        for second in range(60 * MINUTES):
            if second == 200:
                other.execute("BEGIN IMMEDIATE")
            if second == 400:
                other.execute("ROLLBACK")
            await clock.advance(1)
            await until(lambda: not collector.status().in_flight)
        await until(lambda: not collector.status().spool_waiting)
        await collector.stop()
        await running
        vendor.close()
    status = collector.status()
    for number, site in enumerate(SITES, 1):
        times = times_in(store, number)
        assert set(times) >= portal.log.clean_times(site)
        assert Counter(times).most_common(1)[0][1] == 1
        assert max(later - earlier for earlier, later in pairwise(times)) <= 240, "retries keep gaps short"
    assert status.failures
    assert status.readings_drained
    assert status.readings_new == sum(len(times_in(store, number)) for number in (1, 2, 3))
    other.close()
    store.close()
