"""Whoever guesses gets slower; whoever is right gets in, and nobody keeps him out."""

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path
from unittest import mock

import httpx2
import pytest
from argon2 import PasswordHasher
from tests.web.support import CRON_SECRET, OWNER, PASSWORD, SetClock, seeded, services, serving

from liveone.accounts import passwords
from liveone.accounts.users import Account
from liveone.store.store import Store
from liveone.web.auth import sessions
from liveone.web.auth.callers import Authenticator, AuthSettings
from liveone.web.auth.rights import ROUTES, Right
from liveone.web.routes import login

LONG = "f3b1c0de" * 8


def kept(password: str) -> str:
    """Hashed at little cost: these tests count guesses and do not measure them."""
    with mock.patch.object(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)):
        return passwords.hash_password(password)


PEOPLE = AuthSettings(
    session_key=b"k" * 32,
    users=[
        Account("admin", "admin@example.org", kept("admin's own"), True),
        Account("alice", "alice@example.org", kept("alice's own")),
    ],
)


class Sleepless(SetClock):
    """A clock on which waiting takes no time of ours."""

    async def sleep(self, seconds_s: float) -> None:
        self.at += seconds_s


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return seeded(tmp_path / "liveone.db", days=1)


def sign_in(client: httpx2.Client, email: str, password: str, **headers: str) -> int:
    client.cookies.clear()
    body = {"email": email, "password": password}
    return client.post("/api/auth/login", json=body, headers=headers).status_code


def test_ten_wrong_passwords_of_a_stranger_cost_the_owner_seconds(store: Store) -> None:
    clock = Sleepless()
    with serving(services(store, OWNER, clock)) as client:
        assert {sign_in(client, "", f"no {n}") for n in range(10)} == {401}
        began_at = clock.at
        assert sign_in(client, "", PASSWORD) == 200
        assert clock.at - began_at <= 5


def test_a_stranger_at_another_address_costs_the_owner_nothing(store: Store) -> None:
    clock = Sleepless()
    with serving(services(store, OWNER, clock)) as client:
        statuses = [sign_in(client, "", f"no {n}", **{"x-forwarded-for": "203.0.113.9"}) for n in range(40)]
        assert statuses[-1] == 429
        began_at = clock.at
        assert sign_in(client, "", PASSWORD, **{"x-forwarded-for": "198.51.100.1"}) == 200
        assert sign_in(client, "", PASSWORD) == 200
        assert clock.at == began_at


def test_a_browser_that_signed_in_before_is_let_in_whatever_a_stranger_does(store: Store) -> None:
    with serving(services(store, OWNER, Sleepless())) as client:
        client.post("/api/auth/login", json={"password": PASSWORD})
        device = {"cookie": f"{sessions.DEVICE_COOKIE}={client.cookies[sessions.DEVICE_COOKIE]}"}
        for n in range(60):
            sign_in(client, "", f"no {n}")
        assert sign_in(client, "", PASSWORD) == 429
        client.cookies.clear()
        assert client.post("/api/auth/login", json={"password": PASSWORD}, headers=device).status_code == 200


def test_ones_own_success_buys_no_guesses_at_another(store: Store) -> None:
    clock = Sleepless()
    with serving(services(store, PEOPLE, clock)) as client:
        began_at, guesses, refused = clock.at, 0, False
        while not refused and guesses < 60:
            for _ in range(9):
                refused = sign_in(client, "admin@example.org", f"no {guesses}") == 429 or refused
                guesses += 1
            assert sign_in(client, "alice@example.org", "alice's own") == 200
        assert refused
        assert guesses <= 27
        assert clock.at - began_at > 30


def test_many_guesses_at_once_are_no_way_around(store: Store) -> None:
    clock = SetClock()
    clock.sleeps = False
    statuses: list[int] = []
    with serving(services(store, OWNER, clock)) as client:
        url = f"{client.base_url}/api/auth/login"

        def guess() -> None:
            statuses.append(httpx2.post(url, json={"password": "no"}, timeout=60).status_code)

        threads = [threading.Thread(target=guess) for _ in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert statuses.count(401) <= 12


def test_many_accounts_from_one_address_are_slowed_down_too(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login, "DECOY", kept("nobody"))
    with serving(services(store, PEOPLE, SetClock())) as client:
        statuses = [sign_in(client, f"n{n}@example.org", "no") for n in range(54)]
        assert statuses[:49] == [401] * 49
        assert statuses[-1] == 429


def bearer(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}


def test_a_browser_that_signed_in_before_does_not_wait_behind_strangers(store: Store) -> None:
    """As many strangers, each at an address of his own, as it takes to fill the line."""
    free, real = threading.Event(), login._account_of

    def slow(gate: Authenticator, email: str, password: str) -> str | None:
        if password == "stranger's":
            free.wait(20)
        return real(gate, email, password)

    with serving(services(store, PEOPLE)) as client, ThreadPoolExecutor(4) as pool:
        url = f"{client.base_url}/api/auth/login"

        def sent(number: int, password: str, cookie: str = "") -> int:
            headers = {"x-forwarded-for": f"192.0.2.{number}", "cookie": cookie}
            body = {"email": "alice@example.org", "password": password}
            return httpx2.post(url, json=body, headers=headers, timeout=30).status_code

        assert sign_in(client, "alice@example.org", "alice's own") == 200
        known = f"{sessions.DEVICE_COOKIE}={client.cookies[sessions.DEVICE_COOKIE]}"
        with mock.patch.object(login, "_account_of", slow), mock.patch.object(login, "MOST_WAITING", 1):
            strangers = [pool.submit(sent, number, "stranger's") for number in range(3)]
            refused = next(as_completed(strangers)).result()
            statuses = [refused, sent(9, "alice's own", known)]
            free.set()
    assert statuses == [503, 200]


@pytest.mark.parametrize("path", ["/api/data", "/api/cron/minutely"])
def test_a_long_secret_is_heard_after_however_many_wrong_ones(store: Store, path: str) -> None:
    auth = replace(OWNER, auth_password="a long random " + LONG, cron_secret=LONG)
    with serving(services(store, auth, Sleepless())) as client:
        for n in range(70):
            client.get(path, headers=bearer(f"wrong {n}"))
        assert client.get(path, headers=bearer("wrong")).status_code in (401, 429)
        assert client.get("/api/cron/minutely", headers=bearer(LONG)).status_code == 200
        assert client.get("/api/data", headers=bearer("a long random " + LONG)).status_code == 200


@pytest.mark.parametrize("path", ["/api/data", "/api/cron/minutely"])
def test_a_short_one_is_heard_in_its_turn(store: Store, path: str) -> None:
    right = PASSWORD if path == "/api/data" else CRON_SECRET
    with serving(services(store, OWNER, Sleepless())) as client:
        for n in range(60):
            client.get(path, headers=bearer(f"wrong {n}"))
        assert client.get(path, headers=bearer(right)).status_code == 200


def test_guesses_at_a_short_secret_come_one_a_second(store: Store) -> None:
    clock = SetClock()
    clock.sleeps = False
    with serving(services(store, OWNER, clock)) as client:
        statuses = [client.get("/api/data", headers=bearer(f"wrong {n}")).status_code for n in range(80)]
    assert statuses == [401] * 60 + [429] * 20


def test_failures_are_logged_with_address_and_account(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), serving(services(store, PEOPLE)) as client:
        sign_in(client, "admin@example.org\n\x1b[31mfake", "no", **{"x-forwarded-for": "203.0.113.9"})
        client.get("/api/data", headers=bearer("wrong"))
    assert "203.0.113.9" in caplog.text
    assert "/api/data" in caplog.text
    assert "\x1b" not in caplog.text


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    with serving(services(seeded(tmp_path_factory.mktemp("one") / "liveone.db", days=1))) as client:
        yield client


FOREIGN = (
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "http://127.0.0.1.evil.example"},
    {"origin": "http://127.0.0.1:1"},
    {"origin": ""},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site", "origin": "null"},
)


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("path", ["/api/admin/backups", "/api/admin/systems/discover", "/api/auth/logout"])
def test_a_page_of_another_origin_sends_nothing(
    one: httpx2.Client, path: str, headers: dict[str, str]
) -> None:
    cookie = {"cookie": f"auth-token={PASSWORD}"}
    assert one.post(path, headers=headers | cookie).status_code == 403


@pytest.mark.parametrize("headers", [{}, {"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}])
def test_our_own_pages_and_programs_do(one: httpx2.Client, headers: dict[str, str]) -> None:
    assert one.post("/api/auth/logout", headers=headers).status_code == 200


def test_our_own_origin_is_named_by_the_host(one: httpx2.Client) -> None:
    port = one.base_url.port
    answer = one.post("/api/auth/logout", headers={"origin": f"http://127.0.0.1:{port}"})
    assert answer.status_code == 200


def test_openapi_says_how_to_show_a_credential(one: httpx2.Client) -> None:
    described = one.get("/openapi.json", headers={"cookie": f"auth-token={PASSWORD}"}).json()
    assert set(described["components"]["securitySchemes"]) == {"owner", "session", "token", "cron secret"}
    for path, methods in described["paths"].items():
        for method, said in methods.items():
            is_open = ROUTES[method.upper(), path] is Right.ANYBODY
            assert bool(said.get("security")) != is_open, f"{method} {path}"
