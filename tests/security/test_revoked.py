"""Removed, another password, signed out: it holds at once, in every process, for open streams too."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2
import pytest
from click.testing import CliRunner
from tests.web.support import seeded, services, serving

from liveone.accounts import users
from liveone.accounts.passwords import hash_password, hash_token
from liveone.accounts.users import Account, Token
from liveone.cli.root import root
from liveone.settings import config
from liveone.store.generations import ACCOUNT_TABLES
from liveone.store.store import open_store
from liveone.web.auth import sessions
from liveone.wiring.serve import auth_settings

ALICE = Account(
    "alice", "alice@example.org", hash_password("alice's own"), False, (Token(hash_token("lo_a")),)
)
ROOT = Account("root", "root@example.org", hash_password("root's own"), True, (Token(hash_token("lo_r")),))
BEARER = {"authorization": "Bearer lo_a"}


@dataclass
class Place:
    """Two processes' worth of servers over one folder of settings."""

    folder: Path
    client: httpx2.Client
    other: httpx2.Client

    def run(self, *arguments: str) -> str:
        done = CliRunner().invoke(root, ["--config", str(self.folder / "liveone.toml"), "users", *arguments])
        assert done.exit_code == 0, done.output
        return done.output

    def sign_in(self) -> dict[str, str]:
        answer = self.client.post(
            "/api/auth/login", json={"email": "alice@example.org", "password": "alice's own"}
        )
        assert answer.status_code == 200
        cookie = {"cookie": f"{sessions.COOKIE}={self.client.cookies[sessions.COOKIE]}"}
        self.client.cookies.clear()
        return cookie

    def seen(self, headers: dict[str, str]) -> set[int]:
        return {one.get("/api/data", headers=headers).status_code for one in (self.client, self.other)}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    (tmp_path / "liveone.toml").write_text("")
    users.save(tmp_path / "users.toml", [ALICE, ROOT])
    store = seeded(tmp_path / "liveone.db", owner="alice", days=1)
    settings = replace(
        config.load(tmp_path / "liveone.toml", {}), secrets=config.Secrets(session_key="k" * 40)
    )
    with (
        serving(services(store, auth_settings(settings))) as client,
        serving(services(store, auth_settings(settings))) as other,
    ):
        yield Place(tmp_path, client, other)


def test_a_removed_user_is_out_everywhere_at_once(place: Place) -> None:
    cookie = place.sign_in()
    assert place.seen(cookie) == place.seen(BEARER) == {200}
    place.run("remove", "alice@example.org")
    assert place.seen(cookie) == place.seen(BEARER) == {401}
    again = place.client.post(
        "/api/auth/login", json={"email": "alice@example.org", "password": "alice's own"}
    )
    assert again.status_code == 401


def test_a_changed_password_ends_sessions_and_tokens_and_the_new_one_works(place: Place) -> None:
    cookie = place.sign_in()
    place.run("passwd", "alice@example.org", "--password", "another one")
    assert place.seen(cookie) == place.seen(BEARER) == {401}
    for password, status in (("alice's own", 401), ("another one", 200)):
        answer = place.client.post(
            "/api/auth/login", json={"email": "alice@example.org", "password": password}
        )
        assert answer.status_code == status


def test_tokens_may_be_kept_when_a_password_changes(place: Place) -> None:
    place.run("passwd", "alice@example.org", "--password", "another one", "--keep-tokens")
    assert place.seen(BEARER) == {200}


def test_a_signed_out_cookie_is_worth_nothing_in_any_process_nor_after_a_restart(place: Place) -> None:
    cookie, second = place.sign_in(), place.sign_in()
    place.client.post("/api/auth/logout", headers=cookie)
    assert place.seen(cookie) == {401}
    assert place.seen(second) == {200}
    settings = replace(
        config.load(place.folder / "liveone.toml", {}), secrets=config.Secrets(session_key="k" * 40)
    )
    with (
        closing(open_store(place.folder / "liveone.db")) as store,
        serving(services(store, auth_settings(settings))) as restarted,
    ):
        assert restarted.get("/api/data", headers=cookie).status_code == 401
        assert restarted.get("/api/data", headers=second).status_code == 200


def test_a_forged_cookie_ends_nobody_elses_session(place: Place) -> None:
    cookie = place.sign_in()
    place.client.post("/api/auth/logout", headers={"cookie": cookie["cookie"][:-4] + "AAAA"})
    assert place.seen(cookie) == {200}


@pytest.mark.parametrize(
    "how", ["remove", "password", "sign out", "revoke", "promote", "disable", "another owner"]
)
def test_open_streams_end_with_what_opened_them(place: Place, how: str) -> None:
    with_token = how == "revoke"
    headers = BEARER if with_token else place.sign_in()
    ended = threading.Event()
    opened = threading.Event()

    def listen() -> None:
        with (
            httpx2.Client(base_url=place.other.base_url, timeout=60) as client,
            client.stream("GET", "/api/stream", headers=headers) as stream,
        ):
            for _ in stream.iter_lines():
                opened.set()
        ended.set()

    thread = threading.Thread(target=listen)
    thread.start()
    assert opened.wait(30)
    match how:
        case "remove":
            place.run("remove", "alice@example.org")
        case "password":
            place.run("passwd", "alice@example.org", "--password", "another one")
        case "sign out":
            place.client.post("/api/auth/logout", headers=headers)
        case "revoke":
            place.run("revoke", "alice@example.org", hash_token("lo_a")[:8])
        case "promote":
            place.run("admin", "alice@example.org")
        case "disable":
            place.run("disable", "alice@example.org")
        case "another owner":
            place.run("grant", "root@example.org", "1", "--role", "owner")
    assert ended.wait(30)
    thread.join()


def test_tokens_are_listed_by_age_and_purpose_and_revoked_one_by_one(place: Place) -> None:
    token = place.run("token", "alice@example.org", "--name", "grafana").strip()
    listed = place.run("tokens", "alice@example.org")
    assert "grafana" in listed
    assert token not in listed
    place.run("revoke", "alice@example.org", hash_token(token)[:8])
    assert place.seen({"authorization": f"Bearer {token}"}) == {401}
    assert place.seen(BEARER) == {200}


def test_a_server_does_not_open_when_its_last_user_is_removed(place: Place) -> None:
    place.run("remove", "alice@example.org")
    place.run("remove", "root@example.org")
    assert place.seen({}) == {401}


def before_accounts(place: Place) -> None:
    """The database as it was before plan 0004: the file says who may come in."""
    with closing(sqlite3.connect(place.folder / "liveone.db")) as connection:
        for table in ACCOUNT_TABLES:
            connection.execute(f"DROP TABLE {table}")


def test_a_session_of_a_file_ends_in_every_process_and_stays_ended(place: Place) -> None:
    before_accounts(place)
    cookie, second = place.sign_in(), place.sign_in()
    place.client.post("/api/auth/logout", headers=cookie)
    assert place.seen(cookie) == {401}
    assert place.seen(second) == {200}
    settings = config.load(place.folder / "liveone.toml", {"LIVEONE_SESSION_KEY": "k" * 40})
    assert auth_settings(settings).ended.has(session_id(cookie))
    assert (place.folder / "ended-sessions.json").stat().st_mode & 0o777 == 0o600
    place.run("passwd", "alice@example.org", "--password", "another one")
    assert place.seen(second) == place.seen(BEARER) == {401}


def test_a_users_file_that_cannot_be_read_leaves_what_was_known(place: Place) -> None:
    before_accounts(place)
    cookie = place.sign_in()
    (place.folder / "users.toml").write_text("[[user]\n")
    assert place.seen(cookie) == {200}
    users.save(place.folder / "users.toml", [ROOT])
    assert place.seen(cookie) == {401}


def session_id(cookie: dict[str, str]) -> str:
    session = sessions.claimed(cookie["cookie"].partition("=")[2])
    assert session is not None
    return session.id
