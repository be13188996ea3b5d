"""`liveone schema`: what this release needs against what is there, read only."""

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from liveone.cli.root import root
from liveone.migrations import shipped
from liveone.store.generations import (
    ADDED_TABLES,
    FIRST_WEEKS,
    GENERATIONS,
    NEWEST,
    POINT_TABLES,
    SOURCE_TABLES,
    STEP_TABLES,
    SchemaShape,
)
from liveone.store.sql import schema_path

WITHOUT_ACCOUNTS = "".join(f"DROP TABLE {table};" for table in sorted(ADDED_TABLES))
WITHOUT_STEPS = "".join(f"DROP TABLE {table};" for table in sorted(STEP_TABLES))
WITHOUT_POINTS = WITHOUT_STEPS + "".join(f"DROP TABLE {table};" for table in sorted(POINT_TABLES))
WITHOUT_SOURCES = WITHOUT_POINTS + "".join(f"DROP TABLE {table};" for table in sorted(SOURCE_TABLES))
KEYED = "0008-rows-by-key"
ADDING = ["0003-time-zone", "0004-accounts", "0005-sources", "0006-points", "0007-second-steps"]
"""The plans that only add."""
LATER = [*ADDING, KEYED]
KEYED_SCRIPTS = ("statuses", "days", "five-minutes", "readings")


def made(folder: Path, generation: int, extra: str = "") -> Path:
    """Settings and a database of a generation, with a change of somebody's own."""
    path = folder / "liveone.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(schema_path(generation).read_text() + extra)
    (folder / "liveone.toml").touch()
    return path


def run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(root, ["--config", str(folder / "liveone.toml"), "schema", *words])


def test_status_of_an_older_generation_names_the_plans_to_run(tmp_path: Path) -> None:
    made(tmp_path, 1)
    done = run(tmp_path, "status")
    assert done.exit_code == 0
    assert "generation 1" in done.output
    assert ", ".join(["0002-vendor-and-time-zone", *LATER]) + ")" in done.output
    found = json.loads(run(tmp_path, "status", "--json").output)
    assert (found["generation"], found["newest"], found["in_sync"]) == (1, NEWEST, False)
    assert found["pending"] == ["0002-vendor-and-time-zone", *LATER]
    assert "column systems.owner_clerk_user_id TEXT is missing" in found["differences"]


def test_status_of_the_newest_generation_has_nothing_to_do(tmp_path: Path) -> None:
    made(tmp_path, NEWEST)
    found = json.loads(run(tmp_path, "status", "--json").output)
    assert (found["in_sync"], found["differences"], found["pending"]) == (True, [], [])


def test_a_generation_2_without_time_zones_is_of_generation_2_and_has_a_plan_that_adds_them(
    tmp_path: Path,
) -> None:
    made(tmp_path, 2, "ALTER TABLE systems DROP COLUMN time_zone;" + WITHOUT_ACCOUNTS)
    found = json.loads(run(tmp_path, "status", "--json").output)
    assert (found["generation"], found["in_sync"]) == (2, False)
    assert found["pending"] == LATER
    assert f"liveone upgrade ({', '.join(LATER)})" in run(tmp_path, "status").output


def test_a_database_without_accounts_is_of_generation_2_and_has_a_plan_that_adds_them(tmp_path: Path) -> None:
    """Somebody else's table of the same name is passed over, and keeps the plan from running."""
    for extra in ("", "CREATE TABLE accounts (id INTEGER PRIMARY KEY, iban TEXT);"):
        folder = tmp_path / str(len(extra))
        folder.mkdir()
        made(folder, 2, WITHOUT_ACCOUNTS + extra)
        found = json.loads(run(folder, "status", "--json").output)
        assert (found["generation"], found["in_sync"]) == (2, False)
        assert found["pending"] == LATER[1:]


def test_a_database_without_sources_is_of_generation_2_and_has_a_plan_that_adds_them(tmp_path: Path) -> None:
    """Somebody else's table of the same name is passed over, and keeps the plan from running."""
    for extra in ("", "CREATE TABLE sources (id INTEGER PRIMARY KEY, url TEXT);"):
        folder = tmp_path / str(len(extra))
        folder.mkdir()
        made(folder, 2, WITHOUT_SOURCES + extra)
        found = json.loads(run(folder, "status", "--json").output)
        assert (found["generation"], found["in_sync"]) == (2, False)
        assert found["pending"] == LATER[2:]


def test_a_database_without_points_is_of_generation_2_and_has_a_plan_that_adds_them(tmp_path: Path) -> None:
    """Somebody else's table of the same name is passed over, and keeps the plan from running."""
    for extra in ("", "CREATE TABLE points (id INTEGER PRIMARY KEY, score INTEGER);"):
        folder = tmp_path / str(len(extra))
        folder.mkdir()
        made(folder, 2, WITHOUT_POINTS + extra)
        found = json.loads(run(folder, "status", "--json").output)
        assert (found["generation"], found["in_sync"]) == (2, False)
        assert found["pending"] == LATER[3:]


def test_a_database_without_second_steps_is_of_generation_2_and_has_a_plan_that_adds_them(
    tmp_path: Path,
) -> None:
    """Somebody else's table of the same name is passed over, and keeps the plan from running."""
    for extra in ("", "CREATE TABLE second_steps (id INTEGER PRIMARY KEY, foot TEXT);"):
        folder = tmp_path / str(len(extra))
        folder.mkdir()
        made(folder, 2, WITHOUT_STEPS + extra)
        found = json.loads(run(folder, "status", "--json").output)
        assert (found["generation"], found["in_sync"]) == (2, False)
        assert found["pending"] == LATER[4:]


def test_half_of_the_tables_of_accounts_is_no_database_of_ours(tmp_path: Path) -> None:
    made(tmp_path, 2, "DROP TABLE credentials;")
    found = json.loads(run(tmp_path, "status", "--json").output)
    assert (found["generation"], found["differences"]) == (None, ["table credentials is missing"])


def test_the_plans_make_what_a_new_database_has(tmp_path: Path) -> None:
    """The schema of a new database is that of generation 2 as it was, and every plan since."""
    old = made(tmp_path, 2, "ALTER TABLE systems DROP COLUMN time_zone;" + WITHOUT_ACCOUNTS)
    *adding, keyed = (plan.path.parent for plan in shipped.shipped()[3:])
    performed(old, *(folder / "add.sql" for folder in adding))
    assert definitions(old) == definitions(made(folder_in(tmp_path, "2"), 2))
    performed(old, *(keyed / f"{name}.sql" for name in KEYED_SCRIPTS))
    assert definitions(old) == definitions(made(folder_in(tmp_path, "3"), NEWEST))
    performed(old, *(keyed / f"{name}-back.sql" for name in reversed(KEYED_SCRIPTS)))
    by_changeover = definitions(tmp_path / "2" / "liveone.db") - definitions(old)
    assert {name for name, _ in by_changeover} == {"polling_status_system_idx"}
    assert definitions(old) < definitions(tmp_path / "2" / "liveone.db")


def performed(path: Path, *scripts: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for script in scripts:
            connection.executescript(script.read_text())


def folder_in(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return folder / name


def definitions(path: Path) -> set[tuple[str, str]]:
    """Every table and index, without spaces, comments and quotes of names."""
    ours = "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'changeover%'"
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(ours).fetchall()
    return {(name, "".join(sql.replace('"', "").split())) for name, sql in rows}


def test_a_foreign_database_is_told_apart_and_left_alone(tmp_path: Path) -> None:
    path = made(tmp_path, 1, "ALTER TABLE systems ADD COLUMN colour TEXT; DROP TABLE polling_status;")
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    done = run(tmp_path, "status", "--json")
    assert done.exit_code == 3
    found = json.loads(done.output)
    assert found["generation"] is None
    assert found["differences"] == [
        "column systems.colour TEXT is not known",
        "table polling_status is missing",
    ]
    assert run(tmp_path, "diff", "--generation", "1").exit_code == 1
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before


@pytest.mark.parametrize("generation", GENERATIONS)
def test_diff_is_empty_for_the_own_generation_only(tmp_path: Path, generation: int) -> None:
    made(tmp_path, generation)
    for other in GENERATIONS:
        done = run(tmp_path, "diff", "--generation", str(other), "--json")
        assert (done.exit_code == 0) == (other == generation)
        assert bool(json.loads(done.output)["differences"]) == (other != generation)


@pytest.mark.parametrize("generation", GENERATIONS)
def test_the_contract_is_every_column_that_the_release_cannot_do_without(
    tmp_path: Path, generation: int
) -> None:
    path = made(tmp_path, generation)
    needed = json.loads(run(tmp_path, "contract", "--json", "--generation", str(generation)).output)
    with closing(sqlite3.connect(path)) as connection:
        for table, columns in needed.items():
            assert connection.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall() == []
        there = connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
        assert {name for (name,) in there} - (ADDED_TABLES if generation == 2 else set()) == set(needed)
        columns = "SELECT count(*) FROM pragma_table_info('systems')"
        optional = 1 if generation == 2 else 0
        assert connection.execute(columns).fetchone() == (len(needed["systems"]) + optional,)


def test_the_contract_needs_neither_settings_nor_a_database(tmp_path: Path) -> None:
    done = run(tmp_path, "contract", "--json")
    assert "user_systems" in json.loads(done.output)


def test_every_step_after_the_first_has_a_plan_that_leads_to_it() -> None:
    assert [plan.step for plan in shipped.shipped()] == list(range(len(shipped.STEPS) - 1))
    for step, known in enumerate(shipped.STEPS, -1):
        waiting = shipped.pending(SchemaShape(known.generation, False, known.added, known.early_intervals))
        assert [plan.step for plan in waiting] == list(range(step + 1, len(shipped.STEPS) - 1))
    assert {known.generation for known in shipped.STEPS} == {FIRST_WEEKS, *GENERATIONS}
