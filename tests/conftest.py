"""Shared fixtures: a household's recorded data, which never goes into the repository; a libSQL server."""

import gc
import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path

import httpcore2
import pytest
from hypothesis import HealthCheck, settings
from tests.order import APART, spread
from tests.sample import AT_LENGTH
from tests.store.sqld import Sqld, scratch

from timed_http.certificates import trusted

settings.register_profile(
    "unhurried", deadline=None, derandomize=not AT_LENGTH, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("unhurried")
"""How long an example takes says how busy the machine is, and nothing of the code. `make test` draws the same
examples each time, so that whoever sees it red broke something; `make length` looks for new ones."""

MEMORY, ROOM_BYTES = Path("/dev/shm"), 2 * 2**30
if not AT_LENGTH and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM_BYTES:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
"""Where `tmp_path` is: in memory. A process that is killed leaves the same files there, and nothing waits for
a disk, some milliseconds at each fsync. `make length` works on the disk."""

httpcore2.default_ssl_context = lambda **_: trusted()
"""Each of the suite's thousands of clients would read this machine's certificates anew: 80 ms of CPU."""

SERVERS = {"sqld", "server", "server_url", "proxy", "remote_store"}
HERE = Path(__file__).parent


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What stays to the end is not looked at by the garbage collector: every test, and all that was imported.

    Each of its full rounds would go over it again, half a second every few dozen tests.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests in order; mark what `make quick` leaves out, among it what asks for a libSQL server."""
    items[:] = spread(items, HERE)
    for item in items:
        place = item.path.relative_to(HERE)
        asked = set(getattr(item, "fixturenames", ()))
        driver = getattr(getattr(item, "callspec", None), "params", {}).get("driver")
        if {place.as_posix(), place.parent.as_posix()} & set(APART) or asked & SERVERS or driver == "libsql":
            item.add_marker("apart")


SHARED = Path(__file__).parent.parent.parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of recorded readings; the test is skipped where it is absent, but never in CI."""
    if not SHARED.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"the recorded data is missing at {SHARED}, and CI must not skip it")
        pytest.skip(f"recorded readings are not here ({SHARED})")
    return SHARED


@pytest.fixture(scope="session")
def sqld() -> Iterator[Sqld]:
    """The one server of the session."""
    server = Sqld(scratch("sqld"), "--max-active-namespaces", "50")
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture
def server_url(sqld: Sqld) -> Iterator[str]:
    """An empty database on the server."""
    with sqld.namespace() as url:
        yield url
