"""A plan with ``strategy=online``: checked, rehearsed, run, taken back and finished, and killed on the
way.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from tests.changeover.database.killer import boundaries_of, kill_at
from tests.changeover.run import club, killing
from tests.changeover.run.club import Club
from tests.sample import drawn

from changeover import api
from changeover.engine.entries import Ending
from changeover.run.commands import Outcome
from changeover.run.state_dir import state_of
from changeover.run.status import look

PLAN = """---
database: ${database}
downtime: 1m
rollback-within: 1m
writers-held: 20s
parameters:
  database: {required: true, help: "path of the club's database"}
---
# Members have roles

## Execute

```sql {#members strategy=online scope="members" rows="members=* visits=0"}
%s
```

## Rollback

```sql {undoes=members scope="members" rows="members=* visits=0"}
CREATE TABLE members_old (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, phone TEXT NOT NULL, house TEXT NOT NULL);
INSERT INTO members_old (id, name, phone, house) SELECT id, full_name, phone, house FROM members;
DROP TABLE members;
ALTER TABLE members_old RENAME TO members;
CREATE INDEX members_name ON members (name);
```
"""


def made(folder: Path, migrate: str = club.MIGRATE) -> Club:
    """A club whose members are made anew online."""
    one = club.make(folder)
    (one.folder / "PLAN.md").write_text(PLAN % migrate)
    return one


@pytest.fixture
def ready(work: Path) -> Club:
    """A club whose online plan is rehearsed."""
    one = made(work / "club")
    club.prove(one)
    return one


def write(one: Club) -> None:
    """What an application writes after the swap."""
    with closing(sqlite3.connect(one.database, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("UPDATE members SET full_name = 'Ada', role = 'host' WHERE id = 1")
        connection.execute("INSERT INTO members (full_name, phone, house) VALUES ('New', '099', 'north')")
        connection.execute("DELETE FROM members WHERE id = 3")


def rows(one: Club, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(one.database)) as connection:
        return connection.execute(sql).fetchall()


def leftovers(one: Club) -> list[tuple[object, ...]]:
    """What is there of changeover's own but its three tables."""
    sql = "SELECT name FROM sqlite_schema WHERE name LIKE 'changeover\\_%' ESCAPE '\\' ORDER BY name"
    own = ("changeover_ledger", "changeover_online", "changeover_state")
    return [name for name in rows(one, sql) if name[0] not in own]


def test_there_and_back_and_for_good(ready: Club, work: Path) -> None:
    outcome = club.start(ready)
    assert outcome.ending is Ending.DONE, outcome.reason
    oracle = killing.fresh(ready.folder, work / "oracle")
    (done,) = [e for e in outcome.entries if e.id == "members" and e.kind == "done"]
    assert done.data["strategy"] == "online"
    assert "5 rows copied" in done.text("found")
    write(ready)
    assert rows(ready, "SELECT count(*) FROM visits WHERE member_id = 3") == [(0,)], "the cascade works"

    back = club.again(ready, "rollback")
    assert back.ending is Ending.ROLLED_BACK, back.reason
    assert rows(ready, "SELECT * FROM members ORDER BY id") == [
        (1, "Ada", "01", "north"),
        (2, "Member 2", "02", "south"),
        (4, "Member 4", "04", "south"),
        (5, "Member 5", "05", "north"),
        (6, "New", "099", "north"),
    ]
    (kept,) = leftovers(ready)
    assert rows(ready, f"SELECT * FROM {kept[0]}") == [(1, "host")], "a role that the old table cannot hold"

    assert club.again(oracle, "finish").ending is Ending.FINISHED
    assert leftovers(oracle) == []
    killing.require_equal(_at_rest(oracle, work / "rest.db"), oracle.database)


def _at_rest(one: Club, target: Path) -> Path:
    """The same script run by hand on the original."""
    with closing(sqlite3.connect(one.original)) as source, closing(sqlite3.connect(target)) as other:
        source.backup(other)
        other.executescript(f"PRAGMA legacy_alter_table = ON; BEGIN; {club.MIGRATE} COMMIT;")
    return target


@pytest.mark.sampled
@pytest.mark.parametrize("act", [killing.resume, killing.rollback])
def test_killed_anywhere(ready: Club, work: Path, act: killing.Act) -> None:
    template, place = ready.folder.rename(work / "template"), ready.folder
    oracle = _at_rest(Club(template), work / "rest.db")
    moments = boundaries_of(partial(killing.run, killing.fresh(template, place)))
    for number, moment in drawn(enumerate(moments), 3):
        one = killing.fresh(template, place)
        kill_at(partial(killing.run, one), number)
        killing.require_whole_and_free(one.database)
        if state_of(one.database).newest() is None or moment in (
            "after journal ended",
            "before journal opened",
        ):
            continue
        outcome = act(one, lambda moment: None)
        _require_ended(one, outcome, oracle, act)


@pytest.mark.sampled
@pytest.mark.parametrize("act", ["rollback", "finish"])
def test_the_way_back_and_finish_killed_anywhere(ready: Club, work: Path, act: str) -> None:
    killing.run(ready, lambda moment: None)
    template, place = ready.folder.rename(work / "template"), ready.folder
    work_of: Callable[..., Outcome] = getattr(killing, act)
    moments = boundaries_of(partial(work_of, killing.fresh(template, place)))
    for number in drawn(range(len(moments) - 1), 3):
        one = killing.fresh(template, place)
        kill_at(partial(work_of, one), number)
        killing.require_whole_and_free(one.database)
        outcome = work_of(one, lambda moment: None)
        expected = Ending.ROLLED_BACK if act == "rollback" else Ending.FINISHED
        assert outcome.ending is expected, outcome.reason
        assert leftovers(one) == []


def _require_ended(one: Club, outcome: Outcome, oracle: Path, act: killing.Act) -> None:
    if act is killing.rollback:
        assert outcome.ending in (Ending.ROLLED_BACK, Ending.REFUSED), outcome.reason
        killing.require_equal(one.original, one.database)
        assert leftovers(one) == []
    else:
        assert outcome.ending is Ending.DONE, outcome.reason
        killing.require_equal(oracle, one.database)


def test_stopped_by_a_person_it_goes_on_where_it_was(ready: Club) -> None:
    settings = club.settings()

    def stop(moment: str) -> None:
        if moment == "begun":
            settings.signals.stop = "ada"

    outcome = club.start(ready, hook=stop, signals=settings.signals)
    assert outcome.ending is Ending.STOPPED, outcome.reason
    assert leftovers(ready), "what was copied stays"
    assert club.again(ready, "resume").ending is Ending.DONE


def _cut_off(one: Club) -> None:
    """A run that is killed while it copies."""
    moments = boundaries_of(partial(killing.run, killing.fresh(one.folder, one.folder.with_name("counted"))))
    kill_at(partial(killing.run, one), len(moments) * 2 // 5)
    assert leftovers(one), "it was to be killed while it copies"


def test_status_says_how_far_it_has_come(ready: Club) -> None:
    _cut_off(ready)
    found = look(state_of(ready.database), ready.database, ready.plan())
    assert "members: " in found.how
    assert " rows copied" in found.how


def test_given_up_it_leaves_nothing_behind(ready: Club) -> None:
    _cut_off(ready)
    assert club.again(ready, "abandon").ending is Ending.ABANDONED
    assert leftovers(ready) == []
    killing.require_equal(ready.original, ready.database)


VISITS = """
```sql {#visits strategy=online scope="visits" rows="members=0 visits=*"}
CREATE TABLE visits_new (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, note TEXT,
  member_id INTEGER NOT NULL REFERENCES members (id) ON DELETE CASCADE);
INSERT INTO visits_new (id, at, note, member_id) SELECT id, at, note, member_id FROM visits;
DROP TABLE visits;
ALTER TABLE visits_new RENAME TO visits;
CREATE INDEX visits_member ON visits (member_id, at);
```

## Rollback

```sql {undoes=visits scope="visits" rows="members=0 visits=*"}
CREATE TABLE visits_old (
  id INTEGER PRIMARY KEY, member_id INTEGER NOT NULL REFERENCES members (id) ON DELETE CASCADE,
  at INTEGER NOT NULL, note TEXT);
INSERT INTO visits_old (id, member_id, at, note) SELECT id, member_id, at, note FROM visits;
DROP TABLE visits;
ALTER TABLE visits_old RENAME TO visits;
CREATE INDEX visits_member ON visits (member_id);
```
"""


def test_several_tables_one_after_the_other(work: Path) -> None:
    one = made(work / "club")
    plan = one.folder / "PLAN.md"
    plan.write_text(plan.read_text().replace("## Rollback\n", VISITS))
    club.prove(one)
    outcome = club.start(one)
    assert outcome.ending is Ending.DONE, outcome.reason
    write(one)
    made_anew = [e.id for e in outcome.entries if e.kind == "done" and e.data.get("strategy") == "online"]
    assert made_anew == ["members", "visits"]
    assert rows(one, "SELECT name FROM pragma_table_info('visits') WHERE cid = 1") == [("at",)]
    assert rows(one, "SELECT count(*) FROM visits WHERE member_id = 3") == [(0,)], "the cascade works"
    back = club.again(one, "rollback")
    assert back.ending is Ending.ROLLED_BACK, back.reason
    assert rows(one, "SELECT name FROM pragma_table_info('visits') WHERE cid = 1") == [("member_id",)]
    assert rows(one, "SELECT name FROM members ORDER BY id") == [
        ("Ada",),
        ("Member 2",),
        ("Member 4",),
        ("Member 5",),
        ("New",),
    ]
    assert rows(one, "PRAGMA foreign_key_check") == []


@pytest.mark.parametrize("way", ["there", "back"])
def test_a_mapping_that_is_not_total_is_refused_before_the_run(work: Path, way: str) -> None:
    """Whether it is the change or its way back: the rehearsal names the row."""
    one = made(work / "club")
    plan = one.folder / "PLAN.md"
    exact, broken = {
        "there": ("SELECT id, name, phone, house", "SELECT id, name, NULLIF(phone, '04'), house"),
        "back": (
            "SELECT id, full_name, phone, house",
            "SELECT id, NULLIF(full_name, 'Member 4'), phone, house",
        ),
    }[way]
    text = plan.read_text()
    assert exact in text
    plan.write_text(text.replace(exact, broken))
    found = api.rehearse(plan, one.database, parameters={"database": str(one.database)})
    assert not found.passed
    assert any("id 4" in fault for fault in found.faults), found.faults


def test_check_refuses_what_cannot_be_done_online(work: Path) -> None:
    one = made(work / "club", club.MIGRATE.replace("FROM members;", "FROM members WHERE phone <> '';"))
    found = api.check(one.folder / "PLAN.md", one.database)
    assert not found.is_sound
    assert any("more than the whole of one table" in problem.message for problem in found.problems)
