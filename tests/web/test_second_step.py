"""A second step at sign-in: codes of an app, passkeys, recovery codes; and every way past it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import httpx2
import pytest
from click.testing import CliRunner
from tests.web.soft_key import PRESENT, SoftKey
from tests.web.support import PASSWORD as OWNERS
from tests.web.support import SetClock, seeded, services, serving

from liveone.accounts import audit, links, second_steps, totp
from liveone.accounts.credentials import StoredCredential
from liveone.accounts.passwords import hash_password, hash_token
from liveone.accounts.people import People
from liveone.accounts.users import Account
from liveone.cli.root import root
from liveone.sealing import SecretBox, new_key
from liveone.web.auth import passkeys
from liveone.web.auth.callers import AuthSettings
from liveone.web.auth.ended_sessions import EndedSessions

PASSWORD = "a good long one"
ANN, BOB = "ann@example.org", "bob@example.org"


@dataclass
class Home:
    """A server with two accounts; ``client`` is the browser of one person."""

    client: httpx2.Client
    people: People
    clock: SetClock
    path: Path

    def as_new(self, kept: str) -> None:
        self.client.cookies.clear()
        self.clock.at += 5000
        for one in self.people.refresh(anew=True).accounts:
            self.people.remove(one)
        self.people.add(Account("ann", ANN, kept, is_admin=True))
        self.people.add(Account("bob", BOB, kept))

    def sign_in(self, code: str = "", email: str = ANN, password: str = PASSWORD) -> httpx2.Response:
        asked = {"email": email, "password": password} | ({"code": code} if code else {})
        return self.client.post("/api/auth/login", json=asked)

    def me(self) -> dict[str, Any]:
        found = self.client.get("/api/me")
        return found.json()["secondStep"] if found.status_code == 200 else {}

    def app(self) -> tuple[str, list[str]]:
        """Sign in and set an app up: its secret, and the recovery codes."""
        assert self.sign_in().status_code == 200
        secret = self.client.post("/api/me/app", json={"password": PASSWORD}).json()["secret"]
        done = self.client.put(
            "/api/me/app", json={"password": PASSWORD, "secret": secret, "code": self.code(secret)}
        )
        assert done.status_code == 200, done.text
        return secret, done.json()["recoveryCodes"]

    def code(self, secret: str, later: int = 0) -> str:
        return totp.code_of(secret, int(self.clock.at) // totp.STEP_S + later)

    def key(self, **changes: Any) -> SoftKey:
        return SoftKey(str(self.client.base_url).rstrip("/"), "127.0.0.1", **changes)

    def add(self, key: SoftKey) -> httpx2.Response:
        asked = self.client.post("/api/me/passkeys/ask", json={"password": PASSWORD})
        return self.client.post("/api/me/passkeys", json={"credential": key.made(asked.json()["options"])})

    def show(self, key: SoftKey) -> httpx2.Response:
        self.client.cookies.clear()
        asked = self.client.post("/api/auth/passkey/ask", json={})
        return self.client.post("/api/auth/passkey", json={"credential": key.shown(asked.json()["options"])})

    def done(self) -> list[str]:
        """What the audit log says of late, newest first."""
        return [f"{one.what} {one.about}" for one in audit.listed(self.people, most=5)]


@pytest.fixture(scope="module")
def kept() -> str:
    return hash_password(PASSWORD)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    clock, keys, path = SetClock(), [new_key()], tmp_path_factory.mktemp("second") / "liveone.db"
    store = seeded(path, owner="ann", days=1)
    people = People(store, tuple, clock)
    auth = AuthSettings(session_key=b"k" * 32, box=SecretBox(lambda: keys, lambda: keys))
    with (
        closing(store),
        serving(replace(services(store, auth, clock), people=people)) as client,
    ):
        yield Home(client, people, clock, path)


@pytest.fixture
def home(running: Home, kept: str) -> Home:
    running.as_new(kept)
    return running


def test_codes_are_those_of_rfc_6238() -> None:
    """Appendix B, the last six of its eight digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    vectors = {59: "287082", 1111111109: "081804", 1111111111: "050471", 20000000000: "353130"}
    assert {at: totp.code_of(secret, at // 30) for at in vectors} == vectors
    assert totp.matching_step(secret, "287 082", 59 + 30) == 1
    assert totp.matching_step(secret, "287082", 59 + 61) is None
    for code in ("", "28708", "2870822", "٢٨٧٠٨٢", "28708a"):
        assert totp.matching_step(secret, code, 59) is None


def test_an_app_is_set_up_and_its_code_asked_for(home: Home) -> None:
    secret, codes = home.app()
    assert len(set(codes)) == 10
    assert home.me()["app"] is not None
    home.client.cookies.clear()
    asked = home.sign_in()
    assert (asked.status_code, asked.json()["secondStep"]) == (401, ["app"])
    assert not home.client.cookies
    assert home.sign_in("123456").json()["wasWrong"] is True
    assert home.done()[0] == "was refused right password, wrong second step"
    used = home.sign_in(home.code(secret))
    assert used.json()["wasWrong"] is True, "the code with which it was set up was used then"
    home.clock.at += 30
    assert home.sign_in(home.code(secret)).status_code == 200
    assert home.done()[0].endswith(", with a code")
    assert home.sign_in(home.code(secret)).status_code == 401, "a code counts once"
    assert home.sign_in(home.code(secret, -1)).status_code == 401, "nor does an older one after it"
    assert home.sign_in(home.code(secret), password="wrong one").json().get("secondStep") is None


def test_nothing_of_a_code_lies_open_in_the_database(home: Home) -> None:
    secret, codes = home.app()
    with closing(sqlite3.connect(home.path)) as connection:
        text = "\n".join(connection.iterdump())
    assert "sealed:" in text
    assert secret not in text
    assert not [code for code in codes if code in text]


def test_recovery_codes_open_once_each_and_are_made_anew(home: Home) -> None:
    _, codes = home.app()
    home.client.cookies.clear()
    assert home.sign_in(codes[0].upper().replace("-", " ")).status_code == 200
    assert home.done()[0].endswith(", with a recovery code")
    assert home.me()["recoveryCodes"] == 9
    assert home.sign_in(codes[0]).status_code == 401
    assert home.sign_in(codes[1], email=BOB).status_code == 200, "who is asked for nothing shows nothing"
    assert home.sign_in(codes[1]).status_code == 200
    assert (
        home.client.post("/api/me/recovery-codes", json={"password": "wrong one"}).json()["error"]
        == "that is not your password"
    )
    made = home.client.post("/api/me/recovery-codes", json={"password": PASSWORD}).json()["recoveryCodes"]
    assert home.sign_in(codes[2]).status_code == 401
    assert home.sign_in(made[2]).status_code == 200


def test_sessions_and_tokens_go_on_and_a_password_changed_leaves_it(home: Home) -> None:
    home.people.keep(StoredCredential("token", hash_token("lo_t"), "ann", scope="admin"))
    home.app()
    assert home.client.get("/api/me").status_code == 200
    bearer = {"authorization": "Bearer lo_t"}
    assert home.client.get("/api/admin/users", headers=bearer).status_code == 200
    changed = home.client.post("/api/me/password", json={"current": PASSWORD, "password": "another good one"})
    assert changed.status_code == 200
    assert home.sign_in(password="another good one").json()["secondStep"] == ["app"]


def test_wrong_codes_wait_whatever_their_address_and_known_browsers_are_heard(home: Home) -> None:
    secret, _ = home.app()
    known = dict(home.client.cookies)
    home.clock.at += 30
    home.client.cookies.clear()
    for number in range(12):
        answer = home.client.post(
            "/api/auth/login",
            json={"email": ANN, "password": PASSWORD, "code": f"{number:06}"},
            headers={"x-forwarded-for": f"203.0.113.{number}"},
        )
        if answer.status_code == 429:
            break
        home.clock.sleeps = False
    assert answer.status_code == 429
    home.client.cookies.update(known)
    assert home.sign_in(home.code(secret)).status_code == 200


def test_it_is_removed_with_the_password_and_codes_go_with_the_last(home: Home) -> None:
    home.app()
    refused = home.client.request("DELETE", "/api/me/app", json={"password": "wrong one"})
    assert refused.status_code == 400
    assert home.client.request("DELETE", "/api/me/app", json={"password": PASSWORD}).status_code == 200
    assert home.me() == {"kept": True, "app": None, "passkeys": [], "recoveryCodes": 0}
    assert home.client.request("DELETE", "/api/me/app", json={"password": PASSWORD}).status_code == 404
    assert home.sign_in().status_code == 200


def test_an_administrators_link_takes_it_away_and_so_does_the_command(home: Home) -> None:
    home.app()
    secret = links.make(home.people, "reset", "ann", home.clock.at)
    home.client.cookies.clear()
    joined = home.client.post("/api/auth/join", json={"token": secret, "password": "another good one"})
    assert joined.status_code == 200
    assert home.sign_in(password="another good one").status_code == 200
    home.people.change(replace(home.people.asked().accounts["ann"], password_hash=hash_password(PASSWORD)))
    home.app()
    (home.path.parent / "liveone.toml").touch()
    words = ["--config", str(home.path.parent / "liveone.toml"), "users", "second-step", ANN]
    assert "taken away" in CliRunner().invoke(root, [*words, "--remove"]).output
    assert home.sign_in().status_code == 200


def test_only_a_person_with_a_password_of_their_own_has_one(home: Home) -> None:
    home.people.keep(StoredCredential("token", hash_token("lo_t"), "ann", scope="admin"))
    bearer = {"authorization": "Bearer lo_t"}
    asked = home.client.post("/api/me/app", json={"password": PASSWORD}, headers=bearer)
    assert asked.status_code == 403
    home.sign_in()
    home.people.change(replace(home.people.asked().accounts["ann"], password_hash="elsewhere$ab"))
    home.people.refresh()
    assert home.client.get("/api/me").status_code == 401
    wrong = {"password": PASSWORD, "secret": "A" * 32, "code": "123456"}
    home.sign_in(email=BOB)
    assert home.client.put("/api/me/app", json=wrong).status_code == 400
    assert home.client.put("/api/me/app", json=wrong | {"secret": "1" * 32}).status_code == 400


def test_the_single_owner_is_asked_for_the_password_alone(home: Home) -> None:
    home.app()
    auth = AuthSettings(auth_password=OWNERS, session_key=b"k" * 32)
    store = home.people.store
    with serving(
        replace(services(store, auth, home.clock), people=People(store, tuple, home.clock))
    ) as client:
        assert client.post("/api/auth/login", json={"password": OWNERS}).status_code == 200
        refused = client.post("/api/me/app", json={"password": OWNERS})
        assert (refused.status_code, "AUTH_PASSWORD" in refused.text) == (400, True)


def test_a_passkey_signs_in_by_itself_and_proves_the_second_step(home: Home) -> None:
    home.sign_in()
    key = home.key()
    added = home.add(key)
    assert (added.status_code, len(added.json()["recoveryCodes"])) == (200, 10)
    assert home.add(home.key()).json()["recoveryCodes"] is None
    home.client.cookies.clear()
    assert home.sign_in().json()["secondStep"] == ["passkey"]
    assert home.show(key).status_code == 200
    assert home.client.get("/api/me").json()["account"]["id"] == "ann"
    assert home.done()[0].endswith(", with a passkey")
    assert len(home.me()["passkeys"]) == 2
    label = added.json()["id"]
    gone = home.client.request("DELETE", f"/api/me/passkeys/{label}", json={"password": PASSWORD})
    assert gone.status_code == 200
    assert home.show(key).status_code == 401


@pytest.mark.parametrize(
    ("lie", "status"),
    [
        ("origin", 401),
        ("host", 401),
        ("unverified", 401),
        ("signature", 401),
        ("count", 401),
        ("stranger", 401),
    ],
)
def test_a_passkey_that_lies_opens_nothing(home: Home, lie: str, status: int) -> None:
    home.sign_in()
    key = home.key()
    home.add(key)
    home.show(key)
    if lie == "origin":
        key.origin = "https://elsewhere.example"
    elif lie == "host":
        key.host = "elsewhere.example"
    elif lie == "unverified":
        key.flags = PRESENT
    elif lie == "signature":
        key.key = home.key().key
    elif lie == "count":
        key.count = 0
    else:
        key.id = b"x" * 32
    assert home.show(key).status_code == status
    assert home.client.get("/api/me").status_code == 401


def test_a_question_is_good_for_one_answer_of_one_person_for_five_minutes(home: Home) -> None:
    home.sign_in()
    key = home.key()
    home.add(key)
    asked = home.client.post("/api/auth/passkey/ask", json={}).json()["options"]
    cookie = dict(home.client.cookies)
    shown = {"credential": key.shown(asked)}
    assert home.client.post("/api/auth/passkey", json=shown).status_code == 200
    home.client.cookies.clear()
    home.client.cookies.update(cookie)
    assert home.client.post("/api/auth/passkey", json=shown).status_code == 400, "twice"
    home.client.cookies.clear()
    assert home.client.post("/api/auth/passkey", json=shown).status_code == 400, "in another browser"
    asked = home.client.post("/api/auth/passkey/ask", json={}).json()["options"]
    home.clock.at += passkeys.LIFETIME_S
    late = {"credential": key.shown(asked)}
    assert home.client.post("/api/auth/passkey", json=late).status_code == 400, "too late"
    home.sign_in(email=BOB)
    asked = home.client.post("/api/auth/passkey/ask", json={}).json()["options"]
    made = {"credential": home.key().made(asked)}
    assert home.client.post("/api/me/passkeys", json=made).status_code == 400, "a question for signing in"
    options = home.client.post("/api/me/passkeys/ask", json={"password": PASSWORD}).json()["options"]
    known = {"credential": key.made(options)}
    assert home.client.post("/api/me/passkeys", json=known).status_code == 400, "somebody else's passkey"


@pytest.mark.parametrize(
    "credential", [{}, {"id": 1}, {"id": "x", "response": None}, {"response": {"a": []}}]
)
def test_what_is_no_passkey_is_refused_plainly(home: Home, credential: dict[str, Any]) -> None:
    home.sign_in()
    home.client.post("/api/me/passkeys/ask", json={"password": PASSWORD})
    assert home.client.post("/api/me/passkeys", json={"credential": credential}).status_code == 400
    home.client.post("/api/auth/passkey/ask", json={})
    assert home.client.post("/api/auth/passkey", json={"credential": credential}).status_code == 401


def test_wrong_answers_are_not_remembered_and_a_right_one_after_them_holds(home: Home) -> None:
    """Strangers give as many as they like; each would be a line of a file that is written anew."""
    home.sign_in()
    key = home.key()
    home.add(key)
    home.client.cookies.clear()
    asked = home.client.post("/api/auth/passkey/ask", json={}).json()["options"]
    with mock.patch.object(EndedSessions, "add") as add:
        for _ in range(3):
            wrong = home.client.post("/api/auth/passkey", json={"credential": {"id": "x"}})
            assert wrong.status_code == 401
        add.assert_not_called()
    assert home.client.post("/api/auth/passkey", json={"credential": key.shown(asked)}).status_code == 200


def test_what_ends_twice_at_once_ends_once(tmp_path: Path) -> None:
    for ended in (EndedSessions(), EndedSessions(tmp_path / "ended.json")):
        assert [ended.add("a", 20, now_at=1), ended.add("a", 20, now_at=2)] == [True, False]
    assert not EndedSessions(tmp_path / "ended.json").add("a", 20, now_at=3)


def test_a_disabled_or_removed_account_is_opened_by_no_passkey(home: Home) -> None:
    home.sign_in(email=BOB)
    key = home.key()
    home.add(key)
    home.people.change(replace(home.people.asked().accounts["bob"], disabled_at=1))
    assert home.show(key).status_code == 403
    home.people.remove("bob")
    assert home.show(key).status_code == 401
    assert home.people.asked().steps == ()


def test_a_way_back_leaves_the_password_alone_and_the_plan_brings_all_back(home: Home) -> None:
    folder = Path(second_steps.__file__).parents[1] / "migrations/plans/0007-second-steps"
    home.app()
    with closing(sqlite3.connect(home.path)) as connection:
        connection.executescript((folder / "rollback.sql").read_text())
        assert home.sign_in().status_code == 200
        assert home.me()["kept"] is False
        asked = home.client.post("/api/me/app", json={"password": PASSWORD})
        assert (asked.status_code, "liveone upgrade" in asked.text) == (400, True)
        home.people.change(replace(home.people.asked().accounts["bob"], name="Bob"))
        connection.executescript((folder / "add.sql").read_text())
    assert home.sign_in().json()["secondStep"] == ["app"]
