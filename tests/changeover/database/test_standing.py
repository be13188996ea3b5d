"""What must hold of any database: a change may repair what is broken, and adds nothing to it."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.changeover.database.household import ask, change, context, tell

from changeover.database.change import rule, standing
from changeover.database.change.apply import migrate
from changeover.database.change.invariants import Depth
from changeover.database.connect import opened
from changeover.database.schema import catalogue
from changeover.errors import InvariantBroken

ORPHANS = (
    "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (id INTEGER PRIMARY KEY, p_id INT REFERENCES p"
    " (id)); INSERT INTO p VALUES (1), (2); INSERT INTO t VALUES (1, 1), (2, 7), (3, 7), (4, 8);"
)
INDEXED = "CREATE INDEX t_p ON t (p_id);"
SHAPES = {
    "by row id": ORPHANS,
    "by an index": ORPHANS + INDEXED,
    "without rowid": ORPHANS.replace("REFERENCES p (id))", "REFERENCES p (id)) WITHOUT ROWID"),
    "beside a key that is none": ORPHANS
    + "CREATE TABLE q (x); ALTER TABLE t ADD COLUMN q_x INT REFERENCES q (x);",
}
each_shape = pytest.mark.parametrize("shape", SHAPES)
each_depth = pytest.mark.parametrize("depth", [Depth.SWIFT, Depth.THOROUGH])


def made(folder: Path, sql: str, mode: str = "WAL") -> Path:
    tell(folder / "app.db", f"PRAGMA journal_mode = {mode}; {sql}")
    return folder / "app.db"


@each_shape
@each_depth
@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_orphans_of_before_may_be_repaired_in_part(
    tmp_path: Path, shape: str, depth: Depth, mode: str
) -> None:
    path = made(tmp_path, SHAPES[shape], mode)
    with opened(path) as connection:
        migrate(connection, change("DELETE FROM t WHERE id = 2", scope=("t",)), context(), depth=depth)
    assert ask(path, "SELECT count(*) FROM t") == [(3,)]


@each_shape
@each_depth
@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("INSERT INTO t (id, p_id) VALUES (9, 7)", "t: 3 rows would refer to rows of p .* \\(p_id 7\\)"),
        ("UPDATE t SET p_id = 9 WHERE id = 2", "t: 1 row would refer to rows of p .* \\(p_id 9\\)"),
        ("DELETE FROM p WHERE id = 1", "t: 1 row would refer to rows of p .* \\(p_id 1\\)"),
    ],
)
def test_one_orphan_more_is_found_among_those_of_before(
    tmp_path: Path, shape: str, depth: Depth, harm: str, said: str
) -> None:
    path = made(tmp_path, SHAPES[shape])
    with opened(path) as connection, pytest.raises(InvariantBroken, match=said):
        migrate(connection, change(harm, scope=("t", "p")), context(), depth=depth)


def test_a_composite_key_is_named_by_all_its_values(tmp_path: Path) -> None:
    path = made(
        tmp_path,
        "CREATE TABLE p (a INT, b TEXT, PRIMARY KEY (a, b));"
        "CREATE TABLE t (x INT, y TEXT, FOREIGN KEY (x, y) REFERENCES p); INSERT INTO t VALUES (1, 'z');",
    )
    with opened(path) as connection:
        said = rule.faults(connection, standing.orphans(catalogue.read(connection), None, ()))
    assert said == ["t: 1 row would refer to rows of p that are not there (x, y 1, 'z')"]


def test_duplicates_are_shown_with_their_values_under_the_collation_of_the_key(tmp_path: Path) -> None:
    setup = "CREATE TABLE t (m TEXT); INSERT INTO t VALUES ('A'), ('a'), ('b'); CREATE INDEX u ON t (m);"
    path = made(tmp_path, setup)
    tell(
        path,
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql ="
        " 'CREATE UNIQUE INDEX u ON t (m COLLATE NOCASE)' WHERE name = 'u'",
    )
    with opened(path) as connection:
        table = catalogue.read(connection).tables["t"]
        assert rule.faults(connection, standing.duplicates(table)) == ["t: 2 rows have (m) = (A)"]


TEXTS = (
    "CREATE TABLE docs (slug TEXT PRIMARY KEY NOT NULL, body TEXT);"
    "CREATE VIRTUAL TABLE found USING fts5(body, content='docs', content_rowid='rowid');"
    "INSERT INTO docs VALUES ('a', 'one'), ('b', 'two'), ('c', 'three');"
    "INSERT INTO found (rowid, body) SELECT rowid, body FROM docs WHERE slug > 'a';"
    "DELETE FROM docs WHERE slug = 'a';"
)
REBUILD = (
    "CREATE TABLE docs_new (slug TEXT PRIMARY KEY NOT NULL, body TEXT, more TEXT);"
    "INSERT INTO docs_new (slug, body) SELECT slug, body FROM docs;"
    "DROP TABLE docs; ALTER TABLE docs_new RENAME TO docs;"
)


def test_a_full_text_index_whose_rows_got_other_rowids_is_found(tmp_path: Path) -> None:
    path = made(tmp_path, TEXTS)
    work = change(REBUILD, scope=("docs",), rows="docs=*")
    said = "found: the full-text index does not match .* VALUES \\('rebuild'\\)"
    with opened(path) as connection, pytest.raises(InvariantBroken, match=said):
        migrate(connection, work, context(), depth=Depth.THOROUGH)
    again = REBUILD + "INSERT INTO found(found) VALUES ('rebuild');"
    with opened(path) as connection:
        work = change(again, scope=("docs", "found"), rows="docs=*")
        migrate(connection, work, context(), depth=Depth.THOROUGH)
    assert ask(path, "SELECT slug FROM docs JOIN found ON found.rowid = docs.rowid WHERE found MATCH 'two'")


KEPT = REBUILD.replace("(slug, body) SELECT slug", "(rowid, slug, body) SELECT rowid, slug")
LIKED = "CREATE TABLE liked (doc INT); INSERT INTO liked SELECT rowid FROM docs;"
GONE = "CREATE TRIGGER gone AFTER DELETE ON docs BEGIN DELETE FROM liked WHERE doc = old.rowid; END;"
USES = {
    "view best": "CREATE VIEW best AS SELECT slug FROM docs JOIN liked ON liked.doc = docs.rowid;",
    "trigger gone": GONE,
}


@pytest.mark.parametrize("user", USES)
def test_rows_that_something_finds_by_rowid_keep_theirs_when_a_table_is_rebuilt(
    tmp_path: Path, user: str
) -> None:
    path = made(tmp_path, TEXTS.replace("found", "other") + "DROP TABLE other;" + LIKED + USES[user])
    again = USES[user] if user.startswith("trigger") else ""
    moving = change(REBUILD + again, scope=("docs",), rows="docs=*")
    said = rf"docs: 2 rows would have another rowid, and {user} goes by it; copy it too.* \[docs.rowid\]"
    with opened(path) as connection, pytest.raises(InvariantBroken, match=said):
        migrate(connection, moving, context(), depth=Depth.THOROUGH)
    accepted = replace(moving, accept={"docs.rowid": "nobody asks the view"})
    for work in (change(KEPT + again, scope=("docs",), rows="docs=*"), accepted):
        with opened(path) as connection:
            done = migrate(connection, work, context(), depth=Depth.THOROUGH)
        assert bool(done.accepted) is bool(work.accept)


INDEXED_BY = "CREATE TRIGGER ai AFTER INSERT ON docs BEGIN INSERT INTO found (rowid) VALUES (new.rowid); END;"


def test_rowids_by_which_only_a_full_text_index_goes_may_change_when_it_is_rebuilt(tmp_path: Path) -> None:
    path = made(tmp_path, TEXTS + INDEXED_BY)
    text = REBUILD + INDEXED_BY + "INSERT INTO found(found) VALUES ('rebuild');"
    with opened(path) as connection:
        work = change(text, scope=("docs", "found"), rows="docs=*")
        migrate(connection, work, context(), depth=Depth.THOROUGH)


@pytest.mark.parametrize(("copied", "passes"), [("rowid, a", True), ("a", False)])
def test_rows_without_a_key_are_known_by_their_rowid(tmp_path: Path, copied: str, *, passes: bool) -> None:
    path = made(
        tmp_path,
        "CREATE TABLE t (a); INSERT INTO t VALUES (1), (2), (2); DELETE FROM t WHERE a = 1;"
        "CREATE VIEW v AS SELECT _rowid_ AS n, a FROM t;",
    )
    text = (
        f"CREATE TABLE n (a, b); INSERT INTO n ({copied}) SELECT {copied} FROM t;"
        " DROP TABLE t; ALTER TABLE n RENAME TO t;"
    )
    work = change(text, scope=("t",), rows="t=*")
    with opened(path) as connection:
        if passes:
            migrate(connection, work, context(), depth=Depth.THOROUGH)
        else:
            with pytest.raises(
                InvariantBroken, match=r"t: .* would have another rowid, and view v goes by it"
            ):
                migrate(connection, work, context(), depth=Depth.THOROUGH)


def test_rows_are_counted_and_not_guessed_from_the_highest_rowid(tmp_path: Path) -> None:
    path = made(
        tmp_path,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n INT);"
        "WITH RECURSIVE i(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM i WHERE n < 9)"
        " INSERT INTO t SELECT 1756500000000 + n, n FROM i;",
    )
    with opened(path) as connection:
        work = change("UPDATE t SET n = n + 1", scope=("t",), budget_s=30.0)
        done = migrate(connection, work, context(), depth=Depth.SWIFT)
    assert [cost.rows for cost in done.forecast.costs] == [10]


@each_depth
def test_a_key_in_another_order_than_its_columns_is_not_taken_for_null(tmp_path: Path, depth: Depth) -> None:
    """The quick check of SQLite 3.40 says `NULL value in s.a` of each of its rows."""
    made(tmp_path, "CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1);")
    keyed = "CREATE TABLE {} (a INT NOT NULL, c TEXT NOT NULL, PRIMARY KEY (c, a)) WITHOUT ROWID;"
    tell(tmp_path / "app.db", f"{keyed.format('s')} INSERT INTO s VALUES (1, 'k'), (2, 'k');")
    copied = "INSERT INTO n (a, c) SELECT a, c FROM s; DROP TABLE s; ALTER TABLE n RENAME TO s"
    script = f"{keyed.format('n')} {copied}"
    with opened(tmp_path / "app.db") as connection:
        migrate(connection, change(script, scope=("s",)), context(), depth=depth)
    assert ask(tmp_path / "app.db", "SELECT count(*) FROM s") == [(2,)]
