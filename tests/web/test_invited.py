"""An invitation opened by somebody who is signed in already: for the account that they have."""

import json
from collections.abc import Iterator
from dataclasses import replace

import httpx2
import pytest
from tests.web.support import SetClock, seeded, services, serving
from tests.web.test_rights import PEOPLE, SETTINGS, Door

from liveone.accounts import audit, links
from liveone.accounts.people import People


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    store, clock = (
        seeded(tmp_path_factory.mktemp("invited") / "liveone.db", owner="owner", days=1),
        SetClock(),
    )
    people = People(store, tuple, clock)
    for one in PEOPLE.values():
        people.add(one)
    with serving(replace(services(store, SETTINGS, clock), people=people)) as client:
        yield Door(client, people, clock)
    store.close()


def invited(door: Door, role: str = "viewer") -> str:
    return links.make(door.people, "invite", "owner", door.clock.now_at(), system_id=1, role=role)


def accept(door: Door, secret: str, caller: str) -> httpx2.Response:
    return door.client.post("/api/me/invitations", json={"token": secret}, headers=door.headers[caller])


def test_it_is_accepted_for_the_account_that_is_signed_in(door: Door) -> None:
    secret, as_stranger = invited(door), door.headers["stranger"]
    assert door.client.get("/api/data?systemId=1", headers=as_stranger).status_code == 404
    assert accept(door, secret, "stranger").json() == {"success": True, "systemId": 1, "role": "viewer"}
    assert door.client.get("/api/data?systemId=1", headers=as_stranger).status_code == 200
    entry = audit.listed(door.people, most=1)[0]
    assert (entry.who, entry.what, entry.about) == ("stranger", "accepted the role viewer", "system 1")
    assert accept(door, secret, "stranger").status_code == 400, "once"


@pytest.mark.parametrize(
    ("caller", "status"),
    [("owner", 400), ("operator", 400), ("nothing", 401), ("share link", 403), ("write token", 403)],
)
def test_who_gains_nothing_leaves_it_for_somebody_else(door: Door, caller: str, status: int) -> None:
    secret = invited(door)
    assert accept(door, secret, caller).status_code == status
    assert links.found(door.people.asked(), secret, door.clock.now_at())


@pytest.mark.parametrize(
    ("caller", "said"),
    [("viewer", "viewer@example.org"), ("nothing", None), ("share link", None), ("disabled", None)],
)
def test_the_page_knows_who_is_signed_in(door: Door, caller: str, said: str | None) -> None:
    page = door.client.get("/join", params={"token": "x"}, headers=door.headers[caller]).text
    snapshot = page.partition('id="snapshot">')[2].partition("</script>")[0]
    assert json.loads(snapshot)["signedInAs"] == said
