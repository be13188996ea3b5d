"""The admin API of a server that wants its key: what `--admin-auth-key` takes, and what it refuses."""

from collections.abc import Iterator

import pytest
from tests.store.sqld import Sqld, scratch

from changeover.database.server import admin
from changeover.database.where import Server
from changeover.errors import DatabaseError


@pytest.fixture(scope="module")
def locked() -> Iterator[Sqld]:
    server = Sqld(scratch("admin"), "--admin-auth-key", "the-key")
    try:
        yield server.start()
    finally:
        server.close()


def at(sqld: Sqld, token: str) -> Server:
    return Server(f"{sqld.url}?namespace=house", "", f"http://127.0.0.1:{sqld.admin_port}", token)


def test_the_key_opens_it_and_a_database_is_made_once(locked: Sqld) -> None:
    assert admin.create(at(locked, "the-key"))
    assert not admin.create(at(locked, "the-key"))
    assert admin.blocked(at(locked, "the-key")) is None


@pytest.mark.parametrize("token", ["", "another"])
def test_without_the_key_it_is_said_and_nothing_is_made(locked: Sqld, token: str) -> None:
    with pytest.raises(DatabaseError, match="401"):
        admin.create(at(locked, token))
