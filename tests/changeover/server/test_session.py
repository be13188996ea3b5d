"""Sessions on a server: rehearsed on a fork or a local copy, run, taken back; what is kept where; secrets."""

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.changeover.server import club
from tests.changeover.server.club import PLACE, ServerClub
from tests.store.sqld import Sqld

from changeover.cli import root
from changeover.database import lease, ledger, local, lock
from changeover.database.connect import opened
from changeover.database.server import admin
from changeover.database.where import ADMIN_URL, TOKEN, Server
from changeover.engine.entries import Ending
from changeover.errors import DatabaseError, Locked, Refused
from changeover.report import model, write
from changeover.run import records, status

PRINTS = """
```bash {#prints phase=migrate undo="true"}
echo "it is $CHANGEOVER_DATABASE_TOKEN"
```
"""


@pytest.fixture
def one(work: Path, sqld: Sqld) -> Iterator[ServerClub]:
    with club.made(work / "club", sqld) as made:
        yield made


@pytest.fixture
def forking(one: ServerClub) -> ServerClub:
    """A club whose server's admin API is named."""
    return replace(one, with_admin=True)


def said(*words: str) -> dict[str, object]:
    """What a command that went well wrote as JSON."""
    done = CliRunner().invoke(root.main, [*words, "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    found = json.loads(done.output.splitlines()[-1])
    assert isinstance(found, dict)
    return found


def forks(one: ServerClub) -> list[str]:
    return [name for name in club.databases(one.sqld) if "-changeover-" in name]


def test_it_is_rehearsed_on_a_fork_which_is_gone_afterwards(forking: ServerClub) -> None:
    record = forking.rehearse()
    assert record.passed, record.faults
    assert record.place == "on a fork of the database, on its own server"
    assert record.writes > 5
    assert record.rows_compared > 20
    assert record.frozen_s > 0
    assert forks(forking) == []
    club.require_equal(forking.original, forking)
    assert forking.start().ending is Ending.DONE


def test_without_the_admin_api_it_is_rehearsed_on_a_local_copy_and_that_is_said(one: ServerClub) -> None:
    record = one.rehearse()
    assert record.passed, record.faults
    assert "on a local copy with SQLite" in record.place
    assert "not on the server" in record.place
    assert one.start().ending is Ending.DONE
    found = model.gather(one.state, one.database, one.plan(), None)
    for path in write.write(found):
        assert "not on the server" in path.read_text()


def test_a_fault_found_on_a_fork_is_told_and_the_fork_is_gone(work: Path, sqld: Sqld) -> None:
    with club.made(work / "club", sqld, with_admin=True) as one:
        lossy = (one.folder / "undo.sql").read_text().replace("SELECT id, full_name", "SELECT id, 'x'")
        (one.folder / "undo.sql").write_text(lossy)
        record = one.rehearse()
        assert not record.passed
        assert "is not the original" in record.faults[0]
        assert forks(one) == []


def test_a_fork_that_a_killed_rehearsal_left_is_deleted_by_the_next(forking: ServerClub) -> None:
    child = os.fork()
    if child == 0:
        try:
            admin.end_fork = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
            forking.rehearse()
        finally:
            os._exit(99)
    os.waitpid(child, 0)
    assert len(forks(forking)) == 1
    assert forking.rehearse().passed
    assert forks(forking) == []
    assert not list(forking.state.rehearsals.glob("work-*"))


def test_a_fork_that_cannot_be_deleted_now_is_deleted_by_the_next(
    forking: ServerClub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise DatabaseError("the admin API is away", hint="")

    with monkeypatch.context() as patched:
        patched.setattr(admin, "end_fork", away)
        assert forking.rehearse().passed
    assert len(forks(forking)) == 1
    assert forking.rehearse().passed
    assert forks(forking) == []


def test_an_admin_api_that_does_not_answer_is_an_error_that_says_what_to_do(one: ServerClub) -> None:
    away = replace(one.database, admin_url="http://127.0.0.1:1")
    with pytest.raises(DatabaseError, match="does not answer") as caught:
        admin.fork(away, "x")
    assert ADMIN_URL in caught.value.hint
    assert "is not known" in status.look(one.state, away, one.plan()).warning


def test_writes_that_somebody_blocked_are_named_and_nothing_is_begun(forking: ServerClub) -> None:
    blocked = {"block_reads": False, "block_writes": True, "block_reason": "spring cleaning"}
    assert forking.rehearse().passed
    forking.sqld.admin("POST", f"namespaces/{PLACE}/config", blocked)
    with pytest.raises(Refused, match="spring cleaning"):
        forking.start()
    assert "spring cleaning" in status.look(forking.state, forking.database, forking.plan()).warning
    assert forking.rehearse().passed
    assert club.blocks(forking) == (False, True)
    forking.sqld.admin("POST", f"namespaces/{PLACE}/config", {"block_reads": False, "block_writes": False})
    assert status.look(forking.state, forking.database, forking.plan()).warning == ""
    assert forking.start().ending is Ending.DONE


def test_a_token_reaches_neither_journal_nor_ledger_nor_report(work: Path, sqld: Sqld) -> None:
    token = "eyJ-this-is-a-token"
    with club.made(work / "club", sqld, execute=PRINTS) as made:
        one = replace(made, token=token)
        environment = {**os.environ, TOKEN: token, "database": one.database.url}
        for command in ("rehearse", "run", "report", "rollback"):
            words = [command, str(one.folder / "PLAN.md"), "--state", str(one.state.path)]
            words += ["--set", f"database={one.database.url}"]
            done = CliRunner().invoke(root.main, [*words, "--json"], env=environment)
            assert done.exit_code == 0, done.output
            assert token not in done.output
        kept = [path for path in one.state.path.rglob("*") if path.is_file()]
        assert len(kept) > 5
        assert any(f"it is [{TOKEN}]" in path.read_text() for path in kept)
        assert not any(token in path.read_text() for path in kept)
        with opened(one.database) as connection:
            assert token not in repr(ledger.entries(connection))


def test_a_url_with_a_secret_is_refused_and_not_repeated(one: ServerClub) -> None:
    for url in ("http://me:hush@127.0.0.1:1", "libsql://host?authToken=hush"):
        done = CliRunner().invoke(root.main, ["status", "--database", url])
        assert done.exit_code == 2
        assert "hush" not in done.output
        assert TOKEN in done.output


def test_what_belongs_to_a_server_lies_in_the_current_folder_under_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = {
        "libsql://house-anna.turso.io": "house-anna.turso.io",
        "http://127.0.0.1:8080?namespace=prod/../x": "127.0.0.1-8080-prod-..-x",
    }
    for url, name in names.items():
        assert local.state_folder(Server(url)) == tmp_path / f"{name}.changeover"
        assert local.lock_file(Server(url)) == tmp_path / f"{name}.changeover-lock"
        assert local.backup_dir(Server(url)) == tmp_path
    elsewhere = tmp_path / "state"
    assert local.lock_file(Server("http://h"), elsewhere) == tmp_path / "state-lock"


def test_two_runners_are_kept_apart_by_the_lock_here_and_by_the_lease_elsewhere(one: ServerClub) -> None:
    assert one.rehearse().passed
    entered = []

    def second(moment: str) -> None:
        if moment != "after journal started members" or entered:
            return
        entered.append(moment)
        with pytest.raises(Locked, match="Another runner is at work"):
            one.start()
        elsewhere = one.folder / "elsewhere"
        holder = lock.Holder("0001-x", 4711, "elsewhere", 0)
        with (
            lock.take(one.database, holder, state=elsewhere),
            opened(one.database) as connection,
            pytest.raises(Locked, match="holds the lease"),
        ):
            lease.acquire(connection, holder)

    assert one.start(hook=second).ending is Ending.DONE
    assert entered


def test_the_command_line_goes_the_whole_way_with_a_url(
    one: ServerClub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(one.folder)
    plan, place = "PLAN.md", ("--set", f"database={one.database.url}")
    checked = CliRunner().invoke(root.main, ["check", plan, "--database", one.database.url])
    assert checked.exit_code == 0, checked.output
    assert said("rehearse", plan, *place)["passed"]
    assert said("run", plan, *place)["outcome"] == "done"
    standing = said("status", "--database", one.database.url)
    assert standing["database"] == one.database.url
    assert "is done" in str(standing["how"])
    assert Path(str(standing["backup"])).parent == one.folder
    assert said("rollback", "--database", one.database.url)["outcome"] == "rolled back"
    club.require_equal(one.original, one)


def test_what_a_fork_showed_to_be_too_long_is_not_tried_and_a_local_copy_says_nothing_of_a_server(
    forking: ServerClub,
) -> None:
    assert replace(forking, with_admin=False).rehearse().frozen() == {}
    record = forking.rehearse()
    assert {"minutes", "members", "undo-members"} <= record.frozen().keys()
    slow = [replace(step, frozen_s=7.0) if step.id == "members" else step for step in record.steps]
    records.save(forking.state, replace(record, steps=slow))
    outcome = forking.start()
    assert "held, in rehearsal, writers for 7 s" in outcome.failures[0].text("message")
    club.require_undone(forking, outcome)
