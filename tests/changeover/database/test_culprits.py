"""A statement that breaks a rule is told with the rows because of which it failed."""

from pathlib import Path

import pytest
from tests.changeover.database.household import change, context, tell

from changeover.database.change.apply import migrate
from changeover.database.change.invariants import Depth
from changeover.database.connect import opened
from changeover.errors import StepFailed

SETUP = (
    "PRAGMA journal_mode = WAL; CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO p VALUES (1);"
    "CREATE TABLE t (id INTEGER PRIMARY KEY, mail TEXT, age INT CHECK (age >= 0));"
    "CREATE TABLE c (id INTEGER PRIMARY KEY, p_id INT REFERENCES p (id)); INSERT INTO c VALUES (4, 1);"
    "INSERT INTO t VALUES (1, 'a', 7), (2, 'b', 8), (3, 'a', NULL);"
)
COPY = "CREATE TABLE n (id INTEGER PRIMARY KEY, {}); INSERT INTO n SELECT id, {} FROM t;"


STRICT = "CREATE TABLE n (id INTEGER PRIMARY KEY, n INTEGER) STRICT; INSERT INTO n SELECT id, mail FROM t;"
ROWS = [
    ("CREATE UNIQUE INDEX tm ON t (mail)", ["id 1, mail 'a'", "id 3, mail 'a'"]),
    (COPY.format("m TEXT UNIQUE", "mail"), ["id 1, m 'a'", "id 3, m 'a'"]),
    (COPY.format("a INT NOT NULL", "age"), ["id 3, a NULL"]),
    (COPY.format("a INT CHECK (a < 8)", "age"), ["id 2"]),
    (COPY.format("a INT, CONSTRAINT young CHECK (a < 8)", "age"), ["id 2"]),
    (COPY.format("a INT, CONSTRAINT young CHECK (a <= 7 AND a || '' <> 'x')", "age"), ["id 2"]),
    ("UPDATE t SET age = age - 8", ["id 1"]),
    ("INSERT INTO t (id, mail) VALUES (2, 'x')", ["id 2"]),
    (STRICT, ["id 1, n 'a'", "id 2, n 'b'", "id 3, n 'a'"]),
    (
        "CREATE TABLE n (id INTEGER PRIMARY KEY);"
        "INSERT INTO n SELECT CASE id WHEN 2 THEN mail ELSE id END FROM t;",
        ["id 'b'"],
    ),
]


@pytest.mark.parametrize(("text", "rows"), ROWS)
def test_the_rows_are_named_by_key(tmp_path: Path, text: str, rows: list[str]) -> None:
    tell(tmp_path / "app.db", SETUP)
    work = change(text, scope=("t", "n"))
    with opened(tmp_path / "app.db") as connection, pytest.raises(StepFailed) as caught:
        migrate(connection, work, context(), depth=Depth.SWIFT)
    assert [line[2:] for line in caught.value.message.split("\n")[1:]] == rows


def test_orphans_are_named_by_the_value_of_their_key(tmp_path: Path) -> None:
    tell(tmp_path / "app.db", SETUP)
    work = change("DELETE FROM p", scope=("p",), foreign_keys=True)
    with opened(tmp_path / "app.db") as connection, pytest.raises(StepFailed) as caught:
        migrate(connection, work, context(), depth=Depth.SWIFT)
    assert "c: 1 row would refer to rows of p that are not there (p_id 1)" in caught.value.message


TRIGGERS = (
    "CREATE TABLE audit (mail TEXT NOT NULL); CREATE TABLE log (age INT, CONSTRAINT grown CHECK (age > 5));"
    "CREATE TABLE old (age INT CHECK (age<99));"
    "CREATE TRIGGER logged AFTER UPDATE OF age ON t BEGIN INSERT INTO log VALUES (new.age); END;"
    "CREATE TRIGGER aged AFTER UPDATE OF age ON t BEGIN INSERT INTO old VALUES (new.age); END;"
    "CREATE TRIGGER quiet AFTER UPDATE ON t BEGIN DELETE FROM audit; END;"
    "CREATE TRIGGER noted AFTER UPDATE ON t BEGIN INSERT INTO audit VALUES (new.mail); END;"
    "CREATE TRIGGER kept BEFORE DELETE ON t BEGIN SELECT RAISE(ABORT, 'it''s kept'); END;"
)


DONE_BY = [
    ("UPDATE t SET mail = NULL WHERE id = 2", "it is trigger noted that writes audit"),
    ("DELETE FROM t WHERE id = 2", "trigger kept refuses it"),
    ("UPDATE t SET age = 3 WHERE id = 2", "it is trigger logged that writes log"),
    ("UPDATE t SET age = 100 WHERE id = 2", "it is trigger aged that writes old"),
    (
        "ALTER TABLE t ADD COLUMN n INT CONSTRAINT grown CHECK (n > 5); UPDATE t SET age = 3 WHERE id = 2",
        "it is trigger logged that writes log",
    ),
]


RAISING = (
    "CREATE TRIGGER young BEFORE UPDATE OF age ON t WHEN new.mail <> 'z;' BEGIN"
    " SELECT RAISE(ABORT, 'too young') WHERE new.age < 5; END;"
    "CREATE TRIGGER kept BEFORE DELETE ON t BEGIN"
    " SELECT CASE WHEN old.age > 7 THEN RAISE(ABORT, 'kept')"
    " WHEN old.age IS NULL THEN RAISE(FAIL, 'unknown') END;"
    " END;"
)


RAISED = [
    ("UPDATE t SET age = id", ["trigger young refuses it", "id 1", "id 2", "id 3"]),
    ("UPDATE t SET age = id + 3", ["trigger young refuses it", "id 1"]),
    ("DELETE FROM t", ["trigger kept refuses it", "id 2", "id 3"]),
]


@pytest.mark.parametrize(("text", "lines"), RAISED)
def test_the_rows_that_a_trigger_refuses_are_named(tmp_path: Path, text: str, lines: list[str]) -> None:
    tell(tmp_path / "app.db", SETUP + RAISING)
    with opened(tmp_path / "app.db") as connection:
        with pytest.raises(StepFailed) as caught:
            migrate(connection, change(text, scope=("t",)), context(), depth=Depth.SWIFT)
        names = connection.execute("SELECT name FROM sqlite_schema WHERE name LIKE 'changeover_now%'")
        assert names.fetchall() == []
    assert [line[2:] for line in caught.value.message.split("\n")[1:]] == lines


@pytest.mark.parametrize(("text", "said"), DONE_BY)
def test_a_trigger_because_of_which_a_statement_fails_is_named(tmp_path: Path, text: str, said: str) -> None:
    tell(tmp_path / "app.db", SETUP + TRIGGERS)
    work = change(text, scope=("t", "audit", "log", "old"))
    with opened(tmp_path / "app.db") as connection, pytest.raises(StepFailed) as caught:
        migrate(connection, work, context(), depth=Depth.SWIFT)
    assert said in caught.value.message
