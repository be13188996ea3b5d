"""`liveone serve` as a process on a libSQL server: it polls, outlives the server, or only looks on."""

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx2
import pytest
from tests.cli.house import House, built
from tests.programs import Program
from tests.store.keys import Keys
from tests.store.sqld import Sqld, scratch

from liveone.store import aggregates, readings
from liveone.store.libsql.driver import LibsqlDatabase
from liveone.store.store import open_store

LIVEONE = Path(sys.executable).with_name("liveone")
CRON = {"authorization": "Bearer cron"}
OPEN = {"cookie": "auth-token=open"}


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[tuple[Sqld, Keys]]:
    """A server of the test's own that wants tokens."""
    keys = Keys(tmp_path)
    server = Sqld(scratch("serve"), "--auth-jwt-key-file", str(keys.public), namespaces=False)
    try:
        yield server.start(), keys
    finally:
        server.close()


@pytest.fixture
def house(tmp_path: Path, guarded: tuple[Sqld, Keys], monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    server, keys = guarded
    with built(tmp_path / "home") as found:
        monkeypatch.setenv("LIVEONE_DATABASE_URL", server.url)
        monkeypatch.setenv("LIVEONE_DATABASE_TOKEN", keys.token())
        settings = found.folder / "liveone.toml"
        settings.write_text(settings.read_text().replace("cadence_s = 60 ", "cadence_s = 1 "))
        found.ok("db", "create")
        found.ok("systems", "add", "select.live", "1586", "--timezone", "+10:00")
        yield found


@contextmanager
def serving(house: House, **more: str) -> Iterator[tuple[httpx2.Client, str]]:
    """A running server of LiveOne: a client of it, and what it said at the start."""
    secrets = {"AUTH_PASSWORD": "open", "CRON_SECRET": "cron", "LIVEONE_PORT": "0"}
    command = [LIVEONE, "--config", str(house.folder / "liveone.toml"), "serve"]
    with (house.folder / "serve.log").open("w") as log:
        process = Program(command, env={**os.environ, **secrets, **more}, stderr=log)
    try:
        said = process.stdout.readline()
        assert " at http" in said, (house.folder / "serve.log").read_text()
        with httpx2.Client(base_url=said.split(" at ")[1].strip(), timeout=60) as client:
            yield client, said + ("" if "LIVEONE_DATABASE_TOKEN" not in more else process.stdout.readline())
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        process.stdout.close()


def wait_until(what: Callable[[], bool], within_s: float = 60.0) -> None:
    end_s = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < end_s, "this did not happen in time"
        time.sleep(0.05)


@pytest.mark.slow
def test_readings_of_an_outage_follow_once_and_pages_answer_meanwhile(
    house: House, guarded: tuple[Sqld, Keys]
) -> None:
    server, keys = guarded
    with serving(house) as (client, _):
        wait_until(lambda: client.get("/api/data", headers=OPEN).status_code == 200)
        for _ in range(2):
            server.kill()
            wait_until(lambda: client.get("/api/health").json()["collector"]["spool_waiting"] > 1)
            away = client.get("/api/data", headers=OPEN)
            assert away.status_code == 503
            assert "cannot be reached" in away.text
            assert client.get("/api/health").status_code == 503
            server.start()
            wait_until(lambda: client.get("/api/data", headers=OPEN).status_code == 200)
        wait_until(lambda: client.get("/api/health").json()["collector"]["spool_waiting"] == 0)
        assert client.get("/api/health").json()["collector"]["readings_drained"] > 0
    log = (house.folder / "serve.log").read_text()
    again = Counter(line.partition("liveone")[2] for line in log.splitlines() if line.endswith("works again"))
    assert all(times <= 2 for times in again.values()), "once after each outage"
    assert again
    with closing(open_store(server.url, token=keys.token(), cadence_s=1)) as store:
        stored = [each.inverter_time for each in readings.between(store, 1, 0, 2**40)]
        assert len(stored) == len(set(stored))
        served = {each.inverter_time for each in house.portal.log.entries("1586")}
        assert set(stored) == served, "none lost, none invented"
        made = aggregates.five_minutes(store, 1, 0, 2**40)
        aggregates.rebuild_5m(store, 1, min(stored) - 300, max(stored))
        assert aggregates.five_minutes(store, 1, 0, 2**40) == made


def test_with_a_read_only_token_it_shows_and_says_why_it_does_no_more(
    house: House, guarded: tuple[Sqld, Keys]
) -> None:
    server, keys = guarded
    house.ok("poll", "--once")
    with serving(house, LIVEONE_DATABASE_TOKEN=keys.token(a="ro")) as (client, said):
        assert "only reads" in said
        assert client.get("/api/data", headers=OPEN).status_code == 200
        assert client.get("/api/health").json()["status"] == "ok"
        polled = client.get("/api/cron/minutely", headers=CRON)
        assert polled.status_code == 503
        assert "only reads" in polled.text
    log = (house.folder / "serve.log").read_text()
    assert "Traceback" not in log
    with closing(LibsqlDatabase(server.url, token=keys.token())) as database:
        assert database.change_token() > 0


@pytest.mark.slow
def test_a_poller_starts_and_polls_while_the_server_is_away(house: House, guarded: tuple[Sqld, Keys]) -> None:
    server, _ = guarded
    with serving(house) as (client, _):
        wait_until(lambda: client.get("/api/health").json()["collector"]["readings_new"] > 1, 60)
    server.kill()
    with serving(house, LIVEONE_ROLE="poller") as (client, _):
        wait_until(lambda: client.get("/api/health").json()["collector"]["spool_waiting"] > 0, 60)
    with serving(house) as (client, _):
        wait_until(lambda: client.get("/api/health").json()["collector"]["spool_waiting"] > 2, 60)
        page = client.get("/dashboard", headers=OPEN | {"accept": "text/html"})
        assert page.status_code == 503
        assert "tries again" in page.text
        server.start()
        wait_until(lambda: client.get("/api/health").json()["collector"]["readings_drained"] > 2, 60)


@pytest.mark.slow
def test_a_server_that_hangs_costs_a_lone_poller_no_reading(house: House, guarded: tuple[Sqld, Keys]) -> None:
    server, _ = guarded
    with serving(house) as (client, _):
        wait_until(lambda: client.get("/api/health").json()["collector"]["readings_new"] > 1, 60)
        server.pause()
        try:
            wait_until(lambda: client.get("/api/health").json()["collector"]["spool_waiting"] > 3)
            statuses = {client.get("/dashboard", headers=OPEN).status_code for _ in range(5)}
            assert statuses == {503}
        finally:
            server.go_on()
        wait_until(lambda: not client.get("/api/health").json()["collector"]["spool_waiting"], 60)
