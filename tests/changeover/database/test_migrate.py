"""The change of generation 1 to 2 as the engine performs it, and the real failures that it must stop."""

import shutil
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.changeover.database.household import (
    BACKWARD,
    FORWARD,
    SCOPE,
    ask,
    change,
    context,
    expectations,
    make,
    tell,
)
from tests.changeover.database.writer import busy_writer

from changeover.database import ledger
from changeover.database.change.apply import ProgressHooks, migrate
from changeover.database.change.invariants import Depth, integrity
from changeover.database.connect import opened
from changeover.database.ledger import Direction
from changeover.database.rehearse.compare import compare
from changeover.database.schema import fingerprint, meaning
from changeover.errors import CheckFailed, InvariantBroken, StepFailed, Unsuitable
from changeover.plan.model import Strategy

ROWS = "systems=* readings_agg_1d=0 user_systems=systems"


def refused(path: Path, text: str, **more: object) -> str:
    """The message of the refusal; the database must be exactly as it was."""
    before = path.with_name("before.db")
    with opened(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(path, before)
    with opened(path) as connection, pytest.raises((InvariantBroken, StepFailed, Unsuitable)) as caught:
        migrate(connection, change(text, **more), context(), depth=Depth.THOROUGH)
    assert compare(before, path).equal
    assert ask(path, "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'changeover%'") == [(0,)]
    return str(caught.value)


@pytest.mark.parametrize("depth", [Depth.SWIFT, Depth.THOROUGH])
def test_forward_gives_the_new_schema_and_leaves_the_readings_alone(database: Path, depth: Depth) -> None:
    before = ask(database, "SELECT * FROM readings")
    with opened(database) as connection:
        done = migrate(connection, change(rows=ROWS), context(), depth=depth)
    assert ask(database, "SELECT vendor_type, vendor_site_id, timezone_offset_min FROM systems LIMIT 1") == [
        ("select.live", "1586", 600)
    ]
    assert ask(database, "SELECT clerk_user_id, system_id FROM user_systems ORDER BY 2")[0] == (
        "user_2abcDEF",
        1,
    )
    assert ask(database, "SELECT * FROM readings") == before
    assert done.counts["systems"] == (3, 3)
    assert done.counts["readings"] == (600, 600)
    assert done.measured.frozen_s < 1


def test_back_again_equals_the_original_row_by_row(database: Path, tmp_path: Path) -> None:
    tell(database, "PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(database, tmp_path / "original.db")
    with opened(database) as connection:
        migrate(connection, change(rows=ROWS), context(), depth=Depth.THOROUGH)
        back = change(BACKWARD, rows="systems=*")
        migrate(connection, back, context(Direction.ROLLBACK), depth=Depth.THOROUGH)
    assert compare(tmp_path / "original.db", database).equal


def test_the_ledger_row_is_in_the_transaction_and_tells_what_was_measured(database: Path) -> None:
    with opened(database) as connection:
        before = fingerprint.fingerprint(connection)
        done = migrate(connection, change(), context(), depth=Depth.SWIFT)
        (entry,) = ledger.entries(connection)
        assert (entry.schema_before, entry.schema_after) == (before, fingerprint.fingerprint(connection))
        assert 0 < entry.frozen_ms <= done.measured.frozen_s * 1000 + 1
        assert ledger.was_done(connection, "run-1", "migrate", Direction.FORWARD)
        assert ledger.applied(ledger.entries(connection)) == {"c" * 64}


def test_dropping_systems_with_foreign_keys_on_is_caught_and_says_how_many_readings_go(
    database: Path,
) -> None:
    """foreign_key_check is clean afterwards; that is why nobody noticed when it happened by hand."""
    tell(database, "PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(database, database.with_name("harmed.db"))
    harmed = database.with_name("harmed.db")
    tell(harmed, "PRAGMA foreign_keys = ON; DROP TABLE systems;")
    assert ask(harmed, "SELECT count(*) FROM readings") == [(0,)]
    message = refused(database, "DROP TABLE systems", scope=("systems",), foreign_keys=True)
    assert "delete from readings by its foreign key to systems: up to 600 rows" in message
    assert "polling_status" in message
    assert "migrate.sql:1" in message


def test_dropping_systems_with_foreign_keys_off_leaves_orphans_and_is_caught(database: Path) -> None:
    message = refused(database, "DROP TABLE systems", scope=("systems",))
    assert "readings refers to systems, which does not exist" in message


def test_a_column_that_others_refer_to_does_not_go(database: Path) -> None:
    """Else every write to them would fail."""
    tell(database, "CREATE TABLE bills (n REFERENCES systems (user_id))")
    script = "CREATE TABLE s (id INTEGER PRIMARY KEY); INSERT INTO s (id) SELECT id FROM systems;"
    message = refused(
        database, f"{script} DROP TABLE systems; ALTER TABLE s RENAME TO systems", scope=("systems",)
    )
    assert "bills refers to systems by user_id, a column that is not there" in message


@pytest.mark.parametrize("depth", [Depth.SWIFT, Depth.THOROUGH])
def test_a_parent_that_goes_missing_is_caught_with_the_number_of_its_children(
    database: Path, depth: Depth
) -> None:
    work = change("DELETE FROM systems WHERE id = 2", scope=("systems",))
    with (
        opened(database) as connection,
        pytest.raises(InvariantBroken, match="readings: 200 rows would refer"),
    ):
        migrate(connection, work, context(), depth=depth)
    assert ask(database, "SELECT count(*) FROM systems") == [(3,)]


def test_an_insert_select_that_drops_rows_before_a_drop_is_caught(database: Path) -> None:
    lossy = FORWARD.replace("LEFT JOIN", "JOIN").replace(
        "o.key = s.user_id", "o.key = s.user_id AND s.id > 1"
    )
    message = refused(database, lossy, rows="systems=*")
    assert "systems: all 3 rows should be kept, but 2 would remain" in message


def test_a_subquery_on_half_a_composite_key_says_how_many_rows_would_change(database: Path) -> None:
    text = (
        "UPDATE readings_agg_1d SET solar_kwh = 0 WHERE day IN"
        " (SELECT day FROM readings_agg_1d WHERE system_id = '1' AND day < '2025-08-11')"
    )
    message = refused(database, text, scope=("readings_agg_1d",), rows="readings_agg_1d=10")
    assert "expected 10 rows to change, but 30 rows would change" in message


def test_raise_outside_a_trigger_is_caught_before_anything_runs(database: Path) -> None:
    message = refused(database, "SELECT RAISE(ABORT, 'no') FROM systems; " + FORWARD)
    assert "RAISE() may only be used within a trigger" in message
    assert "Nothing was run" in message


def test_a_table_missing_in_the_target_is_named_with_the_line_of_the_script(database: Path) -> None:
    message = refused(database, FORWARD + "\nUPDATE devices SET x = 1;\n", scope=(*SCOPE, "devices"))
    assert "no such table: devices" in message
    assert message.startswith("migrate.sql:")


def test_a_trigger_that_writes_elsewhere_is_caught(database: Path) -> None:
    tell(
        database,
        "CREATE TABLE audit (x); CREATE TRIGGER note AFTER UPDATE ON systems BEGIN INSERT INTO audit"
        " VALUES (1); END;",
    )
    message = refused(database, "UPDATE systems SET timezone_offset = 11", scope=("systems",))
    assert "insert into audit by trigger note" in message


def test_unchanged_rows_are_proven_by_content_and_not_by_count(database: Path) -> None:
    text = "UPDATE polling_status SET total_polls = total_polls + 1 WHERE id = 2"
    message = refused(database, text, scope=("polling_status",), rows="polling_status=0")
    assert "their contents differ" in message


def test_the_schema_expected_is_compared_by_definition(database: Path) -> None:
    wanted = meaning.of_script("CREATE TABLE systems (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")
    with opened(database) as connection, pytest.raises(InvariantBroken) as caught:
        migrate(connection, change(), context(expected=wanted), depth=Depth.SWIFT)
    assert "table systems: `name text not null` is missing" in str(caught.value)
    assert "table readings is not expected" in str(caught.value)


def test_what_the_release_needs_must_exist_before_commit(database: Path) -> None:
    needs = {
        "user_systems": ("clerk_user_id", "role"),
        "devices": ("id",),
        "systems": ("vendor_type", "nick"),
    }
    with opened(database) as connection, pytest.raises(InvariantBroken) as caught:
        migrate(connection, change(), context(contract=needs), depth=Depth.SWIFT)
    assert "table devices is missing" in str(caught.value)
    assert "table systems has no column nick" in str(caught.value)
    assert "role" not in str(caught.value)


def test_faults_that_were_there_before_are_not_held_against_the_change(database: Path) -> None:
    tell(database, "PRAGMA foreign_keys = OFF; INSERT INTO polling_status (system_id) VALUES (99)")
    with opened(database) as connection:
        migrate(connection, change(rows=ROWS), context(), depth=Depth.THOROUGH)


def test_a_schema_that_changes_between_the_check_and_the_work_stops_it(database: Path) -> None:
    def meddle(moment: str) -> None:
        if moment == "before begin":
            tell(database, "CREATE INDEX meddled ON readings (solar_w)")

    with opened(database) as connection, pytest.raises(InvariantBroken, match="schema changed"):
        migrate(connection, change(), context(), depth=Depth.SWIFT, hooks=ProgressHooks(hook=meddle))


def test_a_script_may_not_touch_the_engines_own_tables(database: Path) -> None:
    with opened(database) as connection:
        migrate(connection, change(), context(), depth=Depth.SWIFT)
        text = "DELETE FROM changeover_ledger"
        with pytest.raises(InvariantBroken, match="changeover_ledger"):
            migrate(connection, change(text, scope=("changeover_ledger",)), context(), depth=Depth.SWIFT)


def test_a_rebuild_that_would_hold_writers_too_long_is_refused_with_what_would_do_it(tmp_path: Path) -> None:
    path = make(tmp_path / "big.db", minutes=20_000)
    text = """CREATE TABLE r2 (id INTEGER PRIMARY KEY, system_id INTEGER, inverter_time INTEGER);
    INSERT INTO r2 SELECT id, system_id, inverter_time FROM readings;
    DROP TABLE readings; ALTER TABLE r2 RENAME TO readings;"""
    slow = change(text, scope=("readings",), budget_s=0.05)
    native = change(text, scope=("readings",), strategy=Strategy.NATIVE)
    with opened(path) as connection:
        with pytest.raises(
            Unsuitable, match=r"readings \(60,000 rows\) would hold writers .* budget is 0.05 s"
        ):
            migrate(connection, slow, context(), depth=Depth.SWIFT)
        with pytest.raises(Unsuitable, match="strategy=native"):
            migrate(connection, native, context(), depth=Depth.SWIFT)


def test_expectations_speak_of_added_rows(database: Path) -> None:
    text = "INSERT INTO readings_agg_1d (system_id, day) VALUES ('9', '2025-09-01')"
    message = refused(database, text, scope=("readings_agg_1d",), rows="readings_agg_1d=+3")
    assert "expected +3 rows, but 84 would become 85 (+1)" in message
    assert expectations("a=+3")[0].count == 3


def test_any_rows_of_a_table_that_goes_are_declared_and_others_are_missed(database: Path) -> None:
    tell(database, "CREATE TABLE extra (x)")
    message = refused(database, "DROP TABLE extra", scope=("extra",), rows="extra=*")
    assert "extra: rows were expected, but there would be no such table" in message
    with opened(database) as connection:
        work = change("DROP TABLE extra", scope=("extra",), rows="extra=any")
        migrate(connection, work, context(), depth=Depth.THOROUGH)
    assert ask(database, "SELECT count(*) FROM sqlite_schema WHERE name = 'extra'") == [(0,)]


def test_a_unique_key_that_collides_is_a_failed_statement_and_nothing_remains(database: Path) -> None:
    tell(database, "INSERT INTO systems (user_id, system_number) VALUES ('ada', '1586')")
    message = refused(database, FORWARD)
    assert "UNIQUE constraint failed: systems.vendor_type, systems.vendor_site_id" in message


def test_a_damaged_index_is_found_in_a_thorough_check(database: Path) -> None:
    with opened(database) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_schema SET sql = replace(sql, 'solar_w INTEGER NOT NULL', 'solar_w INTEGER')"
        )
    tell(
        database,
        "INSERT INTO readings (system_id, inverter_time, solar_w, battery_soc) VALUES (1, 5, NULL, 1)",
    )
    with opened(database) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_schema SET sql = replace(sql, 'solar_w INTEGER', 'solar_w INTEGER NOT NULL')"
        )
    with opened(database) as connection:
        assert integrity(connection) == ["NULL value in readings.solar_w"]
        assert integrity(connection, ["systems"]) == []


def test_no_setting_is_left_behind(database: Path) -> None:
    with opened(database) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        migrate(connection, change(), context(), depth=Depth.SWIFT)
        assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
        assert connection.execute("PRAGMA legacy_alter_table").fetchone() == (0,)
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute("INSERT INTO readings VALUES (NULL, 99, 1, 1, 1)")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """15,000 readings: more than are counted where no statement can write them."""
    return make(tmp_path_factory.mktemp("large") / "large.db", minutes=5_000)


@pytest.fixture
def own_large(large: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(large, tmp_path / "large.db"))


def test_a_large_table_that_no_statement_can_write_is_read_in_rehearsal_alone(own_large: Path) -> None:
    said: list[str] = []
    with opened(own_large) as connection:
        connection.set_trace_callback(said.append)
        done = migrate(connection, change(rows="systems=* readings=0"), context(), depth=Depth.SWIFT)
        connection.set_trace_callback(None)
    held = said[said.index("BEGIN IMMEDIATE") : said.index("COMMIT")]
    assert 'SELECT count(*) FROM "readings"' not in held
    assert any(note.startswith("readings: nothing in the script can write it") for note in done.notes)
    back = change(BACKWARD, rows="systems=* readings=0")
    with opened(own_large) as connection:
        done = migrate(connection, back, context(Direction.ROLLBACK), depth=Depth.THOROUGH)
    assert done.notes == ()
    assert done.counts["readings"] == (15_000, 15_000)


@pytest.mark.parametrize(
    ("text", "foreign_keys"),
    [
        ("UPDATE systems SET created_at = 1 WHERE id = 1", False),
        ("DELETE FROM systems WHERE id = 3", True),
        ("INSERT OR REPLACE INTO systems (id, user_id, system_number) VALUES (3, 'x', '9')", True),
        ("UPDATE OR REPLACE systems SET id = 3 WHERE id = 4", True),
    ],
    ids=["by trigger", "by cascade", "by a cascade of REPLACE", "by a cascade of UPDATE OR REPLACE"],
)
def test_a_large_table_that_is_written_unnamed_is_counted(
    own_large: Path, text: str, foreign_keys: bool
) -> None:
    tell(
        own_large,
        "CREATE TRIGGER s AFTER UPDATE OF created_at ON systems BEGIN DELETE FROM readings WHERE id = 7; END;"
        " INSERT INTO systems (id, user_id, system_number) VALUES (4, 'eve', '7')",
    )
    scope = ("systems", "readings", "polling_status")
    work = change(text, scope=scope, rows="readings=*", foreign_keys=foreign_keys)
    with opened(own_large) as connection, pytest.raises(InvariantBroken, match="readings: all 15,000 rows"):
        migrate(connection, work, context(), depth=Depth.SWIFT)


def test_not_one_acknowledged_row_is_lost_under_a_busy_writer_there_back_and_there(tmp_path: Path) -> None:
    path = make(tmp_path / "busy.db", minutes=2_000)
    forward, back = change(rows="systems=*"), change(BACKWARD, rows="systems=*")
    with busy_writer(path) as writer, opened(path) as connection:
        for work, way in (
            (forward, Direction.FORWARD),
            (back, Direction.ROLLBACK),
            (forward, Direction.FORWARD),
        ):
            before, patient = len(writer), replace(work, lock_wait_s=60.0)
            migrate(connection, patient, context(way), depth=Depth.SWIFT)
            while len(writer) < before + 20:
                time.sleep(0.001)
    found = ask(path, "SELECT inverter_time FROM readings WHERE inverter_time < 1e6 ORDER BY 1")
    assert [at for (at,) in found] == writer.acknowledged
    assert ask(path, "SELECT count(*) FROM user_systems") == [(3,)]
    assert ask(path, "PRAGMA integrity_check") == [("ok",)]


def test_a_database_without_a_wal_is_migrated_too(database: Path) -> None:
    tell(database, "PRAGMA journal_mode = DELETE")
    with opened(database) as connection:
        migrate(connection, change(rows=ROWS), context(), depth=Depth.THOROUGH)
    assert ask(database, "SELECT count(*) FROM user_systems") == [(3,)]


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("DELETE FROM readings WHERE id < 101", "readings: no row should change, but 600 before, 500 after"),
        (
            "UPDATE readings SET solar_w = -1 WHERE id = 7",
            "readings: no row should change, but their contents",
        ),
    ],
)
def test_what_got_past_the_guard_is_still_seen_in_the_rows(database: Path, harm: str, said: str) -> None:
    with opened(database) as connection:

        def do_harm(moment: str) -> None:
            if moment == "after statement 2":
                connection.execute(harm)

        with pytest.raises(InvariantBroken, match=rf"{said}.*\(out of scope\)"):
            migrate(connection, change(), context(), depth=Depth.SWIFT, hooks=ProgressHooks(hook=do_harm))
    assert ask(database, "SELECT count(*), min(solar_w) FROM readings") == [(600, 0)]


def test_what_a_script_prints_is_judged_before_it_is_committed(database: Path) -> None:
    def refuse(rows: Sequence[Sequence[object]]) -> None:
        raise CheckFailed(f"printed {rows}")

    text = "DELETE FROM polling_status WHERE id > 0; SELECT count(*) FROM systems"
    work = change(text, scope=("polling_status",), prints=refuse)
    with opened(database) as connection, pytest.raises(CheckFailed, match=r"printed \[\(3,\)\]"):
        migrate(connection, work, context(), depth=Depth.SWIFT)
    assert ask(database, "SELECT count(*) FROM polling_status") == [(4,)]
