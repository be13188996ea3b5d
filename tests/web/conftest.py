"""One seeded server for the tests that only read; those that write bring their own."""

from collections.abc import Iterator

import httpx2
import pytest
from tests.web.support import COOKIE, seeded, services, serving

from liveone.store.store import Store


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    found = seeded(tmp_path_factory.mktemp("web") / "live.db")
    yield found
    found.close()


@pytest.fixture(scope="session")
def anonymous(store: Store) -> Iterator[httpx2.Client]:
    """A client without a credential."""
    with serving(services(store)) as client:
        yield client


@pytest.fixture(scope="session")
def owner(anonymous: httpx2.Client) -> Iterator[httpx2.Client]:
    """A client with the owner's cookie."""
    with httpx2.Client(base_url=anonymous.base_url, headers=COOKIE, timeout=10) as client:
        yield client
