"""Long works in short transactions: on a slow server, over a network that fails, beside other writers."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise

import pytest
from tests.store.conftest import a_system, make_on_server
from tests.store.proxy import Fault, Proxy
from tests.store.samples import NOON, recorded
from tests.store.sqld import Sqld
from tests.store.test_bulk import rows

from hrana.address import parse
from liveone.store import bulk, patience, readings
from liveone.store.database import BulkInsert, Busy, OutcomeUnknown, Unavailable
from liveone.store.libsql.driver import LibsqlDatabase
from liveone.store.patience import ROWS_FIRST, ROWS_LEAST, ROWS_MOST, TARGET_S, Pace, persistently
from liveone.store.store import Store


class Clock:
    """A clock that a slow server moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 0.0
        monkeypatch.setattr(patience, "_MONOTONIC_S", lambda: self.now_s)

    def takes(self, seconds_s: float) -> None:
        self.now_s += seconds_s


@pytest.mark.parametrize("per_row_s", [1e-6, 25e-6, 1e-3, 0.1])
def test_a_transaction_takes_as_long_as_it_should(monkeypatch: pytest.MonkeyPatch, per_row_s: float) -> None:
    clock, pace, sizes = Clock(monkeypatch), Pace(), []
    for _ in range(12):
        sizes.append(size := pace.rows)
        pace.write(size, lambda: clock.takes(size * per_row_s))
    assert sizes[0] == ROWS_FIRST
    assert all(after <= 2 * before for before, after in pairwise(sizes))
    fitting = int(TARGET_S / per_row_s)
    assert abs(sizes[-1] - min(max(fitting, ROWS_LEAST), ROWS_MOST)) <= 1


def test_after_a_failure_half_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost() -> None:
        raise OutcomeUnknown("no answer")

    clock, pace = Clock(monkeypatch), Pace()
    for left in (1000, 500, 250, 125, 62, ROWS_LEAST, ROWS_LEAST):
        with pytest.raises(OutcomeUnknown):
            pace.write(pace.rows, lost)
        assert pace.rows == left
    pace.write(20, lambda: clock.takes(0.001))
    assert pace.rows == ROWS_LEAST
    pace.write(ROWS_LEAST, lambda: clock.takes(0.001))
    assert pace.rows == 2 * ROWS_LEAST


def test_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(patience.time, "sleep", pauses.append)

    def busy() -> None:
        raise Busy("always")

    with pytest.raises(Busy):
        persistently(busy)
    assert pauses == [0.5, 1, 2, 4, 8]


@pytest.fixture
def cut(sqld: Sqld, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Proxy, Store]]:
    """A store on a server behind a network that can be cut, whose answers are waited for a moment."""
    monkeypatch.setattr(patience, "PAUSE_S", 0.01)
    proxy = Proxy(sqld.port)
    with sqld.namespace() as url:
        name = parse(make_on_server(url)).namespace
        address = f"http://127.0.0.1:{proxy.port}?namespace={name}"
        with closing(Store(LibsqlDatabase(address, timeout_s=0.6))) as store:
            a_system(store)
            yield proxy, store
    proxy.close()


@pytest.mark.parametrize("fault", [Fault.REQUEST_LOST, Fault.ANSWER_LOST, Fault.SILENCE])
def test_an_import_over_a_failing_network_is_whole_and_counted_once(
    cut: tuple[Proxy, Store], fault: Fault
) -> None:
    proxy, store = cut
    cuts = 0

    def sometimes(_: object) -> None:
        nonlocal cuts
        cuts += 1
        proxy.cut_after(3, fault)

    done = bulk.import_readings(store, 1, rows(900), batch=300, progress=sometimes)
    assert (done.offered, done.new, readings.count(store, 1)) == (900, 900, 900)
    assert cuts == 3
    again = bulk.import_readings(store, 1, rows(900))
    assert again.new == 0


def test_a_write_that_is_never_answered_gets_smaller(cut: tuple[Proxy, Store]) -> None:
    _, store = cut
    tried, write = [], store.database.write

    def slow(steps: object) -> object:
        (size,) = [len(each.rows) for each in steps if isinstance(each, BulkInsert)]  # type: ignore[attr-defined]
        tried.append(size)
        if size > 150:
            raise OutcomeUnknown("it takes too long")
        return write(steps)  # type: ignore[arg-type]

    store.database.write = slow  # type: ignore[method-assign, assignment]
    assert bulk.import_readings(store, 1, rows(500)).new == 500
    assert tried[:3] == [500, 250, 125]
    assert readings.count(store, 1) == 500


def test_a_server_that_stays_away_ends_an_import(cut: tuple[Proxy, Store]) -> None:
    proxy, store = cut
    with pytest.raises(Unavailable, match="10 readings or more came in, and stay"):
        bulk.import_readings(store, 1, rows(60), batch=10, progress=lambda _: proxy.close())


def test_polls_go_on_beside_an_import(store: Store) -> None:
    a_system(store)
    other = a_system(store, "other")
    polled, longest_s, done = 0, 0.0, threading.Event()

    def import_much() -> None:
        bulk.import_readings(store, 1, rows(12_000), batch=2_000)
        done.set()

    importing = threading.Thread(target=import_much)
    importing.start()
    try:
        while not done.is_set():
            began_s = time.monotonic()
            assert readings.record(store, [recorded(NOON + 60 * polled, other.id)]) == [True]
            longest_s, polled = max(longest_s, time.monotonic() - began_s), polled + 1
    finally:
        importing.join()
    assert polled >= 3
    assert longest_s < 5
    assert (readings.count(store, 1), readings.count(store, other.id)) == (12_000, polled)
