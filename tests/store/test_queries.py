"""Every named query is sound on the schemas it is meant for: its tables and columns are there."""

import re
import sqlite3
from contextlib import closing

import pytest

from liveone.store import changes
from liveone.store.generations import NEWEST
from liveone.store.sql import FOLDER, query, schema_path

BESIDE = ("schema_changes.sql", "schema_leases.sql", "schema_day_rules.sql", "queries/late_table.sql")
RELEASE_0_1 = f"""
CREATE TABLE {changes.IDS} (id INTEGER PRIMARY KEY, change_id, first_id, last_id);
ALTER TABLE {changes.ASIDE} ADD COLUMN reading_id INTEGER;
"""
"""What the queries that bring its log up read."""
OLD_IDS = {"changes_ids_times"}
"""What only a log of release 0.1 needs, which generation 3 has no more."""
FOR_NEWEST = {path.name.split(".")[0] for path in FOLDER.glob("*.sql")}
FOR_FIRST = {path.name.split(".")[0] for path in FOLDER.glob("*.gen1.sql")}


@pytest.mark.parametrize(
    ("generation", "names"), [(NEWEST, FOR_NEWEST - OLD_IDS), (2, FOR_NEWEST), (1, FOR_FIRST)]
)
def test_every_query_finds_its_tables_and_columns(generation: int, names: set[str]) -> None:
    assert names
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(schema_path(generation).read_text())
        for script in BESIDE:
            connection.executescript((FOLDER.parent / script).read_text())
        connection.executescript(RELEASE_0_1)
        faults = {name: fault for name in names if (fault := fault_of(connection, query(name, generation)))}
    assert faults == {}


def fault_of(connection: sqlite3.Connection, sql: str) -> str:
    """Why a statement cannot be prepared; empty when it can."""
    sql = sql.replace("SET {columns}", "SET load_w = NULL").replace("{columns}", "1")
    most = max((int(number) for number in re.findall(r"\?(\d+)", sql)), default=0)
    try:
        connection.execute(f"EXPLAIN {sql}", (1,) * most)
    except sqlite3.Error as error:
        return str(error)
    return ""
