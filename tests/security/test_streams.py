"""Nobody takes all event streams: an account and an address have their share, and the others theirs."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest
from tests.web.support import add, seeded, services, serving

from liveone.accounts.passwords import hash_token
from liveone.accounts.users import Account, Token
from liveone.web.auth.callers import AuthSettings
from liveone.web.now import live

MOST, SHARE = 8, 2
NAMES = ("alice", "bob", "carol")
PEOPLE = AuthSettings(
    session_key=b"k" * 32,
    users=[Account(name, f"{name}@example.org", "none", tokens=(Token(hash_token(name)),)) for name in NAMES],
)


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx2.Client]:
    monkeypatch.setattr(live, "MOST_LISTENERS", MOST)
    store = seeded(tmp_path / "liveone.db", days=1)
    for number, name in enumerate(NAMES[1:], 1):
        add(store, name, site=str(1586 + number))
    with serving(services(store, PEOPLE)) as found:
        yield found


def opened(stack: ExitStack, client: httpx2.Client, name: str, address: str, which: str = "") -> int:
    """The status of a stream of this account from this address, behind a proxy; it stays open."""
    headers = {"authorization": f"Bearer {name}", "x-forwarded-for": address}
    return stack.enter_context(client.stream("GET", f"/api/stream{which}", headers=headers)).status_code


@pytest.mark.parametrize("which", ["", "?systemId=all"])
def test_an_account_has_its_share_from_however_many_addresses(client: httpx2.Client, which: str) -> None:
    with ExitStack() as stack:
        assert [opened(stack, client, "alice", f"203.0.113.{n}", which) for n in range(4)] == [
            *([200] * SHARE),
            *([429] * 2),
        ]
        assert opened(stack, client, "bob", "198.51.100.1", which) == 200


def test_an_address_has_its_share_with_however_many_accounts(client: httpx2.Client) -> None:
    with ExitStack() as stack:
        assert [opened(stack, client, name, "203.0.113.9") for name in NAMES] == [200, 200, 429]
        assert opened(stack, client, "carol", "198.51.100.1") == 200


def test_a_network_of_the_sixth_version_is_one_address(client: httpx2.Client) -> None:
    with ExitStack() as stack:
        assert [opened(stack, client, name, f"2001:db8::{name[0]}") for name in NAMES] == [200, 200, 429]


def test_a_stream_that_is_closed_makes_room(client: httpx2.Client) -> None:
    with ExitStack() as stack:
        for n in range(SHARE):
            with ExitStack() as closed:
                assert opened(closed, client, "alice", f"203.0.113.{n}") == 200
        for _ in range(100):
            if opened(stack, client, "alice", "203.0.113.7") == 200:
                return
    pytest.fail("the places of closed streams were never given to others")


def test_a_stranger_has_none(client: httpx2.Client) -> None:
    assert client.get("/api/stream").status_code == 401
    assert client.get("/api/stream", headers={"authorization": "Bearer mallory"}).status_code == 401
    assert client.get("/api/stream?systemId=all").status_code == 401
