"""A portal on loopback whose time the test drives, and a client that talks to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.simulate.stage import Stage, make_stage

from liveone.simulate.hiccup import Hiccup


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    yield from make_stage(tmp_path / "served.jsonl")


@pytest.fixture
def restless(tmp_path: Path) -> Iterator[Stage]:
    """As ``stage``, with the trouble of minute 50."""
    yield from make_stage(tmp_path / "served.jsonl", Hiccup(1))
