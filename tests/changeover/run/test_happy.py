"""A plan that goes well, from rehearsal to finish, and the way back."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.changeover.run import club

from changeover.database.rehearse.compare import compare
from changeover.engine.entries import Ending


def test_a_rehearsed_plan_runs_and_every_row_arrives(tmp_path: Path) -> None:
    one = club.make(tmp_path / "club")
    club.prove(one)
    outcome = club.start(one)
    assert outcome.ending is Ending.DONE, outcome
    with closing(sqlite3.connect(one.database)) as connection:
        assert connection.execute("SELECT full_name, role FROM members ORDER BY id").fetchall()[0] == (
            "Member 1",
            "guest",
        )
        assert connection.execute("SELECT count(*) FROM visits").fetchone() == (20,)


def test_a_rollback_brings_the_old_schema_back_and_keeps_rows_written_since(tmp_path: Path) -> None:
    one = club.make(tmp_path / "club")
    club.prove(one)
    club.start(one)
    with closing(sqlite3.connect(one.database)) as connection, connection:
        connection.execute("INSERT INTO members (full_name, phone, house) VALUES ('New', '9', 'east')")
    outcome = club.again(one, "rollback")
    assert (outcome.ending, outcome.exit_code) == (Ending.ROLLED_BACK, 0)
    difference = compare(one.original, one.database)
    assert not difference.schema
    assert [str(t) for t in difference.tables] == [
        "members: 0 rows missing, 1 too many, 0 different\n  too many: id 6"
    ]


def test_after_a_rollback_the_plan_can_run_again(tmp_path: Path) -> None:
    one = club.make(tmp_path / "club")
    club.prove(one)
    club.start(one)
    club.again(one, "rollback")
    assert club.start(one).ending is Ending.DONE
    assert club.again(one, "finish").ending is Ending.FINISHED
