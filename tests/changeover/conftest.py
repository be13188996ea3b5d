"""A folder in memory, so that hundreds of runs do not wait for a disk."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")


@pytest.fixture(scope="session")
def memory() -> Iterator[Path]:
    """A folder of the session, in memory where there is such a thing."""
    folder = Path(tempfile.mkdtemp(prefix="changeover-tests-", dir=MEMORY if MEMORY.is_dir() else None))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def work(memory: Path) -> Iterator[Path]:
    """An empty place of one test."""
    folder = Path(tempfile.mkdtemp(dir=memory))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
