"""Readings written to InfluxDB: a real one of version 1.6, and receivers in trouble."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from influxdb_client.client.write.point import Point
from tests.outgoing.influxd import influxd
from tests.vendors.wire import Heard, Wire, reply
from tests.web.support import NOW_AT, SetClock

from liveone.domain.reading import Reading
from liveone.errors import ConfigError
from liveone.outgoing.forwarder import LOOK_S, PAUSE_S_MAX, Forwarder, read_state
from liveone.outgoing.influx import InfluxOutlet, line_of
from liveone.outgoing.outlet import OutgoingItem
from liveone.outgoing.pages import ReadingPages
from liveone.settings.outgoing import InfluxConfig
from liveone.store import readings, systems
from liveone.store.files import create
from liveone.store.readings import Recorded
from liveone.store.store import Store, open_store

Make = Callable[..., Forwarder]
TOKEN = "influx-token-7f3a"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    create(tmp_path / "out.db")
    found = open_store(tmp_path / "out.db")
    for name in ("Home, sweet=home", "Shed"):
        systems.add_system(
            found, owner="alice", vendor_type="none", vendor_site_id=name, display_name=name,
            timezone_offset_min=600,
        )  # fmt: skip
    yield found
    found.close()


def record(store: Store, count: int, *, system_id: int = 1, from_at: int = NOW_AT - 3600) -> None:
    made = [
        Reading(from_at + 60 * n, from_at + 60 * n, solar_w=3000 + n, grid_w=-100, solar_kwh_total=5200.25)
        for n in range(count)
    ]
    readings.record(store, [Recorded(system_id, reading) for reading in made])


@pytest.fixture
def forwarder(store: Store, tmp_path: Path) -> Iterator[Callable[..., Forwarder]]:
    """Makes forwarders, and closes them."""
    made: list[Forwarder] = []

    def make(url: str, **more: Any) -> Forwarder:
        config = InfluxConfig("out", url=url, **({"database": "solar"} | more))
        pages = ReadingPages(store, frozenset(map(int, config.systems)))
        made.append(
            Forwarder(InfluxOutlet(config), pages, tmp_path / "out.json", SetClock(), history=config.history)
        )
        return made[-1]

    yield make
    for each in made:
        each.outlet.close()


def drained(sender: Forwarder) -> float:
    """Send until there is nothing more, or the receiver says no; how long it would wait then."""
    while not (wait_s := sender.step()):
        pass
    return wait_s


def test_every_reading_is_in_a_real_influxdb_once_as_floats(
    store: Store, tmp_path: Path, forwarder: Make
) -> None:
    with influxd(tmp_path, auth=True) as peer:
        peer.ask("CREATE DATABASE solar")
        peer.ask("CREATE USER liveone WITH PASSWORD 'liveone-word'")
        peer.ask("GRANT WRITE ON solar TO liveone")
        sender = forwarder(peer.url, user="liveone", password="liveone-word")
        record(store, 2)
        assert drained(sender) == LOOK_S
        assert peer.rows("SELECT * FROM liveone", "solar") == [], "it begins with what comes in from now on"
        record(store, 30, from_at=NOW_AT)
        record(store, 3, system_id=2, from_at=NOW_AT)
        drained(sender)
        found = peer.rows("SELECT * FROM liveone WHERE system = '1'", "solar")
        assert [(row["time"], row["solar_w"]) for row in found] == [
            (NOW_AT + 60 * n, 3000 + n) for n in range(30)
        ]
        assert found[0]["name"] == "Home, sweet=home"
        kinds = {row["fieldKey"]: row["fieldType"] for row in peer.rows("SHOW FIELD KEYS", "solar")}
        assert kinds == {"grid_w": "float", "solar_kwh_total": "float", "solar_w": "float"}
        again = forwarder(peer.url, user="liveone", password="liveone-word", history=True)
        (tmp_path / "out.json").unlink()
        drained(again)
        assert peer.rows("SELECT count(solar_w) FROM liveone", "solar")[0]["count"] == 35
        wrong = forwarder(peer.url, user="liveone", password="wrong-word")
        record(store, 1, from_at=NOW_AT + 9000)
        assert drained(wrong) >= 300
        assert "answered 401" in read_state(tmp_path / "out.json").error
        missing = forwarder(peer.url, user="root", password="root-word", database="nowhere")
        assert drained(missing) >= 300
        assert "database not found" in read_state(tmp_path / "out.json").error


def test_a_field_of_another_type_is_left_out_and_all_others_go_on(
    store: Store, tmp_path: Path, forwarder: Make
) -> None:
    with influxd(tmp_path, body_bytes=400) as peer:
        peer.ask("CREATE DATABASE solar")
        with Wire(lambda heard: reply(204)) as wire:
            drained(forwarder(wire.url))
        record(store, 20, from_at=NOW_AT)
        drained(forwarder(peer.url))
        assert peer.rows("SELECT count(solar_w) FROM liveone", "solar")[0]["count"] == 20, "413: in halves"
    assert (read_state(tmp_path / "out.json").sent, read_state(tmp_path / "out.json").left_out) == (20, 0)


def lines_of(wire: Wire) -> list[str]:
    return [line for heard in wire.heard for line in heard.body.splitlines()]


def test_version_2_is_written_to_by_its_own_address_and_token(
    store: Store, tmp_path: Path, forwarder: Make
) -> None:
    with Wire(lambda heard: reply(204)) as wire:
        sender = forwarder(wire.url, database="", bucket="my b", org="me", token=TOKEN, systems=("1",))
        drained(sender)
        record(store, 1, from_at=NOW_AT)
        record(store, 1, system_id=2, from_at=NOW_AT)
        drained(sender)
    assert wire.heard[0].path == "/api/v2/write?bucket=my+b&org=me&precision=s"
    assert wire.heard[0].headers["authorization"] == f"Token {TOKEN}"
    assert lines_of(wire) == [
        r"liveone,system=1,name=Home\,\ sweet\=home "
        f"solar_w=3000.0,grid_w=-100.0,solar_kwh_total=5200.25 {NOW_AT}"
    ]


@pytest.mark.parametrize(
    ("answer", "wait_s"),
    [
        (reply(500, f"disk is full, token {TOKEN}"), (4, 7)),
        (reply(503, "", ("retry-after", "77")), (77, 78)),
        (reply(429, "", ("retry-after", "33")), (33, 34)),
        (reply(401, TOKEN), (300, 301)),
    ],
    ids=["500", "503", "429", "401"],
)
def test_a_receiver_in_trouble_gets_everything_later_and_the_token_is_shown_nowhere(
    store: Store,
    tmp_path: Path,
    forwarder: Make,
    caplog: pytest.LogCaptureFixture,
    *,
    answer: list[bytes],
    wait_s: tuple[float, float],
) -> None:
    caplog.set_level("DEBUG")
    is_well = True

    def answers(heard: Heard) -> list[bytes]:
        return reply(204) if is_well else answer

    with Wire(answers) as wire:
        sender = forwarder(wire.url, database="", bucket="b", org="o", token=TOKEN)
        drained(sender)
        is_well = False
        record(store, 3, from_at=NOW_AT)
        assert wait_s[0] <= drained(sender) <= wait_s[1]
        before = read_state(tmp_path / "out.json")
        assert before.error
        is_well = True
        wire.heard.clear()
        restarted = forwarder(wire.url, database="", bucket="b", org="o", token=TOKEN)
        if wait_s[0] < 33:
            sender = restarted
            drained(sender)
            assert [line.split()[-1] for line in lines_of(wire)] == [str(NOW_AT + 60 * n) for n in range(3)]
            assert read_state(tmp_path / "out.json").error == ""
    assert TOKEN not in caplog.text + (tmp_path / "out.json").read_text() + repr(sender)


def test_pauses_grow_and_end_somewhere(store: Store, tmp_path: Path, forwarder: Make) -> None:
    with Wire(lambda heard: reply(500)) as wire:
        sender = forwarder(wire.url)
        drained(sender)
        record(store, 1, from_at=NOW_AT)
        waits = [sender.step() for _ in range(12)]
    assert waits[0] < waits[3] < waits[6]
    assert waits[-1] <= PAUSE_S_MAX * 1.2


def test_one_line_that_is_refused_is_left_out_and_all_others_arrive(
    store: Store, tmp_path: Path, forwarder: Make
) -> None:
    def answers(heard: Heard) -> list[bytes]:
        return reply(400, "field type conflict") if "solar_w=3005.0" in heard.body else reply(204)

    taken: list[str] = []

    def answering(heard: Heard) -> list[bytes]:
        answer = answers(heard)
        if answer == reply(204):
            taken.extend(heard.body.splitlines())
        return answer

    with Wire(answering) as wire:
        sender = forwarder(wire.url)
        drained(sender)
        record(store, 12, from_at=NOW_AT)
        drained(sender)
    assert [line.split()[-1] for line in taken] == [str(NOW_AT + 60 * n) for n in range(12) if n != 5]
    state = read_state(tmp_path / "out.json")
    assert (state.sent, state.left_out) == (11, 1)


def test_a_backup_that_was_put_back_does_not_stop_it(store: Store, tmp_path: Path, forwarder: Make) -> None:
    (tmp_path / "out.json").write_text(json.dumps({"cursor": 10**9}))
    with Wire(lambda heard: reply(204)) as wire:
        sender = forwarder(wire.url)
        record(store, 1, from_at=NOW_AT)
        drained(sender)
        record(store, 2, from_at=NOW_AT + 600)
        drained(sender)
    assert sum(len(heard.body.splitlines()) for heard in wire.heard) <= 2


def test_a_token_does_not_go_over_the_internet_in_the_open() -> None:
    with pytest.raises(ConfigError, match="unencrypted over the internet"):
        InfluxOutlet(InfluxConfig("x", url="http://influx.example.com", bucket="b", token=TOKEN))


@pytest.mark.parametrize(
    "name", ["plain", "with space", "a,b=c", "back\\", 'quo"te', "new\nline", "", "käse"]
)
def test_a_name_is_written_as_the_client_library_reads_it(name: str) -> None:
    item = OutgoingItem(1, "reading", 7, name, NOW_AT, "k", {"solar_w": 3, "grid_w": None})
    plain = " ".join(name.split()).replace("\\", "/") or "-"
    by_library = (
        Point("liveone").tag("system", "7").tag("name", plain).field("solar_w", 3.0).time(NOW_AT, "s")
    )
    parts = line_of("liveone", item)
    assert sorted(parts.split(" ")[0].split(",")) == sorted(
        by_library.to_line_protocol().split(" ")[0].split(",")
    ) or (" " in plain or "," in plain)
    assert parts.endswith(f" solar_w=3.0 {NOW_AT}")
