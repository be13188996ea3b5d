"""Everything that stops a run before it touches the database; each refusal says how to go on."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from tests.changeover.database.household import ask
from tests.changeover.run import club, killing
from tests.changeover.run.club import Club

from changeover.engine.entries import Ending
from changeover.errors import BadParameter, NotRehearsed, PlanErrors, Refused, Undecided
from changeover.run import commands, status
from changeover.run.rehearsal import rehearse
from changeover.run.runner import OperatorPrompt, Signals
from changeover.run.state_dir import state_of

JUDGED = "- [ ] the members were told {#told}\n"


def _change(one: Club, sql: str) -> None:
    with closing(sqlite3.connect(one.database)) as connection:
        connection.executescript(sql)


def _tables(one: Club) -> set[str]:
    with closing(sqlite3.connect(one.database)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}


def test_a_plan_that_was_never_rehearsed_is_refused(work: Path) -> None:
    with pytest.raises(NotRehearsed, match="never rehearsed") as refused:
        club.start(club.make(work / "club"))
    assert "changeover rehearse" in refused.value.hint


@pytest.mark.parametrize("name", ["PLAN.md", "migrate.sql"])
def test_a_plan_edited_after_its_rehearsal_is_refused(rehearsed: Club, name: str) -> None:
    path = rehearsed.folder / name
    path.write_text(path.read_text() + "\n<!-- a word -->\n" * (name == "PLAN.md") + "\n-- one\n")
    with pytest.raises((NotRehearsed, PlanErrors), match="edited"):
        club.start(rehearsed)


def test_a_database_changed_after_the_rehearsal_is_refused_with_the_difference(rehearsed: Club) -> None:
    _change(rehearsed, "ALTER TABLE visits ADD COLUMN mood TEXT")
    with pytest.raises(NotRehearsed, match="changed after the rehearsal") as refused:
        club.start(rehearsed)
    assert "`mood text` is not expected" in refused.value.message


def test_new_rows_after_the_rehearsal_are_no_reason_to_refuse(rehearsed: Club) -> None:
    _change(rehearsed, "INSERT INTO members (name, phone, house) VALUES ('Late', '7', 'north')")
    assert club.start(rehearsed).ending is Ending.DONE


def test_a_writer_who_holds_the_lock_at_the_start_is_a_refusal_and_nothing_was_begun(
    rehearsed: Club,
) -> None:
    before = sha256(rehearsed.database.read_bytes()).hexdigest()
    with closing(sqlite3.connect(rehearsed.database, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(Refused, match="Nothing was begun"):
            club.start(rehearsed)
        writer.execute("ROLLBACK")
    state = state_of(rehearsed.database)
    standing = status.look(state, rehearsed.database, rehearsed.plan())
    assert "refused before anything was changed" in standing.how
    assert sha256(rehearsed.database.read_bytes()).hexdigest() == before
    assert club.start(rehearsed).ending is Ending.DONE


def test_a_rehearsal_that_is_too_old_is_refused(rehearsed: Club) -> None:
    with pytest.raises(NotRehearsed, match="old"):
        club.start(rehearsed, max_age_s=-1.0)


def test_a_table_that_is_missing_in_the_target_is_found_before_anything_runs(rehearsed: Club) -> None:
    _change(rehearsed, "DROP TABLE visits")
    with pytest.raises(PlanErrors, match="no such table: visits"):
        club.start(rehearsed)


def test_a_plan_that_is_in_force_already_is_not_run_again(rehearsed: Club) -> None:
    club.start(rehearsed)
    with pytest.raises(Refused, match="in force already"):
        club.start(rehearsed)


def test_a_box_that_nobody_judged_stops_the_run_and_leaves_no_trace(work: Path) -> None:
    one = club.make(work / "club", preflight=JUDGED)
    club.prove(one)
    outcome = club.start(one)
    assert (outcome.ending, outcome.exit_code) == (Ending.REFUSED, 6)
    assert "--confirm told" in outcome.failures[0].text("hint")
    assert not {name for name in _tables(one) if name.startswith("changeover_")}
    killing.require_equal(one.original, one.database)


def test_a_box_that_was_confirmed_is_recorded_with_who_and_when(work: Path) -> None:
    one = club.make(work / "club", preflight=JUDGED)
    club.prove(one)
    outcome = club.start(one, prompt=OperatorPrompt(confirmed=frozenset({"told"})))
    judged = next(e for e in outcome.entries if e.id == "told" and e.text("judged_by"))
    assert (outcome.ending, judged.text("judged_by")) == (Ending.DONE, "tests")
    assert judged.at > 0


def test_a_person_who_says_no_stops_the_run(work: Path) -> None:
    one = club.make(work / "club", preflight=JUDGED)
    club.prove(one)
    outcome = club.start(one, prompt=OperatorPrompt(ask=lambda name, question: False))
    assert (outcome.ending, outcome.exit_code) == (Ending.REFUSED, 3)


def test_every_fault_of_preflight_is_told_at_once(work: Path) -> None:
    more = JUDGED + "\n- [ ] prices are set {#prices}\n\n```sql {for=prices expect=empty}\nSELECT 1;\n```\n"
    one = club.make(work / "club", preflight=more)
    record = rehearse(one.plan(), one.values(), one.database, who="tests")
    assert "expected nothing, found '1'" in record.faults[0]
    club.write_plan(one, preflight=more.replace("SELECT 1", "SELECT id FROM prices WHERE cents > 9000"))
    club.prove(one)
    _change(one, "UPDATE members SET phone = '' WHERE id = 2; UPDATE prices SET cents = 9001 WHERE id = 1")
    outcome = club.start(one)
    assert [failure.id for failure in outcome.failures] == ["told", "phones-check", "prices-check"]


def test_output_that_differs_by_a_space_fails_and_shows_where(work: Path) -> None:
    check = "\n```sql {#first}\nSELECT full_name FROM members WHERE id = 1;\n```\n\n"
    one = club.make(work / "club", execute=check + "```expect {for=first}\nMember  1\n```\n")
    record = rehearse(one.plan(), one.values(), one.database, who="tests")
    assert "- Member··1" in record.faults[0]
    assert "+ Member·1" in record.faults[0]
    with pytest.raises(NotRehearsed, match="did not pass"):
        club.start(one)


def test_rows_that_the_old_schema_cannot_hold_are_found_by_the_rehearsal(work: Path) -> None:
    one = club.make(work / "club", header='accept: {members.index.members_name: "names are shared now"}\n')
    _change(one, "DROP INDEX members_name; CREATE UNIQUE INDEX members_name ON members (name)")
    (one.folder / "undo.sql").write_text(club.UNDO.replace("CREATE INDEX", "CREATE UNIQUE INDEX"))
    record = rehearse(one.plan(), one.values(), one.database, who="tests")
    assert "UNIQUE constraint failed: members.name" in record.faults[0]
    with pytest.raises(NotRehearsed, match="did not pass"):
        club.start(one)


def test_a_rollback_that_would_lose_a_new_row_is_found_by_the_rehearsal(work: Path) -> None:
    one = club.make(work / "club")
    (one.folder / "undo.sql").write_text(
        club.UNDO.replace("house FROM members;", "house FROM members WHERE id < 6;")
    )
    record = rehearse(one.plan(), one.values(), one.database, who="tests")
    assert "members: all 8 rows should be kept, but 5 would remain" in record.faults[0]


def test_an_index_that_the_rollback_forgets_is_put_back_as_it_was(work: Path) -> None:
    one = club.make(work / "club")
    index = "SELECT sql FROM sqlite_schema WHERE name = 'members_name'"
    before = ask(one.database, index)
    (one.folder / "undo.sql").write_text(
        club.UNDO.replace("CREATE INDEX members_name ON members (name);", "")
    )
    assert rehearse(one.plan(), one.values(), one.database, who="tests").passed
    assert club.start(one).ending is Ending.DONE
    assert club.again(one, "rollback").ending is Ending.ROLLED_BACK
    assert ask(one.database, index) == before != []


def test_a_run_that_did_not_end_must_be_resumed_or_taken_back_first(rehearsed: Club) -> None:
    signals = Signals(stop="tests")
    assert club.start(rehearsed, signals=signals).exit_code == 7
    with pytest.raises(Refused, match="has not come to its end") as refused:
        club.start(rehearsed)
    assert "changeover resume" in refused.value.hint
    assert club.again(rehearsed, "resume").ending is Ending.DONE


def test_a_plan_edited_during_a_run_is_not_resumed_but_its_kept_copy_is(rehearsed: Club) -> None:
    club.start(rehearsed, signals=Signals(stop="tests"))
    path = rehearsed.folder / "migrate.sql"
    path.write_text(path.read_text() + "-- one more\n")
    with pytest.raises(Refused, match="was edited since this run began") as refused:
        club.again(rehearsed, "resume")
    state = state_of(rehearsed.database)
    kept = state.run(state.newest() or "") / "plan" / "PLAN.md"
    assert str(kept) in refused.value.hint
    path.write_text((kept.parent / "migrate.sql").read_text())
    assert club.again(rehearsed, "resume").ending is Ending.DONE


def test_a_schema_changed_by_somebody_else_during_a_run_stops_resume_and_rollback(rehearsed: Club) -> None:
    club.start(rehearsed)
    _change(rehearsed, "CREATE TABLE stranger (id INTEGER)")
    with pytest.raises(Refused, match="Somebody else changed the schema"):
        club.again(rehearsed, "rollback")


def test_a_parameter_that_is_missing_is_named(rehearsed: Club) -> None:
    from changeover.plan import params

    with pytest.raises(BadParameter, match="database"):
        params.bind(rehearsed.plan(), [], {})


def test_a_finished_run_cannot_be_taken_back(rehearsed: Club) -> None:
    club.start(rehearsed)
    assert club.again(rehearsed, "finish").ending is Ending.FINISHED
    with pytest.raises(Refused, match="finished"):
        club.again(rehearsed, "rollback")


def test_the_record_of_another_plan_does_not_serve(rehearsed: Club) -> None:
    other = replace(rehearsed.plan(), sha256="0" * 64)
    with pytest.raises(NotRehearsed, match="edited"):
        commands.run(other, rehearsed.values(), rehearsed.database, club.settings())


def test_a_box_that_is_asked_after_the_change_is_asked_for_before_it(work: Path) -> None:
    one = club.make(work / "club", after="\n- [ ] the desk sees the roles {#desk}\n")
    club.prove(one)
    with pytest.raises(Undecided, match="--confirm desk"):
        club.start(one)
    asked: list[str] = []

    def ask(name: str, question: str) -> bool:
        asked.append(name)
        return True

    assert club.start(one, prompt=OperatorPrompt(ask=ask, present=True)).ending is Ending.DONE
    assert asked == ["desk"]


def test_the_newest_run_is_the_last_one_begun_though_the_clock_went_back(rehearsed: Club) -> None:
    club.start(rehearsed)
    club.again(rehearsed, "rollback")
    outcome = club.start(rehearsed, now_at=lambda: 1_700_000_000.0, max_age_s=1e12)
    assert outcome.ending is Ending.DONE
    assert state_of(rehearsed.database).newest() == outcome.run_id == "0002-20231114-221320"
