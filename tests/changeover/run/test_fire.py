"""Two runners, a runner that sleeps, a full disk, a way back that fails, limits: real processes."""

import os
import resource
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.changeover.run import club, killing
from tests.changeover.run.club import Club

from changeover.database import lease
from changeover.database.connect import opened
from changeover.database.lock import Holder
from changeover.database.schema.fingerprint import fingerprint
from changeover.engine.entries import Ending, EntryKind
from changeover.errors import ChangeoverError, Locked, StepFailed
from changeover.run.runner import Signals
from changeover.run.state_dir import state_of


def _forked(act: Callable[[], int]) -> int:
    """A child that does ``act`` and ends with its answer."""
    child = os.fork()
    if child == 0:
        code = 98
        try:
            code = act()
        except ChangeoverError as error:
            code = error.exit_code
        finally:
            os._exit(code)
    return child


def _ended(child: int) -> int:
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _stops_at(moment: str) -> Callable[[str], None]:
    """A hook that stops its process once, at a moment."""
    stopped = False

    def hook(name: str) -> None:
        nonlocal stopped
        if name == moment and not stopped:
            stopped = True
            os.kill(os.getpid(), signal.SIGSTOP)

    return hook


def _until_stopped(child: int) -> None:
    _, status = os.waitpid(child, os.WUNTRACED)
    assert os.WIFSTOPPED(status)


def _count(database: Path, sql: str) -> int:
    with closing(sqlite3.connect(database)) as connection:
        found: int = connection.execute(sql).fetchone()[0]
        return found


def test_of_two_runners_the_second_is_refused_and_told_about_the_first(rehearsed: Club, work: Path) -> None:
    oracle = killing.migrated_offline(rehearsed.original, work / "oracle.db")
    hook = _stops_at("before statement 2")
    child = _forked(lambda: club.start(rehearsed, hook=hook).exit_code)
    _until_stopped(child)
    with pytest.raises(Locked, match=f"process {child}") as refused:
        club.start(rehearsed)
    assert f"kill -CONT {child}" in refused.value.hint
    with pytest.raises(Locked):
        club.again(rehearsed, "rollback")
    os.kill(child, signal.SIGCONT)
    assert _ended(child) == 0
    killing.require_equal(oracle, rehearsed.database)


def _schema(one: Club) -> str:
    with opened(one.database) as connection:
        return fingerprint(connection)


def test_a_runner_that_slept_past_its_lease_writes_nothing_any_more(rehearsed: Club) -> None:
    hook = _stops_at("after journal done minutes")
    child = _forked(lambda: club.start(rehearsed, hook=hook, lasts_s=0.4).exit_code)
    _until_stopped(child)
    state = state_of(rehearsed.database)
    entries, schema = len(state.entries(state.newest() or "")), _schema(rehearsed)
    time.sleep(0.6)
    with opened(rehearsed.database) as connection:
        lease.acquire(connection, Holder("another", 1, "another-host", 0))
    os.kill(child, signal.SIGCONT)
    assert _ended(child) == 5
    assert len(state.entries(state.newest() or "")) == entries
    assert _schema(rehearsed) == schema


def test_a_transaction_longer_than_the_lease_is_no_sleep(rehearsed: Club) -> None:
    def hook(moment: str) -> None:
        if moment == "before statement 2":
            time.sleep(0.7)

    assert club.start(rehearsed, hook=hook, lasts_s=0.4).ending is Ending.DONE


def test_a_transaction_that_failed_after_longer_than_the_lease_can_still_be_taken_back(
    rehearsed: Club,
) -> None:
    failed = []

    def hook(moment: str) -> None:
        if moment == "before statement 3" and not failed:
            failed.append(moment)
            time.sleep(0.7)
            raise StepFailed("the script failed late")

    killing.require_undone(rehearsed, club.start(rehearsed, hook=hook, lasts_s=0.4))


@pytest.mark.parametrize("freed", [True, False])
def test_a_full_disk_in_the_change_leaves_the_old_database(work: Path, freed: bool) -> None:
    one = club.make(work / "club", members=3000)
    club.prove(one)

    def hook(moment: str) -> None:
        limits = {"before journal started members": 24 * 1024, "after journal failed members": -1}
        if moment in limits and (freed or limits[moment] > 0):
            resource.setrlimit(resource.RLIMIT_FSIZE, (limits[moment], resource.RLIM_INFINITY))

    child = _forked(lambda: club.start(one, hook=hook).exit_code)
    assert _ended(child) == (4 if freed else 5)
    if not freed:
        assert _count(one.database, "SELECT count(name) FROM members") == 3000
        assert club.again(one, "rollback").ending is Ending.ROLLED_BACK
    killing.require_equal(one.original, one.database)


def test_a_step_past_its_budget_is_interrupted_and_taken_back(rehearsed: Club) -> None:
    def hook(moment: str) -> None:
        if moment == "before statement 3":
            time.sleep(1.05)

    text = (rehearsed.folder / "PLAN.md").read_text().replace("#migrate budget=10s", "#migrate budget=1s")
    (rehearsed.folder / "PLAN.md").write_text(text)
    club.prove(rehearsed)
    outcome = club.start(rehearsed, hook=hook)
    assert outcome.failures[0].text("error") == "BudgetExceeded"
    killing.require_undone(rehearsed, outcome)


def test_the_whole_past_its_downtime_is_taken_back(work: Path) -> None:
    one = club.make(work / "club", execute="\n### Wait\n\n```bash {#wait undo=none}\nsleep 120\n```\n")
    text = (one.folder / "PLAN.md").read_text().replace("downtime: 3m", "downtime: 5s")
    for budget in ("#add budget=10s", "#migrate budget=10s", "#verify budget=20s"):
        text = text.replace(budget, budget.partition(" ")[0])
    (one.folder / "PLAN.md").write_text(text)
    club.prove(one)
    started_s = time.monotonic()
    outcome = club.start(one)
    assert time.monotonic() - started_s < 100
    assert "downtime may be 5s" in outcome.failures[0].text("message")
    killing.require_undone(one, outcome)


def test_a_way_back_that_keeps_failing_calls_the_operator_and_can_be_asked_again(work: Path) -> None:
    fails = "\n```http {#refused timeout=200ms}\nGET http://127.0.0.1:9/\n200\n```\n"
    one = club.make(work / "club", execute=fails)
    club.prove(one)
    held: list[sqlite3.Connection] = []

    def hook(moment: str) -> None:
        if moment == "after journal turned":
            held.append(sqlite3.connect(one.database, isolation_level=None))
            held[0].execute("BEGIN IMMEDIATE")

    text = (one.folder / "PLAN.md").read_text().replace("undoes=members", "undoes=members timeout=50ms")
    (one.folder / "PLAN.md").write_text(text)
    club.prove(one)
    outcome = club.start(one, hook=hook)
    assert (outcome.ending, outcome.exit_code) == (Ending.OPERATOR_NEEDED, 5)
    assert [failure.id for failure in outcome.failures[1:]] == ["undo-members"] * 3
    assert _count(one.database, "SELECT count(full_name) FROM members") == 5
    held[0].close()
    killing.require_undone(one, club.again(one, "rollback"))


def test_rows_written_between_run_and_rollback_are_kept_whatever_they_changed(rehearsed: Club) -> None:
    club.start(rehearsed)
    with closing(sqlite3.connect(rehearsed.database)) as connection, connection:
        connection.execute("INSERT INTO members (full_name, phone, house) VALUES ('Late', '7', 'west')")
        connection.execute("UPDATE members SET phone = '99' WHERE id = 2")
        connection.execute("DELETE FROM members WHERE id = 3")
        connection.execute("INSERT INTO visits (member_id, at, minutes) VALUES (6, 5, 30)")
    club.again(rehearsed, "rollback")
    with closing(sqlite3.connect(rehearsed.database)) as connection:
        rows = connection.execute("SELECT id, name, phone FROM members WHERE id > 1").fetchall()
        visits = connection.execute("SELECT at FROM visits WHERE member_id = 6").fetchall()
    assert rows == [(2, "Member 2", "99"), (4, "Member 4", "04"), (5, "Member 5", "05"), (6, "Late", "7")]
    assert visits == [(5,)]


def test_there_and_back_three_times_is_the_same_as_never(rehearsed: Club, work: Path) -> None:
    oracle = killing.migrated_offline(rehearsed.original, work / "oracle.db")
    for _ in range(3):
        assert club.start(rehearsed).ending is Ending.DONE
        killing.require_equal(oracle, rehearsed.database)
        killing.require_undone(rehearsed, club.again(rehearsed, "rollback"))


def test_a_command_that_a_killed_runner_left_behind_is_ended_before_the_way_back(work: Path) -> None:
    mark = work / "mark"
    deploy = f"\n### Deploy\n\n```bash {{#deploy undo=none}}\nsleep 1.5; touch {mark}\n```\n"
    one = club.make(work / "club", execute=deploy)
    club.prove(one)
    moments: list[str] = []

    def hook(moment: str) -> None:
        moments.append(moment)
        if moment == "after journal noted deploy":
            os.kill(os.getpid(), signal.SIGKILL)

    assert _ended(_forked(lambda: club.start(one, hook=hook).exit_code)) == -signal.SIGKILL
    outcome = club.again(one, "resume")
    killing.require_undone(one, outcome)
    time.sleep(1.6)
    assert not mark.exists()
    assert any(
        "left running" in entry.text("what") for entry in outcome.entries if entry.kind is EntryKind.NOTED
    )


def test_a_person_stops_a_run_at_a_safe_point_and_goes_on_later(rehearsed: Club, work: Path) -> None:
    oracle = killing.migrated_offline(rehearsed.original, work / "oracle.db")
    signals = Signals()

    def hook(moment: str) -> None:
        if moment == "before statement 1":
            signals.stop = "tests"

    outcome = club.start(rehearsed, hook=hook, signals=signals)
    assert (outcome.ending, outcome.exit_code) == (Ending.STOPPED, 7)
    assert outcome.entries[-2].kind is EntryKind.ASKED
    killing.require_done(rehearsed, club.again(rehearsed, "resume"), oracle)
