"""The scripts of shipped plans, performed as the engine does: foreign keys off, one transaction each."""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tests.migration.stage import ACCOUNTS

from liveone.migrations.shipped import shipped

FOLDER = shipped()[2].path.parent
FORWARD = (
    *("set-aside.sql", "merge.sql", "migrate.sql", "add.sql"),
    *("ids.sql", "statuses.sql", "days.sql", "five-minutes.sql", "readings.sql"),
)
"""What a plan's way forward consists of, in this order; each plan has some of them."""
VALUES = {
    **{"owner": json.dumps(ACCOUNTS), "collision": "refuse"},
    **dict.fromkeys(("strategy_readings", "strategy_five_minutes"), "auto"),
}


def perform(database: Path, *scripts: str, folder: Path = FOLDER) -> float:
    """Run scripts of a plan's folder; the longest time, in seconds, that writers were held."""
    longest_s = 0.0
    with closing(sqlite3.connect(database, isolation_level=None, timeout=10)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        for script in scripts:
            connection.execute("BEGIN IMMEDIATE")
            began_s = time.monotonic()
            for statement in statements((folder / script).read_text()):
                connection.execute(statement, VALUES)
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
            connection.execute("COMMIT")
            longest_s = max(longest_s, time.monotonic() - began_s)
    return longest_s


def forward(database: Path) -> float:
    return perform(database, "set-aside.sql", "merge.sql", "migrate.sql")


def before(database: Path, step: int) -> None:
    """Bring a database of generation 1 to where the plan of that number begins."""
    for plan in shipped()[2:step]:
        folder = plan.path.parent
        perform(database, *(name for name in FORWARD if (folder / name).exists()), folder=folder)


def back(database: Path) -> float:
    return perform(database, "rollback.sql", "unmerge.sql", "bring-back.sql")


def statements(text: str) -> Iterator[str]:
    pending = ""
    for line in text.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
