"""Ways around the front door: addresses that are made up, paths that climb, cookies of somebody else."""

import json
import re
from collections.abc import Iterator

import httpx2
import pytest
from tests.security.door import connect
from tests.web.support import COOKIE, OWNER, PASSWORD, SetClock, seeded, services, serving

from liveone.store.store import Store
from liveone.web.auth import sessions
from liveone.web.pages.files import FOLDER


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    found = seeded(tmp_path_factory.mktemp("doors") / "liveone.db", days=1)
    yield found
    found.close()


@pytest.fixture(scope="module")
def client(store: Store) -> Iterator[httpx2.Client]:
    with serving(services(store)) as found:
        yield found


@pytest.mark.parametrize("proxy", ["appends to the header", "writes a header of its own"])
def test_an_address_that_a_client_makes_up_buys_no_guesses(store: Store, proxy: str) -> None:
    """The proxy on this machine puts the true one last, whatever came with the request."""
    guesses = []
    clock = SetClock()
    clock.sleeps = False
    with serving(services(store, OWNER, clock)) as client:
        for n in range(60):
            forged, true = f"198.51.100.{n}", "203.0.113.9"
            one = [("x-forwarded-for", f"{forged}, {true}")]
            two = [("x-forwarded-for", forged), ("x-forwarded-for", true)]
            bearer = [("authorization", f"Bearer wrong {n}")]
            headers = bearer + (one if proxy.startswith("appends") else two)
            guesses += [client.get("/api/data", headers=headers).status_code for _ in range(2)]
    assert guesses.count(401) == 60


CLIMBING = (
    "../../liveone.toml",
    "..%2f..%2fliveone.toml",
    "%2e%2e%2f%2e%2e%2fsecrets.toml",
    "..%5c..%5csecrets.toml",
    "%2fetc%2fpasswd",
    "backup-20250101-000000.db%00",
    "backup-20250101-000000.db%2f..%2f..%2fsecrets.toml",
    "backup-20250101-000000.db%0a",
    "....//....//secrets.toml",
)
BELOW = (
    "/static/{}",
    "/static/v-1/{}",
    "/api/admin/backups/{}",
    "/api/admin/backups/{}/contents",
    "/api/admin/migrations/{}/report",
    "/api/admin/accounts/{}/discover",
    "/dashboard/{}",
)


@pytest.mark.parametrize("path", BELOW)
@pytest.mark.parametrize("name", CLIMBING)
def test_no_path_climbs_out_of_its_folder(client: httpx2.Client, path: str, name: str) -> None:
    with connect(client) as raw:
        asked = path.format(name).encode()
        head = f"host: 127.0.0.1\r\ncookie: {COOKIE['cookie']}\r\nconnection: close\r\n\r\n".encode()
        raw.sendall(b"GET " + asked + b" HTTP/1.1\r\n" + head)
        answer = b"".join(iter(lambda: raw.recv(65_536), b""))
    assert int(answer.split(b" ")[1]) in (400, 404, 405, 422, 503), asked
    assert b"root:" not in answer
    assert b"auth_password" not in answer


def test_a_session_that_was_planted_is_not_the_one_that_is_opened(client: httpx2.Client) -> None:
    session = sessions.begin("owner", 0, is_kept=True)
    planted = sessions.cookie_of(b"another key of 32 bytes and more", session, PASSWORD)
    cookies = {"cookie": f"{sessions.COOKIE}={planted}; {sessions.DEVICE_COOKIE}=planted"}
    opened = []
    for _ in range(2):
        answer = client.post("/api/auth/login", json={"password": PASSWORD}, headers=cookies)
        opened.append(answer.cookies[sessions.COOKIE])
        client.cookies.clear()
    assert len({planted, *opened}) == 3
    assert client.get("/api/data", headers=cookies).status_code == 401


ELSEWHERE = (
    *("//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https:evil.example"),
    *("/\t/evil.example", "/\n/evil.example", "\x00//evil.example", " //evil.example", "javascript:alert(1)"),
    *("/%0d%0aset-cookie:a=b\r\nset-cookie: a=b", "http://127.0.0.1@evil.example/", "/../\\evil.example "),
)


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_whoever_is_signed_in_is_led_to_a_page_of_this_server(client: httpx2.Client, elsewhere: str) -> None:
    led = client.get("/login", params={"next": elsewhere}, headers=COOKIE)
    assert (led.status_code, led.headers["location"]) == (303, "/")
    assert "set-cookie" not in led.headers


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_whoever_signs_in_is_led_to_a_page_of_this_server(client: httpx2.Client, elsewhere: str) -> None:
    """By the page's script, which asks nobody but the server where to go."""
    page = client.get("/login", params={"next": elsewhere}).text
    snapshot = page.partition('id="snapshot">')[2].partition("</script>")[0]
    assert json.loads(snapshot)["next"] == "/"
    scripts = [path for path in FOLDER.glob("js/**/*.js") if 'get("next")' in path.read_text()]
    assert scripts == []


@pytest.mark.parametrize(
    "headers",
    [
        "content-length: 5\r\ncontent-length: 6",
        "content-length: 5, 6",
        "content-length: +5",
        "content-length: 0x5",
        "content-length: -1",
        "transfer-encoding: chunked, identity",
        "transfer-encoding: xchunked",
        "transfer-encoding : chunked",
        "content-length: 5\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 0",
    ],
)
def test_a_request_that_two_servers_read_differently_is_refused(client: httpx2.Client, headers: str) -> None:
    with connect(client) as raw:
        head = f"POST /api/auth/logout HTTP/1.1\r\nhost: x\r\n{headers}\r\n\r\n"
        raw.sendall(f"{head}0\r\n\r\nGET /api/health/live HTTP/1.1\r\nhost: x\r\n\r\n".encode())
        answers = b"".join(iter(lambda: raw.recv(65_536), b""))
    assert re.findall(rb"HTTP/1.1 (\d+)", answers) in ([b"400"], [b"501"]), "and what follows is not asked"


@pytest.mark.parametrize("headers", ["x: " + "a" * 40_000, "a: b\r\n" * 300], ids=["long", "many"])
def test_headers_are_bounded_and_whoever_sends_more_is_hung_up_on(
    client: httpx2.Client, headers: str
) -> None:
    with connect(client) as raw:
        raw.sendall(f"GET /api/health/live HTTP/1.1\r\nhost: x\r\n{headers.strip()}\r\n\r\n".encode())
        answers = b"".join(iter(lambda: raw.recv(65_536), b""))
    assert answers.startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1@evil.example", ""])
def test_no_answer_repeats_the_host_that_was_asked_for(client: httpx2.Client, host: str) -> None:
    for path in ("/", "/login", "/dashboard", "/admin", "/sign-in", "/nothing"):
        answer = client.get(path, headers={"host": host, "accept": "text/html"})
        assert "evil" not in answer.text + answer.headers.get("location", "")
