"""What really destroyed data, replayed on data of that shape and size; stopped before production is touched.

Rule: `check --database`, `rehearse` and `run` all refuse; they say what would have happened, and to how many
rows; and the database file is afterwards what it was, byte for byte.
"""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.changeover.fire import house as houses
from tests.changeover.fire.house import House

HALF_KEY = """UPDATE readings_agg_5m SET solar_w_avg = NULL
WHERE interval_end IN (SELECT interval_end FROM readings_agg_5m WHERE system_id = 2);"""
COPY = """CREATE TABLE readings_new (
  id INTEGER PRIMARY KEY AUTOINCREMENT, system_id INTEGER NOT NULL REFERENCES systems (id) ON DELETE CASCADE,
  inverter_time INTEGER NOT NULL, solar_w INTEGER NOT NULL, battery_soc REAL NOT NULL);
INSERT INTO readings_new (id, system_id, inverter_time, solar_w, battery_soc)
SELECT r.id, r.system_id, r.inverter_time, r.solar_w, r.battery_soc
FROM readings r JOIN systems s ON s.id = r.system_id {which};
DROP TABLE readings;
ALTER TABLE readings_new RENAME TO readings;
CREATE UNIQUE INDEX readings_unique ON readings (system_id, inverter_time);"""
SYSTEMS_ANEW = """CREATE TABLE systems_new (
  id INTEGER PRIMARY KEY AUTOINCREMENT, user_id TEXT NOT NULL, system_number TEXT NOT NULL,
  timezone_offset INTEGER NOT NULL DEFAULT 10);
INSERT INTO systems_new (id, user_id, system_number, timezone_offset)
SELECT id, user_id, system_number, timezone_offset FROM systems;
DROP TABLE systems;
ALTER TABLE systems_new RENAME TO systems;
CREATE INDEX user_system_idx ON systems (user_id, system_number);"""
UNTOUCHED = "CREATE TABLE leftover (x);"


def stopped(house: House, *arguments: str, commands: tuple[str, ...] = ("check", "rehearse", "run")) -> str:
    """What the commands say; each must refuse with 2, 3 or 4, and nothing may be written."""
    before = house.fingerprint()
    said = []
    for command in commands:
        more = ("--database", str(house.database)) if command == "check" else arguments
        found = house.say(command, *more)
        assert found.exit_code in (2, 3, 4, 8), f"{command} ended with {found.exit_code}: {found.text}"
        said.append(found.text)
    assert house.fingerprint() == before
    return said[-1]


def test_the_data_is_of_that_size(template: House) -> None:
    assert houses.ROWS == 213_942
    with closing(sqlite3.connect(template.database)) as connection:
        for table in ("readings", "readings_agg_5m"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (213_942,)


def test_a_subquery_on_half_of_a_composite_key(house: House) -> None:
    house.write(HALF_KEY, 'scope="readings_agg_5m" rows="readings_agg_5m=71314"', undo=HALF_KEY)
    said = stopped(house)
    assert "UPDATE of readings_agg_5m by interval_end alone" in said
    assert "it would update 213,942 rows of readings_agg_5m" in said
    assert "compare system_id too" in said


def test_half_a_key_that_was_waved_through_is_still_counted_in_the_rehearsal(house: House) -> None:
    waved = HALF_KEY.replace("WHERE", "-- allow half-key: I am sure\nWHERE", 1)
    house.write(waved, 'scope="readings_agg_5m" rows="readings_agg_5m=71314"', undo=waved)
    assert "expected 71,314 rows to change, but 213,942 rows would change" in stopped(
        house, commands=("rehearse", "run")
    )


@pytest.mark.parametrize("which", ["WHERE s.user_id = 'simon'", "WHERE r.solar_w > 0"])
def test_an_insert_select_that_drops_rows_before_a_drop(house: House, which: str) -> None:
    house.write(COPY.format(which=which), 'scope="readings" rows="readings=any"', undo=COPY.format(which=""))
    said = stopped(house)
    lost = {"WHERE s.user_id = 'simon'": 71_314, "WHERE r.solar_w > 0": 45}[which]
    assert (
        f"readings has 213,942 rows and the copy would have {213_942 - lost:,}: {lost:,} rows would be lost"
        in said
    )
    assert 'add rows="readings=*"' in said


def test_the_same_copy_with_the_rows_declared_is_stopped_by_their_number(house: House) -> None:
    script = COPY.format(which="WHERE r.solar_w > 0")
    house.write(script, 'scope="readings" rows="readings=*"', undo=script)
    said = stopped(house, commands=("rehearse", "run"))
    assert "readings: all 213,942 rows should be kept, but 213,897 would remain" in said


def test_a_raise_outside_a_trigger(house: House) -> None:
    script = (
        "SELECT CASE WHEN (SELECT count(*) FROM systems) > 2 THEN RAISE(ABORT, 'too many systems') END;\n"
        "DELETE FROM readings WHERE system_id = 3;"
    )
    house.write(script, 'scope="readings" rows="readings=any"', undo=UNTOUCHED)
    said = stopped(house)
    assert "RAISE() works in triggers only" in said
    assert "a shell would go on to change readings (213,942 rows)" in said
    assert "make it a check of its own" in said


def test_by_hand_the_drop_of_systems_empties_readings_and_no_check_of_sqlite_sees_it(house: House) -> None:
    with closing(sqlite3.connect(house.database, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.executescript(f"BEGIN; PRAGMA foreign_keys = OFF; {SYSTEMS_ANEW} COMMIT;")
        assert connection.execute("SELECT count(*) FROM readings").fetchone() == (0,)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_drop_table_systems_with_foreign_keys_on(house: House) -> None:
    house.write(SYSTEMS_ANEW, 'strategy=native scope="systems" rows="systems=*"', undo=SYSTEMS_ANEW)
    said = stopped(house)
    assert (
        "DROP TABLE systems with foreign keys on empties polling_status, readings (ON DELETE CASCADE)" in said
    )
    assert "213,942 rows of readings would go with systems" in said
    assert "strategy=blocking" in said


def test_systems_dropped_and_not_made_again(house: House) -> None:
    house.write("DROP TABLE systems;", 'scope="systems" rows="systems=any"', undo=UNTOUCHED)
    said = stopped(house)
    assert "after DROP TABLE systems, polling_status, readings would refer to nothing" in said
    assert "213,942 rows of readings would go with systems" in said


def test_a_delete_whose_cascade_reaches_beyond_the_scope(house: House) -> None:
    script = "DELETE FROM systems WHERE system_number = '2002';"
    house.write(
        script, 'scope="systems" rows="systems=-1"', undo=UNTOUCHED, undo_attributes='scope="leftover"'
    )
    said = stopped(house, commands=("rehearse", "run"))
    assert "readings: 71,314 rows would refer to rows of systems that are not there" in said


def test_the_same_delete_with_foreign_keys_on_is_stopped_with_what_the_cascade_would_take(
    house: House,
) -> None:
    script = "DELETE FROM systems WHERE system_number = '2002';"
    house.write(
        script,
        'strategy=native scope="systems" rows="systems=-1"',
        undo=UNTOUCHED,
        undo_attributes='scope="leftover"',
    )
    said = stopped(house, commands=("rehearse", "run"))
    assert "would delete from readings by its foreign key to systems: up to 213,942 rows" in said


def test_a_table_missing_in_production(house: House) -> None:
    """It existed on the developer's machine, so the plan's own schema has it."""
    (house.folder / "developer.sql").write_text(
        f"{houses.SCHEMA}CREATE TABLE user_systems (clerk_user_id, system_id);"
    )
    script = "INSERT INTO user_systems (clerk_user_id, system_id) SELECT user_id, id FROM systems;"
    house.write(
        script,
        'scope="user_systems" rows="user_systems=systems"',
        undo="DELETE FROM user_systems WHERE system_id > 0;",
        header="schema: {before: developer.sql}\n",
    )
    assert house.say("check").exit_code == 0
    said = stopped(house)
    assert "no such table: user_systems" in said
    assert "it would insert 3 rows into user_systems" in said


@pytest.mark.parametrize("word", ["user_xxx", "TODO", "REPLACE_ME", "", "<your-clerk-id>"])
def test_a_placeholder_id_in_the_script(house: House, word: str) -> None:
    script = f"UPDATE systems SET user_id = '{word}' WHERE user_id = 'simon';"
    house.write(script, 'scope="systems" rows="systems=*"', undo=UNTOUCHED)
    said = stopped(house)
    assert "[placeholder]" in said
    assert "it would update 2 rows of systems" in said
    assert "by --set" in said


@pytest.mark.parametrize("word", ["user_xxx", "TODO", "REPLACE_ME", ""])
def test_a_placeholder_id_as_a_parameter(house: House, word: str) -> None:
    script = "UPDATE systems SET user_id = :owner WHERE user_id = 'simon';"
    header = 'parameters:\n  owner: {required: true, help: "account of simon"}\n'
    house.write(script, 'scope="systems" rows="systems=2"', undo=UNTOUCHED, header=header)
    said = stopped(house, "--set", f"owner={word}", commands=("rehearse", "run"))
    assert "owner" in said
    assert "placeholder" in said


DEPLOY = """### Deploy {{budget=10s}}

```bash {{#push {part} undo=none}}
git push origin main
```

### Migrate {{budget=10s}}

```sql {{#add {other} undo=derived scope="systems" rows="systems=*"}}
ALTER TABLE systems ADD COLUMN vendor_type TEXT;
```
"""
NEEDS = "contract: {systems: [id, vendor_type]}\n"


@pytest.mark.parametrize(
    ("order", "part", "other"),
    [
        ("order: deploy-first\n", "phase=deploy", "phase=migrate"),
        ("order: as-written\n", "phase=deploy", "phase=migrate"),
        ("", "", ""),
    ],
)
def test_code_deployed_before_its_schema(house: House, order: str, part: str, other: str) -> None:
    steps = DEPLOY.format(part=part, other=other)
    house.write(execute=steps, rollback="", header=order + NEEDS)
    said = stopped(house)
    assert "push deploys before add, but the new release needs systems.vendor_type" in said
    assert "every request that needs systems.vendor_type would fail until add is done" in said


def test_in_the_derived_order_the_same_plan_migrates_first(house: House) -> None:
    house.write(execute=DEPLOY.format(part="phase=deploy", other="phase=migrate"), rollback="", header=NEEDS)
    assert house.say("check", "--database", str(house.database)).exit_code == 0


def test_the_right_way_to_do_it_is_not_stopped(house: House, tmp_path: Path) -> None:
    """The refusals above are for the faults, not for the size or the shape."""
    house.write(
        SYSTEMS_ANEW,
        'strategy=blocking scope="systems" rows="systems=* readings=0 polling_status=0"',
        undo=SYSTEMS_ANEW,
    )
    shutil.copyfile(house.database, tmp_path / "before.db")
    found = house.say("rehearse")
    assert found.exit_code == 0, found.text
    found = house.say("run")
    assert found.exit_code == 0, found.text
    with closing(sqlite3.connect(house.database)) as connection:
        assert connection.execute("SELECT count(*) FROM readings").fetchone() == (213_942,)
