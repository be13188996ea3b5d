"""The simulations of whole days and months, end to end over real HTTP and real SQLite."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
