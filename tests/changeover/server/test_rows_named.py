"""A failure on a server names what a file's does: rows by key, triggers, rowids that moved, stale indexes."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from tests.changeover.database.household import change, context
from tests.changeover.database.test_culprits import DONE_BY, RAISED, RAISING, ROWS, SETUP, TRIGGERS
from tests.changeover.database.test_standing import KEPT, LIKED, REBUILD, TEXTS, USES
from tests.changeover.server.copying import contents
from tests.store.sqld import Sqld

from changeover.database.change.apply import migrate
from changeover.database.change.invariants import Depth
from changeover.database.change.model import PlannedChange
from changeover.database.connect import connect
from changeover.database.server.remote import Remote
from changeover.database.where import Server
from changeover.errors import InvariantBroken, StepFailed
from hrana.wire import WireStatement


def tell(remote: Remote, script: str) -> None:
    """Run a script, all of it."""
    statements = change(script, scope=()).statements
    remote.apply([WireStatement(one.text) for one in statements if not one.text.startswith("PRAGMA")])


@pytest.fixture(scope="module")
def place(sqld: Sqld) -> Iterator[Server]:
    """What `test_culprits` has in a file; a change that fails leaves it as it is."""
    with sqld.namespace() as url, closing(connect(Server(url))) as remote:
        tell(remote, SETUP)
        yield Server(url)


@pytest.fixture(scope="module")
def triggered(sqld: Sqld) -> Iterator[Server]:
    """The same with triggers."""
    with sqld.namespace() as url, closing(connect(Server(url))) as remote:
        tell(remote, SETUP + TRIGGERS)
        yield Server(url)


def refused(server: Server, work: PlannedChange, depth: Depth = Depth.SWIFT) -> str:
    before = contents(server)
    with closing(connect(server)) as remote, pytest.raises(StepFailed) as caught:
        migrate(remote, work, context(), depth=depth)
    assert contents(server) == before
    return caught.value.message


@pytest.mark.parametrize(("text", "rows"), ROWS)
def test_the_rows_are_named_by_key(place: Server, text: str, rows: list[str]) -> None:
    said = refused(place, change(text, scope=("t", "n")))
    assert [line[2:] for line in said.split("\n")[1:]] == rows


@pytest.fixture(scope="module")
def raising(sqld: Sqld) -> Iterator[Server]:
    """The same with triggers that raise."""
    with sqld.namespace() as url, closing(connect(Server(url))) as remote:
        tell(remote, SETUP + RAISING)
        yield Server(url)


@pytest.mark.parametrize(("text", "lines"), RAISED)
def test_the_rows_that_a_trigger_refuses_are_named(raising: Server, text: str, lines: list[str]) -> None:
    said = refused(raising, change(text, scope=("t",)))
    assert [line[2:] for line in said.split("\n")[1:]] == lines


def test_ten_rows_are_named_and_that_there_are_more(place: Server) -> None:
    many = "WITH n(x) AS (VALUES (0) UNION ALL SELECT x + 1 FROM n WHERE x < 30) SELECT x, -1 FROM n"
    said = refused(place, change(f"INSERT INTO t (id, age) {many}", scope=("t",)))
    assert said.count("\n- id ") == 10
    assert said.endswith("- ... and more")


def test_orphans_are_named_by_the_value_of_their_key(place: Server) -> None:
    said = refused(place, change("DELETE FROM p", scope=("p",), foreign_keys=True))
    assert "c: 1 row would refer to rows of p that are not there (p_id 1)" in said


@pytest.mark.parametrize(("text", "said"), DONE_BY)
def test_a_trigger_because_of_which_a_statement_fails_is_named(
    triggered: Server, text: str, said: str
) -> None:
    assert said in refused(triggered, change(text, scope=("t", "audit", "log", "old")))


@pytest.mark.parametrize("user", USES)
def test_rowids_by_which_something_goes_are_compared(server_url: str, user: str) -> None:
    without = "DROP VIEW best;" if user.startswith("view") else ""  # a server has no legacy_alter_table
    moving = change(without + REBUILD + USES[user], scope=("docs",), rows="docs=*")
    with closing(connect(Server(server_url))) as remote:
        tell(remote, TEXTS.replace("found", "other") + "DROP TABLE other;" + LIKED + USES[user])
        said = rf"docs: 2 rows would have another rowid, and {user} goes by it(.|\n)*docs.rowid: \"why\""
        with pytest.raises(InvariantBroken) as caught:
            migrate(remote, moving, context(), depth=Depth.THOROUGH)
        assert caught.match(said)
        accepted = replace(moving, accept={"docs.rowid": "nobody asks the view"})
        for work in (change(without + KEPT + USES[user], scope=("docs",), rows="docs=*"), accepted):
            done = migrate(remote, work, context(), depth=Depth.THOROUGH)
            assert bool(done.accepted) is bool(work.accept)


def test_a_full_text_index_whose_rows_got_other_rowids_is_found(server_url: str) -> None:
    with closing(connect(Server(server_url))) as remote:
        tell(remote, TEXTS)
        work = change(REBUILD, scope=("docs",), rows="docs=*")
        with pytest.raises(InvariantBroken, match=r"found: the full-text index does not match .*'rebuild'"):
            migrate(remote, work, context(), depth=Depth.THOROUGH)
        again = change(
            REBUILD + "INSERT INTO found(found) VALUES ('rebuild');", scope=("docs", "found"), rows="docs=*"
        )
        migrate(remote, again, context(), depth=Depth.THOROUGH)
