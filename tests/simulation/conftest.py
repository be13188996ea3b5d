"""The simulations of whole days and months, end to end over real HTTP and real SQLite."""

from collections.abc import Iterator

import pytest
from tests.simulation.installation import PortalProcess, portal_process


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalProcess]:
    """One portal for the tests of a file; each has a site of its own."""
    with portal_process(tmp_path_factory.mktemp("portal")) as running:
        yield running
