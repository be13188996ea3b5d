"""A household on a real libSQL server, and connections to it."""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from tests.changeover.database import household
from tests.changeover.server.copying import copied

from changeover.database.connect import connect
from changeover.database.server.remote import Remote
from changeover.database.where import Server


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The household as a file: what the server's is a copy of."""
    return household.make(tmp_path / "live.db")


@pytest.fixture
def server(server_url: str, file: Path) -> Server:
    """A household of generation 1 on the server: 3 systems, 600 readings."""
    found = Server(server_url)
    copied(file, found)
    return found


@pytest.fixture
def remote(server: Server) -> Iterator[Remote]:
    """A connection to the household as changeover opens it."""
    with closing(connect(server)) as opened:
        yield opened


@pytest.fixture(params=["file", "server"])
def either(request: pytest.FixtureRequest) -> Iterator[sqlite3.Connection | Remote]:
    """A connection to the household, on each kind of database."""
    with ExitStack() as stack:
        where = request.getfixturevalue(request.param)
        yield stack.enter_context(closing(connect(where)))
