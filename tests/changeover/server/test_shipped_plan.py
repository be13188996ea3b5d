"""The vendor and time-zone plan, unchanged, on a server with a database of generation 1: there and back."""

import shutil
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from tests.changeover.server.copying import contents, contents_of_file, copied, definitions
from tests.migration import generation1, shipped_sql, stage

from changeover.check.load import load_plan
from changeover.database import lease as leases
from changeover.database import ledger
from changeover.database.change.apply import Migrated, migrate
from changeover.database.change.invariants import Depth
from changeover.database.change.model import Context, PlannedChange
from changeover.database.connect import connect
from changeover.database.lease import Lease
from changeover.database.ledger import Direction
from changeover.database.lock import Holder
from changeover.database.server.remote import Remote
from changeover.database.where import Server
from changeover.errors import InvariantBroken
from changeover.plan.model import SqlAction, Strategy

PARAMETERS = {"owner": stage.ACCOUNTS, "collision": "refuse"}
ACTIONS = {
    action.id: action
    for section in load_plan(shipped_sql.FOLDER / "PLAN.md").sections
    for step in section.steps
    for action in step.actions
    if isinstance(action, SqlAction) and action.changes
}


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days of three houses, as an old program left them."""
    folder = tmp_path_factory.mktemp("past")
    return generation1.make(folder / "old.db", stage.options(days=2), days=2, until_at=int(time.time()))


@pytest.fixture
def old(past: Path, tmp_path: Path) -> Path:
    return Path(shutil.copyfile(past, tmp_path / "old.db"))


@pytest.fixture
def remote(old: Path, server_url: str) -> Iterator[Remote]:
    server = Server(server_url)
    copied(old, server)
    with closing(connect(server)) as opened:
        yield opened


def run(
    connection: sqlite3.Connection | Remote,
    *names: str,
    parameters: Mapping[str, object],
    lease: Lease | None = None,
) -> list[Migrated]:
    """Carry scripts of the plan out, each in one transaction, as its run does."""
    done = []
    for name in names:
        action = ACTIONS[name]
        asked = PlannedChange(
            statements=action.statements,
            scope=action.scope,
            rows=action.rows,
            parameters=parameters,  # type: ignore[arg-type]
            strategy=action.strategy,
            foreign_keys=action.strategy is Strategy.NATIVE,
            budget_s=30,
        )
        back = name.startswith("undo-")
        by = Context(
            run_id="run-1",
            action=name.removeprefix("undo-"),
            direction=Direction.ROLLBACK if back else Direction.FORWARD,
            plan_sha256="p" * 64,
            content_sha256=name.removeprefix("undo-"),
            started_at=1,
            who="tests",
            lease=lease,
        )
        done.append(migrate(connection, asked, by, depth=Depth.SWIFT))
    return done


FORWARD, BACK = ("merge-systems", "migrate-systems"), ("undo-migrate", "undo-merge")


@pytest.mark.parametrize("collision", ["refuse", "keep:1"])
def test_it_runs_unchanged_there_and_back_and_there_again(
    old: Path, remote: Remote, server_url: str, collision: str
) -> None:
    if collision != "refuse":
        for connection in (remote, sqlite3.connect(old, isolation_level=None)):
            connection.execute("UPDATE systems SET system_number = '1586' WHERE id = 3")
    parameters = {"owner": stage.ACCOUNTS, "collision": collision}
    server, before = Server(server_url), contents_of_file(old)
    assert contents(server) == before
    lease = leases.acquire(remote, Holder("run-1", 1, "here", 0))
    with closing(connect(old)) as local:
        for names in (FORWARD, BACK, FORWARD):
            here = run(local, *names, parameters=parameters)
            there = run(remote, *names, parameters=parameters, lease=lease)
            assert contents(server) == contents_of_file(old)
            assert definitions(remote) == definitions(local)
            assert [one.counts for one in there] == [one.counts for one in here]
            if names is BACK:
                after = contents(server)
                assert {t: after[t] for t in generation1.TABLES} == {t: before[t] for t in generation1.TABLES}
    verified = "SELECT vendor_type, vendor_site_id, timezone_offset_min FROM systems ORDER BY id"
    assert remote.execute(verified).fetchone() == ("select.live", "1586", 600)
    assert remote.execute("SELECT count(*) FROM systems").fetchone() == (3 if collision == "refuse" else 2,)
    assert remote.execute("PRAGMA foreign_key_check").fetchall() == []
    assert remote.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert len(ledger.entries(remote)) == 6


def test_with_foreign_keys_on_it_would_delete_every_reading_so_that_is_refused(remote: Remote) -> None:
    """What the fence and the counts are for: the server enforces foreign keys by default."""
    run(remote, "merge-systems", parameters=PARAMETERS)
    readings = remote.execute("SELECT count(*) FROM readings").fetchone()
    action = ACTIONS["migrate-systems"]
    asked = PlannedChange(
        statements=action.statements,
        scope=(*action.scope, "readings", "polling_status"),
        rows=action.rows,
        parameters=PARAMETERS,
        foreign_keys=True,
    )
    by = Context(
        run_id="run-1",
        action="migrate-systems",
        direction=Direction.FORWARD,
        plan_sha256="",
        content_sha256="",
        started_at=1,
        who="tests",
    )
    with pytest.raises(InvariantBroken, match=r"readings: no row should change, but 8,6\d\d before, 0 after"):
        migrate(remote, asked, by, depth=Depth.SWIFT)
    assert remote.execute("SELECT count(*) FROM readings").fetchone() == readings
