"""Signing in at an issuer of OpenID Connect: who gets in, as whom, and every way to lie."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from tests.web import issuer_stand_in
from tests.web.issuer_stand_in import CLIENT, SECRET, IssuerStandIn, Key, ec, rsa
from tests.web.support import SetClock, seeded, services, serving

from liveone.accounts import links
from liveone.accounts.external import identities
from liveone.accounts.external.issuer import ExternalPerson, Issuer
from liveone.accounts.passwords import hash_password
from liveone.accounts.people import People
from liveone.accounts.users import Account
from liveone.settings.sign_in import SignInConfig
from liveone.web.auth import flow as flows
from liveone.web.auth.callers import AuthSettings

KEY = b"k" * 32
PASSWORD = "a good long one"


@dataclass
class House:
    """A server that takes who signs in at ``issuer``; ``browser`` is what the issuer sees of the person."""

    client: httpx2.Client
    browser: httpx2.Client
    issuer: IssuerStandIn
    people: People
    clock: SetClock
    place: Issuer

    def as_new(self, kept: str, key: Key) -> None:
        """Two accounts, nobody signed in, an honest issuer that was never asked."""
        self.client.cookies.clear()
        self.later(3600)
        for one in self.people.refresh(anew=True).accounts:
            self.people.remove(one)
        self.people.add(Account("ann", "ann@example.org", kept, is_admin=True))
        self.people.add(Account("bob", "bob@example.org", kept))
        fresh = IssuerStandIn(url=self.issuer.url, key=key, now_at=self.clock.now_at())
        vars(self.issuer).update(vars(fresh))
        config = SignInConfig("authelia", self.issuer.url, CLIENT, client_secret=SECRET, title="Authelia")
        vars(self.place).update(vars(Issuer(config, self.clock)))

    def later(self, seconds_s: int) -> None:
        self.clock.at += seconds_s
        self.issuer.now_at = self.clock.now_at()

    def trusts(self, **changes: object) -> None:
        """Change the settings of the place."""
        self.place.config = replace(self.place.config, **changes)  # type: ignore[arg-type]

    def leave(self, **asked: str) -> httpx2.Response:
        """Begin; the answer that sends the browser to the issuer."""
        return self.client.get("/login/with/authelia", params=asked)

    def back_from(self, location: str) -> str:
        """The issuer signs in; where it sends the browser."""
        return self.browser.get(location).headers["location"]

    def come_back(self, left: httpx2.Response) -> httpx2.Response:
        return self.client.get(self.back_from(left.headers["location"]))

    def sign_in(self, **asked: str) -> httpx2.Response:
        return self.come_back(self.leave(**asked))

    def who(self) -> str | None:
        """The account that this browser is signed in to."""
        me = self.client.get("/api/me")
        return me.json()["account"]["id"] if me.status_code == 200 else None

    def password(self, email: str) -> None:
        """Sign in with a password, in this browser."""
        signed_in = self.client.post("/api/auth/login", json={"email": email, "password": PASSWORD})
        assert signed_in.status_code == 200

    def connected(self, account: str = "ann") -> None:
        """The identity of the issuer opens an account."""
        person = ExternalPerson(self.issuer.url, "ann-7")
        identities.connect(self.people, account, self.place.config, person)


@pytest.fixture(scope="module")
def kept() -> str:
    return hash_password(PASSWORD)


@pytest.fixture(scope="module")
def signing() -> Key:
    """Keys take a moment to make: one for all tests that need no other."""
    return rsa("one")


@pytest.fixture(scope="module")
def running_house(tmp_path_factory: pytest.TempPathFactory, signing: Key) -> Iterator[House]:
    clock = SetClock()
    store = seeded(tmp_path_factory.mktemp("elsewhere") / "liveone.db", owner="ann", days=1)
    people = People(store, tuple, clock)
    with issuer_stand_in.running(key=signing) as issuer, httpx2.Client() as browser, closing(store):
        place = Issuer(SignInConfig("authelia", issuer.url, CLIENT), clock)
        auth = AuthSettings(session_key=KEY, issuers=(place,))
        with serving(replace(services(store, auth, clock), people=people)) as client:
            yield House(client, browser, issuer, people, clock, place)


@pytest.fixture
def house(running_house: House, kept: str, signing: Key) -> House:
    running_house.as_new(kept, signing)
    return running_house


def problem_of(answer: httpx2.Response) -> str:
    """What the page of the sign-in is to say; empty for whoever got in."""
    assert answer.status_code == 303
    asked = parse_qs(urlsplit(answer.headers["location"]).query)
    return asked.get("problem", [""])[0]


def test_who_connected_an_identity_signs_in_by_it(house: House) -> None:
    house.password("ann@example.org")
    begun = house.client.post("/api/me/identities", json={"place": "authelia"}).json()
    assert house.client.get(house.back_from(begun["location"])).headers["location"] == "/me"
    house.client.cookies.clear()
    assert house.who() is None
    back = house.sign_in(next="/dashboard/1?lang=de")
    assert back.headers["location"] == "/dashboard/1?lang=de"
    assert house.who() == "ann"
    log = [one["what"] for one in house.client.get("/api/admin/audit").json()["entries"]]
    assert {"signed in", "connected an identity"} <= set(log)


def test_an_identity_of_nobody_opens_nothing(house: House) -> None:
    house.issuer.claims = {"email": "ann@example.org", "email_verified": True}
    back = house.sign_in()
    assert problem_of(back) == "unknown"
    assert house.who() is None
    page = house.client.get(back.headers["location"]).text
    assert "Nobody here has the account that Authelia names" in page


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_address_that_is_not_verified_opens_no_account_and_is_not_kept(
    house: House, verified: object
) -> None:
    house.trusts(trusts_email=True, sign_up=True)
    house.issuer.claims = {"email": "ann@example.org", "email_verified": verified}
    assert problem_of(house.sign_in()) == ""
    assert house.who() not in (None, "ann")
    mine = house.client.get("/api/me").json()["account"]
    assert mine["email"].endswith(".invalid")
    assert not mine["isAdmin"]


def test_a_verified_address_opens_its_account_where_the_settings_say_so(house: House) -> None:
    house.trusts(trusts_email=True)
    house.issuer.claims = {"email": "Ann@Example.org", "email_verified": True}
    house.sign_in()
    assert house.who() == "ann"


def test_a_verified_address_of_another_account_is_not_taken_over_by_signing_up(house: House) -> None:
    house.trusts(sign_up=True)
    house.issuer.claims = {"email": "ann@example.org", "email_verified": True}
    assert problem_of(house.sign_in()) == "taken"
    assert house.who() is None


def test_what_the_id_token_leaves_out_is_asked_at_userinfo(house: House) -> None:
    house.trusts(trusts_email=True)
    house.issuer.userinfo = {"sub": "ann-7", "email": "bob@example.org", "email_verified": True}
    house.sign_in()
    assert house.who() == "bob"


def test_userinfo_of_somebody_else_counts_for_nothing(house: House) -> None:
    house.trusts(trusts_email=True)
    house.issuer.userinfo = {"sub": "eve", "email": "bob@example.org", "email_verified": True}
    assert problem_of(house.sign_in()) == "invalid"
    assert house.who() is None


def test_an_invitation_is_followed_without_a_password_and_once(house: House) -> None:
    secret = links.make(house.people, "invite", "ann", house.clock.now_at(), system_id=1, role="viewer")
    house.issuer.claims = {"name": "Cleo\n Smith", "email": "cleo@example.org", "email_verified": True}
    house.sign_in(link=secret)
    mine = house.client.get("/api/me").json()
    assert (mine["account"]["name"], mine["account"]["email"]) == ("Cleo Smith", "cleo@example.org")
    assert [one["role"] for one in mine["systems"]] == ["viewer"]
    assert not mine["hasPassword"]
    refused = house.client.delete(f"/api/me/identities/{mine['identities'][0]['id']}")
    assert "no way to sign in" in refused.json()["error"]
    house.client.cookies.clear()
    house.issuer.signed_in = "eve"
    house.issuer.claims = {}
    assert problem_of(house.sign_in(link=secret)) == "link"


def test_a_link_for_a_new_password_makes_no_account(house: House) -> None:
    secret = links.make(house.people, "reset", "ann", house.clock.now_at())
    assert problem_of(house.sign_in(link=secret)) == "link"
    assert house.who() is None


def test_a_disabled_account_stays_out(house: House) -> None:
    house.connected()
    house.people.change(replace(house.people.asked().accounts["ann"], disabled_at=1))
    assert problem_of(house.sign_in()) == "disabled"
    assert house.who() is None


def test_a_disconnected_identity_opens_nothing_and_a_removed_account_takes_its_own_along(
    house: House,
) -> None:
    house.connected()
    house.sign_in()
    label = house.client.get("/api/me").json()["identities"][0]["id"]
    assert house.client.delete(f"/api/me/identities/{label}").status_code == 200
    house.client.cookies.clear()
    assert problem_of(house.sign_in()) == "unknown"
    house.connected("bob")
    house.people.remove("bob")
    assert problem_of(house.sign_in()) == "unknown"


def test_an_identity_of_one_account_cannot_be_connected_with_another(house: House) -> None:
    house.connected()
    house.password("bob@example.org")
    begun = house.client.post("/api/me/identities", json={"place": "authelia"})
    back = house.back_from(begun.json()["location"])
    assert problem_of(house.client.get(back)) == "taken"
    house.client.cookies.clear()
    house.sign_in()
    assert house.who() == "ann"


def test_connecting_ends_where_the_person_signed_out_or_is_another_meanwhile(house: House) -> None:
    house.password("ann@example.org")
    begun = house.client.post("/api/me/identities", json={"place": "authelia"})
    house.client.post("/api/auth/logout")
    house.password("bob@example.org")
    back = house.back_from(begun.json()["location"])
    assert problem_of(house.client.get(back)) == "flow"
    assert house.client.get("/api/me").json()["identities"] == []


def test_another_sites_page_cannot_begin_to_connect(house: House) -> None:
    house.password("ann@example.org")
    answer = house.client.post(
        "/api/me/identities", json={"place": "authelia"}, headers={"sec-fetch-site": "cross-site"}
    )
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "then",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "/ok\\..\\evil",
        "/a\r\nx: y",
        "javascript:1",
    ],
)
def test_afterwards_no_page_of_another_host_is_shown(house: House, then: str) -> None:
    house.connected()
    assert house.sign_in(next=then).headers["location"] == "/"


def test_a_state_is_good_once_and_in_its_own_browser(house: House) -> None:
    house.connected()
    left = house.leave()
    cookie = house.client.cookies[flows.COOKIE]
    back = house.back_from(left.headers["location"])
    with httpx2.Client() as eve:
        assert problem_of(eve.get(back)) == "flow"
    assert problem_of(house.client.get(back)) == ""
    assert flows.COOKIE not in house.client.cookies
    again = house.back_from(left.headers["location"])
    assert problem_of(house.client.get(again, headers={"cookie": f"{flows.COOKIE}={cookie}"})) == "flow"


def test_a_browser_takes_no_answer_that_somebody_else_began(house: House) -> None:
    """Else a stranger's link would sign one in as that stranger."""
    house.connected()
    theirs = house.back_from(house.leave().headers["location"])
    house.client.cookies.clear()
    house.leave()
    assert problem_of(house.client.get(theirs)) == "flow"
    assert house.who() is None


def test_an_attempt_ends_after_ten_minutes_and_no_cookie_can_be_made_up(house: House) -> None:
    house.connected()
    left = house.leave()
    house.later(flows.LIFETIME_S)
    assert problem_of(house.come_back(left)) == "flow"
    left = house.leave()
    back = house.back_from(left.headers["location"])
    house.client.cookies.set(flows.COOKIE, f"{house.client.cookies[flows.COOKIE]}A", domain="127.0.0.1")
    assert problem_of(house.client.get(back)) == "flow"


def test_an_answer_of_another_issuer_and_a_refusal_are_told(house: House) -> None:
    left = house.leave()
    state = parse_qs(urlsplit(left.headers["location"]).query)["state"][0]
    asked = {"state": state, "code": "x", "iss": "https://other.example"}
    assert problem_of(house.client.get("/login/from/authelia", params=asked)) == "invalid"
    left = house.leave()
    state = parse_qs(urlsplit(left.headers["location"]).query)["state"][0]
    said = {"state": state, "error": "access_denied", "error_description": "<script>alert(1)</script>"}
    back = house.client.get("/login/from/authelia", params=said)
    assert problem_of(back) == "refused"
    assert "alert" not in back.headers["location"]
    assert (
        problem_of(house.client.get("/login/from/authelia", params={"state": state, "code": "x"})) == "flow"
    )


def test_a_code_that_the_issuer_does_not_know_opens_nothing(house: House) -> None:
    left = house.leave()
    state = parse_qs(urlsplit(left.headers["location"]).query)["state"][0]
    back = house.client.get("/login/from/authelia", params={"state": state, "code": "made-up"})
    assert problem_of(back) == "away"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other.example"},
        {"aud": "another"},
        {"aud": [CLIENT, "another"]},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"aud": None},
        {"aud": []},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": ""},
        {"sub": None},
        {"sub": 7},
        {"exp": None},
        {"exp": "never"},
        {"exp": -61},
        {"nbf": 120},
        {"iat": 120},
    ],
    ids=str,
)
def test_a_token_that_says_anything_else_opens_nothing(house: House, claims: dict[str, object]) -> None:
    house.connected()
    now = int(house.clock.now_at())
    house.issuer.claims = {
        name: now + value if type(value) is int and name != "sub" else value for name, value in claims.items()
    }
    assert problem_of(house.sign_in()) == "invalid"
    assert house.who() is None


def test_clocks_may_differ_by_a_minute(house: House) -> None:
    house.connected()
    house.issuer.claims = {"exp": int(house.clock.now_at()) - 50, "iat": int(house.clock.now_at()) + 50}
    house.sign_in()
    assert house.who() == "ann"


def part(stated: object) -> str:
    raw = stated if isinstance(stated, bytes) else json.dumps(stated).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def forged(house: House, how: str, nonce: str) -> str:
    """A token that no key of the issuer signed, or that asks to be looked at otherwise."""
    now = int(house.clock.now_at())
    claims = {"iss": house.issuer.url, "sub": "ann-7", "aud": CLIENT, "exp": now + 60, "nonce": nonce}
    genuine = house.issuer.key
    if how in ("none", "None", "nOnE"):
        return f"{part({'alg': how, 'kid': 'one'})}.{part(claims)}."
    if how == "HS256 with the public key":
        head = f"{part({'alg': 'HS256', 'kid': 'one'})}.{part(claims)}"
        public = genuine.as_pem(private=False)
        return f"{head}.{part(hmac.new(public, head.encode(), hashlib.sha256).digest())}"
    if how == "cut":
        return house.issuer.sign(claims).rpartition(".")[0] + "."
    if how == "changed":
        head, _, signature = house.issuer.sign({**claims, "sub": "eve"}).split(".")
        return f"{head}.{part(claims)}.{signature}"
    if how == "crit":
        head = f"{part({'alg': 'RS256', 'kid': 'one', 'crit': ['exp'], 'exp': 1})}.{part(claims)}"
        signed = genuine.raw_value.sign(head.encode(), PKCS1v15(), SHA256())
        return f"{head}.{part(signed)}"
    other = rsa("two")
    headers: dict[str, dict[str, object]] = {
        "another key": {"kid": "one"},
        "its own key": {"kid": "one", "jwk": other.as_dict(private=False)},
        "a key elsewhere": {"kid": "two", "jku": f"{house.issuer.url}/evil"},
        "kid traversal": {"kid": "../../../../dev/null"},
        "kid of sql": {"kid": "' UNION SELECT 'x' --"},
    }
    house.issuer.key = other
    try:
        return house.issuer.sign(claims, **headers[how])
    finally:
        house.issuer.key = genuine


FORGED = (
    *("none", "None", "nOnE", "HS256 with the public key", "cut", "changed", "crit", "another key"),
    *("its own key", "a key elsewhere", "kid traversal", "kid of sql"),
)


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_token_opens_nothing(house: House, how: str) -> None:
    house.connected()
    left = house.leave()
    nonce = parse_qs(urlsplit(left.headers["location"]).query)["nonce"][0]
    house.issuer.published = [house.issuer.key.as_dict(private=False)]
    house.issuer.id_token = forged(house, how, nonce)
    assert problem_of(house.come_back(left)) == "invalid"
    assert house.who() is None
    assert "/evil" not in house.issuer.asked


def test_a_key_that_was_changed_is_fetched_anew_and_not_at_every_token(house: House) -> None:
    house.connected()
    house.sign_in()
    assert house.who() == "ann"
    house.client.cookies.clear()
    house.issuer.key = ec("new")
    house.sign_in()
    assert house.who() is None, "the keys were fetched a moment ago"
    house.later(31)
    house.sign_in()
    assert house.who() == "ann"
    assert house.issuer.asked.count("/jwks") == 2


@pytest.mark.parametrize(
    "published",
    [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "one"},
        {"kty": "RSA", "kid": "one"},
        {"kty": "RSA", "kid": "one", "n": "AQAB", "e": "AQAB"},
        {"kty": "EC", "crv": "P-999", "kid": "one"},
        {"kid": "one"},
        {},
        "one",
        None,
    ],
    ids=str,
)
def test_keys_that_are_none_are_left_out(house: House, published: object) -> None:
    house.connected()
    house.later(31)
    house.place.keys._keys = {}
    house.issuer.published = [published]  # type: ignore[list-item]
    assert problem_of(house.sign_in()) == "invalid"


TROUBLES = [
    ("/.well-known/openid-configuration", "redirect"),
    ("/.well-known/openid-configuration", 500),
    ("/.well-known/openid-configuration", "html"),
    ("/jwks", "huge"),
    ("/jwks", "redirect"),
    ("/jwks", 404),
    ("/token", "html"),
    ("/token", 429),
]


@pytest.mark.parametrize(("path", "trouble"), TROUBLES)
def test_an_issuer_in_trouble_is_told_and_asked_again_later(
    house: House, path: str, trouble: int | str
) -> None:
    house.trusts(trusts_email=True)
    house.issuer.claims = {"email": "ann@example.org", "email_verified": True}
    house.issuer.troubles = {path: trouble}
    left = house.leave()
    back = left if problem_of(left) else house.come_back(left)
    assert problem_of(back) == "away"
    assert house.who() is None
    house.issuer.troubles = {}
    house.later(60)
    house.sign_in()
    assert house.who() == "ann"


def test_an_issuer_that_calls_itself_otherwise_is_not_used(house: House) -> None:
    house.issuer.document = {"issuer": "https://other.example"}
    assert problem_of(house.leave()) == "away"


@pytest.mark.parametrize("endpoint", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
@pytest.mark.parametrize(
    "address", ["http://192.168.1.1/", "file:///etc/passwd", None, "ftp://x/", "https://"]
)
def test_an_issuer_cannot_send_us_anywhere(house: House, endpoint: str, address: object) -> None:
    house.issuer.document = {endpoint: address}
    assert problem_of(house.leave()) == "away"


def test_a_slow_issuer_keeps_nobody_from_anything(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("liveone.accounts.external.fetch.FETCH_S", 0.5)
    house.issuer.troubles = {"/.well-known/openid-configuration": "hang"}
    assert problem_of(house.leave()) == "away"
    asked = len(house.issuer.asked)
    assert problem_of(house.leave()) == "away"
    assert len(house.issuer.asked) == asked, "an issuer that just failed is not asked again at once"
    house.password("ann@example.org")


def test_a_place_that_there_is_not_is_not_found(house: House) -> None:
    assert house.client.get("/login/with/google").status_code == 404
    assert house.client.get("/login/from/google").status_code == 404


def test_the_page_of_the_sign_in_leads_there_without_a_script(house: House) -> None:
    page = house.client.get("/login", params={"next": "/dashboard/1"}).text
    assert 'href="/login/with/authelia?next=%2Fdashboard%2F1"' in page
    assert "Sign in with Authelia" in page
    german = house.client.get("/login", headers={"accept-language": "de"}).text
    assert "Anmelden mit Authelia" in german
    odd = house.client.get("/login", params={"problem": "<b>", "with": "<i>"}).text
    assert "<b>" not in odd
    assert "<i>" not in odd


def test_a_server_that_takes_sign_ins_elsewhere_is_not_open(house: House) -> None:
    for one in house.people.asked().accounts:
        house.people.remove(one)
    assert house.client.get("/api/systems").status_code == 401
