"""The shipped plan on a real libSQL server, underneath a living LiveOne: there, back, through every fault.

LiveOne itself is not killed here, so every reading that the portal handed out is in the database in the end.
"""

import json
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from tests.migration import generation1, server_stage, stage
from tests.migration.server_stage import ServerStage
from tests.migration.stage import SETS, History
from tests.migration.test_killed import killed, reached
from tests.programs import Program
from tests.sample import AT_LENGTH, drawn
from tests.store.sqld import Sqld, scratch

from liveone.store.generations import NEWEST

UPGRADE = ("upgrade", *SETS, "--confirm", "people", "--json")
VERIFY = "SELECT vendor_type || '|' || vendor_site_id || '|' || timezone_offset_min FROM systems WHERE id = 1"
NAMES = count()

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> History:
    return stage.history(tmp_path_factory.mktemp("history"), days=2)


@pytest.fixture(scope="module")
def own(past: History) -> Iterator[Sqld]:
    """A server that tests may kill."""
    with server_stage.server_of(past) as server:
        yield server


@pytest.fixture
def live(tmp_path: Path, past: History, own: Sqld) -> Iterator[ServerStage]:
    with server_stage.set_up(tmp_path, past, own, f"live{next(NAMES)}", admin=True) as found:
        found.start()
        yield found


def upgraded(live: ServerStage, *words: str, codes: tuple[int, ...] = (0,)) -> dict[str, object]:
    done = live.command("liveone", *(words or UPGRADE))
    assert done.code in codes, done.out + done.err
    found = json.loads("{" + done.out.rpartition("\n{\n")[2] if "\n{\n" in done.out else done.out)
    assert isinstance(found, dict)
    return found


def begun(live: ServerStage, *words: str) -> Program:
    return live.begun("liveone", *words)


def whole(live: ServerStage) -> int:
    """The generation, which must be one that is served, exactly."""
    found = live.command("liveone", "schema", "status")
    assert found.code == 0, found.out + found.err
    assert live.ask("PRAGMA integrity_check") == [("ok",)]
    assert live.ask("PRAGMA foreign_key_check") == []
    assert live.blocked() == (False, False)
    return int(found.out.split("is of generation ")[1][0])


def back_where_it_began(live: ServerStage, past: History) -> None:
    """Everything is taken back; every old row is what it was, and every reading since is there."""
    if whole(live) != 1:
        upgraded(live, "upgrade", "--rollback", "--json")
    drained(live)
    live.stop()
    assert whole(live) == 1
    fetched = live.fetched()
    assert generation1.altered(past.database, fetched, "readings") == 0
    assert generation1.altered(past.database, fetched, "systems") == 0
    assert live.missing() == {site: [] for site in generation1.SITES}


def drained(live: ServerStage) -> None:
    """Wait until nothing waits in the spool any more."""
    ends_s = time.monotonic() + 30
    while time.monotonic() < ends_s:
        status, answer = live.get("/api/admin/health")
        if status == 200 and answer["collector"]["spool_waiting"] == 0:  # type: ignore[index]
            return
        time.sleep(0.1)
    raise AssertionError(f"the spool is not empty: {live.log()}")


@pytest.mark.sampled
@pytest.mark.skipif(
    not AT_LENGTH, reason="every plan there and back on a server takes four minutes: make length"
)
def test_there_and_back_by_two_processes_and_nobody_notices(live: ServerStage, past: History) -> None:
    """Each has its own folder and spool; they share the systems by leases in the database that is changed."""
    folder = live.folder / "second"
    folder.mkdir()
    second = ServerStage(folder, live.portal, sqld=live.sqld, namespace=live.namespace)
    stage.furnish(second, past.options, database=live.server.url, port=0)
    second.start()
    try:
        shared(live)
        with live.client(every_s=0.25) as one, second.client(every_s=0.25) as other:
            done = upgraded(live)
            assert done["outcome"] == "done"
            assert live.ask(VERIFY) == [("select.live|1586|600",)]
            served(live, second, generation=NEWEST)
            report = Path(str(done["report"])).with_name("report.md").read_text()
            assert "on a fork of the database, on its own server" in report
            assert Path(str(done["backup"])).parent == live.folder
            shown = live.get("/api/admin/migrations")[1]
            assert "migrate-systems" in [entry["action"] for entry in shown["entries"]]  # type: ignore[attr-defined]
            assert all(run["reports"] == ["md", "html"] for run in shown["runs"])  # type: ignore[attr-defined]
            assert whole(live) == NEWEST
            upgraded(live, "upgrade", "--rollback", "--json")
            served(live, second, generation=1)
        assert (one.failures, other.failures) == ([], [])
        assert one.requests > 100
        drained(second)
        second.stop()
    finally:
        second.kill()
    assert not [name for name in (live.sqld.folder / "dbs").iterdir() if "-changeover-" in name.name]
    assert live.ask("SELECT count(*) FROM pragma_table_list WHERE name = 'changeover_hold'") == [(0,)]
    back_where_it_began(live, past)


SHARING = "SELECT count(DISTINCT poller) FROM _liveone_leases"


def served(*processes: ServerStage, generation: int) -> None:
    """Both poll, and both serve that generation."""
    shared(processes[0])
    for each in processes:
        assert each.get("/api/health")[1]["generation"] == generation


def shared(live: ServerStage) -> None:
    """Wait until both processes poll, which they find out by themselves."""
    ends_s = time.monotonic() + 30
    while live.ask(SHARING) != [(2,)]:
        assert time.monotonic() < ends_s, live.log()
        time.sleep(0.1)


@pytest.mark.sampled
@pytest.mark.parametrize("task", drawn(["migrate-systems", "answers"], 1))
def test_the_upgrade_is_killed_and_one_command_goes_on(live: ServerStage, past: History, task: str) -> None:
    upgraded(live, "upgrade", "--dry-run", *SETS, "--json")
    process = begun(live, *UPGRADE)
    reached(live, task, runs=1)
    killed(process)
    whole(live)
    upgraded(live, "upgrade", "--resume", "--confirm", "people", "--json", codes=(0, 4))
    back_where_it_began(live, past)


@pytest.mark.sampled
@pytest.mark.parametrize("task", drawn(["changeover:backup", "migrate-systems"], 1))
def test_the_server_is_killed_in_any_phase_and_comes_back(
    live: ServerStage, past: History, task: str
) -> None:
    upgraded(live, "upgrade", "--dry-run", *SETS, "--json")
    process = begun(live, *UPGRADE)
    reached(live, task, runs=1)
    live.sqld.kill()
    time.sleep(0.5)
    live.sqld.start()
    code = process.wait(120)
    if whole(live) != 1 and code != 0:
        upgraded(live, "upgrade", "--rollback", "--json")
    back_where_it_began(live, past)


@pytest.mark.sampled
@pytest.mark.skipif(not AT_LENGTH, reason="an upgrade more, on a server with a replica: make length")
def test_a_replica_that_dies_meanwhile_changes_nothing(tmp_path: Path, past: History, own: Sqld) -> None:
    replica = Sqld(scratch("replica"), "--primary-grpc-url", f"http://127.0.0.1:{own.grpc_port}")
    name = f"live{next(NAMES)}"
    with server_stage.set_up(tmp_path, past, own, name, admin=True) as live:
        try:
            replica.start()
            live.replica_url = f"{replica.url}?namespace={name}"
            live.start()
            upgraded(live, "upgrade", "--dry-run", *SETS, "--json")
            process = begun(live, *UPGRADE)
            reached(live, "migrate-systems", runs=1)
            replica.kill()
            assert process.wait(120) == 0
            assert live.get("/api/health")[1]["generation"] == NEWEST
            back_where_it_began(live, past)
        finally:
            replica.close()
