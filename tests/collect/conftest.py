"""Coroutine tests run on plain asyncio, by anyio's plugin; a server that may be killed; shares of a file."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.collect.crew import Crew
from tests.collect.support import new_store
from tests.store.proxy import Proxy
from tests.store.sqld import Sqld, scratch

from liveone.store.libsql.create import create_tables
from liveone.store.libsql.driver import LibsqlDatabase
from liveone.store.store import Store


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def server() -> Iterator[Sqld]:
    """A server that a test may kill; nobody else uses it."""
    own = Sqld(scratch("killed"), namespaces=False)
    try:
        yield own.start()
    finally:
        own.close()


@pytest.fixture
def proxy(server: Sqld) -> Iterator[Proxy]:
    """What stands between us and that server, and may be cut."""
    between = Proxy(server.port)
    yield between
    between.close()


@pytest.fixture
def remote_store(proxy: Proxy) -> Iterator[Store]:
    """An empty store on that server, through the proxy, with little patience."""
    with closing(LibsqlDatabase(f"http://127.0.0.1:{proxy.port}", timeout_s=2.0)) as database:
        create_tables(database)
        yield Store(database)


@pytest.fixture
def crew(tmp_path: Path) -> Iterator[Crew]:
    """Nobody yet, on a file with four systems."""
    with closing(new_store(tmp_path / "data.db", 4)) as store:
        found = Crew(store)
        yield found
        for share in found.shares:
            share.leave()
