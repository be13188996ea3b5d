"""LiveOne's plan from generation 1 to 2: a sound plan whose SQL goes there and back, losing nothing."""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from changeover.check.load import check_file, load_plan
from changeover.check.rules import check
from changeover.check.schema_copy import read_schema
from changeover.database.change.transaction import bound
from changeover.database.schema.meaning import difference, meanings
from changeover.plan.model import Phase, Plan, SqlAction
from changeover.plan.params import BoundParameters, bind

ROOT = Path(__file__).parent.parent.parent.parent
PLAN = ROOT / "src/liveone/migrations/plans/0002-vendor-and-time-zone/PLAN.md"
STORE = ROOT / "src/liveone/store"
OWNERS = ["owner.simon=user_2simon", "owner.ada=user_2ada"]
SECRETS = {
    "LIVEONE_DATABASE_URL": "live.db",
    "AUTH_PASSWORD": "correct-horse",
    "CRON_SECRET": "tick-tock-tick",
}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load_plan(PLAN)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A generation 1 with two owners, text timestamps, duplicates in polling_status and a removed system."""
    with closing(sqlite3.connect(tmp_path / "old.db", isolation_level=None)) as db:
        db.executescript((STORE / "schema_gen1.sql").read_text())
        db.executescript("""
            INSERT INTO systems
              (id, user_id, system_number, display_name, timezone_offset, created_at, updated_at)
            VALUES (1, 'simon', '1586', NULL, 10, '2025-01-02 03:04:05', 1735787045),
                   (2, 'ada', '7', 'Barn', 8, 1735787046, 1735787047), (9, 'ada', '8', '', 10, 5, 6);
            DELETE FROM systems WHERE id = 9;
            INSERT INTO polling_status (system_id, total_polls) VALUES (1, 5), (1, 6), (2, 7);
            INSERT INTO readings_agg_1d (system_id, day, solar_kwh) VALUES ('1', '2025-08-17', 31.5);
        """)
        read(db, 1, 300, 600)
        read(db, 2, 300)
        yield db


def read(db: sqlite3.Connection, system_id: int, *times: int) -> None:
    columns = "delay_seconds, solar_w, solar_inverter_w, shunt_w, load_w, battery_w, grid_w, battery_soc"
    for at in times:
        db.execute(
            f"INSERT INTO readings (system_id, inverter_time, received_time, {columns}, fault_code,"
            f" fault_timestamp, generator_status) VALUES (?, ?, ?{', 0' * 11})",
            (system_id, at, at + 1),
        )


def perform(db: sqlite3.Connection, plan: Plan, values: BoundParameters, *ids: str) -> None:
    """What the engine does with these actions: foreign keys off, one transaction each."""
    for action_id in ids:
        action = plan.action(action_id)
        assert isinstance(action, SqlAction)
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute("BEGIN IMMEDIATE")
        for statement in action.statements:
            db.execute(statement.text, bound(values.values, statement.parameters))
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        db.execute("COMMIT")


def holds(
    db: sqlite3.Connection, plan: Plan, values: BoundParameters, action_id: str
) -> list[tuple[object, ...]]:
    action = plan.action(action_id)
    assert isinstance(action, SqlAction)
    (statement,) = action.statements
    return db.execute(statement.text, bound(values.values, statement.parameters)).fetchall()


def contents(db: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    tables = [
        name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    ]
    return {
        name: db.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall()
        for name in tables
        if "changeover" not in name
    }


def definitions(db: sqlite3.Connection) -> set[tuple[str, str]]:
    rows = db.execute("""
        SELECT m.name, c.name || ' ' || c.type || c."notnull" || coalesce(c.dflt_value, '') || c.pk
        FROM sqlite_master m, pragma_table_info(m.name) c
        WHERE m.type = 'table' AND m.name NOT LIKE 'changeover%'
        UNION ALL SELECT name, tbl_name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL""")
    return {(str(name), str(what)) for name, what in rows}


def without_systems(found: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Definitions of all tables but `systems`, and its index."""
    return {one for one in found if one[0] != "systems"}


def test_the_plan_has_no_problem_even_against_generation_1(plan: Plan, database: sqlite3.Connection) -> None:
    assert check_file(PLAN) == []
    assert check(plan, read_schema(database)) == []


def test_there_and_back_is_where_it_began_with_the_readings_of_in_between(
    plan: Plan, database: sqlite3.Connection
) -> None:
    values = bind(plan, OWNERS, SECRETS)
    before, shape = contents(database), definitions(database)
    perform(database, plan, values, "merge-systems", "migrate-systems")
    assert database.execute("SELECT * FROM systems").fetchall() == [
        (
            1,
            "user_2simon",
            "select.live",
            "1586",
            "System 1586",
            *[None] * 5,
            600,
            "2025-01-02 03:04:05",
            1735787045,
        ),
        (2, "user_2ada", "select.live", "7", "Barn", *[None] * 5, 480, 1735787046, 1735787047),
    ]
    assert holds(database, plan, values, "carried") == []
    assert holds(database, plan, values, "members") == []
    assert holds(database, plan, values, "polls-check") == [(0,)]
    read(database, 1, 900)
    assert holds(database, plan, values, "polls-check") == [(1,)]
    perform(database, plan, values, "undo-migrate", "undo-merge")
    after = contents(database)
    assert [row[1:3] for row in after["readings"]] == [(1, 300), (1, 600), (2, 300), (1, 900)]
    # The scripts alone make `systems` in a loose form; the engine puts its very text back (tests/migration).
    assert without_systems(definitions(database)) == without_systems(shape)
    for table in ("systems", "polling_status", "readings_agg_1d", "readings_agg_5m"):
        assert after[table] == before[table]
    assert ("systems", 9) in after["sqlite_sequence"]


def test_what_generation_1_cannot_say_comes_back_with_the_second_run(
    plan: Plan, database: sqlite3.Connection
) -> None:
    values = bind(plan, OWNERS, SECRETS)
    perform(database, plan, values, "merge-systems", "migrate-systems")
    database.executescript("""
        INSERT INTO systems
          (owner_clerk_user_id, vendor_type, vendor_site_id, display_name, timezone_offset_min)
        VALUES ('user_2ada', 'acme', '7', 'Shed', 570), (NULL, 'select.live', '99', 'Nobody', 600);
        INSERT INTO user_systems (clerk_user_id, system_id, role) VALUES ('user_2guest', 1, 'viewer');
        UPDATE systems SET display_name = 'Farm' WHERE id = 1;
    """)
    second = contents(database)
    perform(database, plan, values, "undo-migrate", "undo-merge")
    assert database.execute("SELECT id, user_id, system_number, display_name FROM systems").fetchall() == [
        (1, "simon", "1586", "Farm"), (2, "ada", "7", "Barn"), (10, "ada", "7", "Shed"),
        (11, "(no owner)", "99", "Nobody")
    ]  # fmt: skip
    assert holds(database, plan, values, "owners-check") == []
    perform(database, plan, values, "merge-systems", "migrate-systems")
    again = contents(database)
    assert again["systems"] == second["systems"]
    pairs = [{row[1:4] for row in rows["user_systems"]} for rows in (second, again)]
    assert pairs[0] <= pairs[1]


def test_an_owner_without_account_and_a_collision_are_listed(
    plan: Plan, database: sqlite3.Connection
) -> None:
    values = bind(plan, ["owner.simon=user_2simon"], SECRETS)
    database.execute("UPDATE systems SET system_number = '1586'")
    assert holds(database, plan, values, "owners-check") == [("ada", "--set owner.ada=ACCOUNT_ID")]
    assert holds(database, plan, values, "collisions-check") == [
        (1, "simon", "1586", None, 2, "to keep this one: --set collision=keep:1"),
        (2, "ada", "1586", "Barn", 1, "to keep this one: --set collision=keep:2"),
    ]


def test_a_kept_system_takes_the_readings_whose_times_are_free_and_gives_them_back(
    plan: Plan, database: sqlite3.Connection
) -> None:
    values = bind(plan, [*OWNERS, "collision=keep:1"], SECRETS)
    database.execute("UPDATE systems SET system_number = '1586'")
    read(database, 2, 450)
    database.execute(
        "INSERT INTO readings_agg_1d (system_id, day) VALUES ('2', '2025-08-17'), ('2', '2025-08-18')"
    )
    before = contents(database)
    assert holds(database, plan, values, "collisions-check") == []
    assert holds(database, plan, values, "keepers-check") == []
    perform(database, plan, values, "merge-systems", "migrate-systems")
    kept = database.execute("SELECT system_id, inverter_time FROM readings ORDER BY 2").fetchall()
    assert kept == [(1, 300), (1, 450), (1, 600)]
    assert database.execute(
        "SELECT system_id, inverter_time FROM changeover_clashing_readings"
    ).fetchall() == [(2, 300)]
    days = database.execute("SELECT system_id, day, version FROM readings_agg_1d ORDER BY day").fetchall()
    assert days == [
        ("1", "2025-08-17", 0), ("1", "2025-08-18", 0)
    ]  # fmt: skip
    perform(database, plan, values, "undo-migrate", "undo-merge")
    after = contents(database)
    assert {name: rows for name, rows in after.items() if name != "sqlite_sequence"} == {
        name: rows for name, rows in before.items() if name != "sqlite_sequence"
    }


def test_days_and_intervals_that_were_deleted_since_a_join_stay_deleted(
    plan: Plan, database: sqlite3.Connection
) -> None:
    values = bind(plan, [*OWNERS, "collision=keep:1"], SECRETS)
    database.executescript("""
        UPDATE systems SET system_number = '1586';
        INSERT INTO readings_agg_1d (system_id, day)
        VALUES ('1', '2025-08-19'), ('2', '2025-08-17'), ('2', '2025-08-18'), ('2', '2025-08-19');
        INSERT INTO readings_agg_5m (system_id, interval_end, sample_count) VALUES (2, 300, 1), (2, 600, 1);
    """)
    perform(database, plan, values, "merge-systems", "migrate-systems")
    database.executescript("""
        DELETE FROM readings_agg_1d WHERE day IN ('2025-08-18', '2025-08-19');
        INSERT INTO readings_agg_1d (system_id, day) VALUES ('1', '2025-08-19');
        DELETE FROM readings_agg_5m WHERE interval_end = 300;
    """)
    perform(database, plan, values, "undo-migrate", "undo-merge")
    days = database.execute("SELECT system_id, day FROM readings_agg_1d ORDER BY day, system_id").fetchall()
    assert days == [("1", "2025-08-17"), ("2", "2025-08-17"), ("1", "2025-08-19"), ("2", "2025-08-19")]
    assert database.execute("SELECT system_id, interval_end FROM readings_agg_5m").fetchall() == [(2, 600)]


def test_keeping_two_of_a_group_or_a_stranger_is_refused(plan: Plan, database: sqlite3.Connection) -> None:
    database.execute("UPDATE systems SET system_number = '1586'")
    values = bind(plan, [*OWNERS, "collision=keep:1,2,77"], SECRETS)
    assert len(holds(database, plan, values, "keepers-check")) == 2


def test_the_owners_reach_the_account_check_as_json_in_the_environment(plan: Plan) -> None:
    values = bind(plan, OWNERS, SECRETS)
    assert json.loads(values.environment()["owner"]) == {"simon": "user_2simon", "ada": "user_2ada"}
    assert [action.id for action in plan.actions(Phase.FINISH)] == ["forget"]


def test_generation_1_is_the_same_wherever_it_is_spelled(tmp_path: Path) -> None:
    """A shipped plan is frozen text, so its tables stand there too; what differs is meant and stands here."""
    folder = PLAN.parent.parent / "0001-first-weeks"
    with (
        closing(sqlite3.connect(tmp_path / "0.db")) as one,
        closing(sqlite3.connect(tmp_path / "1.db")) as other,
    ):
        one.executescript((STORE / "schema_gen0.sql").read_text())
        one.execute("ALTER TABLE systems ADD COLUMN timezone_offset INTEGER NOT NULL DEFAULT 10")
        one.executescript((folder / "migrate.sql").read_text().replace("ALTER TABLE systems ADD", "-- "))
        other.executescript((STORE / "schema_gen1.sql").read_text())
        made, wanted = meanings(one), meanings(other)
    tables = {name for kind, name in wanted if kind == "table"} - {"systems"}
    shared = [key for key in wanted if key[0] == "table" and key[1] in tables]
    unlike = difference({key: made[key] for key in shared}, {key: wanted[key] for key in shared})
    assert [
        line for line in unlike if not re.search("fault_code|fault_timestamp|generator_status", line)
    ] == []


def test_orphans_are_set_aside_alike_in_every_table() -> None:
    """The script says the same of two tables, and plain SQL has no way to say it once."""
    first, second, *_ = (PLAN.parent / "set-aside.sql").read_text().split("CREATE TABLE ")[1:]
    for old, new in (("orphan_5m", "orphan_readings"), ("readings_agg_5m", "readings")):
        second = second.replace(old, new)
    assert re.sub(r"\ba\b", "r", second) == first
