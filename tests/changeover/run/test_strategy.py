"""Which strategy is taken where the plan leaves it open: said, with the reason, rehearsed, and kept to."""

from pathlib import Path

import pytest
from tests.changeover.run import club, killing
from tests.changeover.run.club import Club
from tests.changeover.run.test_online import PLAN, leftovers

from changeover import api
from changeover.actions.strategy import choices
from changeover.database.change import forecast
from changeover.database.connect import opened
from changeover.engine.entries import Ending
from changeover.problems import Severity

HEADER = 'writers-held: 2s\naccept:\n  members.role: "roles may be lost on the way back"\n'
LEFT_OPEN = PLAN.replace(" strategy=online", "").replace("writers-held: 20s\n", HEADER)


def made(folder: Path, plan: str = LEFT_OPEN) -> Club:
    one = club.make(folder)
    (one.folder / "PLAN.md").write_text(plan % club.MIGRATE)
    return one


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which five rows take five seconds."""
    monkeypatch.setattr(forecast, "ROWS_COPIED_PER_S", 1)


def test_in_one_transaction_where_that_fits(work: Path) -> None:
    one = made(work / "club")
    record = api.rehearse(one.folder / "PLAN.md", one.database)
    assert (record.faults, record.strategies) == ((), {})
    assert club.start(one).ending is Ending.DONE
    assert leftovers(one) == [], "nothing is kept of a rebuild in one transaction"


@pytest.mark.usefixtures("slow")
def test_online_where_one_transaction_takes_too_long(work: Path) -> None:
    one = made(work / "club")
    (note,) = [p for p in api.check(one.folder / "PLAN.md", one.database).problems if p.rule == "strategy"]
    assert note.severity is Severity.NOTE
    assert "members: online, because in one transaction it would hold writers for about 5 s" in note.message
    record = api.rehearse(one.folder / "PLAN.md", one.database)
    assert (record.faults, record.strategies) == ((), {"members": "online"})
    assert any("writers-held is 2s" in said for said in record.notes)

    outcome = club.start(one)
    assert outcome.ending is Ending.DONE, outcome.reason
    assert [e.data["strategy"] for e in outcome.entries if e.id == "members" and e.kind == "done"] == [
        "online"
    ]
    assert leftovers(one), "the old table is kept for a way back"
    assert club.again(one, "rollback").ending is Ending.ROLLED_BACK
    killing.require_equal(one.original, one.database)
    assert leftovers(one) == []


@pytest.mark.usefixtures("slow")
def test_what_was_chosen_is_finished_too(work: Path) -> None:
    one = made(work / "club")
    assert api.rehearse(one.folder / "PLAN.md", one.database).passed
    assert club.start(one).ending is Ending.DONE
    assert club.again(one, "finish").ending is Ending.FINISHED
    assert leftovers(one) == []


@pytest.mark.usefixtures("slow")
def test_a_plan_may_demand_one(work: Path) -> None:
    plan = LEFT_OPEN.replace("{#members", "{#members strategy=blocking")
    one = made(work / "club", plan)
    with opened(one.database) as connection:
        assert choices(one.plan(), connection, lambda table: 5) == ()
    record = api.rehearse(one.folder / "PLAN.md", one.database)
    assert (record.faults, record.strategies) == ((), {})


@pytest.mark.usefixtures("slow")
def test_what_neither_can_do_is_said_with_both_reasons(work: Path) -> None:
    one = club.make(work / "club", header="writers-held: 2s\n")
    (note,) = [p for p in api.check(one.folder / "PLAN.md", one.database).problems if p.rule == "strategy"]
    assert "members: blocking, because it cannot be done online: " in note.message
    assert "undo.sql:3: this cannot be done online: the rows come from more than the whole" in note.message
    assert "hold writers for about 5 s; writers-held is 2s; the rehearsal measures that" in note.message


def test_each_kind_by_its_name(work: Path) -> None:
    one = club.make(work / "club", header="writers-held: 2s\n")
    with opened(one.database) as connection:
        found = choices(one.plan(), connection, lambda table: 5)
    assert [(each.action, each.strategy) for each in found] == [
        ("minutes", "metadata"),
        ("members", "blocking"),
    ]
    assert all(each.fits for each in found)


@pytest.mark.usefixtures("slow")
def test_a_block_says_its_own_time(work: Path) -> None:
    """It chooses online though the plan allows more."""
    said = LEFT_OPEN.replace("{#members ", "{#members hold=3s ").replace(
        "writers-held: 2s", "writers-held: 1h"
    )
    one = made(work / "club", said)
    (note,) = [p for p in api.check(one.folder / "PLAN.md", one.database).problems if p.rule == "strategy"]
    assert "members: online" in note.message
    assert "hold is 3s" in note.message
    (one.folder / "PLAN.md").write_text((one.folder / "PLAN.md").read_text().replace("hold=3s", "hold=6s"))
    assert [p for p in api.check(one.folder / "PLAN.md", one.database).problems if p.rule == "strategy"] == []


def test_a_block_whose_strategy_is_said_has_nothing_to_choose(work: Path) -> None:
    one = made(work / "club", PLAN.replace("{#members ", "{#members hold=3s "))
    assert "hold= chooses a strategy" in str(api.check(one.folder / "PLAN.md").problems)


TOLD = """```sql {#told scope="told" rows="told=any"}
CREATE TABLE told (how TEXT);
INSERT INTO told VALUES (:strategy_members);
```

```sql {#members"""
UNTOLD = """```sql {undoes=told scope="told" rows="told=any"}
DROP TABLE told;
```
"""


@pytest.mark.parametrize(("held", "how"), [("2s", "online"), ("20s", "auto")])
@pytest.mark.usefixtures("slow")
def test_a_script_may_ask_how_a_change_is_done(work: Path, held: str, how: str) -> None:
    plan = LEFT_OPEN.replace("```sql {#members", TOLD, 1).replace("writers-held: 2s", f"writers-held: {held}")
    one = made(work / "club", plan.replace(":strategy_members", ":strategy_nobody") + UNTOLD)
    assert ":strategy_nobody is not declared" in str(api.check(one.folder / "PLAN.md").problems)
    one = made(work / "asked", plan + UNTOLD)
    assert api.rehearse(one.folder / "PLAN.md", one.database).faults == ()
    assert club.start(one).ending is Ending.DONE
    with opened(one.database) as connection:
        assert [*connection.execute("SELECT how FROM told")] == [(how,)]
