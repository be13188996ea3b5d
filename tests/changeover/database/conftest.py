"""Fixtures of the database half: a living household and a connection to it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.changeover.database import household

from changeover.database.connect import connect


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A household of generation 1: 3 systems, 600 readings."""
    return household.make(tmp_path / "live.db")


@pytest.fixture
def connection(database: Path) -> Iterator[sqlite3.Connection]:
    """A connection to the household as changeover opens it."""
    with closing(connect(database)) as opened:
        yield opened
