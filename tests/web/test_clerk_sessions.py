"""Session tokens of Clerk: proven against its keys, from cookie and header; roles of an upgraded database."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace

import httpx2
import pytest
from tests.liveone_side import clerk_stand_in
from tests.liveone_side.clerk_stand_in import StandIn, user
from tests.web import issuer_stand_in
from tests.web.issuer_stand_in import CLIENT, SECRET, IssuerStandIn, Key, ec, rsa
from tests.web.support import SetClock, add, seeded, services, serving

from liveone.accounts.clerk import ClerkDirectory
from liveone.accounts.external.issuer import Issuer
from liveone.accounts.people import People
from liveone.accounts.users import Account
from liveone.settings.sign_in import SignInConfig
from liveone.web.auth.callers import AuthSettings

HERE = "https://solar.example.org"
SIMON, ANN, EVE = "user_2simon", "user_2ann", "user_2eve"
VERIFIED = {"verification": {"status": "verified"}}


@dataclass
class ClerkHouse:
    """A server that takes session tokens of Clerk; system 1 is Simon's, Ann may look at it."""

    client: httpx2.Client
    clerk: IssuerStandIn
    backend: StandIn
    people: People
    clock: SetClock
    place: Issuer

    def ask(self, token: str, path: str = "/api/systems", *, cookie: bool = True) -> httpx2.Response:
        """An answer to whoever shows that token."""
        shown = {"cookie": f"__session={token}"} if cookie else {"authorization": f"Bearer {token}"}
        return self.client.get(path, headers=shown)

    def sees(self, token: str, *, cookie: bool = True) -> list[int]:
        """The systems that whoever shows that token sees; [-1] for whoever is not let in."""
        answer = self.ask(token, cookie=cookie)
        return [one["id"] for one in answer.json()["systems"]] if answer.status_code == 200 else [-1]


@pytest.fixture(scope="module")
def signing() -> Key:
    return rsa("ins_1")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, signing: Key) -> Iterator[ClerkHouse]:
    clock = SetClock()
    store = seeded(tmp_path_factory.mktemp("clerk") / "liveone.db", owner=SIMON, days=1)
    add(store, "somebody", site="1587")
    people = People(store, tuple, clock)
    with (
        issuer_stand_in.running(key=signing, now_at=clock.now_at()) as clerk,
        clerk_stand_in.running() as backend,
        closing(store),
    ):
        config = SignInConfig(
            "clerk", clerk.url, CLIENT, "clerk", client_secret=SECRET, authorized_parties=(HERE,)
        )
        place = Issuer(config, clock)
        directory = ClerkDirectory(clerk_stand_in.KEY, url=backend.url)
        auth = AuthSettings(session_key=b"k" * 32, issuers=(place,), directory=directory)
        with serving(replace(services(store, auth, clock), people=people)) as client:
            yield ClerkHouse(client, clerk, backend, people, clock, place)


@pytest.fixture
def house(served: ClerkHouse, signing: Key) -> ClerkHouse:
    served.client.cookies.clear()
    served.clock.at += 3600
    for one in served.people.refresh(anew=True).accounts:
        served.people.remove(one)
    served.people.grant(SIMON, 1, "owner")
    served.people.grant(ANN, 1, "viewer")
    fresh = IssuerStandIn(url=served.clerk.url, key=signing, now_at=served.clock.now_at())
    vars(served.clerk).update(vars(fresh))
    vars(served.place).update(vars(Issuer(served.place.config, served.clock)))
    served.backend.asked.clear()
    served.backend.users = {
        SIMON: user(SIMON, "simon@example.org"),
        ANN: user(ANN, "ann@example.org"),
        EVE: user(EVE, "eve@example.org", banned=True),
    }
    for one in served.backend.users.values():
        for address in one["email_addresses"]:  # type: ignore[attr-defined]
            address.update(VERIFIED)
    return served


@pytest.mark.parametrize("cookie", [True, False], ids=["cookie", "header"])
def test_the_roles_of_the_database_decide_what_somebody_sees(house: ClerkHouse, cookie: bool) -> None:
    assert house.sees(house.clerk.session(SIMON, HERE), cookie=cookie) == [1]
    assert house.sees(house.clerk.session(ANN, HERE), cookie=cookie) == [1]
    token = house.clerk.session(ANN, HERE)
    assert house.ask(token, "/api/data?systemId=2", cookie=cookie).status_code == 404
    renamed = {"displayName": "Mine"}
    shown = {"cookie": f"__session={token}"} if cookie else {"authorization": f"Bearer {token}"}
    assert house.client.patch("/api/admin/systems/1", json=renamed, headers=shown).status_code == 403


def test_somebody_is_looked_up_once_and_proven_without_asking(house: ClerkHouse) -> None:
    for _ in range(3):
        assert house.sees(house.clerk.session(SIMON, HERE)) == [1]
    assert house.backend.asked == [f"/v1/users/{SIMON}"]
    assert house.clerk.asked.count("/jwks") == 1
    assert house.people.asked().accounts[SIMON].email == "simon@example.org"
    house.clerk.troubles = {"/jwks": 500, "/.well-known/openid-configuration": 500}
    house.backend.troubles = [500] * 9
    assert house.sees(house.clerk.session(SIMON, HERE)) == [1]
    house.backend.troubles.clear()


def test_nobody_whom_the_database_does_not_name_gets_an_account(house: ClerkHouse) -> None:
    house.backend.users["user_2new"] = user("user_2new", "new@example.org")
    assert house.sees(house.clerk.session("user_2new", HERE)) == [-1]
    assert house.people.asked().accounts == {}


@pytest.mark.parametrize("known", [EVE, "user_2gone"])
def test_one_who_is_banned_or_gone_is_not_let_in(house: ClerkHouse, known: str) -> None:
    house.people.grant(known, 1, "viewer")
    assert house.sees(house.clerk.session(known, HERE)) == [-1]
    house.people.revoke(known, 1)


def test_a_disabled_account_stays_out_and_an_address_of_another_is_not_taken(house: ClerkHouse) -> None:
    house.people.add(Account("local", "simon@example.org", "kept", is_admin=True))
    assert house.sees(house.clerk.session(SIMON, HERE)) == [1]
    found = house.people.asked().accounts
    assert found[SIMON].email.endswith(".invalid")
    assert not found[SIMON].is_admin
    house.people.change(replace(found[SIMON], disabled_at=1))
    assert house.sees(house.clerk.session(SIMON, HERE)) == [-1]


def test_keys_are_changed_without_a_restart(house: ClerkHouse, signing: Key) -> None:
    assert house.sees(house.clerk.session(SIMON, HERE)) == [1]
    old = house.clerk.session(SIMON, HERE)
    house.clerk.key = ec("ins_2")
    house.clock.at += 31
    assert house.sees(house.clerk.session(SIMON, HERE)) == [1]
    assert house.sees(old) == [-1], "its key is no longer published"


def test_tokens_of_made_up_keys_do_not_make_the_server_ask(house: ClerkHouse) -> None:
    house.clerk.key = rsa("made-up")
    house.clerk.published = [rsa("ins_1").as_dict(private=False)]
    for number in range(20):
        assert house.sees(house.clerk.session(SIMON, HERE, v=number)) == [-1]
    assert house.clerk.asked.count("/jwks") == 1


@pytest.mark.parametrize(
    ("claims", "cookie", "party"),
    [
        ({}, True, "https://evil.example.org"),
        ({}, False, "https://evil.example.org"),
        ({}, True, None),
        ({"sid": None}, True, HERE),
        ({"aud": CLIENT}, True, HERE),
        ({"client_id": CLIENT}, False, HERE),
        ({"sts": "pending"}, True, HERE),
        ({"iss": "https://clerk.other.example"}, True, HERE),
        ({"exp": 1}, True, HERE),
        ({"nbf": 2**40}, True, HERE),
        ({"sub": "local"}, True, HERE),
    ],
    ids=str,
)
def test_what_is_no_session_of_ours_is_not_let_in(
    house: ClerkHouse, claims: dict[str, object], cookie: bool, party: str | None
) -> None:
    token = house.clerk.session(SIMON, party, **claims)
    assert house.sees(token, cookie=cookie) == [-1]


def test_a_program_has_no_party_and_comes_by_the_header(house: ClerkHouse) -> None:
    assert house.sees(house.clerk.session(SIMON), cookie=False) == [1]
    assert house.ask(house.clerk.session(SIMON), "/api/me", cookie=False).status_code == 403


def test_a_token_that_does_not_hold_is_no_guess_of_a_password(house: ClerkHouse) -> None:
    house.clock.at += 600
    old = house.clerk.session(SIMON, HERE)
    house.clock.at += 600
    answers = {house.ask(old, cookie=False).status_code for _ in range(70)}
    assert answers == {401}


def test_who_comes_back_from_the_page_of_clerk_has_the_roles_of_their_id(house: ClerkHouse) -> None:
    house.clerk.signed_in = SIMON
    left = house.client.get("/login/with/clerk", params={"next": "/dashboard/1"})
    with httpx2.Client() as browser:
        back = browser.get(left.headers["location"]).headers["location"]
    assert house.client.get(back).headers["location"] == "/dashboard/1"
    me = house.client.get("/api/me").json()
    assert (me["account"]["id"], [one["role"] for one in me["systems"]]) == (SIMON, ["owner"])
    house.client.cookies.clear()
    house.clerk.signed_in = EVE
    left = house.client.get("/login/with/clerk")
    with httpx2.Client() as browser:
        back = browser.get(left.headers["location"]).headers["location"]
    assert "problem=disabled" in house.client.get(back).headers["location"]
