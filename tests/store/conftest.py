"""Real SQLite files of both generations, and readings to put in them."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from liveone.domain.system import System
from liveone.store.files import create
from liveone.store.sql import schema_path
from liveone.store.store import Store, open_store
from liveone.store.systems import add_system


def make_generation_1(path: Path) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(schema_path(1).read_text())
        connection.execute("INSERT INTO systems (user_id, system_number) VALUES ('simon', '1586')")
        connection.commit()
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    create(tmp_path / "live.db")
    return tmp_path / "live.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with closing(open_store(path)) as opened:
        yield opened


@pytest.fixture
def store1(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(make_generation_1(tmp_path / "old.db"))) as opened:
        yield opened


@pytest.fixture(params=[1, 2])
def any_store(request: pytest.FixtureRequest) -> Store:
    """A store of each generation with system 1 (select.live 1586, +10:00)."""
    if request.param == 1:
        return request.getfixturevalue("store1")
    opened: Store = request.getfixturevalue("store")
    a_system(opened)
    return opened


def a_system(store: Store, site: str = "1586", offset_min: int = 600) -> System:
    return add_system(
        store,
        owner="simon",
        vendor_type="select.live",
        vendor_site_id=site,
        display_name="Home",
        timezone_offset_min=offset_min,
    )
