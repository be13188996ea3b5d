"""LiveOne is killed while the plan is at work, or the runner, or both: all is whole and nothing is lost.

Killed means SIGKILL. A sample that LiveOne had read and not yet committed was not accepted; so each kill may
cost one sample of each system, and never more.
"""

import shutil
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.migration import generation1, stage
from tests.migration.shipped_sql import FOLDER
from tests.migration.stage import SETS, History, Stage
from tests.programs import Program
from tests.sample import drawn

PLAN = str(FOLDER / "PLAN.md")
RUN = ("run", PLAN, *SETS, "--confirm", "people", "--json")
PAUSE, SHORT = "retries=10 every=2s", "retries=10 every=100ms"
"""Between questions to a LiveOne that is gone: nobody comes back, so nothing is proven by waiting long."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> History:
    return stage.history(tmp_path_factory.mktemp("history"), days=4)


@contextmanager
def standing(folder: Path, past: History, plan: str) -> Iterator[Stage]:
    """A LiveOne that keeps its address, with a rehearsed plan."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with stage.set_up(folder, past, port=port) as found:
        found.start()
        done = found.command("changeover", "rehearse", plan, *SETS, "--json")
        assert done.code == 0, done.out + done.err
        yield found


@pytest.fixture
def live(tmp_path: Path, past: History) -> Iterator[Stage]:
    with standing(tmp_path, past, PLAN) as found:
        yield found


@pytest.fixture
def impatient(tmp_path: Path, past: History) -> Iterator[tuple[Stage, str]]:
    """As ``live``, with the shipped plan asking in short pauses."""
    folder = shutil.copytree(FOLDER, tmp_path / "plan")
    text = (folder / "PLAN.md").read_text()
    assert PAUSE in text
    (folder / "PLAN.md").write_text(text.replace(PAUSE, SHORT))
    with standing(tmp_path / "live", past, str(folder / "PLAN.md")) as found:
        yield found, str(folder / "PLAN.md")


def begun(live: Stage, *words: str) -> Program:
    return live.begun("changeover", *words)


def reached(live: Stage, task: str, runs: int) -> None:
    """Wait until a task of the newest run was started."""
    ends_s = time.monotonic() + 90
    while time.monotonic() < ends_s:
        journals = sorted(live.folder.glob("*.changeover/runs/*/journal.jsonl"))
        lines = journals[-1].read_text().splitlines() if len(journals) >= runs else []
        if any('"started"' in line and f'"{task}"' in line for line in lines):
            return
        time.sleep(0.002)
    raise AssertionError(f"{task} was not reached")


def killed(process: Program) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def whole(live: Stage) -> int:
    """The generation, which must be one of the two, exactly."""
    found = live.command("liveone", "schema", "status")
    assert found.code == 0, found.out
    assert generation1.ask(live.database, "PRAGMA integrity_check") == [("ok",)]
    assert generation1.ask(live.database, "PRAGMA foreign_key_check") == []
    return 1 if "is of generation 1" in found.out else 2


def back_where_it_began(live: Stage, past: History, kills: int, plan: str = PLAN) -> None:
    if whole(live) == 2:
        done = live.command("changeover", "rollback", plan, "--json")
        assert done.code == 0, done.out + done.err
    live.stop()
    assert whole(live) == 1
    assert generation1.altered(past.database, live.database, "readings") == 0
    assert generation1.altered(past.database, live.database, "systems") == 0
    assert all(len(missing) <= kills for missing in live.missing().values()), live.missing()


@pytest.mark.sampled
@pytest.mark.parametrize("task", drawn(["merge-systems", "migrate-systems", "answers"], 1))
def test_both_are_killed_and_one_command_goes_on(live: Stage, past: History, task: str) -> None:
    process = begun(live, *RUN)
    reached(live, task, runs=1)
    live.kill()
    killed(process)
    whole(live)
    live.start()
    done = live.command("changeover", "resume", PLAN, "--confirm", "people", "--json")
    assert done.code in (0, 4), done.out + done.err
    assert whole(live) == (2 if done.code == 0 else 1)
    back_where_it_began(live, past, kills=1)


def test_liveone_is_killed_and_comes_back_while_the_plan_goes_on(live: Stage, past: History) -> None:
    process = begun(live, *RUN)
    reached(live, "migrate-systems", runs=1)
    live.kill()
    live.start()
    assert process.wait(120) == 0
    assert whole(live) == 2
    back_where_it_began(live, past, kills=1)


def test_liveone_is_killed_for_good_and_the_plan_takes_everything_back(
    impatient: tuple[Stage, str], past: History
) -> None:
    live, plan = impatient
    process = begun(live, "run", plan, *RUN[2:])
    reached(live, "migrate-systems", runs=1)
    live.kill()
    assert process.wait(300) in (4, 5)
    assert whole(live) == 1
    live.start()
    back_where_it_began(live, past, kills=1, plan=plan)
