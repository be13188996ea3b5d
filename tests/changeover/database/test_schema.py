"""Fingerprints, blast radius, strategies, and the probe of the backend."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.changeover.database.household import FORWARD, SCOPE, ask, change, context, script, tell

from changeover.database.capabilities import probe
from changeover.database.change import blast, forecast
from changeover.database.change.apply import migrate
from changeover.database.change.invariants import Depth
from changeover.database.change.undo import derive_undo
from changeover.database.connect import opened
from changeover.database.schema import catalogue, fingerprint, meaning
from changeover.database.where import Server, database_of
from changeover.errors import BadParameter, InvariantBroken, StepFailed, Unsuitable
from changeover.plan.model import Strategy


def printed(sql: str) -> str:
    with closing(sqlite3.connect(":memory:")) as scratch:
        scratch.executescript(sql)
        return fingerprint.fingerprint(scratch)


def test_a_fingerprint_is_blind_to_spelling_and_to_the_order_of_creation() -> None:
    one = (
        "CREATE TABLE a (id INTEGER PRIMARY KEY, name TEXT DEFAULT 'X y'); CREATE TABLE b (v); CREATE"
        " INDEX i ON a (name)"
    )
    two = """create table B("v");
      create table [A] ( `ID` integer   primary key, -- a comment, with 'quotes'
        "name" text default 'X y'); create index I on "a"(NAME)"""
    assert printed(one) == printed(two)


@pytest.mark.parametrize(
    "other",
    [
        "CREATE TABLE a (id INTEGER PRIMARY KEY, name TEXT DEFAULT 'x y')",
        "CREATE TABLE a (id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT 'X y')",
        "CREATE TABLE a (id INTEGER PRIMARY KEY, name TEXT DEFAULT 'X y') STRICT",
        "CREATE TABLE a (id INTEGER PRIMARY KEY, name TEXT DEFAULT 'X y', CHECK (name > ''))",
        "CREATE TABLE a (name TEXT DEFAULT 'X y', id INTEGER PRIMARY KEY)",
        "CREATE TABLE a (id INTEGER PRIMARY KEY, name TEXT DEFAULT 'X y'); CREATE VIEW v AS SELECT 1",
    ],
)
def test_a_fingerprint_sees_every_real_difference_and_it_can_be_said(other: str) -> None:
    one = "CREATE TABLE a (id INTEGER PRIMARY KEY, name TEXT DEFAULT 'X y')"
    assert printed(one) != printed(other)
    assert meaning.difference(meaning.of_script(one), meaning.of_script(other))


def test_a_schema_that_did_not_change_is_read_once_and_one_that_did_anew() -> None:
    asked: list[str] = []
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as scratch:
        scratch.executescript("CREATE TABLE a (id INTEGER PRIMARY KEY, b); CREATE UNIQUE INDEX one ON a (b)")
        before = catalogue.read(scratch)
        scratch.set_trace_callback(asked.append)
        assert catalogue.read(scratch) is before
        assert len(asked) == 1
        scratch.execute("BEGIN")
        scratch.execute("ALTER TABLE a ADD COLUMN c")
        assert list(catalogue.read(scratch).tables["a"].stored) == ["id", "b", "c"]
        scratch.execute("ROLLBACK")
        assert list(catalogue.read(scratch).tables["a"].stored) == ["id", "b"]


def test_a_schema_that_somebody_else_changes_while_it_is_read_is_not_remembered(tmp_path: Path) -> None:
    with (
        closing(sqlite3.connect(tmp_path / "one.db", isolation_level=None)) as reader,
        closing(sqlite3.connect(tmp_path / "one.db", isolation_level=None)) as other,
    ):
        other.execute("CREATE TABLE a (b)")

        def changing(sql: str) -> None:
            if "pragma_table_list" in sql:
                reader.set_trace_callback(None)
                other.execute("ALTER TABLE a ADD COLUMN c")

        reader.set_trace_callback(changing)
        catalogue.read(reader)
        other.execute("ALTER TABLE a DROP COLUMN c")
        assert catalogue.read(reader).tables["a"].stored == ("b",)


def test_a_temporary_table_hides_none_of_its_name() -> None:
    with closing(sqlite3.connect(":memory:")) as scratch:
        scratch.executescript(
            "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE a (b UNIQUE REFERENCES p);"
            "CREATE TEMP TABLE a (other); CREATE TEMP TABLE p (else_ PRIMARY KEY)"
        )
        (a, p) = (catalogue.read(scratch).tables[name] for name in ("a", "p"))
        assert a.stored == ("b",)
        assert [index.columns for index in a.indexes] == [("b",)]
        assert [key.parent_columns for key in a.foreign_keys] == [("id",)]
        assert p.stored == ("id",)


def test_a_column_added_by_alter_table_is_the_same_as_one_written_from_the_start() -> None:
    grown = "CREATE TABLE a (id INTEGER PRIMARY KEY); ALTER TABLE a ADD COLUMN n INTEGER NOT NULL DEFAULT 0"
    assert printed(grown) == printed("CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER NOT NULL DEFAULT 0)")


def test_the_engines_own_tables_do_not_change_the_fingerprint(database: Path) -> None:
    with opened(database) as connection:
        before = fingerprint.fingerprint(connection)
        connection.execute("CREATE TABLE changeover_old_systems (x)")
        assert fingerprint.fingerprint(connection) == before


def test_the_reach_of_the_change_is_listed_table_by_table(connection: sqlite3.Connection) -> None:
    found = blast.effects_of(connection, script(FORWARD))
    assert {r.table for r in found} == {"systems", "systems_new", "user_systems", "readings_agg_1d"}
    assert blast.require_scope(connection, script(FORWARD), SCOPE) == found


def test_updated_columns_are_listed(connection: sqlite3.Connection) -> None:
    (found,) = blast.effects_of(
        connection, script("UPDATE readings SET solar_w = 1, battery_soc = 2 WHERE id = 1")
    )
    assert (found.verb, found.table, found.columns) == ("update", "readings", ("solar_w", "battery_soc"))


@pytest.mark.parametrize(
    "text",
    [
        "DELETE FROM systems WHERE id = 1",
        "REPLACE INTO systems (id, user_id, system_number) VALUES (1, 'a', 'b')",
    ],
)
def test_cascades_are_part_of_the_reach_when_foreign_keys_are_on(
    connection: sqlite3.Connection, text: str
) -> None:
    assert {r.table for r in blast.effects_of(connection, script(text))} == {"systems"}
    found = {str(r) for r in blast.effects_of(connection, script(text), foreign_keys=True)}
    assert "delete from readings by its foreign key to systems" in found


def test_a_rename_that_rewrites_other_tables_is_part_of_the_reach(connection: sqlite3.Connection) -> None:
    text = script("ALTER TABLE systems RENAME TO systems_old")
    found = {str(r) for r in blast.effects_of(connection, text, legacy_alter_table=False)}
    assert "rewrite the definition of readings" in found
    assert {r.table for r in blast.effects_of(connection, text, legacy_alter_table=True)} == {"systems"}


def test_a_scope_that_names_too_little_is_refused_with_what_to_add(connection: sqlite3.Connection) -> None:
    with pytest.raises(InvariantBroken) as caught:
        blast.require_scope(connection, script(FORWARD), ("systems", "user_systems"))
    assert "`ALTER TABLE readings_agg_1d ADD COLUMN" in str(caught.value)
    assert caught.value.hint.endswith("add to the scope: readings_agg_1d.")


def test_nothing_is_run_in_the_real_database_to_find_the_reach(
    database: Path, connection: sqlite3.Connection
) -> None:
    blast.effects_of(connection, script(FORWARD + "; DROP TABLE readings; DELETE FROM systems"))
    assert connection.total_changes == 0
    assert ask(database, "SELECT count(*) FROM readings") == [(600,)]


def test_a_statement_that_ends_the_transaction_is_named(connection: sqlite3.Connection) -> None:
    with pytest.raises(StepFailed, match=r"migrate.sql:2: `COMMIT` begins or ends a transaction"):
        blast.effects_of(connection, script("DELETE FROM systems;\nCOMMIT;"))


def test_the_strategy_of_every_statement_is_recognised(connection: sqlite3.Connection) -> None:
    found = forecast.forecast(script(FORWARD), lambda table: blast.rows_of(connection, table))
    kinds = [cost.kind.value for cost in found.costs]
    assert kinds == [
        "metadata",
        "rebuild",
        "native",
        "metadata",
        "native",
        "metadata",
        "metadata",
        "rows",
        "metadata",
    ]
    assert found.strategy is Strategy.BLOCKING
    assert found.rebuilt == ("systems",)


@pytest.mark.parametrize(
    ("text", "kind", "rows"),
    [
        ("ALTER TABLE readings ADD COLUMN x INTEGER", "metadata", 0),
        ("ALTER TABLE readings ADD COLUMN x INTEGER CHECK (x > 0)", "native", 600),
        ("ALTER TABLE readings DROP COLUMN solar_w", "native", 600),
        ("ALTER TABLE readings RENAME COLUMN solar_w TO s", "metadata", 0),
        ("CREATE INDEX i ON readings (solar_w)", "native", 600),
        ("DROP INDEX readings_unique", "metadata", 0),
        ("UPDATE readings SET solar_w = 0", "rows", 600),
        ("SELECT * FROM readings", "read", 0),
    ],
)
def test_what_a_statement_costs_depends_on_what_it_touches(
    connection: sqlite3.Connection, text: str, kind: str, rows: int
) -> None:
    (cost,) = forecast.forecast(script(text), lambda table: blast.rows_of(connection, table)).costs
    assert (cost.kind.value, cost.rows) == (kind, rows)


def test_the_reverse_of_additions_is_derived_and_works(database: Path) -> None:
    text = (
        "CREATE TABLE u (a); CREATE INDEX IF NOT EXISTS u_a ON u (a); ALTER TABLE systems ADD COLUMN"
        " nick TEXT"
    )
    undo = derive_undo(script(text))
    assert [one.text for one in undo] == [
        'ALTER TABLE "systems" DROP COLUMN "nick"',
        'DROP INDEX "u_a"',
        'DROP TABLE "u"',
    ]
    with opened(database) as connection:
        before = fingerprint.fingerprint(connection)
        for one in (*script(text), *undo):
            connection.execute(one.text)
        assert fingerprint.fingerprint(connection) == before
    with pytest.raises(Unsuitable, match="cannot be derived"):
        derive_undo(script("DELETE FROM systems"))


def test_virtual_tables_can_be_there_and_are_left_alone(database: Path) -> None:
    tell(database, "CREATE VIRTUAL TABLE notes USING fts5 (text); INSERT INTO notes VALUES ('hello')")
    with opened(database) as connection:
        migrate(connection, change(), context(), depth=Depth.THOROUGH)
    assert ask(database, "SELECT * FROM notes WHERE notes MATCH 'hello'") == [("hello",)]


def test_a_schema_that_needs_something_we_lack_is_refused_by_name(database: Path) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as app:
        app.create_function("ours", 1, lambda x: x, deterministic=True)
        app.execute("CREATE INDEX special ON systems (ours(user_id))")
    with (
        opened(database) as connection,
        pytest.raises(Unsuitable, match="The index special cannot be made again"),
    ):
        blast.effects_of(connection, script(FORWARD))


def test_the_backend_is_probed_by_experiment() -> None:
    found = probe()
    found.require()
    assert found.version == sqlite3.sqlite_version
    facts = (found.rename_keeps_others, found.ddl_is_transactional, found.authorizer, found.one_step_backup)
    assert all(facts)


def test_a_url_with_a_secret_is_refused_without_showing_it() -> None:
    for url in ("libsql://me:token@db.example.org", "libsql://db.example.org?authToken=secret"):
        with pytest.raises(BadParameter) as caught:
            database_of(url, {})
        assert "CHANGEOVER_DATABASE_TOKEN" in str(caught.value)
        assert "authToken=secret" not in str(caught.value)
        assert "me:token" not in str(caught.value)


def test_where_a_database_is_follows_from_its_text() -> None:
    assert database_of("sqlite:////data/live.db", {}) == database_of("/data/live.db", {})
    server = database_of("libsql://db.example.org", {"CHANGEOVER_DATABASE_TOKEN": "secret"})
    assert isinstance(server, Server)
    assert server.token == "secret"
    assert "secret" not in f"{server} {server!r}"
