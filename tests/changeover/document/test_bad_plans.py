"""A folder of bad plans, one fault each: each is found at its line, by its rule, with words that help."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from changeover.check.load import check_file, load_plan
from changeover.check.rules import check
from changeover.errors import PlanErrors
from changeover.plan.read import read_text
from changeover.problems import Severity

PLANS = Path(__file__).parent.parent / "plans"
BAD = sorted((PLANS / "bad").glob("*.md"))
_EXPECTED = re.compile(
    r"<!-- expected: (?P<file>[\w.-]+):(?P<line>\d+) \[(?P<rule>[\w-]+)\] (?P<words>.*) -->"
)


def test_the_good_plan_has_no_problem() -> None:
    assert check_file(PLANS / "good.md") == []
    assert load_plan(PLANS / "good.md").title == "Orders get a currency"


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_the_one_fault_is_found_at_its_line(path: Path) -> None:
    expected = _EXPECTED.search(path.read_text(encoding="utf-8"))
    assert expected is not None, f"{path} does not say what is expected"
    problems = [problem for problem in check_file(path) if problem.severity is Severity.ERROR]
    wanted = (expected["file"], int(expected["line"]), expected["rule"])
    found = [(p.position.file, p.position.line, p.rule) for p in problems]
    assert found == [wanted], "\n".join(map(str, problems))
    assert expected["words"] in f"{problems[0].message} {problems[0].hint}"


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_an_error_says_how_to_mend_it(path: Path) -> None:
    for problem in check_file(path):
        sentence = re.search(r"write|choose|keep one|known|needs?\b", f"{problem.message} {problem.hint}")
        assert problem.severity is Severity.WARNING or problem.hint or sentence, problem


def test_a_file_with_a_nul_in_it_is_named_with_its_line(tmp_path: Path) -> None:
    """SQLite takes no such script: the check used to end with Python's own words."""
    (tmp_path / "good.md").write_text((PLANS / "good.md").read_text())
    (tmp_path / "shop.sql").write_text((PLANS / "shop.sql").read_text() + "SELECT 1;\n\0\n")
    lines = (tmp_path / "shop.sql").read_text().count("\n")
    (problem,) = [each for each in check_file(tmp_path / "good.md") if each.rule == "file-encoding"]
    assert problem.message == f"shop.sql holds a NUL in its line {lines}"
    assert problem.hint


def test_all_faults_of_a_plan_are_told_at_once(tmp_path: Path) -> None:
    text = (PLANS / "good.md").read_text()
    text = (
        text.replace("downtime: 2m", "downtime: soon")
        .replace("scope=", "skope=")
        .replace("- [ ] acc", "- [x] acc")
    )
    (tmp_path / "PLAN.md").write_text(text.replace("shop.sql", "gone.sql"))
    with pytest.raises(PlanErrors) as caught:
        load_plan(tmp_path / "PLAN.md")
    rules = {problem.rule for problem in caught.value.problems}
    assert {"front-matter", "unknown-attribute", "ticked-without-check", "file-missing", "no-scope"} <= rules
    assert "PLAN.md:3: error" in str(caught.value)


GOOD = (PLANS / "good.md").read_text().split("\n")
STRANGE = [
    "```",
    "---",
    "{",
    "```sql {#a",
    "### x {budget=}",
    "- [x] {",
    "a: {",
    "SELECT 'open",
    "CREATE TRIGGER",
    "\t",
    "# a",
]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_whatever_is_done_to_a_plan_it_is_judged_and_never_crashes(data: st.DataObject) -> None:
    lines = list(GOOD)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(lines) - 1))
        match data.draw(st.sampled_from(["drop", "put", "swap"])):
            case "drop":
                del lines[at]
            case "put":
                lines.insert(at, data.draw(st.sampled_from([*STRANGE, *GOOD])))
            case _:
                lines[at], lines[0] = lines[0], lines[at]
    plan, problems = read_text("\n".join(lines), PLANS / "good.md")
    assert plan is not None
    for problem in [*problems, *check(plan)]:
        assert problem.position.line >= 1
        assert problem.message


def test_a_command_that_is_meant_to_write_the_file_says_so() -> None:
    bad = PLANS / "bad/copied-over-database.md"
    text = bad.read_text().replace(
        "cp shop-before", "# allow database-file: nobody writes at night\ncp shop-before"
    )
    plan, problems = read_text(text, bad)
    assert plan is not None
    assert [p for p in [*problems, *check(plan)] if p.rule == "database-file"] == []


@pytest.mark.parametrize("names", ['DB=shop.db\n{} "$DB"', "export DB='./shop.db'\n{} ${{DB}}"])
def test_a_copy_over_the_database_is_found_under_a_name_that_the_script_gives_it(names: str) -> None:
    bad = PLANS / "bad/copied-over-database.md"
    line = next(line for line in bad.read_text().split("\n") if line.startswith("cp shop-before"))
    text = bad.read_text().replace(line, names.format("cp shop-before"))
    plan, problems = read_text(text, bad)
    assert plan is not None
    assert "database-file" in {p.rule for p in [*problems, *check(plan)]}


@pytest.mark.parametrize(
    ("line", "is_told"),
    [
        ('sqlite3 shop-before ".backup $database_url"', True),
        ("sqlite3 shop-before \"VACUUM INTO '$database_url'\"", True),
        ("sqlite3 $database_url '.backup nightly.db'", False),
    ],
)
def test_a_backup_of_another_database_over_this_one_is_found(line: str, is_told: bool) -> None:
    bad = PLANS / "bad/copied-over-database.md"
    copied = next(line for line in bad.read_text().split("\n") if line.startswith("cp shop-before"))
    plan, problems = read_text(bad.read_text().replace(copied, line), bad)
    assert plan is not None
    assert ("database-file" in {p.rule for p in [*problems, *check(plan)]}) is is_told
