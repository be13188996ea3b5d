"""Who gets in, and who does not."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.web.support import CRON_SECRET, OWNER, PASSWORD, SetClock, add, seeded, services, serving

from liveone.accounts.passwords import hash_password, hash_token, verify_password
from liveone.accounts.users import Account, Token
from liveone.store.store import Store
from liveone.web.auth import sessions
from liveone.web.auth.callers import AuthSettings
from liveone.web.auth.guess_limiter import Limiter, network_of
from liveone.web.guard import is_local_name, is_loopback

ALICE = Account(
    "alice", "alice@example.org", hash_password("alice's"), tokens=(Token(hash_token("alice-token")),)
)
ADMIN = Account("root", "root@example.org", hash_password("root's"), True, (Token(hash_token("root-token")),))
ACCOUNTS = AuthSettings(session_key=b"s" * 32, users=(ALICE, ADMIN))


@pytest.fixture(scope="module")
def two_homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """System 1 is alice's, system 2 is bob's."""
    store = seeded(tmp_path_factory.mktemp("homes") / "live.db", days=1)
    add(store, "bob", site="2000")
    yield store
    store.close()


@contextmanager
def accounts(store: Store, clock: SetClock | None = None) -> Iterator[httpx2.Client]:
    with serving(services(store, ACCOUNTS, clock)) as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    "headers",
    [
        {"cookie": f"auth-token={PASSWORD}"},
        {"cookie": "other=1; auth-token=correct%20horse"},
        bearer(PASSWORD),
    ],
)
def test_the_owner_gets_in_with_cookie_or_bearer(anonymous: httpx2.Client, headers: dict[str, str]) -> None:
    assert anonymous.get("/api/data", headers=headers).json()["success"] is True


@pytest.mark.parametrize(
    "headers",
    [{}, {"cookie": "auth-token=wrong"}, {"cookie": "auth-token="}, bearer(CRON_SECRET), bearer("x")],
)
def test_nobody_gets_401(anonymous: httpx2.Client, headers: dict[str, str]) -> None:
    refused = anonymous.get("/api/data", headers=headers)
    assert refused.status_code == 401
    assert refused.json()["error"]


def test_cron_takes_the_cron_secret_only(anonymous: httpx2.Client) -> None:
    assert anonymous.get("/api/cron/minutely", headers=bearer(CRON_SECRET)).status_code == 200
    for headers in ({}, bearer(PASSWORD), {"cookie": f"auth-token={PASSWORD}"}):
        assert anonymous.get("/api/cron/minutely", headers=headers).status_code == 401


def test_cron_is_closed_without_a_secret(store: Store) -> None:
    with serving(services(store, AuthSettings())) as client:
        assert "CRON_SECRET" in client.get("/api/cron/daily", headers=bearer("x")).json()["error"]


def test_a_login_opens_a_session_and_logout_ends_it(two_homes: Store) -> None:
    with accounts(two_homes) as client:
        signed_in = client.post("/api/auth/login", json={"email": "Alice@example.org", "password": "alice's"})
        assert signed_in.json()["success"] is True
        cookie = signed_in.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert client.get("/api/data").status_code == 200
        client.post("/api/auth/logout")
        assert client.get("/api/data").status_code == 401


@pytest.mark.parametrize("email", ["alice@example.org", "nobody@example.org"])
def test_a_wrong_password_says_nothing_of_the_account(two_homes: Store, email: str) -> None:
    with accounts(two_homes) as client:
        refused = client.post("/api/auth/login", json={"email": email, "password": "wrong"})
        assert (refused.status_code, refused.json()["error"]) == (
            401,
            "That e-mail and password do not belong together.",
        )


def test_a_session_ends_when_its_time_has_come(two_homes: Store) -> None:
    clock = SetClock()
    with accounts(two_homes, clock) as client:
        client.post("/api/auth/login", json={"email": ALICE.email, "password": "alice's"})
        assert client.get("/api/systems").status_code == 200
        clock.at += sessions.LIFETIME_S
        assert client.get("/api/systems").status_code == 401


def cookie_of(account: str) -> str:
    return sessions.cookie_of(b"key", sessions.begin(account, 0, is_kept=True), "kept")


def test_a_forged_session_is_refused() -> None:
    genuine = cookie_of("alice")
    session = sessions.proven(b"key", genuine, "kept", now_at=1)
    assert session is not None
    assert session.until_at == sessions.LIFETIME_S
    payload, signature = genuine.split(".")
    other = cookie_of("root").split(".")[0]
    for forged in (f"{other}.{signature}", f"{payload}.", payload, "", "x.y", "ü.ü", "a" * 5000):
        assert sessions.proven(b"key", forged, "kept", now_at=1) is None
    assert sessions.proven(b"key", genuine, "changed password", now_at=1) is None
    assert sessions.proven(b"another key", genuine, "kept", now_at=1) is None


def test_somebody_elses_system_does_not_exist(two_homes: Store) -> None:
    with accounts(two_homes) as client:
        for path in ("/api/data", "/api/stream", "/api/history?interval=5m&fields=solar&last=1h"):
            joint = "&" if "?" in path else "?"
            for system_id in (2, 99):
                refused = client.get(f"{path}{joint}systemId={system_id}", headers=bearer("alice-token"))
                assert refused.status_code == 404, refused.text
        listed = client.get("/api/systems", headers=bearer("alice-token")).json()["systems"]
        assert [system["id"] for system in listed] == [1]


def test_only_administrators_see_the_admin_paths(two_homes: Store) -> None:
    with accounts(two_homes) as client:
        for path in ("systems", "users", "storage"):
            assert client.get(f"/api/admin/{path}", headers=bearer("alice-token")).status_code == 403
            assert client.get(f"/api/admin/{path}", headers=bearer("root-token")).status_code == 200
        users = client.get("/api/admin/users", headers=bearer("root-token"))
        roles = [[(one["id"], one["role"]) for one in user["systems"]] for user in users.json()["users"]]
        assert roles == [[(1, "owner")], []]
        assert "scrypt" not in users.text


def test_many_wrong_passwords_have_to_wait(store: Store) -> None:
    clock = SetClock()
    with serving(services(store, OWNER, clock)) as client:
        answers = [client.post("/api/auth/login", json={"password": f"no {i}"}) for i in range(10)]
        assert [one.status_code for one in answers] == [401] * 10
        clock.sleeps = False
        answers = [client.post("/api/auth/login", json={"password": f"no {i}"}) for i in range(20)]
        assert answers[-1].status_code == 429
        assert int(answers[-1].headers["retry-after"]) <= 20
        clock.at += 20
        assert client.post("/api/auth/login", json={"password": PASSWORD}).status_code == 200


def test_many_wrong_cookies_have_to_wait_but_a_session_need_not(store: Store) -> None:
    with serving(services(store)) as client:
        client.post("/api/auth/login", json={"password": PASSWORD})
        session = {"cookie": f"{sessions.COOKIE}={client.cookies[sessions.COOKIE]}"}
        client.cookies.clear()
        wrong = [client.get("/api/systems", headers={"cookie": f"auth-token={i}"}) for i in range(61)]
        assert [one.status_code for one in wrong] == [401] * 60 + [429]
        assert client.get("/api/systems", headers=session).status_code == 200


def test_the_limiter_forgets_the_oldest_when_full() -> None:
    limiter = Limiter(free=1, spacing_s=60, names=2)
    for client in ("1.1.1.1", "2.2.2.2", "3.3.3.3"):
        limiter.guessed(client, 0)
    assert [limiter.wait_s(client, 1) > 0 for client in ("1.1.1.1", "2.2.2.2", "3.3.3.3")] == [
        False,
        True,
        True,
    ]


def test_an_ipv6_network_counts_as_one() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8::2")
    assert network_of("2001:db8::1") != network_of("2001:db8:0:1::2")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"host": "localhost:8080"}, 200),
        ({"host": "[::1]"}, 200),
        ({"host": "evil.example.org"}, 403),
        ({"host": "127.0.0.1.evil.example.org"}, 403),
        ({"x-forwarded-for": "10.0.0.1"}, 403),
        ({"x-real-ip": "10.0.0.1"}, 403),
        ({"via": "1.1 proxy"}, 403),
        ({"x-forwarded-proto": "https"}, 403),
    ],
)
def test_without_a_password_only_this_machine_is_served(
    store: Store, headers: dict[str, str], status: int
) -> None:
    with serving(services(store, AuthSettings()), proxy_headers=False) as client:
        answer = client.get("/api/data", headers=headers)
        assert answer.status_code == status
        assert status == 200 or "AUTH_PASSWORD" in answer.json()["hint"]


@pytest.mark.parametrize("peer", ["10.0.0.1", "", "not an address", "::ffff:10.0.0.1"])
def test_other_peers_are_not_loopback(peer: str) -> None:
    assert not is_loopback(peer)


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST.:80", "app.localhost", "127.0.0.9", "[::1]:8080"])
def test_names_of_this_machine(name: str) -> None:
    assert is_local_name(name)


def test_a_foreign_page_cannot_post(anonymous: httpx2.Client) -> None:
    crossed = anonymous.post("/api/auth/logout", headers={"sec-fetch-site": "cross-site"})
    assert crossed.status_code == 403


@given(st.text(max_size=20))
def test_a_kept_password_never_shows_itself(text: str) -> None:
    assert not verify_password(text, text)


def test_a_password_is_verified_and_salted() -> None:
    first, second = hash_password("pässword"), hash_password("pässword")
    assert first != second
    assert verify_password("pässword", first)
    assert not verify_password("password", first)
    assert not verify_password("x", "scrypt$40$8$1$AAAA$AAAA")


def test_secrets_do_not_show_in_a_repr() -> None:
    account = Account("a", "a@b", "scrypt$hash", False, (Token("h1"),))
    shown = repr(AuthSettings("sesame", "cron", b"key", (account,)))
    assert not any(secret in shown for secret in ("sesame", "cron'", "key'", "scrypt$hash", "h1"))


def test_the_owner_signs_in_without_an_email(store: Store, tmp_path: Path) -> None:
    with serving(services(store)) as client:
        client.post("/api/auth/login", json={"password": PASSWORD})
        assert client.get("/api/admin/users").json()["singleOwner"] is True
