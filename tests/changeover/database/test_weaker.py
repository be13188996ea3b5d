"""No rule is lost unseen: what a change weakens or drops is found by meaning, and accepted by name only."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.changeover.database.household import ask, change, context, script, tell

from changeover.database.change import script as scripts
from changeover.database.change.apply import migrate
from changeover.database.change.invariants import Depth
from changeover.database.connect import opened
from changeover.database.ledger import Direction, entries
from changeover.database.schema import catalogue, meaning, weaker
from changeover.errors import InvariantBroken

RULES = {
    "p": "CREATE TABLE p (id INTEGER PRIMARY KEY, code INT UNIQUE)",
    "t": "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, age INTEGER NOT NULL DEFAULT 7"
    " CHECK (age >= 0), name TEXT COLLATE NOCASE, mail TEXT UNIQUE, p_id INTEGER REFERENCES p (id)"
    " ON DELETE CASCADE, twice INTEGER AS (age * 2), state TEXT CHECK (state IN ('a', 'b', 'c')))",
}


def found(after: str, *, before: str = RULES["t"], text: str = "DROP TABLE t") -> dict[str, str]:
    """What another definition of ``t`` weakens: sentences by name of the finding."""
    schemas = []
    for definition in (before, after):
        with closing(sqlite3.connect(":memory:")) as scratch:
            scratch.executescript(f"{RULES['p']}; {definition};")
            schemas.append(catalogue.read(scratch))
    said = weaker.weaker(*schemas, scripts.read(script(text)))
    return {one.name: one.sentence for one in said}


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        (" CHECK (age >= 0)", "", "t.check.age"),
        ("age >= 0", "age >= -1", "t.check.age"),
        (" DEFAULT 7", "", "t.default.age"),
        (" NOT NULL", "", "t.not_null.age"),
        (" COLLATE NOCASE", "", "t.collate.name"),
        (" UNIQUE", "", "t.unique.mail"),
        (" ON DELETE CASCADE", "", "t.foreign_key.p_id"),
        (" REFERENCES p (id) ON DELETE CASCADE", "", "t.foreign_key.p_id"),
        (" AUTOINCREMENT", "", "t.autoincrement"),
        (" PRIMARY KEY AUTOINCREMENT", "", "t.primary_key"),
        (" AS (age * 2)", "", "t.generated.twice"),
        ("age * 2", "age * 3", "t.generated.twice"),
        ("age INTEGER", "age", "t.type.age"),
        ("'a', 'b', 'c'", "'a', 'b', 'c', 'd'", "t.check.state"),
        ("DEFAULT 7", "DEFAULT 8", "t.default.age"),
        ("age INTEGER", "age TEXT", "t.type.age"),
        ("age INTEGER", "age REAL", "t.type.age"),
        ("mail TEXT UNIQUE", "mail TEXT UNIQUE ON CONFLICT REPLACE", "t.on_conflict.mail"),
        ("NOT NULL", "NOT NULL ON CONFLICT IGNORE", "t.on_conflict.age"),
        ("PRIMARY KEY", "PRIMARY KEY ON CONFLICT REPLACE", "t.on_conflict.id"),
        ("name TEXT", "name TEXT UNIQUE ON CONFLICT IGNORE", "t.on_conflict.name"),
        ("id INTEGER PRIMARY KEY AUTOINCREMENT", "id INT PRIMARY KEY", "t.not_null.id"),
        ("id INTEGER PRIMARY KEY AUTOINCREMENT", "id INT PRIMARY KEY NOT NULL", "t.primary_key"),
        ("ON DELETE CASCADE", "ON DELETE SET NULL", "t.foreign_key.p_id"),
        ("REFERENCES p (id)", "REFERENCES p (code)", "t.foreign_key.p_id"),
        ("ON DELETE CASCADE", "ON DELETE CASCADE REFERENCES p ON DELETE SET NULL", "t.foreign_key.p_id"),
    ],
)
def test_a_rule_that_is_weaker_or_gone_has_a_name(old: str, new: str, name: str) -> None:
    assert name in found(RULES["t"].replace(old, new))


@pytest.mark.parametrize(
    ("before", "after", "names"),
    [
        ("k PRIMARY KEY UNIQUE ON CONFLICT REPLACE", "k PRIMARY KEY", ["t.on_conflict.k"]),
        ("k PRIMARY KEY UNIQUE ON CONFLICT REPLACE", "k PRIMARY KEY ON CONFLICT REPLACE", []),
        ("k PRIMARY KEY ON CONFLICT IGNORE UNIQUE", "k UNIQUE ON CONFLICT IGNORE PRIMARY KEY", []),
        ("k INTEGER PRIMARY KEY UNIQUE ON CONFLICT REPLACE", "k INTEGER PRIMARY KEY", []),
    ],
)
def test_keys_of_the_same_columns_do_what_any_of_them_says(before: str, after: str, names: list[str]) -> None:
    """The first is `metaData` of NSS, in which Firefox and Chromium keep the password of a user's keys."""
    assert list(found(f"CREATE TABLE t ({after})", before=f"CREATE TABLE t ({before})")) == names


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("CHECK (age >= 0)", 'check("AGE">=0)'),
        ("CHECK (age >= 0)", "CHECK (age >= 0 AND age BETWEEN 1 AND 120)"),
        ("'a', 'b', 'c'", "'c', 'a'"),
        ("DEFAULT 7", "DEFAULT (7)"),
        ("DEFAULT 7", "DEFAULT '7'"),
        ("age INTEGER", "age BIGINT"),
        ("REFERENCES p (id)", "REFERENCES p"),
        ("ON DELETE CASCADE", "ON DELETE CASCADE ON UPDATE NO ACTION NOT DEFERRABLE"),
        ("mail TEXT UNIQUE", "mail TEXT UNIQUE ON CONFLICT ABORT"),
        ("mail TEXT UNIQUE", "mail TEXT NOT NULL UNIQUE"),
        ("name TEXT COLLATE NOCASE, ", ""),
        ("id INTEGER PRIMARY KEY AUTOINCREMENT", "id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT"),
        (
            "state TEXT CHECK (state IN ('a', 'b', 'c'))",
            "state TEXT, CONSTRAINT s CHECK (state IN ('a','b','c'))",
        ),
    ],
)
def test_the_same_rule_in_other_words_and_a_stronger_one_are_no_finding(old: str, new: str) -> None:
    assert found(RULES["t"].replace(old, new)) == {}


def test_the_kinds_of_a_table_are_rules_too() -> None:
    before = "CREATE TABLE t (k TEXT PRIMARY KEY, v INT) STRICT, WITHOUT ROWID"
    after = found("CREATE TABLE t (k TEXT PRIMARY KEY, v INT)", before=before)
    assert set(after) == {"t.strict", "t.without_rowid", "t.not_null.k"}
    loose = found(
        "CREATE TABLE t (k TEXT, v INT)", before="CREATE TABLE t (k TEXT PRIMARY KEY NOT NULL, v INT)"
    )
    assert set(loose) == {"t.primary_key", "t.not_null.k"}


def test_a_deferred_key_that_would_be_immediate_is_another_key() -> None:
    before = "CREATE TABLE t (p_id REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED)"
    assert set(found("CREATE TABLE t (p_id REFERENCES p (id))", before=before)) == {"t.foreign_key.p_id"}


def test_a_rule_follows_a_column_that_is_renamed() -> None:
    copied = "CREATE TABLE n (years INT); INSERT INTO n (years) SELECT age FROM t; DROP TABLE t;"
    text = copied + "ALTER TABLE n RENAME TO t"
    before = "CREATE TABLE t (age INT CHECK (age > 0))"
    assert set(found("CREATE TABLE t (years INT)", before=before, text=text)) == {"t.check.age"}
    assert found("CREATE TABLE t (years INT CHECK (years > 0))", before=before, text=text) == {}


def test_a_renamed_table_keeps_its_rules_and_those_that_refer_to_it_follow() -> None:
    schemas = []
    children = "CREATE TABLE c (p INT REFERENCES {0} (id))"
    for name, rule in (("p", "CHECK (age > 0)"), ("q", "CHECK (age > 0)"), ("q", "")):
        with closing(sqlite3.connect(":memory:")) as scratch:
            scratch.executescript(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, age INT {rule});")
            scratch.executescript(children.format(name))
            schemas.append(catalogue.read(scratch))
    before, same, weak = schemas
    renamed = scripts.read(script("ALTER TABLE p RENAME TO q"))
    assert weaker.weaker(before, same, renamed) == []
    assert [one.name for one in weaker.weaker(before, weak, renamed)] == ["p.check.age"]


@pytest.mark.parametrize(
    "index", ["INDEX k ON t (n)", "UNIQUE INDEX k ON t (n) WHERE n > 9", "UNIQUE INDEX k ON t (n, m)"]
)
def test_a_unique_index_made_again_under_its_name_must_be_as_strong(index: str) -> None:
    table = "CREATE TABLE t (id INTEGER PRIMARY KEY, n INT, m INT)"
    before = f"{table}; CREATE UNIQUE INDEX k ON t (n)"
    assert set(found(f"{table}; CREATE {index}", before=before)) == {"t.index.k"}
    assert found(before, before=before) == {}


KEYED = "CREATE TABLE t (a INT, b INT, c INT, PRIMARY KEY (a, b))"


@pytest.mark.parametrize(
    ("index", "other", "is_told"),
    [
        ("UNIQUE INDEX k ON t (a, c, b)", "", True),
        ("UNIQUE INDEX k ON t (b, a)", "", True),
        ("UNIQUE INDEX k ON t (a, b, c)", "", False),
        ("UNIQUE INDEX k ON t (b, a)", "INDEX o ON t (b, a, c)", False),
        ("INDEX k ON t (c)", "INDEX o ON t (abs(b), c)", True),
        ("INDEX k ON t (c)", "INDEX o ON t (c, abs(b))", False),
    ],
)
def test_an_index_that_goes_is_told_unless_another_one_finds_its_rows(
    index: str, other: str, is_told: bool
) -> None:
    """Of Subversion's working copies: a unique index by parent and name, where the name alone is a key."""
    rest = f"; CREATE {other}" if other else ""
    said = found(KEYED + rest, before=f"{KEYED}; CREATE {index}{rest}")
    assert list(said) == (["t.index.k"] if is_told else [])


OBJECTS = (
    "CREATE TABLE t (id INTEGER PRIMARY KEY, n INT, a TEXT); CREATE TABLE log (x, y);"
    "CREATE INDEX i ON t (n) WHERE a IS NULL;"
    "CREATE VIEW v AS SELECT id, n FROM t;"
    "CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW WHEN new.n > 0 BEGIN"
    " INSERT INTO log (x) VALUES (json_object('id', new.id)); END;"
    "CREATE TRIGGER w INSTEAD OF INSERT ON v BEGIN INSERT INTO t (id, n) VALUES (new.id, new.n); END;"
    "CREATE VIRTUAL TABLE f USING fts5(a, content='t', content_rowid='id')"
)


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("WHERE a IS NULL", "WHERE a IS NULL AND n > 5", "t.index.i"),
        ("ON t (n)", "ON t (a, n)", "t.index.i"),
        ("SELECT id, n FROM t", "SELECT n, id FROM t", "v.view"),
        ("SELECT id, n FROM t", "SELECT id, n FROM t WHERE n > 0", "v.view"),
        ("WHEN new.n > 0", "WHEN 0", "t.trigger.g"),
        ("json_object('id', new.id)", "'gone'", "t.trigger.g"),
        ("AFTER INSERT ON t", "AFTER DELETE ON t", "t.trigger.g"),
        ("VALUES (new.id, new.n)", "VALUES (new.id, 0)", "v.trigger.w"),
        ("CREATE TRIGGER w INSTEAD OF INSERT", "CREATE TRIGGER w2 INSTEAD OF DELETE", "v.trigger.w"),
        ("fts5(a,", "fts5(a, tokenize='trigram',", "f.definition"),
    ],
)
def test_what_is_made_again_under_its_name_must_say_the_same(old: str, new: str, name: str) -> None:
    """Dropped by name in the script, too: a thing that is there again was not given up."""
    dropped = "DROP INDEX i; DROP VIEW v; DROP TRIGGER g; DROP TRIGGER w"
    after = OBJECTS.replace(old, new)
    assert set(found(after, before=OBJECTS)) == {name}
    text = dropped if "w2" not in new else "DROP VIEW v"
    assert name in found(after, before=OBJECTS, text=text) or "w2" in new


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("FOR EACH ROW ", ""),
        ("CREATE VIEW v AS SELECT id, n FROM t", 'create view "v" as select ID, [n] from main.t'),
        ("ON t (n) WHERE a IS NULL", "ON t (n)"),
        ("(n)", "(n ASC)"),
    ],
)
def test_the_same_thing_in_other_words_is_the_same(old: str, new: str) -> None:
    assert found(OBJECTS.replace(old, new), before=OBJECTS) == {}


def test_what_says_all_it_said_and_names_a_new_column_as_well_is_no_other_thing() -> None:
    more = OBJECTS.replace("a TEXT)", "a TEXT, m TEXT)").replace("SELECT id, n FROM", "SELECT id, n, m FROM")
    more = more.replace("VALUES (new.id, new.n)", "VALUES (new.id, new.n, new.m)").replace(
        "(id, n) V", "(id, n, m) V"
    )
    more = more.replace("json_object('id', new.id)", "json_object('id', new.id, 'm', new.m)")
    assert found(more, before=OBJECTS) == {}
    fewer = more.replace("'id', new.id, ", "")
    assert set(found(fewer, before=OBJECTS)) == {"t.trigger.g"}
    assert found(OBJECTS, before=more) == {}, "nor one that leaves out a column that is gone"


def test_a_view_of_all_columns_shows_them_in_the_same_order() -> None:
    setup = "CREATE TABLE t (id INTEGER PRIMARY KEY, {}); CREATE VIEW v AS SELECT t.* FROM t"
    before, more = setup.format("a TEXT, b TEXT"), setup.format("c TEXT, a TEXT, b TEXT")
    assert set(found(setup.format("b TEXT, a TEXT"), before=before)) == {"v.view"}
    assert found(more, before=before) == {}


@pytest.mark.parametrize(
    "copy",
    [
        "INSERT INTO n (id, price) SELECT id, CAST(price * 100 AS INTEGER) FROM t",
        "INSERT INTO n SELECT id, CAST(price * 100 AS INTEGER) FROM t",
        "INSERT INTO n SELECT id, price FROM t; UPDATE n SET price = price * 100",
    ],
)
def test_a_type_may_change_where_the_script_itself_makes_the_new_values(copy: str) -> None:
    before, after = "CREATE TABLE t (id INTEGER PRIMARY KEY, price {})", "INTEGER"
    made = (
        "CREATE TABLE n (id INTEGER PRIMARY KEY, price INTEGER); {}; DROP TABLE t; ALTER TABLE n RENAME TO t"
    )
    old, new = before.format("TEXT"), before.format(after)
    assert found(new, before=old, text=made.format(copy)) == {}
    plain = made.format("INSERT INTO n SELECT id, price FROM t")
    assert set(found(new, before=old, text=plain)) == {"t.type.price"}


ITEMS = (
    "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT); CREATE INDEX by_name ON items (name);"
    "CREATE TABLE log (x); CREATE VIEW names AS SELECT name FROM items;"
    "CREATE TRIGGER audit AFTER INSERT ON items BEGIN INSERT INTO log VALUES (new.id); END;"
    "INSERT INTO items VALUES (1, 'a')"
)
RENAME_FIRST = (
    "ALTER TABLE items RENAME TO items_old;"
    "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, more TEXT);"
    "INSERT INTO items (id, name) SELECT id, name FROM items_old; DROP TABLE items_old;"
)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    tell(tmp_path / "shop.db", f"PRAGMA journal_mode = WAL; {ITEMS}")
    return tmp_path / "shop.db"


@pytest.mark.parametrize("depth", [Depth.SWIFT, Depth.THOROUGH])
def test_a_rebuild_that_renames_first_loses_neither_index_nor_trigger_unseen(
    shop: Path, depth: Depth
) -> None:
    with opened(shop) as connection, pytest.raises(InvariantBroken) as caught:
        migrate(connection, change(RENAME_FIRST, scope=("items",)), context(), depth=depth)
    assert "items: index by_name would be gone [items.index.by_name]" in str(caught.value)
    assert "items: trigger audit would be gone [items.trigger.audit]" in str(caught.value)
    assert 'accept:\n  items.index.by_name: "why"\n  items.trigger.audit: "why"' in caught.value.hint


def test_what_is_accepted_by_name_passes_and_stands_in_the_ledger(shop: Path) -> None:
    accept = {"items.index.by_name": "nobody asks by name", "items.trigger.audit": "the log is gone"}
    with opened(shop) as connection:
        work = change(RENAME_FIRST, scope=("items",), accept=accept)
        done = migrate(connection, work, context(), depth=Depth.THOROUGH)
        assert done.accepted == accept
        assert entries(connection)[0].details["accepted"] == accept


def test_an_index_dropped_by_name_is_meant_but_not_where_its_table_is_made_anew(shop: Path) -> None:
    with opened(shop) as connection:
        migrate(connection, change("DROP INDEX by_name", scope=("items",)), context(), depth=Depth.SWIFT)
        text = "DROP VIEW names; DROP TRIGGER audit;" + RENAME_FIRST
        with pytest.raises(InvariantBroken) as caught:
            migrate(connection, change(text, scope=("items",)), context(), depth=Depth.SWIFT)
    assert "[items.trigger.audit]" in str(caught.value)
    assert "[names.view]" in str(caught.value)


def test_a_way_back_may_take_away_what_the_way_there_brought(shop: Path) -> None:
    with opened(shop) as connection:
        back = change("DROP INDEX by_name", scope=("items",))
        migrate(connection, back, context(Direction.ROLLBACK), depth=Depth.THOROUGH)
    assert ask(shop, "SELECT count(*) FROM sqlite_schema WHERE name = 'by_name'") == [(0,)]


def test_two_spellings_of_one_schema_mean_the_same() -> None:
    one = (
        "CREATE TABLE systems (id INTEGER PRIMARY KEY AUTOINCREMENT, zone INTEGER NOT NULL DEFAULT 10,"
        " user_id TEXT NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE)"
    )
    other = (
        "CREATE TABLE `systems` (`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL, user_id text not null,"
        ' "zone" integer DEFAULT (10) NOT NULL, CONSTRAINT u UNIQUE (user_id),'
        " FOREIGN KEY (user_id) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade)"
    )
    expected, found_there = meaning.of_script(one), meaning.of_script(other)
    assert meaning.difference(expected, found_there, ordered=False) == ()
    assert meaning.difference(expected, found_there) == ("table systems: the columns stand in another order",)
