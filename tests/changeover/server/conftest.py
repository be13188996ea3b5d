"""A household on a real libSQL server, and connections to it."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.changeover.database import household
from tests.changeover.server.copying import copied

from changeover.database.connect import connect
from changeover.database.remote import Remote
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
