"""A blocking rebuild keeps everything that hangs on a table, or is refused with the reason."""

from pathlib import Path

import pytest
from tests.changeover.database.household import ask, change, context, tell

from changeover.database.change.apply import migrate
from changeover.database.change.invariants import Depth
from changeover.database.connect import opened
from changeover.database.schema import catalogue
from changeover.errors import InvariantBroken

TABLE = (
    "(id INTEGER PRIMARY KEY AUTOINCREMENT, n INTEGER NOT NULL, name TEXT,"
    " twice INTEGER GENERATED ALWAYS AS (n * 2) STORED{}) STRICT"
)
PARTIAL = "CREATE INDEX t_partial ON t (n) WHERE n > 1;"
EXPRESSION = "CREATE UNIQUE INDEX t_expression ON t (lower(name));"
NOTE = "CREATE TRIGGER t_note AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.id); END;"
AGAIN = PARTIAL + EXPRESSION + NOTE
REBUILD = (
    f"CREATE TABLE t_new {TABLE.format(', more TEXT')};"
    "INSERT INTO t_new (id, n, name) SELECT id, n, name FROM t;"
    "DROP TABLE t; ALTER TABLE t_new RENAME TO t;"
)


@pytest.fixture
def rich(tmp_path: Path) -> Path:
    path = tmp_path / "rich.db"
    tell(
        path,
        f"CREATE TABLE t {TABLE.format('')}; CREATE TABLE log (x);"
        "CREATE TABLE part (t_id INTEGER REFERENCES t (id), k TEXT, PRIMARY KEY (t_id, k)) WITHOUT ROWID;"
        + AGAIN
        + "CREATE VIEW v AS SELECT name, twice FROM t;"
        "CREATE TRIGGER log_note AFTER INSERT ON log BEGIN UPDATE t SET n = n + 1 WHERE id = new.x; END;"
        "INSERT INTO t (n, name) VALUES (1, 'a'), (2, 'b'); DELETE FROM t WHERE id = 2;"
        "INSERT INTO part VALUES (1, 'k')",
    )
    return path


def test_views_triggers_indexes_of_all_kinds_generated_columns_and_strict_are_kept(rich: Path) -> None:
    before = ask(rich, "SELECT * FROM part")
    with opened(rich) as connection:
        work = change(REBUILD + AGAIN, scope=("t",), rows="t=*")
        migrate(connection, work, context(), depth=Depth.THOROUGH)
        table = catalogue.read(connection).tables["t"]
    assert {index.name: index.partial for index in table.indexes} == {
        "t_partial": True,
        "t_expression": False,
    }
    assert table.strict
    assert [c.name for c in table.columns if c.generated] == ["twice"]
    assert ask(rich, "SELECT * FROM v") == [("a", 4)]
    assert ask(rich, "SELECT * FROM part") == before
    tell(rich, "INSERT INTO t (n, name) VALUES (5, 'c')")
    assert ask(rich, "SELECT x FROM log ORDER BY 1") == [(1,), (2,), (3,)]
    assert ask(rich, "SELECT \"table\" FROM pragma_foreign_key_list('part')") == [("t",)]


@pytest.mark.parametrize(
    ("left_out", "said"),
    [
        (PARTIAL, "t: index t_partial would be gone"),
        (EXPRESSION, "t: index t_expression would be gone"),
        (NOTE, "t: trigger t_note would be gone"),
    ],
)
def test_what_a_rebuild_forgets_is_refused_by_name(rich: Path, left_out: str, said: str) -> None:
    work = change(REBUILD + AGAIN.replace(left_out, ""), scope=("t",))
    with opened(rich) as connection, pytest.raises(InvariantBroken, match=said):
        migrate(connection, work, context(), depth=Depth.SWIFT)
    assert ask(rich, "SELECT count(*) FROM pragma_table_info('t') WHERE name = 'more'") == [(0,)]


def test_a_rebuild_that_breaks_a_view_is_refused(rich: Path) -> None:
    text = (REBUILD + AGAIN).replace("name TEXT", "label TEXT").replace("(id, n, name)", "(id, n, label)")
    work = change(text.replace("lower(name)", "lower(label)"), scope=("t",))
    said = r"migrate\.sql:\d+: view v no longer works: no such column: name"
    with opened(rich) as connection, pytest.raises(InvariantBroken, match=said):
        migrate(connection, work, context(), depth=Depth.SWIFT)


def test_a_rebuild_that_breaks_another_tables_trigger_is_refused(rich: Path) -> None:
    text = (REBUILD + AGAIN).replace("n INTEGER NOT NULL", "m INTEGER NOT NULL").replace("(id, n,", "(id, m,")
    text = text.replace("(n * 2)", "(m * 2)").replace(PARTIAL, "")
    said = r"migrate\.sql:\d+: trigger log_note of log no longer works: no such column: n"
    with opened(rich) as connection, pytest.raises(InvariantBroken, match=said):
        migrate(connection, change(text, scope=("t",)), context(), depth=Depth.SWIFT)


def test_of_several_triggers_the_one_that_broke_is_named_with_the_line_of_the_statement(rich: Path) -> None:
    tell(
        rich,
        "CREATE TRIGGER log_a AFTER INSERT ON log BEGIN SELECT 1; END;"
        "CREATE TRIGGER part_log AFTER INSERT ON part BEGIN INSERT INTO log VALUES (1); END;",
    )
    text = (REBUILD + AGAIN).replace("n INTEGER NOT NULL", "m INTEGER NOT NULL").replace("(id, n,", "(id, m,")
    text = (
        text.replace("(n * 2)", "(m * 2)").replace(PARTIAL, "").replace("; ", ";\n").replace("DROP", "\nDROP")
    )
    with opened(rich) as connection, pytest.raises(InvariantBroken) as caught:
        migrate(connection, change(text, scope=("t",)), context(), depth=Depth.SWIFT)
    broken = [line for line in caught.value.message.split("\n") if "no longer works" in line]
    assert broken == ["- migrate.sql:3: trigger log_note of log no longer works: no such column: n"]


def test_a_without_rowid_table_is_rebuilt_and_stays_one(rich: Path) -> None:
    text = (
        "CREATE TABLE part_new (t_id INTEGER REFERENCES t (id), k TEXT, more TEXT, PRIMARY KEY (t_id, k))"
        " WITHOUT ROWID; INSERT INTO part_new (t_id, k) SELECT t_id, k FROM part;"
        "DROP TABLE part; ALTER TABLE part_new RENAME TO part;"
    )
    with opened(rich) as connection:
        migrate(connection, change(text, scope=("part",), rows="part=*"), context(), depth=Depth.THOROUGH)
        assert catalogue.read(connection).tables["part"].without_rowid
    assert ask(rich, "SELECT * FROM part") == [(1, "k", None)]


def test_an_id_given_out_once_is_not_given_out_again_after_a_rebuild(rich: Path) -> None:
    with opened(rich) as connection:
        migrate(connection, change(REBUILD + AGAIN, scope=("t",)), context(), depth=Depth.SWIFT)
    tell(rich, "INSERT INTO t (n, name) VALUES (7, 'new')")
    assert ask(rich, "SELECT max(id) FROM t") == [(3,)]
