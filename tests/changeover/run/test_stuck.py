"""A run that is stuck: what `status` says of it, and the ways out - mend, give up, put a backup back."""

import json
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.changeover.run import club, killing
from tests.changeover.run.club import Club

from changeover.cli.root import main
from changeover.engine.entries import Ending
from changeover.run import recovery
from changeover.run.state_dir import state_of

BUG = """
CREATE TABLE bug (n CHECK (n = 0));
INSERT INTO bug SELECT count(*) FROM members WHERE full_name = 'Nobody foresaw this';
DROP TABLE bug;
"""
LOSES = club.UNDO.replace("FROM members;", "FROM members WHERE full_name <> 'Nobody foresaw this';")


def call(one: Club, command: str, *more: object) -> Result:
    """A command about a club's plan; the file that `restore` names comes first."""
    first, rest = (more[:1], more[1:]) if command == "restore" else ((), more)
    words = [command, *first, one.folder / "PLAN.md", "--set", f"database={one.database}", *rest]
    return CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)


def _stuck(folder: Path) -> Club:
    """A club whose way back fails on a row that was written after the change."""
    one = club.make(folder)
    (one.folder / "undo.sql").write_text(BUG + club.UNDO)
    club.prove(one)
    assert club.start(one).ending is Ending.DONE
    with closing(sqlite3.connect(one.database)) as connection, connection:
        connection.execute(
            "INSERT INTO members (full_name, phone, house) VALUES ('Nobody foresaw this', '1', 'north')"
        )
    outcome = club.again(one, "rollback")
    assert (outcome.ending, outcome.exit_code) == (Ending.OPERATOR_NEEDED, 5)
    return one


@pytest.fixture(scope="module")
def stuck_once(memory: Path) -> Club:
    """Such a club, which no test changes."""
    return _stuck(Path(tempfile.mkdtemp(dir=memory)) / "club")


@pytest.fixture
def stuck(stuck_once: Club, work: Path) -> Club:
    """A copy of it for one test; plan and state go along, the journal names the backup where it was made."""
    return stuck_once.copy_to(work / "club")


def test_a_command_that_put_another_file_in_the_place_of_the_database_is_noticed(work: Path) -> None:
    one = club.make(work / "club", rollback="\n```bash {#wrong}\nbash swap.sh\n```\n")
    club.prove(one)
    assert club.start(one).ending is Ending.DONE
    shutil.copyfile(one.original, one.folder / "old.db")
    (one.folder / "swap.sh").write_text("cat old.db > club.db; rm -f club.db-wal club.db-shm\n")
    outcome = club.again(one, "rollback")
    assert outcome.ending is Ending.OPERATOR_NEEDED
    assert "another file in its place" in outcome.reason
    assert "another file in its place" in call(one, "status").output


def _mended(one: Club, text: str) -> Path:
    path = one.folder / "mended.sql"
    path.write_text(text)
    return path


def test_status_says_why_and_what_leads_on(stuck: Club) -> None:
    said = call(stuck, "status").output
    assert "CHECK constraint failed" in said
    for way in ("--with MENDED.sql", "changeover abandon", "changeover restore"):
        assert way in said
    backup = said.partition("changeover restore ")[2].split()[0]
    assert Path(backup).is_file()
    refused = call(stuck, "run")
    assert (refused.exit_code, "changeover abandon" in refused.output) == (3, True)


def test_a_mended_way_back_keeps_the_row_that_nobody_foresaw(stuck: Club) -> None:
    result = call(stuck, "rollback", "--with", _mended(stuck, club.UNDO))
    assert result.exit_code == 0, result.output
    with closing(sqlite3.connect(stuck.database)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM members ORDER BY id")]
        connection.execute("DELETE FROM members WHERE id = 6")
        connection.commit()
    assert names[-1] == "Nobody foresaw this"
    killing.require_equal(stuck.original, stuck.database)
    assert "It was taken back" in call(stuck, "status").output


def test_a_mended_way_back_that_loses_rows_is_refused_and_changes_nothing(stuck: Club) -> None:
    with closing(sqlite3.connect(stuck.database)) as connection:
        before = list(connection.iterdump())
    result = call(stuck, "rollback", "--with", _mended(stuck, LOSES))
    assert result.exit_code == 3
    assert "members" in result.output
    assert "work-" not in result.output
    with closing(sqlite3.connect(stuck.database)) as connection:
        assert list(connection.iterdump()) == before
    assert call(stuck, "rollback", "--with", _mended(stuck, "-- nothing")).exit_code == 2
    assert call(stuck, "rollback", "--with", _mended(stuck, club.UNDO), "--undoes", "visits").exit_code == 2


FORGETS_PHONES = club.UNDO.replace("full_name, phone, house FROM", "full_name, 'unknown', house FROM")
FORGETS_ROLES = "CREATE TABLE members_old" + club.UNDO.partition("CREATE TABLE members_old")[2]
MOVES_HOSTS = club.UNDO.replace(
    "phone, house FROM", "phone, CASE role WHEN 'guest' THEN house ELSE 'none' END FROM"
)


def test_a_mended_way_back_is_held_against_every_value_of_today(stuck: Club) -> None:
    result = call(stuck, "rollback", "--with", _mended(stuck, FORGETS_PHONES))
    assert (result.exit_code, "members.phone: 6 values" in result.output) == (3, True)


def test_a_mended_way_back_meets_new_rows_as_any_way_back(stuck: Club) -> None:
    """Nobody has a role yet, so only a row that the rehearsal writes shows what its like would lose."""
    script = _mended(stuck, MOVES_HOSTS)
    result = call(stuck, "rollback", "--with", script)
    assert (result.exit_code, "[members.house]" in result.output) == (3, True)
    reason = "members.house=the release that knows roles never went out"
    assert call(stuck, "rollback", "--with", script, "--accept", "members.house").exit_code == 2
    result = call(stuck, "rollback", "--with", script, "--accept", reason)
    assert result.exit_code == 0, result.output
    told = json.loads(call(stuck, "report", "--json").stdout)
    assert told["accepted"] == {"members.house": "the release that knows roles never went out"}
    with closing(sqlite3.connect(stuck.database)) as connection:
        ((details,),) = connection.execute(
            "SELECT details FROM changeover_ledger WHERE direction = 'rollback' AND action LIKE 'mended:%'"
        )
    assert json.loads(details)["accepted"] == told["accepted"]


def test_what_a_mended_way_back_sets_aside_is_not_lost(stuck: Club) -> None:
    with closing(sqlite3.connect(stuck.database)) as connection, connection:
        connection.execute("UPDATE members SET role = 'host' WHERE id = 2")
    assert call(stuck, "rollback", "--with", _mended(stuck, club.UNDO)).exit_code == 0


def test_a_column_that_a_mended_way_back_forgets_is_set_aside(stuck: Club) -> None:
    with closing(sqlite3.connect(stuck.database)) as connection, connection:
        connection.execute("UPDATE members SET role = 'host' WHERE id = 2")
    assert call(stuck, "rollback", "--with", _mended(stuck, FORGETS_ROLES)).exit_code == 0
    with closing(sqlite3.connect(stuck.database)) as connection:
        kept = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'changeover_kept_%'"
        names = [name for (name,) in connection.execute(kept) if "role" in name]
        assert names, "the values of the column that the way back leaves out"
        assert (2, "host") in connection.execute(f"SELECT * FROM {names[0]}").fetchall()


def test_a_mended_way_back_that_was_killed_is_gone_on_with(stuck: Club) -> None:
    def hook(moment: str) -> None:
        if moment == "before statement 3":
            raise KeyboardInterrupt

    run_id = state_of(stuck.database).newest() or ""
    script = _mended(stuck, club.UNDO)
    with pytest.raises(KeyboardInterrupt):
        recovery.roll_back_with(
            script, stuck.plan(), stuck.values(), stuck.database, club.settings(hook=hook), run_id=run_id
        )
    script.unlink()
    assert call(stuck, "resume").exit_code == 4
    assert killing.count(stuck.database, "SELECT count(name) FROM members") == 6


def test_a_run_is_given_up_after_it_was_said_what_stays(stuck: Club) -> None:
    asked = call(stuck, "abandon")
    assert asked.exit_code == 6
    assert "Migrate is in force" in asked.output
    document = json.loads(call(stuck, "abandon", "--yes", "--json").stdout)
    assert (document["outcome"], document["exit_code"]) == ("abandoned", 0)
    assert [line for line in document["left"] if line.startswith("The backup stays")]
    assert "It was given up" in call(stuck, "status").output
    assert call(stuck, "resume").exit_code == 3


def test_a_run_that_is_done_is_given_up_when_somebody_else_changed_the_schema(work: Path) -> None:
    one = club.make(work / "club")
    club.prove(one)
    assert club.start(one).ending is Ending.DONE
    with closing(sqlite3.connect(one.database)) as connection:
        connection.execute("CREATE TABLE of_the_next_release (id INTEGER PRIMARY KEY)")
    for command in ("rollback", "finish"):
        refused = call(one, command)
        assert (refused.exit_code, "changeover abandon" in refused.output) == (3, True)
    assert call(one, "abandon", "--yes").exit_code == 0
    assert "It was given up" in call(one, "status").output


def test_a_backup_is_put_back_and_what_was_there_is_kept(stuck: Club) -> None:
    (backup,) = stuck.folder.glob("backup-club-*.db")
    assert call(stuck, "restore", backup).exit_code == 6
    result = call(stuck, "restore", backup, "--yes", "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    killing.require_equal(stuck.original, stuck.database)
    assert killing.count(Path(document["kept"]), "SELECT count(full_name) FROM members") == 6
    assert "A backup was put back" in call(stuck, "status").output
    club.prove(stuck)
    assert club.start(stuck).ending is Ending.DONE


def test_a_backup_of_another_database_is_not_put_back(stuck: Club) -> None:
    (backup,) = stuck.folder.glob("backup-club-*.db")
    other = backup.rename(backup.with_name(backup.name.replace("-club-", "-shop-")))
    before = stuck.database.read_bytes()
    result = call(stuck, "restore", other, "--yes")
    assert (result.exit_code, "another database" in result.output) == (3, True)
    assert stuck.database.read_bytes() == before
    assert call(stuck, "restore", other.rename(stuck.folder / "meant.db"), "--yes").exit_code == 0


def test_a_backup_that_somebody_changed_is_not_put_back(work: Path) -> None:
    stuck = _stuck(work / "club")
    (backup,) = stuck.folder.glob("backup-club-*.db")
    with closing(sqlite3.connect(backup)) as connection, connection:
        connection.execute("DELETE FROM visits")
    result = call(stuck, "restore", backup, "--yes")
    assert (result.exit_code, "is not the backup that was made" in result.output) == (1, True)
    assert killing.count(stuck.database, "SELECT count(full_name) FROM members") == 6


@pytest.fixture
def drifted(work: Path) -> Club:
    """A club whose run is done, and in which somebody else has made a table and an index since."""
    one = club.make(work / "club")
    club.prove(one)
    assert club.start(one).ending is Ending.DONE
    with closing(sqlite3.connect(one.database)) as connection:
        connection.executescript("""
            CREATE TABLE of_the_next_release (id INTEGER PRIMARY KEY, note TEXT);
            INSERT INTO of_the_next_release (note) VALUES ('kept');
            CREATE INDEX members_phone ON members (phone);
        """)
    return one


AGAIN = "CREATE INDEX members_phone ON members (phone);"


def objects(one: Club) -> set[str]:
    with closing(sqlite3.connect(one.database)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}


def test_status_advises_only_what_works_after_somebody_else_changed_the_schema(drifted: Club) -> None:
    told = json.loads(call(drifted, "status", "--json").stdout)
    assert "somebody else changed the schema" in told["how"]
    verbs = [" ".join(one.split()[1:2] + one.split()[3:4]) for one in told["advice"]]
    assert [verb.split()[0] for verb in verbs] == ["rollback", "abandon", "restore"]
    assert "--with MENDED.sql" in told["advice"][0]
    assert call(drifted, "rollback").exit_code == 3


def test_a_mended_way_back_leaves_what_others_made(drifted: Club) -> None:
    result = call(drifted, "rollback", "--with", _mended(drifted, club.UNDO + AGAIN), "--undoes", "members")
    assert result.exit_code == 0, result.output
    assert {"of_the_next_release", "members_phone", "members_name"} <= objects(drifted)
    assert "badges" not in objects(drifted), "the rest of the way back is the plan's"
    assert "It was taken back" in call(drifted, "status").output


def test_a_mended_way_back_that_drops_what_others_made_says_so_by_name(drifted: Club) -> None:
    script = _mended(drifted, club.UNDO)
    refused = call(drifted, "rollback", "--with", script, "--undoes", "members")
    assert (refused.exit_code, "[schema.members_phone]" in refused.output) == (3, True)
    assert "members_phone" in objects(drifted)
    accept = ("--accept", "schema.members_phone=made by hand for one report")
    result = call(drifted, "rollback", "--with", script, "--undoes", "members", *accept)
    assert result.exit_code == 0, result.output
    assert "members_phone" not in objects(drifted)


def test_a_mended_way_back_after_drift_that_was_killed_is_gone_on_with(drifted: Club) -> None:
    def hook(moment: str) -> None:
        if moment == "before statement 3":
            raise KeyboardInterrupt

    run_id = state_of(drifted.database).newest() or ""
    script = _mended(drifted, club.UNDO + AGAIN)
    arguments = (drifted.plan(), drifted.values(), drifted.database)
    with pytest.raises(KeyboardInterrupt):
        recovery.roll_back_with(script, *arguments, club.settings(hook=hook), run_id=run_id, undoes="members")
    assert call(drifted, "resume").exit_code == 4
    assert "members_phone" in objects(drifted)
