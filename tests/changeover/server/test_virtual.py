"""Full-text indexes and R-trees on a server: plans beside them and plans that make one go there and back."""

from pathlib import Path

import pytest
from tests.changeover.run import honest

from changeover.check.load import load_plan
from changeover.check.rules import check
from changeover.check.schema_copy import read_schema
from changeover.database.connect import opened
from changeover.database.where import Server
from changeover.errors import PlanErrors
from changeover.plan import params
from changeover.problems import Severity
from changeover.run import commands
from changeover.run.rehearsal import rehearse
from changeover.run.runner import OperatorPrompt
from changeover.run.state_dir import state_of
from hrana.wire import WireStatement

SETUP = (
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
    "INSERT INTO t VALUES (1, 'first milk'), (900, 'second bread')",
    "CREATE VIRTUAL TABLE f USING fts5 (a, content = 't', content_rowid = 'id')",
    "INSERT INTO f (f) VALUES ('rebuild')",
    "CREATE VIRTUAL TABLE own USING fts5 (a)",
    "INSERT INTO own VALUES ('hello')",
    "CREATE VIRTUAL TABLE four USING fts4 (a)",
    "INSERT INTO four VALUES ('hello')",
    "CREATE VIRTUAL TABLE r USING rtree (id, x0, x1)",
    "INSERT INTO r VALUES (1, 0, 2)",
    "CREATE TRIGGER tf AFTER INSERT ON t BEGIN INSERT INTO f (rowid, a) VALUES (new.id, new.a); END",
)
FOUND = "SELECT (SELECT group_concat(rowid) FROM f WHERE f MATCH 'milk OR bread'), (SELECT count(*) FROM r)"
CHANGES = {
    "a column beside them": ("ALTER TABLE t ADD COLUMN b TEXT;", "ALTER TABLE t DROP COLUMN b;", "t"),
    "an index more": (
        "CREATE VIRTUAL TABLE g USING fts5 (a, content = 't', content_rowid = 'id');"
        " INSERT INTO g (g) VALUES ('rebuild');",
        "DROP TABLE g;",
        "g",
    ),
}


@pytest.fixture
def database(server_url: str) -> Server:
    found = Server(server_url)
    with opened(found) as remote:
        remote.apply([WireStatement(sql) for sql in SETUP])
    return found


@pytest.mark.parametrize("kind", CHANGES)
def test_a_plan_goes_there_and_back_with(database: Server, tmp_path: Path, kind: str) -> None:
    forward, back, scope = CHANGES[kind]
    text = honest.PLAN.format(database=database, header="", scope=scope, rows="", forward=forward, back=back)
    (tmp_path / "PLAN.md").write_text(text)
    plan = load_plan(tmp_path / "PLAN.md")
    values = params.bind(plan, (), {})
    state = tmp_path / "state"
    with opened(database) as remote:
        before = remote.execute(FOUND).fetchall()
        errors = [one for one in check(plan, read_schema(remote, database)) if one.severity is Severity.ERROR]
    assert errors == []
    record = rehearse(plan, values, database, who="tests", state=state)
    assert record.faults == ()
    settings = commands.Settings(who="tests", prompt=OperatorPrompt(), state=state)
    assert commands.run(plan, values, database, settings).exit_code == 0
    run_id = state_of(database, state).newest()
    assert run_id is not None
    assert commands.rollback(plan, values, database, settings, run_id=run_id).exit_code == 0
    with opened(database) as remote:
        assert remote.execute(FOUND).fetchall() == before == [("1,900", 1)]
        assert remote.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


VECTORS = (
    "CREATE TABLE v (id INTEGER PRIMARY KEY, e F32_BLOB(2))",
    "CREATE INDEX near ON v (libsql_vector_idx(e))",
    "INSERT INTO v VALUES (1, vector32('[1, 0]')), (2, vector32('[0, 1]'))",
)
NEAREST = "SELECT id FROM vector_top_k('near', vector32('[0, 1]'), 1)"


def test_a_vector_index_is_refused_at_check_with_the_way_past(server_url: str, tmp_path: Path) -> None:
    database = Server(server_url)
    text = honest.PLAN.format(
        database=database,
        header="",
        scope="v",
        rows=' rows="v=*"',
        forward="ALTER TABLE v ADD COLUMN b TEXT;",
        back="ALTER TABLE v DROP COLUMN b;",
    )
    (tmp_path / "PLAN.md").write_text(text)
    plan, state = load_plan(tmp_path / "PLAN.md"), tmp_path / "state"
    values, settings = (
        params.bind(plan, (), {}),
        commands.Settings(who="tests", prompt=OperatorPrompt(), state=state),
    )
    with opened(database) as remote:
        for sql in VECTORS:
            remote.apply([WireStatement(sql)])
        problems = check(plan, read_schema(remote, database))
        (said,) = [one for one in problems if one.severity is Severity.ERROR]
        assert said.message == "near cannot be made again: no such function: libsql_vector_idx"
        assert said.hint.startswith("Only a libSQL server knows vector indexes. Drop it on the server")
        again = said.hint.rpartition("\n")[2].strip()
        with pytest.raises(PlanErrors) as refused:
            rehearse(plan, values, database, who="tests", state=state)
        assert again in str(refused.value)
        remote.execute("DROP INDEX near")
        errors = check(plan, read_schema(remote, database))
        assert [one for one in errors if one.severity is Severity.ERROR] == []
        assert rehearse(plan, values, database, who="tests", state=state).faults == ()
        assert commands.run(plan, values, database, settings).exit_code == 0
        remote.execute(again)
        assert remote.execute(NEAREST).fetchall() == [(2,)]
