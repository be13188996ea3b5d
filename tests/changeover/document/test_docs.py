"""docs/plan-format.md and its example are true: the plans in them are sound, the tables name what exists."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from changeover.check.load import check_file, load_plan
from changeover.check.rules import check
from changeover.check.schema_copy import read_schema
from changeover.database.change.transaction import bound
from changeover.plan.blocks import ATTRIBUTES
from changeover.plan.header import KEYS
from changeover.plan.model import Phase, SqlAction
from changeover.plan.params import bind
from changeover.plan.read import read_text
from changeover.problems import Severity

DOCS = Path(__file__).parent.parent.parent.parent / "docs"
FORMAT = (DOCS / "plan-format.md").read_text()
LIBRARY = DOCS / "examples/library-loans"


def test_the_shortest_useful_plan_is_a_sound_plan() -> None:
    text = re.search(r"## The shortest useful plan\n+````markdown\n(.*?)````", FORMAT, re.DOTALL)
    assert text is not None
    plan, problems = read_text(text[1], Path("PLAN.md"))
    assert plan is not None
    assert problems + [problem for problem in check(plan) if problem.severity is Severity.ERROR] == []


def test_every_attribute_and_key_is_explained() -> None:
    for name in {name for names in ATTRIBUTES.values() for name in names} | KEYS:
        assert re.search(rf"[`\"{{ ]{name}[=:`]", FORMAT) or f"`{name}" in FORMAT, (
            f"{name} is not in docs/plan-format.md"
        )


def test_every_rule_with_a_bad_plan_is_explained() -> None:
    bad = Path(__file__).parent.parent / "plans/bad"
    rules = {
        rule
        for path in bad.glob("*.md")
        for rule in re.findall(r"expected: .*? \[([\w-]+)\]", path.read_text())
    }
    assert len(rules) > 25
    assert {rule for rule in rules if f"`{rule}`" not in FORMAT} == set()


def test_the_library_example_has_no_problem() -> None:
    assert check_file(LIBRARY / "PLAN.md") == []


@pytest.mark.parametrize("late", [False, True])
def test_the_library_example_goes_there_and_back(tmp_path: Path, late: bool) -> None:
    plan = load_plan(LIBRARY / "PLAN.md")
    values = bind(plan, ["branch.north=N", "branch.south=S"], {})
    with closing(sqlite3.connect(tmp_path / "library.db", isolation_level=None)) as db:
        db.executescript((LIBRARY / "schema.sql").read_text() + (LIBRARY / "sample.sql").read_text())
        before, schema = db.execute("SELECT * FROM loans").fetchall(), read_schema(db)
        for phase in (Phase.EXECUTE, Phase.ROLLBACK):
            for action in plan.actions(phase):
                assert isinstance(action, SqlAction)
                for statement in action.statements:
                    db.execute(statement.text, bound(values.values, statement.parameters))
            if late and phase is Phase.EXECUTE:
                db.execute("INSERT INTO loans VALUES (5, 1, 'Emma', 'N', '2025-09-01', '2025-09-29', NULL)")
        after = db.execute("SELECT * FROM loans").fetchall()
        assert after[:4] == before
        assert [row[2:4] for row in after[4:]] == ([("Emma", "north")] if late else [])
        assert db.execute("SELECT count(*) FROM reminders").fetchone() == (2,)
        assert set(read_schema(db)) == set(schema) | {"branches", "changeover_due_dates"}
