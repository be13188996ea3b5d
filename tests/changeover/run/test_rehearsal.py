"""The rehearsal: what it proves, what it cannot show, and that production never feels it."""

import sqlite3
import time
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from tests.changeover.run import club
from tests.changeover.run.club import Club

from changeover.database.backup import backup as backups
from changeover.database.change import forecast
from changeover.database.rehearse import compare, living
from changeover.engine.entries import Ending
from changeover.run.records import Record
from changeover.run.rehearsal import rehearse
from changeover.run.state_dir import state_of


def _rehearsed(one: Club) -> Record:
    return rehearse(one.plan(), one.values(), one.database, who="tests")


def test_exact_expectations_are_about_the_real_rows_and_not_about_the_synthetic_ones(work: Path) -> None:
    exact = "\n```sql {#%s}\nSELECT id, %s FROM members ORDER BY id;\n```\n\n```expect {for=%s}\n%s\n```\n"
    rows = "\n".join(f"{number}|Member {number}" for number in range(1, 6))
    one = club.make(
        work / "club",
        execute=exact % ("now", "full_name", "now", rows),
        rollback=exact % ("then", "name", "then", rows),
        after=exact % ("later", "full_name", "later", rows),
    )
    record = _rehearsed(one)
    assert record.passed, record.faults
    assert record.writes > 5
    assert club.start(one).ending is Ending.DONE


def test_a_check_that_waits_for_new_rows_is_shown_and_one_that_waits_for_the_application_is_not(
    work: Path,
) -> None:
    waits = "\n```sql {#%s retries=3 every=10ms expect=some}\nSELECT id FROM members WHERE %s;\n```\n"
    after = waits % ("grown", "id > 5") + waits % ("greeted", "full_name = 'hello'")
    record = _rehearsed(club.make(work / "club", after=after))
    assert record.passed, record.faults
    assert "grown" in {step.id for step in record.steps}
    assert [reason for reason in record.skipped if "greeted" in reason and "living application" in reason]


def test_what_would_be_waited_for_is_not_waited_for_where_nobody_writes(work: Path) -> None:
    waits = "\n```sql {#slow retries=3 every=30s expect=some}\nSELECT id FROM members WHERE id > 5;\n```\n"
    started_s = time.monotonic()
    record = _rehearsed(club.make(work / "club", after=waits))
    assert record.passed, record.faults
    assert time.monotonic() - started_s < 30


def test_the_limits_of_the_plan_end_a_rehearsal_as_they_end_the_run(work: Path) -> None:
    one = club.make(work / "club", execute="\n```bash {#look safe}\nsleep 1\n```\n")
    text = (one.folder / "PLAN.md").read_text()
    (one.folder / "PLAN.md").write_text(text.replace("#verify budget=20s", "#verify budget=300ms"))
    record = _rehearsed(one)
    assert "'Verify' may take 300ms" in record.faults[0]
    assert [step.direction for step in record.steps if step.id == "look"] == ["forward", "again"]


def test_in_a_rehearsal_the_clock_decides_and_not_the_forecast(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecast, "ROWS_COPIED_PER_S", 1)
    one = club.make(work / "club", members=50)
    record = _rehearsed(one)
    assert record.passed, record.faults
    assert record.frozen_s < 10
    assert club.start(one).ending is Ending.DONE


def test_production_is_not_changed_by_a_byte_and_the_copies_are_gone(work: Path) -> None:
    one = club.make(work / "club")
    before = sha256(one.database.read_bytes()).hexdigest()
    record = _rehearsed(one)
    assert sha256(one.database.read_bytes()).hexdigest() == before
    assert [path.name for path in state_of(one.database).rehearsals.iterdir()] == [f"{record.id}.json"]


def test_it_predicts_freeze_duration_disk_and_the_way_back(work: Path) -> None:
    record = _rehearsed(club.make(work / "club", members=2000))
    assert 0 < record.frozen_s <= record.seconds
    assert 0 < record.rollback_frozen_s <= record.rollback_s
    assert record.needed_bytes > record.wal_bytes > 0
    assert [step.direction for step in record.steps if step.id == "members"] == [
        "forward",
        "again",
        "once more",
    ]


def test_a_native_script_runs_with_foreign_keys_on_and_its_cascade_is_seen(work: Path) -> None:
    step = (
        '\n### Clean\n\n```sql {#clean strategy=native scope="members" rows="members=-1"}\n'
        "DELETE FROM members WHERE id = 1;\n```\n"
    )
    undo = '\n```sql {undoes=clean scope="members"}\nUPDATE members SET phone = phone WHERE id > 0;\n```\n'
    record = _rehearsed(club.make(work / "club", execute=step, rollback=undo))
    assert "delete from visits" in record.faults[0]


def test_the_contract_is_asked_of_the_release_that_was_deployed_first(work: Path) -> None:
    deploy = "\n### Deploy\n\n```bash {#deploy phase=deploy undo=none}\ncp new.json contract.json\n```\n"
    one = club.make(work / "club", header="contract: {command: cat contract.json}\n", execute=deploy)
    (one.folder / "contract.json").write_text('{"members": ["name"]}')
    (one.folder / "new.json").write_text('{"members": ["full_name", "role"]}')
    record = _rehearsed(one)
    assert record.passed, record.faults
    assert [reason for reason in record.skipped if reason.startswith("contract")]
    assert club.start(one).ending is Ending.DONE


def test_a_contract_that_the_change_does_not_fulfil_stops_it(work: Path) -> None:
    record = _rehearsed(club.make(work / "club", header="contract: {members: [full_name, birthday]}\n"))
    assert "table members has no column birthday" in record.faults[0]


def test_a_rehearsal_during_writes_sees_one_moment(work: Path) -> None:
    one = club.make(work / "club", members=500)
    with closing(sqlite3.connect(one.database, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO members (name, phone, house) VALUES ('half', '1', 'north')")
        record = _rehearsed(one)
        writer.execute("COMMIT")
    assert record.passed, record.faults
    assert record.rows_compared == 500 + 2000 + 2


def _finishing(one: Club, script: str) -> Record:
    text = (one.folder / "PLAN.md").read_text()
    head, tidy, tail = text.partition("DELETE FROM prices WHERE cents = 0;")
    assert tidy
    (one.folder / "PLAN.md").write_text(head + script + tail)
    return _rehearsed(one)


def test_finish_is_rehearsed_and_what_it_drops_is_said(work: Path) -> None:
    record = _finishing(
        club.make(work / "club"),
        "DELETE FROM prices WHERE cents = 0;\nDROP TABLE IF EXISTS changeover_roles;",
    )
    assert record.passed, record.faults
    assert [(step.id, step.direction) for step in record.steps][-1] == ("tidy", "finish")
    dropped = [note for note in record.notes if note.startswith("finish drops")]
    assert {note.partition(" (")[0] for note in dropped} == {
        "finish drops table changeover_roles",
        "finish drops 1 row of prices",
    }


def test_a_finish_that_fails_is_a_fault_of_the_rehearsal(work: Path) -> None:
    record = _finishing(club.make(work / "club"), "INSERT INTO prices (id, cents) VALUES (2, 7);")
    assert "UNIQUE constraint failed: prices.id" in record.faults[0]
    assert [step.verdict for step in record.steps if step.direction == "finish"] == ["failed"]


@pytest.mark.parametrize("moment", ["writing", "comparing", "copying"])
def test_a_failure_that_nobody_foresaw_is_a_failed_rehearsal_with_words(
    work: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OverflowError("int too large")

    one = club.make(work / "club")
    place = {
        "writing": (living.Living, "some"),
        "comparing": (compare, "_table"),
        "copying": (backups, "copy"),
    }
    monkeypatch.setattr(*place[moment], fails)
    record = _rehearsed(one)
    assert not record.passed
    (fault,) = record.faults
    assert "OverflowError: int too large" in fault
    words = {
        "writing": "(writing new rows, as the application would, table badges)",
        "comparing": "(comparing with the original, row by row, table members)",
        "copying": "(beginning)",
    }
    assert words[moment] in fault
