"""The recorder on a libSQL server that is killed, or cut off before and after it commits."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.collect.support import START_AT, add, recorded, times_in
from tests.store.proxy import Fault, Proxy
from tests.store.sqld import Sqld

from changeover.database.connect import opened
from changeover.database.server import hold
from changeover.database.where import Server
from liveone.clock import SystemClock
from liveone.collect.days import closer
from liveone.collect.polling.recorder import Recorder, RecordResult
from liveone.collect.queue.backlog import Backlog
from liveone.collect.queue.spool import Spool
from liveone.store import aggregates, readings
from liveone.store.database import Held, Unavailable
from liveone.store.store import Store


@pytest.fixture
def store(remote_store: Store) -> Store:
    add(remote_store, "100")
    return remote_store


@pytest.fixture
def recorder(store: Store, tmp_path: Path) -> Iterator[Recorder]:
    recorder = Recorder(store, Backlog(Spool(tmp_path / "spool")), SystemClock())
    yield recorder
    recorder.close()


def kept_whole(store: Store, minutes: int) -> None:
    """Every reading of the first ``minutes`` is there once, and the aggregates are those of the readings."""
    assert times_in(store) == [START_AT + 60 * minute for minute in range(minutes)]
    before = aggregates.five_minutes(store, 1, 0, START_AT + 10**6)
    aggregates.rebuild_5m(store, 1, START_AT - 300, START_AT + 60 * minutes)
    assert aggregates.five_minutes(store, 1, 0, START_AT + 10**6) == before


def test_while_the_server_is_dead_readings_wait_and_follow_once(
    recorder: Recorder, store: Store, server: Sqld
) -> None:
    assert recorder.record([recorded(1, START_AT)]) == [RecordResult.NEW]
    server.kill()
    began_s = time.monotonic()
    fates = [recorder.record([recorded(1, START_AT + 60 * minute)]) for minute in range(1, 6)]
    assert fates == [[RecordResult.SPOOLED]] * 5
    with pytest.raises(Unavailable):
        readings.latest(store, 1, 4e9)
    assert recorder.drain() == 0
    assert time.monotonic() - began_s < 5
    server.start()
    assert recorder.drain() == 5
    assert recorder.drain() == 0
    assert recorder.record([recorded(1, START_AT + 360)]) == [RecordResult.NEW]
    kept_whole(store, 7)


@pytest.mark.slow
@pytest.mark.parametrize("fault", [Fault.REQUEST_LOST, Fault.ANSWER_LOST, Fault.SILENCE])
def test_a_cut_at_any_request_of_a_record_loses_nothing_and_doubles_nothing(
    recorder: Recorder, store: Store, proxy: Proxy, fault: Fault
) -> None:
    for minute in range(6):
        proxy.cut_after(minute, fault)
        recorder.record([recorded(1, START_AT + 60 * minute)])
        proxy.cut(Fault.NONE)
        while recorder.backlog.waiting:
            recorder.drain()
    kept_whole(store, 6)


def test_during_a_migration_readings_wait_at_once_and_follow_in_order_once(
    recorder: Recorder, store: Store, server: Sqld
) -> None:
    assert recorder.record([recorded(1, START_AT)]) == [RecordResult.NEW]
    with opened(Server(server.url)) as changing:
        hold.take(changing)
        began_s = time.monotonic()
        fates = [recorder.record([recorded(1, START_AT + 60 * minute)]) for minute in range(1, 6)]
        assert fates == [[RecordResult.SPOOLED]] * 5
        assert recorder.drain() == 0
        assert isinstance(recorder.refusal, Held)
        assert not recorder.failed(1, START_AT, "the portal is away")
        assert [closed.error for closed in closer.catch_up(store, START_AT + 10**5) if closed.error]
        assert time.monotonic() - began_s < 5
        assert times_in(store) == [START_AT]
        hold.give_back(changing)
    assert recorder.record([recorded(1, START_AT + 360)]) == [RecordResult.SPOOLED]
    assert recorder.drain() == 6
    assert recorder.refusal is None
    kept_whole(store, 7)


def test_a_hold_whose_runner_is_killed_ends_by_itself(
    recorder: Recorder, store: Store, server: Sqld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hold, "LASTS_S", 2)
    with opened(Server(server.url)) as killed:
        hold.take(killed)
    assert recorder.record([recorded(1, START_AT)]) == [RecordResult.SPOOLED]
    ends_s = time.monotonic() + 10
    while recorder.drain() == 0 and time.monotonic() < ends_s:
        time.sleep(0.1)
    kept_whole(store, 1)
