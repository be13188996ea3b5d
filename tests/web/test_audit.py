"""What people do stands in the audit log: readings and systems changed, sources, restores, tokens used."""

from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from inspect import getsource
from pkgutil import iter_modules

import pytest
from fastapi.routing import APIRoute
from tests.web.support import SetClock, seeded, services, serving
from tests.web.test_rights import PEOPLE, SETTINGS, Door

from liveone.accounts import audit
from liveone.accounts.people import People
from liveone.web import routes
from liveone.web.auth.audited import AUDITED
from liveone.web.auth.rights import ROUTES
from liveone.wiring.repairs import ReadingRepairs

DAY_S = 86_400
SPAN = {"from": "2025-08-18T01:00:00+10:00", "to": "2025-08-18T02:00:00+10:00"}


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    store = seeded(tmp_path_factory.mktemp("audit") / "liveone.db", owner="owner", days=1)
    clock = SetClock()
    people = People(store, tuple, clock)
    for one in PEOPLE.values():
        people.add(one)
    repairs = ReadingRepairs(store, clock)
    with serving(replace(services(store, SETTINGS, clock), people=people, repairs=repairs)) as client:
        yield Door(client, people, clock)
    store.close()


def entries(door: Door) -> list[tuple[str, str, str]]:
    """Who did what about what, oldest first."""
    return [(one.who, one.what, one.about) for one in reversed(audit.listed(door.people))]


def test_changes_of_readings_and_systems_are_entered_and_what_was_only_tried_is_not(door: Door) -> None:
    as_owner = door.headers["owner"]
    before = len(entries(door))
    tried = door.client.post("/api/admin/systems/1/readings", json=SPAN | {"dryRun": True}, headers=as_owner)
    done = door.client.post("/api/admin/systems/1/readings", json=SPAN, headers=as_owner)
    assert (tried.status_code, done.status_code) == (200, 200)
    door.client.patch("/api/admin/systems/1", json={"displayName": "Home"}, headers=as_owner)
    refused = door.client.patch(
        "/api/admin/systems/1", json={"displayName": "X"}, headers=door.headers["viewer"]
    )
    assert refused.status_code == 404
    changes = door.client.get("/api/admin/changes", headers=door.headers["operator"]).json()["changes"]
    number = changes[0]["id"]
    door.client.post(f"/api/admin/changes/{number}/undo", headers=door.headers["operator"], json={})
    assert entries(door)[before:] == [
        ("owner", "took readings out", "system 1"),
        ("owner", "changed a system", "system 1"),
        ("operator", "took a change of readings back", f"change {number}"),
    ]


UNCHANGED = {
    *("/api/admin/accounts/{name}/discover", "/api/admin/check", "/api/admin/test-connection"),
    *("/api/admin/source-look", "/api/admin/systems/{system_id}/sources/check"),
    *("/api/auth/link", "/api/auth/share", "/api/auth/passkey/ask", "/api/auth/logout"),
    *("/api/me", "/api/me/app", "/api/me/identities", "/api/me/passkeys/ask"),
    *("/api/cron/minutely", "/api/readings", "/api/write", "/api/v2/write"),
}
"""What asks, begins what another route ends, is one's own name - or sends readings, each minute."""


def test_every_route_that_changes_something_is_entered() -> None:
    routers = [import_module(f"{routes.__name__}.{each.name}") for each in iter_modules(routes.__path__)]
    for route in (each for module in routers for each in module.router.routes):
        if not isinstance(route, APIRoute) or route.methods <= {"GET", "HEAD"} or route.path in UNCHANGED:
            continue
        is_listed = all((method, route.path) in AUDITED for method in route.methods)
        assert is_listed or "noted(" in getsource(route.endpoint), f"{route.methods} {route.path}"


def test_the_first_use_of_a_token_each_day_is_entered(door: Door) -> None:
    def uses() -> int:
        return sum(what == "used a token" for _, what, _ in entries(door))

    def ask() -> None:
        assert door.client.get("/api/systems", headers=door.headers["read token"]).status_code == 200

    door.clock.at = door.clock.at // DAY_S * DAY_S + DAY_S
    before = uses()
    for _ in range(5):
        ask()
        door.clock.at += 3600
    assert uses() == before + 1
    door.clock.at += DAY_S
    ask()
    assert uses() == before + 2
    assert ("operator by token", "used a token") in {one[:2] for one in entries(door)}


def test_every_route_of_the_log_exists() -> None:
    assert AUDITED.keys() <= ROUTES.keys()
