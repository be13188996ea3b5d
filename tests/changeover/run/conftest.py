"""A club that was rehearsed already."""

from pathlib import Path

import pytest
from tests.changeover.run import club


@pytest.fixture
def rehearsed(work: Path) -> club.Club:
    """A club whose plan is rehearsed."""
    one = club.make(work / "club")
    club.prove(one)
    return one
