"""The collector polls only what it was granted this moment, and goes on whatever the asking brings."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Set
from pathlib import Path

import pytest
from tests.collect.support import (
    Inverter,
    ManualClock,
    add,
    always,
    collecting,
    new_store,
    pass_minutes,
    reading_at,
    until,
)

from liveone.collect.collector import Collector
from liveone.collect.leases.polling_share import Claimed
from liveone.collect.queue.spool import Spool
from liveone.collect.settings import CollectSettings
from liveone.domain.reading import Reading
from liveone.store.leases import Refusal
from liveone.store.store import Store

pytestmark = pytest.mark.anyio

Claim = Callable[[Set[int]], Claimed]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = new_store(tmp_path / "data.db", 3)
    yield store
    store.close()


async def test_what_is_refused_is_left_alone_and_polled_when_it_was_said(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, vendor = ManualClock(), Inverter()
    async with collecting(store, always(vendor), clock, tmp_path) as collector:
        await pass_minutes(clock, collector, 2)
        share, may_at = collector._lease_client.polling_share, clock.now_at() + 150
        claim = share.claim

        def refusing(system_ids: Set[int]) -> Claimed:
            wait_s = may_at - clock.now_at()
            if wait_s <= 0 or 2 not in system_ids:
                return claim(system_ids)
            return Claimed(claim(system_ids - {2}).granted, {2: Refusal(wait_s)})

        monkeypatch.setattr(share, "claim", refusing)
        vendor.asked.clear()
        await pass_minutes(clock, collector, 5)
    asked = [at for site, at in vendor.asked if site == "101"]
    assert min(asked) >= may_at
    assert min(asked) - may_at < 30, "on its second of the minute if that comes soon, or else at once"
    assert sum(site == "100" for site, _ in vendor.asked) >= 4


async def test_a_claim_that_grew_old_is_made_again_and_a_lost_one_is_no_failed_poll(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, vendor = ManualClock(), Inverter()
    async with collecting(store, always(vendor), clock, tmp_path) as collector:
        await pass_minutes(clock, collector, 1)
        share = collector._lease_client.polling_share
        claim, again = share.claim, list[Set[int]]()

        def counting(system_ids: Set[int]) -> Claimed:
            again.append(system_ids)
            return claim(system_ids) if len(again) % 2 else Claimed(claim(system_ids - {1}).granted)

        monkeypatch.setattr(share, "claim", counting)
        monkeypatch.setattr(share, "is_fresh", lambda system_id: False)
        vendor.asked.clear()
        before = collector.status()
        await pass_minutes(clock, collector, 3)
        status = collector.status()
    sites = [site for site, _ in vendor.asked]
    assert "100" not in sites, "granted at first, and lost before it began"
    assert {"101", "102"} <= set(sites)
    assert (status.failures, status.polls - before.polls) == (0, len(sites))


async def test_polls_go_on_after_a_fault_of_our_own(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock, vendor = ManualClock(), Inverter()
    async with collecting(store, always(vendor), clock, tmp_path) as collector:
        await pass_minutes(clock, collector, 1)
        schedule, lease_client = collector._polling._schedule, collector._lease_client

        def broken(*_: object) -> None:
            raise ZeroDivisionError("a bug")

        with monkeypatch.context() as patched:
            patched.setattr(lease_client, "claim", broken)
            await pass_minutes(clock, collector, 1)
            patched.setattr(schedule, "due", broken)
            await pass_minutes(clock, collector, 1)
            assert list(collector.status().problems) == ["polling fails: a bug"]
        vendor.asked.clear()
        await pass_minutes(clock, collector, 2)
        assert not collector.status().problems
    assert {site for site, _ in vendor.asked} == {"100", "101", "102"}
    assert "polling goes on after a fault" in caplog.text


async def test_a_round_on_command_leaves_alone_what_was_polled_within_the_minute(
    store: Store, tmp_path: Path
) -> None:
    clock, vendor = ManualClock(), Inverter()
    async with collecting(store, always(vendor), clock, tmp_path) as collector:
        await clock.advance(3)
        await until(lambda: collector.status().readings_new == 3)
        vendor.asked.clear()
        results = await collector.poll_once()
        assert vendor.asked == []
        assert all(result.ok for result in results)
        assert [result.system.id for result in results] == [1, 2, 3]


async def test_a_system_that_appears_in_the_middle_of_a_round_waits_for_the_next(
    store: Store, tmp_path: Path
) -> None:
    gate, asked = threading.Event(), threading.Event()

    def answer(site: str, now_at: float) -> Reading:
        asked.set()
        gate.wait(20)
        return reading_at(now_at)

    settings = CollectSettings(polls=False)
    collector = Collector(store, always(Inverter(answer)), ManualClock(), Spool(tmp_path / "spool"), settings)
    round_one = asyncio.create_task(collector.poll_once())
    await until(asked.is_set)
    add(store, "200")
    await collector._load_systems()
    gate.set()
    assert [result.system.id for result in await round_one] == [1, 2, 3]
    await collector.stop()
