"""A house of production size, built once, copied for each test; in memory where there is such a thing."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.changeover.fire import house as houses
from tests.changeover.fire import town as towns
from tests.changeover.fire.house import House
from tests.changeover.fire.town import Town
from tests.changeover.run import club, killing

MEMORY = Path("/dev/shm")


@pytest.fixture(scope="session")
def memory() -> Iterator[Path]:
    """A folder of the session."""
    folder = Path(tempfile.mkdtemp(prefix="changeover-fire-", dir=MEMORY if MEMORY.is_dir() else None))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def template(memory: Path) -> House:
    """The house that is copied."""
    return houses.make(memory / "template")


@pytest.fixture
def house(template: House, memory: Path) -> Iterator[House]:
    """A house of one's own."""
    one = template.copy_to(Path(tempfile.mkdtemp(dir=memory)) / "house")
    yield one
    shutil.rmtree(one.folder.parent)


@pytest.fixture(scope="session")
def rehearsed_town(memory: Path) -> Path:
    """The folder of a town whose plan is rehearsed."""
    return towns.make(memory / "town").folder


@pytest.fixture
def town(rehearsed_town: Path, memory: Path) -> Iterator[Town]:
    """A town of one's own."""
    place = Path(tempfile.mkdtemp(dir=memory))
    shutil.copytree(rehearsed_town, place / "town")
    yield Town(place / "town")
    shutil.rmtree(place)


@pytest.fixture
def place(memory: Path) -> Iterator[Path]:
    """An empty folder."""
    folder = Path(tempfile.mkdtemp(dir=memory))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def rehearsed_club(memory: Path) -> club.Club:
    """A club whose plan is rehearsed; to be copied back to the same place for each test."""
    one = club.make(memory / "club")
    club.prove(one)
    one.copy_to(memory / "club as it was")
    return one


@pytest.fixture
def one(rehearsed_club: club.Club) -> club.Club:
    """The club as it was when it was rehearsed."""
    return killing.fresh(rehearsed_club.folder.with_name("club as it was"), rehearsed_club.folder)
