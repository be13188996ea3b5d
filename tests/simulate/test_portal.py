"""The portal speaks select.live's protocol, cloud and LAN."""

import json
import shlex
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest
from tests.simulate.stage import NOON_AT, Stage

from liveone.errors import BadInput
from liveone.simulate.accounts import PortalAccount
from liveone.simulate.log import read_log
from liveone.simulate.portal import EMAIL, PASSWORD, Portal, PortalSite
from liveone.simulate.presets import house
from liveone.vendors.selectlive.pages import system_info
from liveone.vendors.selectlive.parse import parse_poll


def test_login_redirects_to_the_systems_with_a_cookie_that_holds_an_equals_sign(stage: Stage) -> None:
    answer = stage.log_in()
    assert answer.status_code == 302
    assert "systems" in answer.headers["Location"]
    name, _, value = answer.headers["Set-Cookie"].partition(";")[0].partition("=")
    assert name == "mojolicious"
    assert "=" in value


def test_wrong_credentials_get_the_login_page_with_status_200(stage: Stage) -> None:
    answer = stage.client.post("/login", data={"email": EMAIL, "pwd": "moonlight"})
    assert answer.status_code == 200
    assert "Bad email address or password" in answer.text
    assert "Set-Cookie" not in answer.headers


def test_without_a_session_everything_redirects_to_the_login(stage: Stage) -> None:
    stage.client.cookies.clear()
    for path in ("/dashboard/hfdata/1586", "/dashboard/1586", "/systems/list/owner", "/"):
        answer = stage.client.get(path)
        assert answer.status_code == 302
        assert answer.headers["Location"] == "/login"


def test_a_session_ends_after_half_an_hour_of_portal_time(stage: Stage) -> None:
    stage.move(29 * 60)
    assert stage.data().status_code == 200
    stage.move(61)
    assert stage.data().status_code == 302
    stage.log_in()
    assert stage.data().status_code == 200
    stage.portal.sessions.end_all()
    assert stage.data().status_code == 302


def test_data_has_the_fields_of_the_recorded_answers(stage: Stage, shared_data: Path) -> None:
    recorded = json.loads((shared_data / "hfdata_recorded.json").read_text())["off-grid site, morning"]
    answer = stage.data().json()
    assert list(answer["items"]) == list(recorded["items"])
    assert {**answer, "items": 0, "now": 0} == {**recorded, "items": 0, "now": 0}
    assert answer["now"] == NOON_AT
    assert 0 <= NOON_AT - answer["items"]["timestamp"] <= 31


def test_the_adapter_reads_from_it_what_the_house_says(stage: Stage) -> None:
    made = house(since_day="2025-08-14")
    for reading in made.readings(NOON_AT, NOON_AT + 7200, 607):
        stage.move_to(reading.received_time)
        stage.log_in()
        poll = parse_poll(stage.data().content, memory={}, grid_sign="auto", now_at=reading.received_time)
        assert poll.reading == reading


def test_grid_power_coming_in_is_negative_unless_the_site_says_otherwise() -> None:
    made = house("no-battery", since_day="2025-08-14")
    sites = [PortalSite("1", made), PortalSite("2", made, incoming_sign=1)]
    night_at = NOON_AT + 12 * 3600
    with Portal(sites, now=lambda: night_at) as portal, httpx2.Client(base_url=portal.url) as client:
        client.post("/login", data={"email": EMAIL, "pwd": PASSWORD})
        first, second = (client.get(f"/dashboard/hfdata/{site}").json()["items"]["grid_w"] for site in "12")
    assert first < 0
    assert second == -first


def test_lists_name_the_sites_of_owner_and_installer() -> None:
    made = house(since_day="2025-08-14")
    account = PortalAccount("a@b.c", "x", owner=("7",), installer=("8",))
    with (
        Portal([PortalSite(n, made) for n in "789"], accounts=[account], now=lambda: NOON_AT) as portal,
        httpx2.Client(base_url=portal.url) as client,
    ):
        client.post("/login", data={"email": "a@b.c", "pwd": "x"})
        owned, installed = (
            client.get(f"/systems/list/{r}").json()["systems"] for r in ("owner", "installer")
        )
        assert [s["did"] for s in owned] == [7]
        assert [s["did"] for s in installed] == [8]
        assert set(owned[0]) == {"name", "did", "lat", "lng", "last"}
        assert [client.get(f"/dashboard/hfdata/{n}").status_code for n in "789"] == [200, 200, 404]


def test_the_system_page_holds_labels_and_values(stage: Stage) -> None:
    info = system_info(stage.client.get("/dashboard/1586").text)
    assert (info.model, info.serial, info.ratings) == ("SPMC482", "230001", "7.5kW, 48V")
    assert (info.solar_size, info.battery_size) == ("9 kW", "63.6 kWh")


def test_the_box_on_the_lan_needs_no_login_and_has_the_same_items(stage: Stage) -> None:
    cloud = stage.data().json()
    stage.client.cookies.clear()
    devices = stage.client.get("/cgi-bin/solarmonweb/devices").json()
    assert all(len(d["id"]) == 32 and int(d["id"], 16) for d in devices)
    device = stage.client.get(f"/cgi-bin/solarmonweb/devices/{devices[0]['id']}").json()
    assert device["poll"] == 5
    assert device["serial"] == "230001"
    assert device["firmware"]
    point = stage.client.get(f"/cgi-bin/solarmonweb/devices/{devices[0]['id']}/point").json()
    assert point["items"] == cloud["items"]
    assert stage.client.get("/cgi-bin/solarmonweb/devices/0123/point").status_code == 404


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_it_speaks_https_with_a_certificate_of_its_own(tmp_path: Path) -> None:
    pem = tmp_path / "box.pem"
    subprocess.run(
        shlex.split("openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=box -keyout key -out crt"),
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    pem.write_text((tmp_path / "key").read_text() + (tmp_path / "crt").read_text())
    with Portal(
        [PortalSite("1", house(since_day="2025-08-14"))], now=lambda: NOON_AT, certificate=pem
    ) as portal:
        assert portal.url.startswith("https://")
        with httpx2.Client(base_url=portal.url, verify=False) as client:
            assert client.get("/cgi-bin/solarmonweb/devices").status_code == 200


def test_the_log_holds_every_sample_served_before_the_client_has_it(stage: Stage, tmp_path: Path) -> None:
    seen = []
    for _ in range(20):
        items = stage.data().json()["items"]
        entry = list(read_log(tmp_path / "served.jsonl"))[-1]
        assert entry.values == items
        assert entry.clean
        assert entry.site == "1586"
        seen.append(items["timestamp"])
        stage.move(17)
    assert stage.portal.log.clean_times("1586") == set(seen)
    assert stage.portal.log.clean_times("648") == set()


def test_a_log_is_continued_after_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "log"
    for _ in range(2):
        made = house(since_day="2025-08-14")
        with Portal([PortalSite("1", made)], now=lambda: NOON_AT, log_path=path) as portal:
            devices = httpx2.get(f"{portal.url}/cgi-bin/solarmonweb/devices").json()
            httpx2.get(f"{portal.url}/cgi-bin/solarmonweb/devices/{devices[0]['id']}/point")
        with path.open("ab") as file:
            file.write(b'{"n":')
    assert [entry.n for entry in read_log(path)] == [1, 2]


def test_many_clients_at_once_are_served_right(stage: Stage) -> None:
    cookie = stage.client.cookies["mojolicious"]

    def ask(_: int) -> int:
        with httpx2.Client(base_url=stage.portal.url, cookies={"mojolicious": cookie}) as client:
            return sum(client.get("/dashboard/hfdata/1586").status_code == 200 for _ in range(10))

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(16))) == 160
    numbers = [entry.n for entry in stage.portal.log.entries()]
    assert len(numbers) == len(set(numbers)) == 160


def test_it_can_stop_and_start_on_the_same_port(stage: Stage) -> None:
    url = stage.portal.url
    stage.portal.stop()
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(url)
    stage.portal.start()
    assert stage.portal.url == url
    assert stage.data().status_code == 200


def test_a_port_in_use_is_refused_with_advice(stage: Stage) -> None:
    with pytest.raises(BadInput, match="cannot listen"):
        Portal([PortalSite("1", house())], port=stage.portal.port).start()
    with pytest.raises(BadInput, match="same number"):
        Portal([PortalSite("1", house()), PortalSite("1", house())])
