"""Three pollers as processes on one real server: killed, asleep, stopped; every poll is in the log."""

import itertools
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from tests.simulation.cluster import Cluster, cluster, longest_gap_s, shortest_gap_s
from tests.simulation.installation import CRON_SECRET, until

from liveone.collect.leases.lease_times import times_for
from liveone.store import readings

CADENCE_S, COUNT = 3, 12
TIMES = times_for(CADENCE_S)
NEAREST_S = CADENCE_S / 2
"""Between two polls of one system on a busy machine; two pollers would meet in the same second."""
CRON = {"authorization": f"Bearer {CRON_SECRET}"}


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Cluster]:
    with cluster(tmp_path, count=COUNT, cadence_s=CADENCE_S) as made:
        for name in ("a", "b", "c"):
            made.add(name, "poller").start()
        until(lambda: sizes(made) == [4, 4, 4], 40)
        yield made


def sizes(made: Cluster) -> list[int]:
    return sorted(len(polled) for polled in made.shares().values())


def are_apart(made: Cluster) -> bool:
    """Whether every system is polled by exactly one of the running pollers."""
    return sorted(itertools.chain(*made.shares().values())) == list(range(1, COUNT + 1))


def never_twice(made: Cluster) -> None:
    for site, times in made.polled_at().items():
        assert shortest_gap_s(times) >= NEAREST_S, f"{site} was polled twice in a cadence"


@pytest.mark.slow
def test_the_dead_and_the_sleeping_are_replaced_and_nothing_is_polled_twice(three: Cluster) -> None:
    a, b, c = (three.nodes[name] for name in "abc")
    time.sleep(3 * CADENCE_S)
    a.kill()
    until(lambda: sizes(three) == [6, 6], 30)
    b.signal(signal.SIGSTOP)
    until(lambda: len(c.polls()) == COUNT, 30)
    time.sleep(2 * TIMES.lease_s)
    b.signal(signal.SIGCONT)
    until(lambda: sizes(three) == [6, 6], 30)
    assert are_apart(three)
    time.sleep(2 * CADENCE_S)
    never_twice(three)
    takeover_s = TIMES.lease_s + 2 * TIMES.renew_s + TIMES.pause_s + 2 * CADENCE_S
    for site, times in three.polled_at().items():
        # Half as long again: on a busy machine each of these waits ends late.
        assert longest_gap_s(times) <= 1.5 * takeover_s, f"{site} was left alone for too long"


@pytest.mark.slow
def test_a_stop_hands_over_at_once_and_a_newcomer_gets_its_share(three: Cluster) -> None:
    a, b, c = (three.nodes[name] for name in "abc")
    time.sleep(2 * CADENCE_S)
    began_s = time.monotonic()
    a.stop()
    until(lambda: sizes(three) == [6, 6], 10)
    assert time.monotonic() - began_s < TIMES.lease_s + 3
    a.start()
    until(lambda: sizes(three) == [4, 4, 4], 20)
    before = three.shares()
    time.sleep(3 * TIMES.lease_s)
    assert three.shares() == before, "shares do not flap"
    never_twice(three)
    assert (b.process, c.process) != (None, None)


@pytest.mark.slow
def test_cron_calls_of_others_poll_nothing_that_a_poller_holds(three: Cluster) -> None:
    host = three.add("cron", "all", LIVEONE_SCHEDULER="off")
    host.start()
    for _ in range(4):
        answer = httpx2.get(f"{host.url}/api/cron/minutely", headers=CRON, timeout=30)
        assert answer.status_code == 200
        assert answer.json()["count"] == COUNT
        assert all(result["success"] for result in answer.json()["results"]), answer.text
        time.sleep(0.3)
    never_twice(three)


@pytest.mark.slow
def test_cron_calls_at_once_on_two_hosts_poll_each_system_once(tmp_path: Path) -> None:
    with cluster(tmp_path, count=COUNT, cadence_s=30) as made:
        hosts = [made.add(name, "all", LIVEONE_SCHEDULER="off") for name in ("x", "y")]
        for host in hosts:
            host.start()
        with httpx2.Client(timeout=30, headers=CRON) as client:
            for host in [*hosts, *hosts]:
                assert client.get(f"{host.url}/api/cron/minutely").json()["count"] == COUNT
                assert client.get(f"{host.url}/api/cron/daily").status_code == 200
        assert {len(times) for times in made.polled_at().values()} == {1}


@pytest.mark.slow
def test_with_the_primary_dead_pollers_go_on_and_the_spools_drain_once(three: Cluster) -> None:
    time.sleep(2 * CADENCE_S)
    before = three.shares()
    three.primary.kill()
    time.sleep(3 * TIMES.lease_s)
    asked = three.polled_at()
    three.primary.start()
    until(lambda: all(not node.health()["collector"]["spool_waiting"] for node in three.nodes.values()), 30)
    time.sleep(2 * CADENCE_S)
    assert three.shares() == before, "nobody took over from anybody"
    never_twice(three)
    assert all(len(times) > 4 for times in asked.values()), "they polled all the while"
    for node in three.nodes.values():
        node.stop()
    for system in three.systems:
        kept = [each.inverter_time for each in readings.between(three.store, system.id, 0, 2**40)]
        assert kept == three.portal.clean_times(system.vendor_site_id), "all of it, once"
