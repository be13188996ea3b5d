"""`make world` ends: no part begins after so many minutes, and how long each took is a figure of its own."""

import os
import time
from collections.abc import Iterator

import pytest
from tests.world import figures

BEGAN_S = time.monotonic()
MINUTES = float(os.environ.get("LIVEONE_WORLD_MINUTES", "0"))
"""0: without end."""


@pytest.fixture(autouse=True)
def _in_time(request: pytest.FixtureRequest) -> Iterator[None]:
    """Skip what would begin too late, and note what a part of a migration took."""
    if MINUTES and time.monotonic() - BEGAN_S > 60 * MINUTES:
        pytest.skip(
            f"{MINUTES:g} minutes are over; name it alone to see it (-k), or give LIVEONE_WORLD_MINUTES"
        )
    began_s = time.monotonic()
    yield
    figures.note_part(request.node.name, time.monotonic() - began_s)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is shown of changeover comes before what is measured of others: the time may not do for all."""
    own = [item for item in items if item.path.name == "test_own.py"]
    items[:] = [item for item in items if item not in own] + own
