"""Real databases of several generations, a file and a libSQL server, and readings to put in them.

A test that asks for ``store``, ``store1`` or ``any_store`` runs on every driver; one that also asks for
``path`` is about files.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from tests.store.sqld import Sqld

from liveone.domain.system import System
from liveone.store.database import Row, Statement
from liveone.store.files import create
from liveone.store.generations import NEWEST
from liveone.store.libsql.create import create_tables
from liveone.store.libsql.driver import LibsqlDatabase
from liveone.store.script import split
from liveone.store.sql import schema_path
from liveone.store.store import Store, open_store
from liveone.store.systems import add_system

DRIVERS = ("sqlite", "libsql")
Make = Callable[[int], Store]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    chosen = any(mark.args[0] == "driver" for mark in metafunc.definition.iter_markers("parametrize"))
    if "driver" in metafunc.fixturenames and not chosen:
        about_files = "path" in metafunc.definition.fixturenames
        metafunc.parametrize("driver", DRIVERS[:1] if about_files else DRIVERS, scope="function")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    create(tmp_path / "live.db")
    return tmp_path / "live.db"


@pytest.fixture
def make_store(driver: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Make]:
    """Makes a store of a generation on the driver, and opens it."""
    with ExitStack() as stack:

        def make(generation: int) -> Store:
            if driver == "libsql":
                server: Sqld = request.getfixturevalue("sqld")
                url = stack.enter_context(server.namespace())
                make_on_server(url, generation)
            else:
                url = str(
                    make_file(tmp_path / f"gen{generation}-{len(list(tmp_path.iterdir()))}.db", generation)
                )
            return stack.enter_context(closing(open_store(url)))

        yield make


def make_on_server(url: str, generation: int = NEWEST) -> str:
    with closing(LibsqlDatabase(url)) as database:
        if generation == NEWEST:
            create_tables(database)
        else:
            database.write([Statement(sql) for sql in split(schema_path(generation).read_text())])
            database.write([Statement(FIRST_SYSTEM)] if generation == 1 else [])
    return url


def make_file(path: Path, generation: int) -> Path:
    if generation == NEWEST:
        create(path)
        return path
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(schema_path(generation).read_text())
        connection.execute(FIRST_SYSTEM if generation == 1 else "SELECT 1")
        connection.commit()
    return path


FIRST_SYSTEM = "INSERT INTO systems (user_id, system_number) VALUES ('simon', '1586')"


@pytest.fixture
def store(driver: str, request: pytest.FixtureRequest) -> Iterator[Store]:
    if "path" in request.fixturenames:
        with closing(open_store(request.getfixturevalue("path"))) as opened:
            yield opened
    else:
        yield request.getfixturevalue("make_store")(NEWEST)


@pytest.fixture
def store1(make_store: Make) -> Store:
    return make_store(1)


@pytest.fixture(params=[1, NEWEST])
def any_store(request: pytest.FixtureRequest, driver: str) -> Store:
    """A store of the oldest and the newest generation with system 1 (select.live 1586, +10:00).

    What is asked of generation 2 are the very queries of generation 3.
    """
    if request.param == 1:
        opened: Store = request.getfixturevalue("store1")
        return opened
    opened = request.getfixturevalue("store")
    a_system(opened)
    return opened


def rows_of(store: Store, sql: str, *params: object) -> list[Row]:
    """Rows by SQL of the test's own, past the named queries."""
    return store.database.read([Statement(sql, params)])[0]  # type: ignore[arg-type]


def run(store: Store, *sql: str) -> None:
    """Statements of the test's own, in one transaction."""
    store.database.write([Statement(each) for each in sql])


def a_system(store: Store, site: str = "1586", offset_min: int = 600) -> System:
    return add_system(
        store,
        owner="simon",
        vendor_type="select.live",
        vendor_site_id=site,
        display_name="Home",
        timezone_offset_min=offset_min,
    )
