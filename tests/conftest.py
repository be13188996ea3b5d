"""Shared fixtures: the recorded data of a real household, which never goes into the repository."""

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).parent.parent.parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of recorded readings; the test is skipped where it is absent, but never in CI."""
    if not SHARED.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"the recorded data is missing at {SHARED}, and CI must not skip it")
        pytest.skip(f"recorded readings are not here ({SHARED})")
    return SHARED
