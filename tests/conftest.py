"""Shared fixtures: a household's recorded data, which never goes into the repository; a libSQL server."""

import gc
import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path

import httpcore2
import pytest
from hypothesis import HealthCheck, settings
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

APART = (
    *("browser", "cli", "migration", "outgoing", "security", "serverless", "simulation", "world"),
    *("changeover/contrib", "changeover/fire", "changeover/run", "changeover/server"),
    *("changeover/database/test_kill.py", "collect/test_killed.py", "liveone_side/test_upgrade.py"),
    *("changeover/document/test_drafting.py", "changeover/document/test_cookbook.py"),
    *("energy/test_one_number.py", "test_extend.py", "test_scale.py", "collect/test_loop.py"),
    *("collect/test_point_closer.py", "collect/test_recorder.py", "collect/test_share.py"),
    *("collect/test_together.py", "database/test_backup_schedule.py", "transfer/test_readings_in.py"),
    *("database/test_backup_copies.py", "store/test_breaker.py"),
    *("store/test_time_zones.py", "transfer/test_move.py", "transfer/test_restore.py"),
    *("vendors/test_against_portal.py", "vendors/test_conformance.py", "vendors/test_mqtt.py"),
    *("vendors/test_enphase.py", "vendors/test_powerwall.py", "web/test_base_path.py", "web/test_moments.py"),
    *("web/test_push.py", "web/test_repairs.py", "web/test_rights.py", "web/test_scripts.py"),
    *("web/test_health.py", "web/test_second_step.py", "web/test_sign_in_elsewhere.py"),
    *("announce", "simulate", "store/test_libsql.py", "vendors/test_cloud.py", "vendors/test_goodwe.py"),
    *("test_layers.py", "test_names.py", "web/test_stream.py", "web/test_time_zones.py"),
)
"""Folders and files whose tests start browsers, servers or processes, wait for them, or take seconds each."""
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
    """Mark what `make quick` leaves out: what stands in those folders, and what asks for a libSQL server."""
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
