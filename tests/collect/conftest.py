"""Tests that are coroutines run on plain asyncio, by anyio's plugin (starlette brings anyio)."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
