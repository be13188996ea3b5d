"""Between readings: what a source tells by itself is on the page at once, and in no reading."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from cryptography.fernet import Fernet
from tests.mqtt.mosquitto import broker, until
from tests.vendors.modbus_device import ModbusDevice
from tests.vendors.test_sunspec import SUN, UNIT, common, device_of
from tests.web.support import COOKIE, services, serving
from tests.web.test_stream import events

from liveone.clock import SystemClock
from liveone.domain.push_token import new_push_token, push_token_hash
from liveone.domain.sources import PUSH
from liveone.domain.system import FROM_SOURCES, System
from liveone.sealing import SecretBox
from liveone.store import sources as stored
from liveone.store import systems
from liveone.store.files import create
from liveone.store.store import Store, open_store
from liveone.web.now.moments import EVERY_S
from liveone.wiring.house_sources import SourceBook
from liveone.wiring.live_houses import LiveHouses
from liveone.wiring.moment_files import MomentFiles, MomentHandlers
from liveone.wiring.push_intake import PushIntake

TOKEN = new_push_token()
BEARER = {"authorization": f"Bearer {TOKEN}"}


class LiveHouse:
    """A house with a source that sends, served, and looked at."""

    def __init__(self, store: Store, system: System, book: SourceBook, client: httpx2.Client) -> None:
        self.store, self.system, self.book, self.client = store, system, book, client

    def poll(self) -> None:
        """As the collector does on its grid."""
        house = self.book.house(self.system)
        assert house is not None
        house.poll("", memory={}, now_at=time.time())

    def push(self, **values: float) -> None:
        answer = self.client.post("/api/readings", json=values, headers=BEARER)
        assert answer.status_code == 200, answer.text

    @contextmanager
    def looked_at(self, which: str = "1") -> Iterator[list[tuple[str, dict[str, object]]]]:
        """What a page gets, as it comes."""
        came: list[tuple[str, dict[str, object]]] = []
        with self.client.stream("GET", f"/api/stream?systemId={which}", headers=COOKIE) as answer:

            def listen() -> None:
                try:
                    for one in events(answer.iter_lines()):
                        came.append(one)
                except httpx2.HTTPError:
                    return

            thread = threading.Thread(target=listen, daemon=True)
            thread.start()
            until(lambda: b"1" in self.client.get("/metrics", headers=COOKIE).content, "the stream")
            yield came


@pytest.fixture
def house(tmp_path: Path) -> Iterator[LiveHouse]:
    create(tmp_path / "live.db")
    store, clock = open_store(tmp_path / "live.db"), SystemClock()
    system = systems.add_system(
        store, owner="alice", vendor_type=FROM_SOURCES, vendor_site_id="", display_name="Home",
        timezone_offset_min=600,
    )  # fmt: skip
    stored.add_source(
        store, system.id, name="esp", vendor_type=PUSH, roles=("solar", "grid"), settings={},
        token_hash=push_token_hash(TOKEN),
    )  # fmt: skip
    keys = [Fernet.generate_key().decode()]
    book = SourceBook(store, SecretBox(lambda: keys, lambda: keys), clock)
    houses = LiveHouses(book, clock)
    wired = replace(services(store), clock=clock, pushes=PushIntake(store, clock, houses), live=houses)
    with serving(wired) as client:
        yield LiveHouse(store, system, book, client)
    book.close()
    store.close()


def powers(came: list[tuple[str, dict[str, object]]]) -> list[object]:
    return [data["power"]["solarW"] for name, data in came if name == "now"]  # type: ignore[index]


@pytest.mark.parametrize("which", ["1", "all"])
def test_what_is_sent_is_on_the_page_at_once_and_in_no_reading(house: LiveHouse, which: str) -> None:
    house.push(solar_w=1000, grid_w=-500)
    house.poll()
    with house.looked_at(which) as came:
        for number in range(200):
            house.push(solar_w=2000 + number, grid_w=-1500)
            if powers(came):
                break
        until(lambda: bool(powers(came)), "a moment")
        (first, *_) = [data for name, data in came if name == "now"]
        assert first["power"]["loadW"] == first["power"]["solarW"] - 1500  # type: ignore[index]
        assert house.store.read("readings_newest_at", 2**40, 2**40) == []


def test_the_last_of_many_values_is_told_and_not_all_of_them(house: LiveHouse) -> None:
    house.push(solar_w=1000, grid_w=0)
    house.poll()
    with house.looked_at() as came:
        until(lambda: house.push(solar_w=1, grid_w=0) or bool(powers(came)), "the stream")
        source, began_s, before = house.book.of(1)[0], time.monotonic(), len(powers(came))
        for number in range(300):
            house.book.keep_pushed(source, int(time.time()), {"solar_w": 5000 + number})
            time.sleep(0.002)
        until(lambda: powers(came)[-1] == 5299, "the last")
        at_most = (time.monotonic() - began_s) / EVERY_S + 2
        assert len(powers(came)) - before <= at_most


def test_a_modbus_device_that_is_asked_each_second_moves_the_page(house: LiveHouse) -> None:
    with ModbusDevice({UNIT: ({40_000: device_of(common("Any"), SUN)}, {})}) as device:
        stored.add_source(
            house.store, 1, name="roof", vendor_type="sunspec", roles=("solar",),
            settings={"host": "127.0.0.1", "port": device.port, "every_s": 1},
        )  # fmt: skip
        house.book._looked_s = float("-inf")
        house.push(solar_w=0, grid_w=-120)
        house.poll()
        with house.looked_at() as came:
            until(lambda: 3120 in powers(came), "an answer of the device")
            assert house.store.read("readings_newest_at", 2**40, 2**40) == []


@pytest.fixture
def apart(house: LiveHouse, tmp_path: Path) -> Iterator[LiveHouse]:
    """A poller, and beside it what serves pages and takes what is sent: as two processes, with one folder."""
    keys = [Fernet.generate_key().decode()]
    book = SourceBook(house.store, SecretBox(lambda: keys, lambda: keys), SystemClock())
    poller = LiveHouses(house.book, SystemClock(), tmp_path / "moments")
    web = LiveHouses(book, SystemClock(), tmp_path / "moments", polls=False)
    wired = replace(
        services(house.store), clock=SystemClock(), live=web,
        pushes=PushIntake(house.store, SystemClock(), web),
    )  # fmt: skip
    poller.start()
    web.start()
    with serving(wired) as client:
        yield LiveHouse(house.store, house.system, house.book, client)
    web.close()
    poller.close()
    book.close()
    assert [each.name for each in (tmp_path / "moments").glob("wanted-*")] == []


def test_what_another_process_takes_moves_the_page(apart: LiveHouse) -> None:
    """The balance is worked out by the poller, which has not got the value itself."""
    apart.push(solar_w=1000, grid_w=-500)
    apart.poll()
    with apart.looked_at() as came:
        until(lambda: apart.push(solar_w=3000, grid_w=-1500) or 3000 in powers(came), "a moment")
        (*_, last) = [data for name, data in came if name == "now"]
        assert last["power"]["loadW"] == 1500  # type: ignore[index]


@pytest.mark.parametrize("where", ["house", "apart"])
def test_topics_are_on_the_page_as_they_come(
    where: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Of the process that hears them, and of another."""
    one: LiveHouse = request.getfixturevalue(where)
    with broker(tmp_path) as found:
        stored.add_source(
            one.store, 1, name="meter", vendor_type="mqtt", roles=("load",),
            settings={"host": "127.0.0.1", "port": found.port, "load_w": "load"},
        )  # fmt: skip
        one.book._looked_s = float("-inf")
        one.push(solar_w=1000, grid_w=0)
        found.say("load", "10", retain=True)
        one.poll()
        with one.looked_at() as came:

            def loads() -> list[object]:
                return [data["power"]["loadW"] for name, data in came if name == "now"]  # type: ignore[index]

            until(lambda: found.say("load", "321") or 321 in loads(), "the topic")


def test_nobody_looks_and_nothing_is_written(apart: LiveHouse, tmp_path: Path) -> None:
    apart.push(solar_w=1000)
    apart.poll()
    apart.push(solar_w=2000)
    assert list((tmp_path / "moments").iterdir()) == []


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"systems": 1}', b'{"system": 1, "reading": {"x": 1}}']
)
def test_what_cannot_be_read_is_passed_over(content: bytes, tmp_path: Path) -> None:
    handlers = MomentHandlers(lambda _: None, lambda _: None, lambda *_: None)
    shared = MomentFiles(tmp_path, handlers)
    shared.want([1])
    for kind in ("wanted", "now", "pushed", "other"):
        (tmp_path / f"{kind}-1-2.json").write_bytes(content)
    assert shared.look()
    assert shared.now_of(1) is None


def test_nobody_looks_and_it_costs_nothing(house: LiveHouse) -> None:
    calls: list[int] = []
    house.book.on_value = calls.append
    house.push(solar_w=1000)
    assert calls == [1], "without a stream nobody follows: the call ends here"
