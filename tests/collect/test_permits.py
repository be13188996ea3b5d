"""Asking from the event loop: a database that hangs delays neither polls nor a stop."""

import asyncio
import threading
import time
from collections.abc import Set

import pytest
from tests.collect.crew import ALL, NOTHING, TIMES, Crew

from liveone.collect.leases import lease_client
from liveone.collect.leases.lease_client import HANGING_MAX, LeaseClient
from liveone.collect.leases.polling_share import Claimed, PollingShare

pytestmark = pytest.mark.anyio


class Hanging(PollingShare):
    """A share whose database answers when ``gate`` opens."""

    gate = threading.Event()
    asked = 0

    def claim(self, system_ids: Set[int]) -> Claimed:
        self.asked += 1
        self.gate.wait(20)
        return super().claim(system_ids)

    def leave(self) -> None:
        self.gate.wait(20)
        super().leave()


@pytest.fixture
def hanging(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> Hanging:
    monkeypatch.setattr(lease_client, "PATIENCE_S", 0.05)
    share = Hanging(crew.store, crew.clock, TIMES)
    share.gate = threading.Event()
    share.renew(ALL, NOTHING)
    return share


async def test_a_claim_that_hangs_is_decided_without_the_database_and_few_hang_at_a_time(
    hanging: Hanging,
) -> None:
    asking = LeaseClient(hanging)
    answers = [asyncio.create_task(asking.claim({key})) for key in (1, 2)]
    await asyncio.sleep(0)
    assert asking.asking == 2
    assert [(await answer).granted for answer in answers] == [NOTHING, NOTHING], (
        "it never heard of a database"
    )
    hanging._answered = hanging._moment()
    for _ in range(3):
        assert (await asking.claim({3})).granted == {3}, "it goes on with what it holds"
    assert (hanging.asked, asking.asking) == (HANGING_MAX, 0)
    hanging.gate.set()
    end_s = time.monotonic() + 5
    while hanging.asked == HANGING_MAX and time.monotonic() < end_s:
        await asking.claim({4})
        await asyncio.sleep(0.01)
    assert hanging.asked == HANGING_MAX + 1, "once it answers it is asked again"
    await asking.leave()


async def test_where_claims_hang_and_reads_are_answered_it_polls_on_until_another_took_over(
    crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease_client, "PATIENCE_S", 0.5)
    first, second = crew.pair()
    mine, gate = first.mine, threading.Event()
    monkeypatch.setattr(first, "claim", lambda system_ids: gate.wait(20))
    asking = LeaseClient(first)
    crew.pass_s(600)
    assert (await asking.claim(mine)).granted == mine
    crew.pass_s(60, second)
    assert second.mine == ALL
    assert (await asking.claim(mine)).granted == NOTHING
    monkeypatch.setattr(lease_client, "PATIENCE_S", 0.05)
    monkeypatch.setattr(first, "look", lambda system_ids: gate.wait(20))
    for _ in range(3):
        assert (await asking.claim(mine)).granted == NOTHING, "reads hang too, and one at a time"
    gate.set()
    await asking.leave()


async def test_a_stop_does_not_wait_for_a_database_that_hangs(hanging: Hanging) -> None:
    began_s = time.monotonic()
    await LeaseClient(hanging).leave()
    assert time.monotonic() - began_s < 5
    hanging.gate.set()
