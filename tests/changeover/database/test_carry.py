"""What a table that is made anew keeps of the database's own, and what it leaves out."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from tests.changeover.database.household import change, context

from changeover.database.change.apply import migrate
from changeover.database.change.invariants import Depth
from changeover.database.change.model import PlannedChange
from changeover.database.schema import carry
from changeover.errors import InvariantBroken
from changeover.plan.blocks import read_indexes
from changeover.problems import Position
from changeover.sql import text as sqltext

CLUSTERED = """
CREATE TABLE t_new (
  a INTEGER NOT NULL, b INTEGER NOT NULL, w INTEGER /* watts */, v REAL, PRIMARY KEY (a, b)) WITHOUT ROWID;
INSERT INTO t_new (a, b, w, v) SELECT a, b, w, v FROM t;
DROP TABLE t;
ALTER TABLE t_new RENAME TO t;
"""


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as opened:
        opened.executescript(
            """CREATE TABLE t (
              id INTEGER PRIMARY KEY, a INTEGER NOT NULL, b INTEGER NOT NULL, w INTEGER NOT NULL, v REAL);
            CREATE UNIQUE INDEX same ON t (a, b); CREATE UNIQUE INDEX turned ON t (b, a);
            CREATE UNIQUE INDEX some ON t (a, b) WHERE a > 0; CREATE INDEX plain ON t (a, b);
            CREATE INDEX first ON t (a); CREATE INDEX "by B" ON t (B); CREATE INDEX late ON t (v DESC);
            CREATE INDEX wide ON t (b, v);"""
        )
        yield opened


def planned(script: str) -> PlannedChange:
    return PlannedChange(statements=sqltext.split(script, Position("t.sql", 1)), scope=("t",))


def indexes(carried: carry.Carried) -> list[str]:
    return [each.text.split(" ON ")[0].split()[-1].strip('"') for each in carried.statements[4:]]


def test_indexes_come_along_that_the_primary_key_does_not_stand_for(connection: sqlite3.Connection) -> None:
    """A unique one of fewer columns, of another order or of some rows says more than the key."""
    connection.execute("CREATE UNIQUE INDEX alone ON t (a)")
    found = carry.carried(connection, planned(CLUSTERED))
    assert sorted(indexes(found)) == ["B", "alone", "late", "some", "turned", "wide"]
    assert found.left_out == {}


def test_a_plan_leaves_indexes_out_by_their_columns_whatever_they_are_called(
    connection: sqlite3.Connection,
) -> None:
    """Not one that is unique: that would be another rule, and is told as one that is gone."""
    connection.execute("CREATE INDEX other ON t (v) WHERE v > 0")
    wanted = read_indexes("T(b) t(v) [t](b, a) t(a,b)")
    found = carry.carried(connection, planned(CLUSTERED), wanted)
    assert sorted(indexes(found)) == ["other", "some", "turned", "wide"]
    assert set(found.left_out) == {"t.index.by b", "t.index.late", "t.index.plain"}
    with pytest.raises(ValueError, match="write table"):
        read_indexes("t(b) late")


@pytest.mark.parametrize("missed", ["", "late"])
def test_what_the_plan_leaves_out_is_not_missed(connection: sqlite3.Connection, missed: str) -> None:
    """Any other index that is gone is a finding."""
    work = change(CLUSTERED, scope=("t",))
    found = carry.carried(connection, work, read_indexes("t(b)" if missed else "t(b) t(v)"))
    left = tuple(one for one in found.statements if " late " not in one.text)
    trial = replace(work, statements=left, accept=found.left_out)
    if missed:
        with pytest.raises(InvariantBroken, match=r"t\.index\.late"):
            migrate(connection, trial, context(), depth=Depth.SCHEMA)
    else:
        migrate(connection, trial, context(), depth=Depth.SCHEMA)


@pytest.mark.parametrize(
    ("script", "strict"),
    [
        pytest.param(CLUSTERED, True, id="as it is"),
        pytest.param(CLUSTERED.replace("FROM t", "FROM t AS o WHERE o.w > 0"), True, id="some rows"),
        pytest.param(CLUSTERED.replace("b, w, v FROM", "b, abs(w), v FROM"), False, id="another value"),
        pytest.param(
            CLUSTERED.replace("FROM t", "FROM t LEFT JOIN u ON u.b = t.b"), False, id="perhaps from elsewhere"
        ),
        pytest.param(CLUSTERED + "UPDATE t SET w = NULL WHERE a = 9;", False, id="changed again"),
        pytest.param(
            CLUSTERED.replace("DROP", "INSERT INTO t_new (a, b, w) SELECT a, b, w FROM u; DROP"),
            False,
            id="rows of others too",
        ),
        pytest.param(
            CLUSTERED.replace("w INTEGER", "w INTEGER DEFAULT 0 CHECK (w IS NULL OR w <> 5)"),
            True,
            id="default",
        ),
    ],
)
def test_a_column_goes_on_refusing_null(connection: sqlite3.Connection, script: str, strict: bool) -> None:
    """Where each of its values was refused as NULL before, and only there."""
    connection.execute("CREATE TABLE u (a, b, w)")
    kept = carry.keeping_not_null(connection, planned(script).statements)
    with closing(sqlite3.connect(":memory:")) as scratch:
        scratch.execute(kept[0].text)
        found = dict(scratch.execute("SELECT name, \"notnull\" FROM pragma_table_info('t_new')"))
    assert found == {"a": 1, "b": 1, "w": int(strict), "v": 0}
    assert kept[1:] == planned(script).statements[1:]


def test_null_that_was_refused_for_the_sake_of_a_default_stays_with_the_plan() -> None:
    """Without the default, what leaves the column out would be refused."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY NOT NULL, w INTEGER NOT NULL DEFAULT 0)")
        script = planned(
            "CREATE TABLE t_new (id INTEGER PRIMARY KEY, w INTEGER); INSERT INTO t_new (id, w) SELECT id, w"
            " FROM t; DROP TABLE t; ALTER TABLE t_new RENAME TO t;"
        ).statements
        assert carry.keeping_not_null(connection, script) == script
