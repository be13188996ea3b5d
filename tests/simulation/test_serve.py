"""`liveone serve` as a process, polling a portal that is another, through what operators live through."""

import itertools
import shutil
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
from tests.simulation.installation import (
    AUTH_PASSWORD,
    CRON_SECRET,
    OPEN,
    Installation,
    PortalProcess,
    Serve,
    until,
)
from tests.simulation.small_disk import small_disk

SITES = itertools.count(1586)


@pytest.fixture
def house(tmp_path: Path, portal: PortalProcess) -> Iterator[Installation]:
    """An installation with a site of its own; no process of it survives the test."""
    with installed(tmp_path, portal, tmp_path) as made:
        yield made


@contextmanager
def installed(folder: Path, portal: PortalProcess, data: Path) -> Iterator[Installation]:
    made = Installation(folder, portal, str(next(SITES)), data)
    try:
        yield made
    finally:
        made.end()


def test_the_operators_commands_work_while_the_schedule_is_off(house: Installation) -> None:
    serve = house.serve(LIVEONE_SCHEDULER="off")
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    assert _curl(serve, "/api/cron/minutely", "Authorization: Bearer wrong") == 401
    assert _curl(serve, "/api/data", "Cookie: auth-token=wrong") == 401
    assert _curl(serve, "/api/data", f"Cookie: auth-token={AUTH_PASSWORD}") == 503, "nothing polls by itself"
    done = _curl_json(serve, "/api/cron/minutely", f"Authorization: Bearer {CRON_SECRET}")
    assert (done["success"], done["count"]) == (True, 1)
    assert done["results"][0]["system"] == house.site
    assert done["results"][0]["success"] is True
    data = _curl_json(serve, "/api/data", f"Cookie: auth-token={AUTH_PASSWORD}")
    (served,) = house.portal.entries(house.site)
    assert served.values is not None
    assert data["latest"]["power"]["loadW"] == round(float(str(served.values["load_w"])))
    assert data["polling"]["totalPolls"] == 1
    assert house.stored() == [served.inverter_time]


def test_an_event_comes_within_a_second_of_its_reading(house: Installation) -> None:
    serve = house.serve()
    delays_s: dict[int, float] = {}
    headers = {"cookie": f"auth-token={AUTH_PASSWORD}"}
    with httpx2.stream("GET", serve.url + "/api/stream?systemId=1", headers=headers, timeout=20) as stream:
        for line in stream.iter_lines():
            if line.startswith("id: "):
                delays_s[int(line[4:])] = time.time()
            if len(delays_s) > 6:
                break
    served_at = {entry.inverter_time: entry.served_at for entry in reversed(house.portal.entries(house.site))}
    late_s = [at - served_at[number] for number, at in delays_s.items()][1:]
    assert min(late_s) < 1.0, late_s


def test_sigterm_ends_it_within_five_seconds_and_nothing_is_lost(house: Installation) -> None:
    serve = house.serve()
    headers = {"cookie": f"auth-token={AUTH_PASSWORD}"}
    with httpx2.stream("GET", serve.url + "/api/stream", headers=headers, timeout=20):
        until(lambda: len(house.stored()) >= 2)
        assert serve.terminate() < 5.0
    assert house.stored() == house.portal.clean_times(house.site)


def test_killed_at_any_moment_it_goes_on_and_loses_at_most_the_poll_under_way(house: Installation) -> None:
    doubtful = set()
    for turn in range(3):
        serve = house.serve()
        until(lambda turn=turn: len(house.stored()) >= turn + 1)  # type: ignore[misc]
        time.sleep(0.4 * turn)
        serve.kill()
        time.sleep(0.1)
        doubtful.add(house.portal.clean_times(house.site)[-1])
        assert house.integrity() == "ok"
    serve = house.serve()
    until(lambda: len(house.stored()) >= 5)
    serve.terminate()
    stored = house.stored()
    assert set(house.portal.clean_times(house.site)) - set(stored) <= doubtful
    assert len(stored) == len(set(stored))


def test_a_locked_database_costs_no_answer_and_no_reading(house: Installation) -> None:
    serve = house.serve()
    until(house.stored)
    with closing(sqlite3.connect(house.database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        end_s = time.monotonic() + 10
        while time.monotonic() < end_s:
            for path in ("/api/data", "/api/health", "/api/systems", "/metrics"):
                assert serve.get(path).status_code == 200, f"{path}: {serve.errors.read_text()}"
            time.sleep(0.3)
        before = house.stored()
        assert serve.collector()["spool_waiting"] > 1
        assert serve.collector()["problems"] > 0
        other.execute("ROLLBACK")
    until(lambda: not serve.collector()["spool_waiting"])
    serve.terminate()
    stored = house.stored()
    assert stored == house.portal.clean_times(house.site), "all, once, in their order"
    assert len(stored) > len(before)
    assert "locked" in serve.errors.read_text()


def test_two_processes_on_one_database_store_nothing_twice(house: Installation) -> None:
    both = [house.serve(), house.serve()]
    until(lambda: len(house.stored()) >= 6, 30)
    for serve in both:
        assert serve.terminate() < 5.0
    stored = house.stored()
    assert len(stored) == len(set(stored))
    assert set(stored) == set(house.portal.clean_times(house.site))


def test_a_full_disk_holds_readings_back_loudly_and_loses_none(tmp_path: Path, portal: PortalProcess) -> None:
    with small_disk(tmp_path / "disk", megabytes=3) as disk, installed(tmp_path, portal, disk) as house:
        serve = house.serve()
        until(house.stored)
        _fill(disk / "ballast")
        until(lambda: serve.collector()["spool_in_memory"] > 1, 120)
        assert serve.get("/api/data").status_code == 200
        assert "full" in serve.errors.read_text()
        assert "memory only" in serve.errors.read_text()
        (disk / "ballast").unlink()
        until(lambda: not serve.collector()["spool_waiting"], 30)
        serve.terminate()
        assert house.stored() == portal.clean_times(house.site)
        assert house.integrity() == "ok"


def test_before_anybody_has_an_account_others_reach_the_set_up_page_and_nothing_else(
    house: Installation,
) -> None:
    house.host = "0.0.0.0"
    house.write_settings()
    serve = house.serve(**OPEN)
    said = [serve.process.stdout.readline() for _ in range(3)]
    link = said[1].strip()
    assert "/setup?token=" in link
    assert "only this machine may look" in said[2]
    port = int(serve.url.rpartition(":")[2])
    own = socket.gethostbyname(socket.gethostname())
    if not own.startswith("127."):
        with httpx2.Client(base_url=f"http://{own}:{port}") as other:
            assert other.get(link[link.index("/setup") :], follow_redirects=True).status_code == 200
            assert {other.get(path).status_code for path in ("/dashboard", "/api/data", "/metrics")} == {403}


def test_a_port_in_use_is_said_with_what_to_do(house: Installation) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = house.refused(LIVEONE_PORT=str(port))
    assert code == 2
    assert f"cannot listen on 127.0.0.1 port {port}" in said
    assert "another port" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, ("does not exist", "liveone init")),
        (b"", ("empty file", "liveone init")),
        (b"PK\x03\x04 not a database", ("is not an SQLite database",)),
        (b"SQLite format 3\x00" + b"\xff" * 8176, ("liveone.db",)),
    ],
    ids=["missing", "empty", "foreign", "corrupt"],
)
def test_a_database_it_cannot_use_stops_it_before_anything_is_polled(
    house: Installation, content: bytes | None, words: tuple[str, ...]
) -> None:
    for path in house.data.glob("liveone.db*"):
        path.unlink()
    if content is not None:
        house.database.write_bytes(content)
    code, said = house.refused()
    assert code == 3
    for word in words:
        assert word in said
    assert "Traceback" not in said
    assert (house.database.read_bytes() if content is not None else None) == content
    assert house.portal.entries(house.site) == []


def test_another_programs_database_is_refused_with_the_difference(house: Installation) -> None:
    for path in house.data.glob("liveone.db*"):
        path.unlink()
    with closing(sqlite3.connect(house.database)) as other:
        other.execute("CREATE TABLE books (title TEXT)")
        other.commit()
    before = house.database.read_bytes()
    code, said = house.refused()
    assert code == 3
    assert "books" in said
    assert house.database.read_bytes() == before


def _curl(serve: Serve, path: str, header: str) -> int:
    command = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", serve.url + path, "-H", header]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _curl_json(serve: Serve, path: str, header: str) -> dict[str, Any]:
    command = ["curl", "-s", "-f", serve.url + path, "-H", header]
    found = subprocess.run(command, capture_output=True, check=True)
    answer: dict[str, Any] = orjson.loads(found.stdout)
    return answer


def _fill(path: Path) -> None:
    """Take what space is left, to the last byte."""
    with path.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
