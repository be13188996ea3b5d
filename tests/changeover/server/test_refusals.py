"""What a file's change refuses, a server's refuses in the same words; and what only a server refuses."""

import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.changeover.database.household import FORWARD, change, context
from tests.changeover.server.copying import contents, contents_of_file, definitions

from changeover.database import lease as leases
from changeover.database.change.apply import ProgressHooks, migrate, preview
from changeover.database.change.invariants import Depth
from changeover.database.connect import connect
from changeover.database.lock import Holder
from changeover.database.schema import meaning
from changeover.database.server import batch
from changeover.database.server.remote import Remote
from changeover.database.where import Server
from changeover.errors import (
    BudgetExceeded,
    ChangeoverError,
    InvariantBroken,
    LeaseLost,
    StepFailed,
    Unsuitable,
)

EXPECTED = "CREATE TABLE systems (id INTEGER PRIMARY KEY)"
TRIGGER = (
    "CREATE TRIGGER odd AFTER UPDATE ON systems BEGIN DELETE FROM readings WHERE system_id = new.id; END;"
)
BAD = {
    "rows dropped in a copy": (
        FORWARD.replace("o.key = s.user_id", "o.key = s.user_id WHERE s.id < 3"),
        "",
        "systems=*",
    ),
    "rows of a table left alone": (
        "UPDATE readings SET solar_w = 777 WHERE id = 5",
        "readings",
        "readings=0",
    ),
    "out of scope": ("UPDATE readings SET solar_w = 1", "systems", ""),
    "by a trigger": (f"{TRIGGER} UPDATE systems SET created_at = 1", "systems", ""),
    "orphans": ("DELETE FROM systems WHERE id = 3", "systems", ""),
    "too many affected": ("UPDATE readings SET solar_w = -1 WHERE id <= 200", "readings", "readings=7"),
    "too few added": (
        "INSERT INTO polling_status (system_id) VALUES (1)",
        "polling_status",
        "polling_status=+3",
    ),
    "not as many": (
        "CREATE TABLE twin (id INTEGER PRIMARY KEY); INSERT INTO twin SELECT id FROM systems LIMIT 2",
        "twin",
        "twin=systems",
    ),
    "a unique key": ("UPDATE readings SET inverter_time = 1", "readings", ""),
    "no such column": ("UPDATE systems SET absent = 1", "systems", ""),
    "a transaction of its own": ("COMMIT", "systems", ""),
    "an index lost in a rebuild": (
        "CREATE TABLE readings_agg_1d_new (id INTEGER PRIMARY KEY, system_id TEXT NOT NULL,"
        " day TEXT NOT NULL, solar_kwh REAL); INSERT INTO readings_agg_1d_new SELECT * FROM readings_agg_1d;"
        " DROP TABLE readings_agg_1d; ALTER TABLE readings_agg_1d_new RENAME TO readings_agg_1d",
        "readings_agg_1d",
        "",
    ),
    "a table that was expected": ("DROP TABLE polling_status", "polling_status", "polling_status=*"),
}


def refused(attempt: Callable[[], object]) -> ChangeoverError:
    with pytest.raises((InvariantBroken, StepFailed, Unsuitable, LeaseLost, BudgetExceeded)) as caught:
        attempt()
    return caught.value


def sentences(error: ChangeoverError) -> str:
    """What an error says, without the numbers of rows by which contents differ."""
    return re.sub(r"contents differ.*", "contents differ", error.message)


def untouched(remote: Remote, server: Server, file: Path) -> None:
    assert contents(server) == contents_of_file(file)
    with closing(connect(file)) as local:
        assert definitions(remote) == definitions(local)
    own = "SELECT name FROM sqlite_schema WHERE name LIKE 'changeover%' AND name <> 'changeover_state'"
    assert remote.execute(own).fetchall() == []


@pytest.mark.parametrize("name", BAD)
def test_it_says_what_a_file_says_and_nothing_is_left_behind(
    file: Path, server: Server, remote: Remote, name: str
) -> None:
    text, scope, rows = BAD[name]
    asked = change(
        text, scope=tuple(scope.split()) or ("systems", "user_systems", "readings_agg_1d"), rows=rows
    )
    with closing(connect(file)) as local:
        here = refused(lambda: migrate(local, asked, context(), depth=Depth.SWIFT))
    there = refused(lambda: migrate(remote, asked, context(), depth=Depth.SWIFT))
    assert type(there) is type(here)
    assert sentences(there) == sentences(here)
    assert getattr(there, "position", None) == getattr(here, "position", None)
    untouched(remote, server, file)


def test_all_that_is_broken_is_told_at_once(file: Path, server: Server, remote: Remote) -> None:
    text = "DELETE FROM systems WHERE id = 3; UPDATE readings SET solar_w = 9 WHERE id < 4"
    asked = change(text, scope=("systems", "readings"), rows="systems=* readings=0")
    said = str(refused(lambda: migrate(remote, asked, context(), depth=Depth.SWIFT)))
    assert "systems: all 3 rows should be kept, but 2 would remain" in said
    assert "readings: no row should change, but their contents differ: 0 added, 0 removed, 3 other" in said
    assert "readings: 200 rows would refer to rows of systems that are not there" in said
    assert "polling_status: 1 row would refer to rows of systems that are not there" in said
    untouched(remote, server, file)


@pytest.mark.parametrize(
    ("demand", "said"),
    [
        ({"expected": meaning.of_script(EXPECTED)}, "is not expected"),
        ({"contract": {"systems": ["owner_clerk_user_id", "model"]}}, "the release needs more: .*model"),
    ],
)
def test_the_schema_afterwards_is_judged_before_anything_is_sent(
    file: Path, server: Server, remote: Remote, demand: dict[str, object], said: str
) -> None:
    heard: list[str] = []
    with pytest.raises(InvariantBroken, match=said):
        migrate(
            remote, change(), context(**demand), depth=Depth.SWIFT, hooks=ProgressHooks(hook=heard.append)
        )
    assert "begun" not in heard
    untouched(remote, server, file)


def at(moment: str, then: Callable[[], object]) -> ProgressHooks:
    return ProgressHooks(hook=lambda now: then() if now == moment else None)


def test_a_schema_that_changes_before_the_change_begins_stops_it(remote: Remote, server: Server) -> None:
    hooks = at("judged", lambda: remote.execute("CREATE INDEX odd ON readings (solar_w)"))
    with pytest.raises(InvariantBroken, match=r"schema changed(.|\n)*index odd is not expected"):
        migrate(remote, change(), context(), depth=Depth.SWIFT, hooks=hooks)
    assert "user_systems" not in contents(server)


def test_a_lease_that_was_taken_over_keeps_the_change_out(remote: Remote, server: Server) -> None:
    lease = leases.acquire(remote, Holder("run-1", 1, "here", 0))
    steal = "UPDATE changeover_state SET token = token + 1, run_id = 'run-2', pid = 7, host = 'there'"
    with pytest.raises(LeaseLost, match="run run-2, process 7 on there"):
        migrate(
            remote,
            change(),
            context(lease=lease),
            depth=Depth.SWIFT,
            hooks=at("judged", lambda: remote.execute(steal)),
        )
    assert "user_systems" not in contents(server)


def test_a_server_that_keeps_foreign_keys_on_is_refused_before_it_can_delete(
    file: Path, remote: Remote, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "ENFORCE", "SELECT '{}'")
    with pytest.raises(Unsuitable, match="foreign keys"):
        migrate(remote, change(), context(), depth=Depth.SWIFT)
    untouched(remote, server, file)


def test_a_change_that_takes_too_long_is_ended_by_the_servers_clock(
    file: Path, remote: Remote, server: Server
) -> None:
    slow = (
        "UPDATE polling_status SET total_polls = 1; UPDATE systems SET created_at = (WITH RECURSIVE n(x) AS"
        " (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 300000) SELECT count(*) FROM n)"
    )
    asked = change(slow, scope=("systems", "polling_status"), budget_s=0.02)
    with pytest.raises(BudgetExceeded, match=r"longer than 0.02 s") as caught:
        migrate(remote, asked, context(), depth=Depth.SWIFT)
    assert caught.value.position == asked.statements[1].position
    untouched(remote, server, file)


def test_what_the_rehearsal_showed_to_be_too_long_for_a_server_is_refused_with_what_would_do_it(
    remote: Remote,
) -> None:
    with pytest.raises(Unsuitable, match=r"7 s, and on a server it has 3.5 s(.|\n)*made anew online"):
        migrate(remote, change(rehearsed_s=7.0), context(), depth=Depth.SWIFT)


def test_faults_that_were_there_before_are_not_held_against_the_change(
    remote: Remote, server: Server
) -> None:
    remote.batch(
        [{"stmt": {"sql": sql}} for sql in ("PRAGMA foreign_keys = OFF", "DELETE FROM systems WHERE id = 2")],
        within_s=5,
    )
    assert remote.execute("SELECT count(*) FROM pragma_foreign_key_check").fetchone() == (201,)
    for depth in Depth:
        asked = change(f"UPDATE systems SET created_at = {len(depth)}", scope=("systems",), rows="systems=*")
        migrate(remote, asked, context(), depth=depth)
    with pytest.raises(InvariantBroken, match=r"readings: 200 rows .*\(system_id 1\)"):
        migrate(
            remote,
            change("DELETE FROM systems WHERE id = 1", scope=("systems",)),
            context(),
            depth=Depth.SWIFT,
        )


def test_a_preview_tells_the_cost_and_the_schema_and_writes_nothing(
    file: Path, remote: Remote, server: Server
) -> None:
    forecast, planned = preview(remote, change())
    with closing(connect(file)) as local:
        assert (forecast, planned) == preview(local, change())
    assert planned.table("user_systems") is not None
    untouched(remote, server, file)
