"""New rows of a rehearsal: what is written after a change, and what of it a way back keeps or loses."""

from pathlib import Path

import pytest
from tests.changeover.database.household import ask, tell
from tests.changeover.database.trips import NOWHERE, copied, rebuilt, run_script, trip

from changeover.database.change.undo import derive_undo
from changeover.database.rehearse import writes
from changeover.database.rehearse.written import WriteKind
from changeover.sql import text

ORDERS = """
CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT);
CREATE TABLE tags (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE order_tags (
  id INTEGER PRIMARY KEY,
  order_id INTEGER NOT NULL REFERENCES orders (id) DEFERRABLE INITIALLY DEFERRED,
  tag_id INTEGER NOT NULL REFERENCES tags (id) DEFERRABLE INITIALLY DEFERRED);
CREATE UNIQUE INDEX order_tags_unique ON order_tags (order_id, tag_id);
INSERT INTO orders (name) VALUES ('a'), ('b');
INSERT INTO tags VALUES (1, 'x'), (2, 'y');
INSERT INTO order_tags VALUES (1, 1, 1), (2, 1, 2), (3, 2, 1), (4, 2, 2);
"""
ADD_MEMO, DROP_MEMO = "ALTER TABLE orders ADD COLUMN memo TEXT;", "ALTER TABLE orders DROP COLUMN memo;"


def test_what_a_way_back_only_drops_is_set_aside_however_the_change_made_it(tmp_path: Path) -> None:
    setup = """
    CREATE TABLE shops (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO shops VALUES (1, 'a'), (2, 'b');
    CREATE TABLE carts (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO carts VALUES (1, 'a'), (2, 'b');
    """
    forward = """
    CREATE TABLE shops_new (id INTEGER PRIMARY KEY, name TEXT, note TEXT NOT NULL DEFAULT '');
    INSERT INTO shops_new (id, name, note) SELECT id, name, '' FROM shops;
    DROP TABLE shops; ALTER TABLE shops_new RENAME TO shops;
    ALTER TABLE carts ADD COLUMN note TEXT
    """
    back = "ALTER TABLE shops DROP COLUMN note; ALTER TABLE carts DROP COLUMN note"
    seen = trip(tmp_path, setup, forward, back, "shops carts")
    assert seen.findings == set()
    noted = [note for note in seen.verdict.notes if "set aside" in note]
    assert any("shops.note" in note for note in noted)
    assert any("carts.note" in note for note in noted)


def test_a_column_that_every_row_leaves_empty_is_written_and_its_loss_is_told(tmp_path: Path) -> None:
    setup = "CREATE TABLE shops (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO shops VALUES (1, 'a');"
    forward = """
    CREATE TABLE shops_new (id INTEGER PRIMARY KEY, name TEXT, note TEXT NOT NULL DEFAULT '');
    INSERT INTO shops_new (id, name, note) SELECT id, name, '' FROM shops;
    DROP TABLE shops; ALTER TABLE shops_new RENAME TO shops
    """
    back = """
    CREATE TABLE shops_old (id INTEGER PRIMARY KEY, name TEXT);
    INSERT INTO shops_old (id, name) SELECT id, name FROM shops;
    DROP TABLE shops; ALTER TABLE shops_old RENAME TO shops
    """
    mentioned = "UPDATE shops SET note = '' WHERE note IS NULL;" + back
    assert "shops.note" in trip(tmp_path, setup, forward, mentioned, "shops").findings


def test_deferred_keys_are_judged_at_commit_and_a_free_pair_of_parents_is_found(tmp_path: Path) -> None:
    seen = trip(tmp_path, ORDERS, ADD_MEMO, DROP_MEMO, "orders")
    assert seen.findings == set()
    assert {(one.table, one.kind) for one in seen.written.writes} >= {
        ("orders", WriteKind.INSERTED),
        ("order_tags", WriteKind.INSERTED),
    }
    assert ask(tmp_path / "work.db", "PRAGMA foreign_key_check") == []


def test_what_triggers_write_elsewhere_is_expected_of_the_way_back(tmp_path: Path) -> None:
    setup = """
    CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE audit (id INTEGER PRIMARY KEY, what TEXT, at TEXT DEFAULT CURRENT_TIMESTAMP);
    CREATE TABLE totals (what TEXT PRIMARY KEY, n INTEGER);
    CREATE VIRTUAL TABLE search USING fts5(name);
    INSERT INTO totals VALUES ('orders', 0);
    CREATE TRIGGER made AFTER INSERT ON orders BEGIN
      INSERT INTO audit (what) VALUES ('made ' || new.id);
      UPDATE totals SET n = n + 1 WHERE what = 'orders';
      INSERT INTO search (rowid, name) VALUES (new.id, new.name);
    END;
    INSERT INTO orders VALUES (1, 'a'), (2, 'b'), (3, 'c');
    """
    seen = trip(tmp_path, setup, ADD_MEMO, DROP_MEMO, "orders")
    assert seen.findings == set()
    assert {"orders", "audit", "totals", "search"} <= set(seen.effects.touched)


def test_a_trigger_row_that_the_way_back_deletes_is_lost_by_name(tmp_path: Path) -> None:
    setup = """
    CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE audit (id INTEGER PRIMARY KEY, what TEXT);
    CREATE TRIGGER made AFTER INSERT ON orders BEGIN INSERT INTO audit (what) VALUES (new.name); END;
    INSERT INTO orders VALUES (1, 'a'), (2, 'b');
    """
    seen = trip(tmp_path, setup, ADD_MEMO, DROP_MEMO + "DELETE FROM audit WHERE id > 2;", "orders")
    assert seen.findings == {"audit.rows"}


DOCUMENTS = (
    "CREATE TABLE d (slug TEXT PRIMARY KEY, body TEXT); INSERT INTO d VALUES ('x', 'one'), ('y', 'two');"
)
UPPER = "CREATE TABLE changeover_d AS SELECT * FROM d; UPDATE d SET body = upper(body);"


def test_a_way_back_that_puts_old_values_over_new_ones_is_found_with_a_nullable_key_too(
    tmp_path: Path,
) -> None:
    back = (
        "UPDATE d SET body = (SELECT k.body FROM changeover_d k WHERE k.slug = d.slug)"
        " WHERE slug IN (SELECT slug FROM changeover_d); DROP TABLE changeover_d;"
    )
    assert trip(tmp_path, DOCUMENTS, UPPER, back, "d").findings == {"d.body"}


def test_a_way_back_that_spares_what_was_written_since_passes(tmp_path: Path) -> None:
    back = (
        "UPDATE d SET body = (SELECT k.body FROM changeover_d k WHERE k.slug = d.slug)"
        " WHERE EXISTS (SELECT 1 FROM changeover_d k WHERE k.slug = d.slug AND upper(k.body) = d.body);"
        " DROP TABLE changeover_d;"
    )
    assert trip(tmp_path, DOCUMENTS, UPPER, back, "d").findings == set()


EURO = "CREATE TABLE p (id INTEGER PRIMARY KEY, price REAL); INSERT INTO p VALUES (1, 746.07), (2, 1.5);"
TO_CENTS = rebuilt("id INTEGER PRIMARY KEY, price INTEGER", "id, CAST(round(price * 100) AS INTEGER)")


def test_another_representation_under_the_same_name_is_judged_by_going_forward_again(tmp_path: Path) -> None:
    back = rebuilt("id INTEGER PRIMARY KEY, price REAL", "id, price / 100.0")
    assert trip(tmp_path, EURO, TO_CENTS, back, "p").findings == set()


def test_a_wrong_representation_on_the_way_back_is_found(tmp_path: Path) -> None:
    back = rebuilt("id INTEGER PRIMARY KEY, price REAL", "id, CAST(price / 100 AS REAL)")
    assert "p.price" in trip(tmp_path, EURO, TO_CENTS, back, "p").findings


VERBS = "id INTEGER PRIMARY KEY, verb TEXT NOT NULL CHECK (verb IN ('create', 'delete'))"
MORE_VERBS = "id INTEGER PRIMARY KEY, verb TEXT NOT NULL CHECK (verb IN ('create', 'delete', 'reset'))"
EVENTS = f"CREATE TABLE e ({VERBS}); INSERT INTO e VALUES (1, 'create'), (2, 'delete');"


@pytest.mark.parametrize(
    ("old", "new", "values", "column"),
    [
        (VERBS, MORE_VERBS, "(1, 'create'), (2, 'delete')", "verb"),
        ("id INTEGER PRIMARY KEY, n INT CHECK (n <= 10)", "id INTEGER PRIMARY KEY, n INT", "(1, 3)", "n"),
        ("id INTEGER PRIMARY KEY, s TEXT NOT NULL", "id INTEGER PRIMARY KEY, s TEXT", "(1, 'a')", "s"),
        (
            "id INTEGER PRIMARY KEY, s TEXT CHECK (length(s) <= 4)",
            "id INTEGER PRIMARY KEY, s TEXT CHECK (length(s) <= 8)",
            "(1, 'a')",
            "s",
        ),
        (
            "id INTEGER PRIMARY KEY, u TEXT UNIQUE",
            "id INTEGER PRIMARY KEY, u TEXT",
            "(1, 'a'), (2, 'b')",
            "u",
        ),
    ],
)
def test_what_the_new_schema_takes_and_the_old_one_refuses_is_written(
    tmp_path: Path, old: str, new: str, values: str, column: str
) -> None:
    original, work = tmp_path / "original.db", tmp_path / "work.db"
    tell(original, f"CREATE TABLE e ({old}); INSERT INTO e VALUES {values};")
    run_script(copied(original, work), rebuilt(new, "*", "e"))
    written = writes.write(work, ["e"], original=original)
    (name,) = {one.name for one in written.beyond()}
    assert name in (f"e.{column}.widened", f"e.{column}.not-unique")
    assert (
        writes.write(copied(work, tmp_path / "b.db"), ["e"], original=original, spared=[name]).beyond() == ()
    )


def test_the_same_rules_in_other_words_write_nothing_beyond_them(tmp_path: Path) -> None:
    original, work = tmp_path / "original.db", tmp_path / "work.db"
    tell(original, EVENTS)
    run_script(copied(original, work), rebuilt(VERBS.replace("NOT NULL", "not null"), "*", "e"))
    assert writes.write(work, ["e"], original=original).beyond() == ()


def test_a_value_that_stands_in_for_one_the_old_schema_cannot_hold_is_told_and_not_refused(
    tmp_path: Path,
) -> None:
    back = rebuilt(VERBS, "id, iif(verb = 'reset', 'create', verb)", "e")
    seen = trip(tmp_path, EVENTS, rebuilt(MORE_VERBS, "*", "e"), back, "e")
    assert seen.findings == set()
    assert any("replaced" in note and "'reset'" in note for note in seen.verdict.notes)


def test_rows_that_the_way_back_leaves_out_are_lost(tmp_path: Path) -> None:
    back = rebuilt(VERBS, "*", "e").replace("FROM e;", "FROM e WHERE verb <> 'reset';")
    assert trip(tmp_path, EVENTS, rebuilt(MORE_VERBS, "*", "e"), back, "e").findings == {"e.verb.widened"}


def test_what_is_written_into_new_things_is_set_aside_and_said(tmp_path: Path) -> None:
    forward = "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL);" + ADD_MEMO
    seen = trip(tmp_path, ORDERS, forward, DROP_MEMO + "DROP TABLE notes;", "orders notes")
    assert seen.findings == set()
    assert seen.verdict.set_aside == sum(1 for one in seen.written.writes if one.table == "notes") > 0
    assert [note.split(" (")[0] for note in seen.verdict.notes] == [
        "set aside in a changeover_... table: notes: 3 rows",
        "set aside in a changeover_... table: orders.memo: 2 values",
    ]


def test_a_way_back_that_reads_what_it_drops_is_left_to_itself(tmp_path: Path) -> None:
    forward = "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL);"
    back = "INSERT INTO orders (name) SELECT body FROM notes WHERE 0; DROP TABLE notes;"
    assert trip(tmp_path, ORDERS, forward, back, "orders notes").findings == {"notes.rows"}


def test_a_new_column_that_a_way_back_speaks_of_and_loses_is_found(tmp_path: Path) -> None:
    forward = (
        "CREATE TABLE n (id INTEGER PRIMARY KEY, name TEXT, role TEXT NOT NULL DEFAULT 'guest');"
        "INSERT INTO n (id, name) SELECT id, name FROM tags; DROP TABLE tags; ALTER TABLE n RENAME TO tags;"
    )
    back = rebuilt("id INTEGER PRIMARY KEY, name TEXT", "id, iif(role = 'nobody', NULL, name)", "tags")
    assert trip(tmp_path, ORDERS, forward, back, "tags").findings == {"tags.role"}
    other = tmp_path / "accepted"
    other.mkdir()
    assert trip(other, ORDERS, forward, back, "tags", spared=frozenset({"tags.role"})).findings == set()


def test_a_column_that_the_change_computed_gets_only_values_that_there_are(tmp_path: Path) -> None:
    """Hours became minutes: minutes that are no whole hours are not what this application writes."""
    setup = "CREATE TABLE s (id INTEGER PRIMARY KEY, h INTEGER); INSERT INTO s VALUES (1, 10), (2, 10);"
    forward = (
        "CREATE TABLE n (id INTEGER PRIMARY KEY, m INTEGER NOT NULL DEFAULT 600);"
        "INSERT INTO n (id, m) SELECT id, h * 60 FROM s; DROP TABLE s; ALTER TABLE n RENAME TO s;"
    )
    back = rebuilt("id INTEGER PRIMARY KEY, h INTEGER", "id, m / 60", "s")
    assert trip(tmp_path, setup, forward, back, "s").findings == set()


SPLIT = """
CREATE TABLE p1 (id INTEGER PRIMARY KEY, a TEXT NOT NULL);
CREATE TABLE p2 (id INTEGER PRIMARY KEY REFERENCES p1 (id), b TEXT);
INSERT INTO p1 SELECT id, a FROM p; INSERT INTO p2 SELECT id, b FROM p; DROP TABLE p;
"""


@pytest.mark.parametrize(("join", "lost"), [("LEFT JOIN", set()), ("JOIN", {"p1.rows"})])
def test_a_table_that_was_split_is_judged_by_going_forward_again(
    tmp_path: Path, join: str, lost: set[str]
) -> None:
    setup = (
        "CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b TEXT);"
        "INSERT INTO p VALUES (1, 'x', 'm'), (2, 'y', 'n'), (3, 'z', NULL), (4, 'w', 'o');"
    )
    back = (
        "CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b TEXT);"
        f"INSERT INTO p SELECT p1.id, a, b FROM p1 {join} p2 USING (id); DROP TABLE p2; DROP TABLE p1;"
    )
    assert lost <= trip(tmp_path, setup, SPLIT, back, "p p1 p2").findings
    assert (lost != set()) == (trip_findings(tmp_path / "again", setup, back) != set())


def trip_findings(folder: Path, setup: str, back: str) -> set[str]:
    folder.mkdir()
    return trip(folder, setup, SPLIT, back, "p p1 p2").findings


def test_the_rows_of_the_change_itself_are_not_copied(tmp_path: Path) -> None:
    """A version row that the way back deletes by its value must not have twins."""
    setup = (
        "CREATE TABLE versions (id INTEGER PRIMARY KEY, version INTEGER NOT NULL, at TEXT);"
        "INSERT INTO versions VALUES (1, 41, 'a'), (2, 42, 'b');"
    )
    forward = "INSERT INTO versions (version, at) VALUES (43, 'c');"
    back = "DELETE FROM versions WHERE version = 43;"
    assert trip(tmp_path, setup, forward, back, "versions").findings == set()


def test_a_version_that_the_way_back_deletes_is_not_made_of_an_old_one(tmp_path: Path) -> None:
    """Home Assistant's `schema_changes`: one row, no other value, and 43 is the next number."""
    setup = (
        "CREATE TABLE versions (id INTEGER PRIMARY KEY, version INTEGER);INSERT INTO versions VALUES (1, 42);"
    )
    forward = "INSERT INTO versions (version) VALUES (43);"
    assert (
        trip(tmp_path, setup, forward, "DELETE FROM versions WHERE version = 43;", "versions").findings
        == set()
    )


def test_a_table_whose_only_row_is_the_version_gets_no_other_row(tmp_path: Path) -> None:
    setup = "CREATE TABLE alembic_version (version_num TEXT PRIMARY KEY);"
    setup += "INSERT INTO alembic_version VALUES ('a');"
    seen = trip(
        tmp_path,
        setup,
        "UPDATE alembic_version SET version_num = 'b';",
        "UPDATE alembic_version SET version_num = 'a';",
        "alembic_version",
    )
    assert (seen.findings, seen.written.writes, seen.written.untried) == (set(), (), ())


def test_ids_may_stand_at_the_very_ends_of_the_range(tmp_path: Path) -> None:
    setup = (
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, v INTEGER NOT NULL UNIQUE, w INTEGER NOT NULL);"
        f"INSERT INTO orders VALUES ({2**63 - 1}, {2**63 - 1}, {2**63 - 1}), (1, {-(2**63)}, {-(2**63)});"
    )
    seen = trip(tmp_path, setup, ADD_MEMO, DROP_MEMO, "orders")
    assert seen.findings == set()
    assert {one.kind for one in seen.written.writes} == {WriteKind.INSERTED, WriteKind.UPDATED}


@pytest.mark.parametrize(
    "rows", ["('a', 1), ('a', 1), ('b', 2)", "('a', NULL), (NULL, 1), ('b', 2), ('c', 3), ('d', 4)"]
)
def test_a_table_without_a_key_is_tried_too(tmp_path: Path, rows: str) -> None:
    setup = f"CREATE TABLE orders (a TEXT, b INTEGER); INSERT INTO orders VALUES {rows};"
    seen = trip(tmp_path, setup, ADD_MEMO, DROP_MEMO, "orders")
    assert seen.findings == set()
    lossy = tmp_path / "lossy"
    lossy.mkdir()
    back = DROP_MEMO + "DELETE FROM orders WHERE rowid > (SELECT max(rowid) - 1 FROM orders);"
    assert trip(lossy, setup, ADD_MEMO, back, "orders").findings == {"orders.rows"}


def test_a_deleted_row_that_comes_back_is_found(tmp_path: Path) -> None:
    setup = "CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT);"
    setup += "".join(f"INSERT INTO orders VALUES ({n}, 'name {n}');" for n in range(1, 9))
    forward = "CREATE TABLE changeover_o AS SELECT * FROM orders; UPDATE orders SET name = name || '!';"
    back = (
        "UPDATE orders SET name = rtrim(name, '!'); INSERT OR IGNORE INTO orders SELECT * FROM changeover_o;"
        "DROP TABLE changeover_o;"
    )
    seen = trip(tmp_path, setup, forward, back, "orders")
    assert seen.findings == {"orders.rows"}
    assert "deleted since" in str(seen.verdict.findings[0])


def test_a_table_that_takes_no_write_is_named_with_the_reason(tmp_path: Path) -> None:
    setup = """
    CREATE TABLE frozen (id INTEGER PRIMARY KEY, a TEXT);
    INSERT INTO frozen VALUES (1, 'x');
    CREATE TRIGGER no_insert BEFORE INSERT ON frozen BEGIN SELECT RAISE(ABORT, 'read only'); END;
    CREATE TRIGGER no_update BEFORE UPDATE ON frozen BEGIN SELECT RAISE(ABORT, 'read only'); END;
    """
    (tmp_path / "work.db").unlink(missing_ok=True)
    seen = trip(tmp_path, setup, "CREATE INDEX i ON frozen (a);", "DROP INDEX i;", "frozen")
    (one,) = seen.written.untried
    assert str(one) == "frozen: no write was taken by its rules (read only)"


def test_many_rules_at_once_are_respected(tmp_path: Path) -> None:
    setup = """
    CREATE TABLE owner (name TEXT PRIMARY KEY NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('a', 'b')))
      WITHOUT ROWID;
    CREATE TABLE thing (
      id INTEGER PRIMARY KEY, owner TEXT NOT NULL UNIQUE REFERENCES owner (name),
      code TEXT NOT NULL UNIQUE CHECK (length(code) = 4),
      n INTEGER NOT NULL CHECK (n BETWEEN 1 AND 3), twice INTEGER GENERATED ALWAYS AS (n * 2)) STRICT;
    CREATE TABLE empty (
      id INTEGER PRIMARY KEY, owner TEXT NOT NULL REFERENCES owner (name), word TEXT NOT NULL);
    CREATE TABLE mail (id INTEGER PRIMARY KEY, address TEXT);
    CREATE UNIQUE INDEX mail_address ON mail (lower(address));
    INSERT INTO owner VALUES ('x', 'a');
    INSERT INTO thing (id, owner, code, n) VALUES (1, 'x', 'abcd', 3);
    INSERT INTO mail VALUES (1, 'A@b.example');
    """
    work = tmp_path / "work.db"
    seen = trip(tmp_path, setup, "CREATE INDEX i ON thing (n);", "DROP INDEX i;", "thing empty mail")
    assert seen.written.untried == ()
    assert ask(work, "SELECT count(*) > 1 FROM thing") == [(1,)]
    assert ask(work, "SELECT count(*) FROM empty") == [(3,)]
    assert ask(work, "SELECT count(*) > 1 FROM mail") == [(1,)]
    assert (
        ask(work, "PRAGMA foreign_key_check")
        == []
        == [r for r in ask(work, "PRAGMA integrity_check") if r != ("ok",)]
    )


@pytest.mark.parametrize(("keep", "lost"), [(True, False), (False, True)])
def test_a_row_that_only_the_wider_key_takes_may_be_set_aside(tmp_path: Path, keep: bool, lost: bool) -> None:
    """A device that serves two people: the old key has a place for one of the rows."""
    second = "(SELECT 1 FROM d AS o WHERE o.id = d.id AND o.person < d.person)"
    aside = "CREATE TABLE IF NOT EXISTS changeover_d AS SELECT * FROM d WHERE 0;"
    aside += f"INSERT INTO changeover_d SELECT * FROM d WHERE EXISTS {second};" if keep else ""
    seen = trip(
        tmp_path,
        "CREATE TABLE d (id TEXT NOT NULL PRIMARY KEY, person TEXT NOT NULL, name TEXT NOT NULL);"
        "INSERT INTO d VALUES ('a', 'p', 'one'), ('b', 'q', 'two');",
        rebuilt(
            "id TEXT NOT NULL, person TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (id, person)",
            "id, person, name",
            "d",
        ),
        f"{aside} CREATE TABLE n (id TEXT NOT NULL PRIMARY KEY, person TEXT NOT NULL, name TEXT NOT NULL);"
        f"INSERT INTO n SELECT id, person, name FROM d WHERE NOT EXISTS {second};"
        "DROP TABLE d; ALTER TABLE n RENAME TO d;",
        "d",
    )
    assert bool(seen.findings) is lost, seen.verdict


def test_what_is_written_into_a_column_that_the_old_schema_computes_is_set_aside(tmp_path: Path) -> None:
    computed = "id INTEGER PRIMARY KEY, a INTEGER, b INTEGER AS (a * 2) STORED"
    seen = trip(
        tmp_path,
        f"CREATE TABLE p ({computed}); INSERT INTO p (a) VALUES (1), (4);",
        rebuilt("id INTEGER PRIMARY KEY, a INTEGER, b INTEGER", "id, a, b"),
        f"CREATE TABLE n ({computed}); INSERT INTO n (id, a) SELECT id, a FROM p; DROP TABLE p;"
        "ALTER TABLE n RENAME TO p;",
        "p",
    )
    assert seen.findings == set()
    assert any("set aside in a changeover_... table: p.b" in note for note in seen.verdict.notes)


def test_only_what_adds_can_be_reversed_by_itself() -> None:
    script = "CREATE TABLE a (b); CREATE INDEX i ON a (b); ALTER TABLE c ADD d"
    assert [one.text for one in derive_undo(text.split(script, NOWHERE))] == [
        'ALTER TABLE "c" DROP COLUMN "d"',
        'DROP INDEX "i"',
        'DROP TABLE "a"',
    ]
