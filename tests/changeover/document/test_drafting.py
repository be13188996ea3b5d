"""`changeover new`: from two schemas a plan that goes there and back, with what only a person knows asked."""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from changeover.cli.root import main
from changeover.database.schema import meaning
from changeover.drafting import texts
from changeover.drafting.change import Renames, change, read
from changeover.drafting.draft import draft, read_renames
from changeover.errors import BadParameter, Unsuitable
from changeover.exits import Exit

OLD = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, vat TEXT);
CREATE TABLE orders (
  id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id) ON DELETE CASCADE,
  total TEXT NOT NULL, note TEXT
);
CREATE INDEX orders_customer ON orders (customer_id);
CREATE TABLE log (id INTEGER PRIMARY KEY, order_id INTEGER, what TEXT);
CREATE TRIGGER orders_stay BEFORE UPDATE ON orders WHEN new.id <> old.id
  BEGIN SELECT RAISE(ABORT, 'an id stays'); END;
CREATE TRIGGER orders_log AFTER UPDATE ON orders
  BEGIN INSERT INTO log (order_id, what) VALUES (new.id, 'changed'); END;
CREATE VIEW totals AS SELECT customer_id, count(*) AS n FROM orders GROUP BY customer_id;
"""
ROWS = """
INSERT INTO customers VALUES (1, 'Ada', 'AT1'), (2, 'Simon', NULL);
INSERT INTO orders VALUES (1, 1, '100', 'first'), (2, 1, '250', NULL), (3, 2, '70', 'gift');
"""
ADD = (
    "total TEXT NOT NULL, note TEXT\n",
    "total TEXT NOT NULL, note TEXT, currency TEXT NOT NULL DEFAULT 'EUR'\n",
)
CHANGES = {
    "a column": [ADD],
    "a table, an index and a view": [
        ("CREATE VIEW", "CREATE TABLE tags (id INTEGER PRIMARY KEY, t TEXT UNIQUE);\n"
         "CREATE INDEX by_vat ON customers (vat);\nCREATE VIEW gifts AS SELECT * FROM orders;\nCREATE VIEW"),
    ],
    "an index of words": [
        ("CREATE VIEW", "CREATE VIRTUAL TABLE notes USING fts5(note, content='orders', content_rowid='id');\n"
         "CREATE VIEW"),
    ],
    "a default that is computed": [("vat TEXT)", "vat TEXT, since TEXT NOT NULL DEFAULT (date('now')))")],
    "a rule": [("total TEXT NOT NULL", "total TEXT NOT NULL CHECK (total <> '')")],
    "another type": [("total TEXT NOT NULL", "total INTEGER NOT NULL")],
    "not null": [("customer_id INTEGER REFERENCES", "customer_id INTEGER NOT NULL REFERENCES")],
    "a key": [("order_id INTEGER, what", "order_id INTEGER REFERENCES orders (id), what")],
    "a column in the middle": [("name TEXT NOT NULL,", "name TEXT NOT NULL, since TEXT DEFAULT 'ever',")],
    "an index of more columns": [("ON orders (customer_id)", "ON orders (customer_id, total)")],
    "another trigger": [("'an id stays'", "'the id of an order stays'")],
    "another view": [("count(*) AS n", "count(*) AS n, max(total) AS most")],
    "a view that is written to": [
        ("BY customer_id;", "BY customer_id, note;\nCREATE TRIGGER totals_in INSTEAD OF INSERT ON totals"
         " BEGIN INSERT INTO orders (customer_id, total) VALUES (new.customer_id, '0'); END;"),
    ],
    "a table has another name": [
        ("TABLE log", "TABLE entries"), ("INSERT INTO log", "INSERT INTO entries"),
    ],
    "a column is gone": [(", note TEXT\n", "\n")],
    "a column of a rebuilt table is gone": [(", note TEXT\n", ", CHECK (id > 0)\n")],
    "strict": [("order_id INTEGER, what TEXT)", "order_id INTEGER, what TEXT) STRICT")],
}  # fmt: skip


def wanted(replacements: list[tuple[str, str]]) -> str:
    new = OLD
    for before, after in replacements:
        assert before in new
        new = new.replace(before, after)
    return new


def made(path: Path, script: str) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    return path


def say(folder: Path, command: str) -> Result:
    place = [] if command == "check" else ["--state", str(folder / "state")]
    arguments = [command, str(folder / "PLAN.md"), *place]
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


@pytest.mark.parametrize("replacements", CHANGES.values(), ids=CHANGES.keys())
def test_a_drafted_plan_goes_there_and_back(tmp_path: Path, replacements: list[tuple[str, str]]) -> None:
    database = made(tmp_path / "shop.db", OLD + ROWS)
    new = wanted(replacements)
    renames = Renames({"log": "entries"} if "TABLE entries" in new else {})
    made_plan = draft(read(OLD), read(new), renames, title="T", database=str(database), after=None)
    (tmp_path / "PLAN.md").write_text(re.sub(r"<!-- DECIDE: .* is dropped.*-->\n", "", made_plan.plan))
    for command in ("check", "rehearse", "run"):
        said = say(tmp_path, command)
        assert said.exit_code == 0, said.output + made_plan.plan
    with closing(sqlite3.connect(database)) as connection:
        assert meaning.difference(meaning.of_script(new), meaning.meanings(connection)) == ()
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (3,)
    said = say(tmp_path, "rollback")
    assert said.exit_code == 0, said.output
    with closing(sqlite3.connect(database)) as connection:
        assert meaning.difference(meaning.of_script(OLD), meaning.meanings(connection)) == ()
        assert connection.execute("SELECT id, customer_id, total, note FROM orders").fetchall() == [
            (1, 1, "100", "first"), (2, 1, "250", None), (3, 2, "70", "gift")
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("a column", "ALTER TABLE orders ADD COLUMN currency TEXT NOT NULL DEFAULT 'EUR';"),
        ("a column is gone", "ALTER TABLE orders DROP COLUMN note;"),
        ("an index of more columns", "DROP INDEX orders_customer;"),
    ],
)
def test_the_cheapest_way_that_arrives_is_taken(name: str, statement: str) -> None:
    found = change(read(OLD), read(wanted(CHANGES[name])), Renames())
    assert statement in found.statements
    assert not any("orders_new" in one for one in found.statements)


LOG = "CREATE TABLE log (at TEXT, what TEXT, who TEXT)"
PLAIN = "CREATE TABLE g (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER)"
COMPUTED = "CREATE TABLE g (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER AS (a * 2) STORED)"


@pytest.mark.parametrize(
    ("old", "rows", "new"),
    [
        (LOG, "log VALUES ('a', 'b', 'c'), ('a', 'b', NULL)", "CREATE TABLE log (at TEXT, what TEXT)"),
        (
            LOG,
            "log (rowid, at, who) VALUES (3, 'a', 'c'), (9, 'a', NULL)",
            "CREATE TABLE log (at TEXT NOT NULL)",
        ),
        (COMPUTED, "g (a) VALUES (1), (4)", PLAIN),
        (PLAIN, "g (a, b) VALUES (1, 2), (4, 8)", COMPUTED),
    ],
)
def test_without_a_key_and_of_what_is_computed_nothing_is_lost(
    tmp_path: Path, old: str, rows: str, new: str
) -> None:
    """By rowid; what is written into a column that the old schema computes is set aside on the way back."""
    database = made(tmp_path / "app.db", f"{old}; INSERT INTO {rows}")
    (tmp_path / "new.sql").write_text(new)
    drafted = draft(read(old), read(new), Renames(), title="T", database=str(database), after="new.sql")
    (tmp_path / "PLAN.md").write_text(re.sub(r"<!-- DECIDE: .*-->\n", "", drafted.plan))
    every = f"SELECT rowid, * FROM {rows.partition(' ')[0]}"
    with closing(sqlite3.connect(database)) as connection:
        before = connection.execute(every).fetchall()
        for command in ("rehearse", "run", "rollback"):
            said = say(tmp_path, command)
            assert said.exit_code == 0, said.output + drafted.plan
        assert connection.execute(every).fetchall() == before


def test_a_value_that_is_not_what_will_be_computed_stops_the_plan_before_it_begins() -> None:
    drafted = draft(read(PLAIN), read(COMPUTED), Renames(), title="T", database="x.db", after=None)
    assert "SELECT * FROM g WHERE b IS NOT ( a * 2 ) LIMIT 10" in drafted.plan


def test_what_adds_only_is_taken_back_by_the_engine() -> None:
    plan = draft(read(OLD), read(wanted([ADD])), Renames(), title="T", database="x.db", after=None).plan
    assert "undo=derived" in plan
    assert "## Rollback" not in plan


def test_a_rename_is_asked_for_and_taken_when_it_is_said() -> None:
    new = read(wanted([("name TEXT NOT NULL", "full_name TEXT NOT NULL")]))
    asked = change(read(OLD), new, Renames())
    assert any("--rename customers.name=full_name" in question for question in asked.questions)
    said = read_renames(["customers.name=full_name"], read(OLD), new)
    found = change(read(OLD), new, said)
    assert found.questions == []
    assert found.statements == ["ALTER TABLE customers RENAME COLUMN name TO full_name;"]
    assert change(new, read(OLD), said.reversed(), back=True).statements == [
        "ALTER TABLE customers RENAME COLUMN full_name TO name;"
    ]


def test_a_table_that_has_another_name_is_asked_for_and_taken_when_it_is_said() -> None:
    new = read(OLD.replace("log", "journal"))
    asked = change(read(OLD), new, Renames())
    assert any("--rename log=journal" in question for question in asked.questions)
    found = change(read(OLD), new, read_renames(["log=journal"], read(OLD), new))
    assert "ALTER TABLE log RENAME TO journal;" in found.statements
    assert found.questions == []


@pytest.mark.parametrize("text", ["nothing=x", "customers.no=x", "customers", "log=none", "="])
def test_a_rename_of_nothing_is_refused(text: str) -> None:
    with pytest.raises(BadParameter, match="--rename"):
        read_renames([text], read(OLD), read(OLD))


def test_a_value_that_nobody_knows_is_a_line_to_decide() -> None:
    new = read(wanted([("total TEXT NOT NULL,", "total TEXT NOT NULL, kind TEXT NOT NULL,")]))
    plan = draft(read(OLD), new, Renames(), title="T", database="x.db", after=None).plan
    assert "<!-- DECIDE: orders.kind must not be NULL: what do the rows have that are there? -->" in plan


def test_two_schemas_that_mean_the_same_need_no_plan() -> None:
    with pytest.raises(Unsuitable, match="mean the same"):
        draft(
            read(OLD),
            read(OLD.replace("note TEXT", '"note" text')),
            Renames(),
            title="T",
            database="x",
            after=None,
        )


def test_columns_and_names_of_a_definition_stay_as_they_are_written() -> None:
    create = "CREATE TABLE IF NOT EXISTS `a b` (id INTEGER, x DECIMAL(10, 2) DEFAULT (1 + 2), CHECK (x > 0))"
    assert texts.named(create, "c d") == create.replace("`a b`", '"c d"')
    assert texts.columns(create)["x"] == "x DECIMAL(10, 2) DEFAULT (1 + 2)"


def test_new_writes_a_plan_beside_the_wanted_schema(tmp_path: Path) -> None:
    made(tmp_path / "shop.db", OLD + ROWS)
    (tmp_path / "wanted.sql").write_text(wanted([ADD]))
    arguments = ["--database", str(tmp_path / "shop.db"), "--to", str(tmp_path / "wanted.sql")]
    said = CliRunner().invoke(
        main, ["new", *arguments, "-o", str(tmp_path / "PLAN.md")], catch_exceptions=False
    )
    assert (said.exit_code, said.stderr) == (0, "1 statement, 0 to decide.\n")
    plan = (tmp_path / "PLAN.md").read_text()
    assert "database: shop.db\n" in plan
    assert "schema: {after: wanted.sql}\n" in plan
    assert say(tmp_path, "check").exit_code == 0


def test_new_reads_another_database_as_the_schema_that_is_wanted(tmp_path: Path) -> None:
    made(tmp_path / "shop.db", OLD)
    made(tmp_path / "next.db", wanted([ADD]))
    arguments = ["--database", str(tmp_path / "shop.db"), "--to", str(tmp_path / "next.db"), "--json"]
    said = CliRunner().invoke(main, ["new", *arguments], catch_exceptions=False)
    document = json.loads(said.stdout)
    assert (document["outcome"], document["questions"]) == ("drafted", [])
    assert "ADD COLUMN currency" in document["plan"]


@pytest.mark.parametrize(
    ("name", "text"), [("none.sql", None), ("wrong.sql", "CREATE TABEL x"), ("odd.sql", "\udcff")]
)
def test_new_refuses_what_is_no_schema(tmp_path: Path, name: str, text: str | None) -> None:
    made(tmp_path / "shop.db", OLD)
    if text is not None:
        (tmp_path / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    arguments = ["--database", str(tmp_path / "shop.db"), "--to", str(tmp_path / name)]
    said = CliRunner().invoke(main, ["new", *arguments], catch_exceptions=False)
    assert said.exit_code == Exit.REFUSED
    assert name in said.stderr
