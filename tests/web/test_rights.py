"""Every route with every caller, over HTTP: the table, the page in docs/ and a running server agree."""

import json
from collections.abc import Iterator
from dataclasses import replace

import httpx2
import pytest
from tests.web import access_page
from tests.web.access_page import ALLOWED, CALLERS
from tests.web.support import CRON_SECRET, SetClock, add, seeded, services, serving

from liveone.accounts.credentials import StoredCredential
from liveone.accounts.passwords import hash_token
from liveone.accounts.people import People
from liveone.accounts.users import Account
from liveone.domain.push_token import new_push_token, push_token_hash
from liveone.domain.sources import PUSH
from liveone.store import sources as stored
from liveone.store.store import Store
from liveone.web.app import create_app
from liveone.web.auth import sessions
from liveone.web.auth.callers import AuthSettings
from liveone.web.auth.rights import ROUTES, Right
from liveone.wiring.push_intake import PushIntake

KEY = b"k" * 32
NAMES = ("stranger", "viewer", "admin", "owner", "operator", "disabled")
SETTINGS = AuthSettings(cron_secret=CRON_SECRET, session_key=KEY)
PEOPLE = {
    name: Account(name, f"{name}@example.org", f"kept for {name}", is_admin=name == "operator")
    for name in NAMES
}
TOKENS = {
    "read token": ("operator", "read"),
    "write token": ("owner", "write"),
    "admin token": ("operator", "admin"),
}
NOBODY = (
    *("nothing", "wrong bearer", "wrong cookie", "disabled", "disabled's token", "expired token"),
    *("ended session", "expired share", "share of a viewer", "forged share"),
)
WITH_SYSTEM = {f"/api/{name}" for name in ("data", "history", "v2/history", "readings", "coverage", "faults")}
FILLED = {"system_id": "1", "path": "app.css", "name": "none.db", "change_id": "99", "account": "nobody"} | (
    dict.fromkeys(("run_id", "label", "token"), "none") | {"point_id": "99"}
)


class Door:
    """A server with somebody of each kind; ``headers`` by the caller's name."""

    def __init__(self, client: httpx2.Client, people: People, clock: SetClock) -> None:
        self.client, self.people, self.clock = client, people, clock
        self.headers: dict[str, dict[str, str]] = {"cron": bearer(CRON_SECRET)}
        for name in NAMES:
            self.headers[name] = self.session(name)
        for name, (account, scope) in TOKENS.items():
            self.headers[name] = self.token(account, scope)
        self.headers["share link"] = self.share("owner")
        self.headers |= {
            "nothing": {},
            "wrong bearer": bearer("lo_wrong"),
            "wrong cookie": {"cookie": f"{sessions.COOKIE}=a.b.c"},
            "disabled's token": self.token("disabled", "admin"),
            "expired token": self.token("operator", "admin", until_at=int(clock.now_at())),
            "ended session": self.session("operator", kept=False),
            "expired share": self.share("owner", until_at=int(clock.now_at())),
            "share of a viewer": self.share("viewer"),
            "forged share": {"cookie": f"{sessions.SHARE_COOKIE}=share-owner.AAAA"},
        }
        people.change(replace(PEOPLE["disabled"], disabled_at=1))

    def session(self, account: str, *, kept: bool = True) -> dict[str, str]:
        begun = sessions.begin(account, self.clock.now_at(), is_kept=True)
        if kept:
            self.people.keep(
                StoredCredential("session", hash_token(begun.id), account, until_at=begun.until_at)
            )
        return {
            "cookie": f"{sessions.COOKIE}={sessions.cookie_of(KEY, begun, PEOPLE[account].password_hash)}"
        }

    def token(self, account: str, scope: str, until_at: int | None = None) -> dict[str, str]:
        secret = f"lo_{account} {scope} {until_at}"
        self.people.keep(
            StoredCredential("token", hash_token(secret), account, scope=scope, until_at=until_at)
        )
        return bearer(secret)

    def share(self, account: str, until_at: int | None = None) -> dict[str, str]:
        secret = f"share-{account}-{until_at}"
        kept = StoredCredential("share", hash_token(secret), account, 1, "read", until_at=until_at)
        self.people.keep(kept)
        return {"cookie": f"{sessions.SHARE_COOKIE}={sessions.share_for(KEY, secret, '')}"}

    def ask(self, method: str, path: str, headers: dict[str, str]) -> httpx2.Response:
        """The answer; of a stream the beginning."""
        self.clock.at += 1000  # whoever guessed is forgiven
        asked = path.format(**FILLED).replace("{path:path}", FILLED["path"])
        if path in WITH_SYSTEM:
            asked += "?systemId=1" + ("&interval=5m&fields=solar&last=1h" if "history" in path else "")
        body = {} if method in ("GET", "HEAD") else {"json": {}}
        with self.client.stream(method, asked, headers=headers, **body) as answer:  # type: ignore[arg-type]
            if path != "/api/stream" or answer.status_code != 200:
                answer.read()
        return answer


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = seeded(tmp_path_factory.mktemp("rights") / "liveone.db", owner="owner", days=1)
    add(opened, "stranger", site="1587")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def door(store: Store) -> Iterator[Door]:
    clock = SetClock()
    people = People(store, tuple, clock)
    for one in PEOPLE.values():
        people.add(one)
    people.grant("viewer", 1, "viewer")
    people.grant("admin", 1, "admin")
    token = new_push_token()
    stored.add_source(
        store,
        1,
        name="esp",
        vendor_type=PUSH,
        roles=("grid",),
        settings={},
        token_hash=push_token_hash(token),
    )  # fmt: skip
    pushes = PushIntake(store, clock)
    with serving(replace(services(store, SETTINGS, clock), people=people, pushes=pushes)) as client:
        door = Door(client, people, clock)
        door.headers["source"] = bearer(token)
        yield door


def routes_of(store: Store) -> set[tuple[str, str]]:
    app = create_app(services(store, SETTINGS))
    found = set()
    for part in app.routes:
        routes = part.original_router.routes if hasattr(part, "original_router") else [part]
        found |= {(method, route.path) for route in routes for method in route.methods - {"HEAD"}}
    return found


def refused(answer: httpx2.Response, path: str) -> bool:
    """Whether a caller was turned away: asked to sign in, forbidden, told that there is no such system."""
    if not path.startswith(("/api/", "/metrics")):
        return answer.status_code in (403, 404) or answer.headers.get("location", "").startswith("/login")
    if answer.status_code in (401, 403):
        return True
    return answer.status_code == 404 and "that you may see" in answer.json()["error"]


def test_every_route_is_in_the_table_and_nothing_else(store: Store) -> None:
    assert routes_of(store) == set(ROUTES)


def test_the_page_says_what_the_table_says() -> None:
    written = access_page.PAGE.read_text(encoding="utf-8")
    assert written == access_page.page(), "run: .venv/bin/python -m tests.web.access_page"


def who_are(names: list[str]) -> list[str]:
    return [one for one in names if one != "nobody"]


@pytest.mark.parametrize("caller", [*who_are(list(CALLERS)), *NOBODY])
def test_every_route_lets_in_whom_the_page_says(door: Door, caller: str) -> None:
    """Nor has an answer a status that the description of its route has not."""
    kind = caller if caller in CALLERS else "nobody"
    described = door.client.get("/openapi.json").json()["paths"]
    wrong = []
    for (method, path), right in ROUTES.items():
        if path == "/api/auth/logout" or (right is Right.ANYBODY and not path.startswith("/api/")):
            continue
        names_system = "{system_id}" in path or path in WITH_SYSTEM
        everybody = right is Right.SEE and not names_system
        allowed = kind in ALLOWED[right] or (everybody and kind == "stranger")
        answer = door.ask(method, path, door.headers[caller])
        if refused(answer, path) is allowed and right is not Right.ANYBODY:
            wrong.append(f"{caller}: {method} {path} ({right}) -> {answer.status_code} {answer.text[:100]}")
        if right is Right.ANYBODY:
            assert answer.status_code != 403, path
        assert answer.status_code != 500, f"{method} {path}"
        written = described.get(path, {}).get(method.lower(), {}).get("responses")
        assert not written or str(answer.status_code) in written, f"{method} {path}: {answer.status_code}"
    assert not wrong, "\n".join(wrong)


def test_a_stranger_learns_nothing_of_a_system_by_its_answer(door: Door) -> None:
    for path in ("/api/systems/{}/sharing", "/api/admin/systems/{}/rows"):
        said = [door.client.get(path.format(number), headers=door.headers["stranger"]) for number in (1, 99)]
        assert [one.status_code for one in said] == [404, 404]
        assert said[0].json()["error"].replace("1", "99") == said[1].json()["error"]


def test_a_share_link_lists_and_streams_its_one_system(door: Door) -> None:
    shown = door.headers["share link"]
    assert [one["id"] for one in door.client.get("/api/systems", headers=shown).json()["systems"]] == [1]
    assert list(door.client.get("/api/overview", headers=shown).json()["cards"]) == ["1"]
    for path in ("/api/data?systemId=2", "/api/stream?systemId=2", "/dashboard/2"):
        assert door.client.get(path, headers=shown).status_code == 404
    assert json.loads(door.client.get("/api/auth/check-admin", headers=shown).text)["isAdmin"] is False


def test_a_right_that_nobody_wrote_down_is_the_administrators(
    monkeypatch: pytest.MonkeyPatch, door: Door
) -> None:
    monkeypatch.delitem(ROUTES, ("GET", "/api/systems"))
    assert door.client.get("/api/systems", headers=door.headers["viewer"]).status_code == 403
    assert door.client.get("/api/systems", headers=door.headers["operator"]).status_code == 200


def test_every_right_that_the_page_explains_is_asked_by_some_route() -> None:
    assert set(ROUTES.values()) == set(Right)
