"""`adopt`: an ordinary runbook becomes a plan, sound but for the decisions listed, and nothing is lost."""

import re
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from changeover.check.load import check_file, load_plan
from changeover.plan.model import HttpAction, Part, Phase, Plan, Rows, ShellAction, SqlAction
from changeover.plan.read import read_text
from changeover.plan.text import normalise, repair
from changeover.problems import Severity
from changeover.runbook.convert import ConvertedRunbook, adopt, read_runbook
from changeover.runbook.source import Item, read_chunks

RUNBOOKS = Path(__file__).parent.parent / "runbooks"
ALL = sorted(RUNBOOKS.glob("*.md"))


def adopted(name: str) -> ConvertedRunbook:
    return adopt(read_runbook((RUNBOOKS / name).read_bytes()), folder=RUNBOOKS)


def lost_lines(source: str, plan: str) -> list[str]:
    """Lines of a runbook of which the plan holds nothing, but for underlines, ticks and heading marks."""
    held = re.sub(r"\s+", " ", re.sub(r"\[[ xX]\]\s", "", plan))
    lost = []
    for raw in repair(normalise(source)).split("\n"):
        line = re.sub(r"^#{1,6}(\s|$)|\s#+\s*$", " ", raw.strip())
        line = re.sub(r"\[[ xX]\](\s|$)", "", line)
        line = re.sub(r"\s+", " ", line).strip()
        if line and not re.fullmatch(r"[-=#`~>\s]+|(`{3,}|~{3,})\w+", line) and line not in held:
            lost.append(raw)
    return lost


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_every_error_of_the_adopted_plan_is_a_decision(path: Path, tmp_path: Path) -> None:
    result = adopt(read_runbook(path.read_bytes()), folder=RUNBOOKS)
    shutil.copytree(RUNBOOKS, tmp_path, dirs_exist_ok=True)
    plan = tmp_path / "PLAN.md"
    plan.write_text(result.plan_text)
    errors = [problem for problem in check_file(plan) if problem.severity is Severity.ERROR]
    assert sorted(errors, key=str) == sorted(result.decisions, key=str)


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_no_line_of_a_runbook_is_lost(path: Path) -> None:
    source = read_runbook(path.read_bytes())
    lost = lost_lines(source, adopt(source, folder=RUNBOOKS).plan_text)
    secret_lines = [line for line in lost if "correct-horse" in line or "sk_live" in line]
    assert lost == secret_lines


def test_the_vendor_runbook_becomes_checks_migration_smoke_test_and_rollback(tmp_path: Path) -> None:
    result = adopted("vendor_migration.md")
    assert [problem.rule for problem in result.decisions] == ["undecided"]
    for script in RUNBOOKS.glob("*.sql"):
        (tmp_path / script.name).write_text(script.read_text())
    (tmp_path / "PLAN.md").write_text(re.sub(r"<!-- DECIDE:.*-->\n", "", result.plan_text))
    plan = load_plan(tmp_path / "PLAN.md")
    assert (plan.downtime_s, plan.rollback_within_s) == (300.0, 60.0)
    assert [step.budget_s for step in plan.steps(Phase.EXECUTE)] == [120.0, 30.0, 120.0, 20.0]
    deploy, migrate, verify, none, data, _ = plan.actions(Phase.EXECUTE)
    assert isinstance(deploy, ShellAction)
    assert deploy.part is Part.DEPLOY
    assert isinstance(migrate, SqlAction)
    assert (migrate.file, migrate.scope) == ("migrate.sql", ("systems",))
    assert verify.expect is not None
    assert verify.expect.text == "select.live|1586|600"
    assert none.expect is not None
    assert isinstance(data, HttpAction)
    assert data.requests[0].headers[0].value == "auth-token=${AUTH_TOKEN}"
    assert [action.undoes for action in plan.actions(Phase.ROLLBACK)] == ["migrate", "deploy"]


def test_a_secret_of_the_runbook_is_not_in_the_plan() -> None:
    for name in ("vendor_migration.md", "hand_written.md"):
        text = adopted(name).plan_text
        assert "correct-horse" not in text
        assert "sk_live" not in text


def test_garbled_text_and_windows_lines_are_repaired_and_said_so() -> None:
    result = adopted("mojibake_crlf.md")
    assert "# Deploying the tariff change \U0001f50b" in result.plan_text
    assert (
        "\u26a0\ufe0f Read everything first \u2014 then start. \u201cSlowly\u201d, she said\u2026 \u2705"
        in result.plan_text
    )
    assert "\r" not in result.plan_text
    said = "\n".join(map(str, result.inferred))
    assert "cp1252" in said
    assert "Windows" in said


def test_a_runbook_that_only_adds_an_index_needs_no_decision() -> None:
    assert adopted("add_index.md").decisions == ()


def test_numbered_steps_below_the_checklist_are_what_is_executed() -> None:
    plan = adopt(
        "# Move\n\n## Pre-Migration Checklist\n- [ ] told\n\n"
        "#### Step 1: Create Backup\n```bash\nsqlite3 a.db .dump > b.sql\n```\n\n"
        '#### Step 2: Run (30 seconds)\n```bash\nsqlite3 a.db "DELETE FROM t"\n```\n\n'
        "## Rollback\n```bash\nsqlite3 a.db < back.sql\n```\n"
    ).plan_text
    before, execute = plan.split("## Execute")
    assert "told" in before
    assert "#### Step 1: Create Backup" in execute
    assert "### Step 2: Run (30 seconds) {budget=30s}" in execute
    assert "DELETE FROM t" in execute.split("## Rollback")[0]


def test_a_ticked_box_is_open_again() -> None:
    result = adopted("vendor_migration.md")
    assert "- [ ] Backup taken and copied off the machine" in result.plan_text
    assert any("ticked" in str(item) for item in result.inferred)


def test_a_script_that_is_not_there_is_a_decision() -> None:
    result = adopt("# M\n## Steps\n```bash\nturso db shell prod < gone.sql\n```\n", folder=RUNBOOKS)
    assert "file-missing" in {problem.rule for problem in result.decisions}


SWALLOWERS = {
    "a comment that never ends": "## Steps\n- [ ] x\n\n## Pre-flight\n- [ ] y\n\n<!-- open",
    "a tag that never ends": "## Steps\n- [ ] x\n\n## Pre-flight\n- [ ] y\n\n<script>",
    "a block that never ends": "## Steps\n- [ ] x\n\n## Pre-flight\n- [ ] y\n\n````text\n```",
    "an arrow in a command": "## Steps\n```bash\ncurl -s http://h/a # -->\ngit status\n```\n- [ ] x\n- [ ] y",
    "braces behind a box": "## Steps\n- [ ] put {name}\n- [ ] put {#name} {x=1}",
    "a heading in a list": "## Steps\n- # Rollback\n- [ ] x\n- [ ] y",
    "backticks in a command": "## Steps\n~~~bash\ncat <<E\n```\nE\n~~~\n- [ ] x\n- [ ] y",
}


@pytest.mark.parametrize("source", SWALLOWERS.values(), ids=SWALLOWERS.keys())
def test_what_could_swallow_the_rest_of_the_plan_does_not(source: str) -> None:
    result = adopt(source)
    plan, problems = read_text(result.plan_text, Path("PLAN.md"))
    assert plan is not None
    assert problems == []
    assert len(list(plan.boxes())) == 2
    assert len(list(plan.actions())) == {"```bash": 2, "~~~bash": 1}.get(source[9:16], 0)
    assert lost_lines(source, result.plan_text) == []


LINES = [line for path in ALL for line in repair(normalise(read_runbook(path.read_bytes()))).split("\n")]
STRANGE = [
    "  - [ ] deep", "      # not a heading", "continued",
    "```", "~~~", "<!--", "-->", "{#id}", "## Rollback {x}", "- [x] done {y}", "> - [ ] quoted", "    code",
    "```bash", "curl -X", "turso db shell a <", "---", "===", "<script>", "1. [ ] one", "# {", "\\",
    "$ ls", "`" * 4,
]  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(st.sampled_from(LINES), st.sampled_from(STRANGE)), max_size=25))
def test_whatever_the_lines_and_their_order_nothing_is_lost(lines: list[str]) -> None:
    source = "\n".join(lines)
    result = adopt(source)
    lost = lost_lines(source, result.plan_text)
    assert [line for line in lost if "correct-horse" not in line and "sk_live" not in line] == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(st.sampled_from(LINES), st.sampled_from(STRANGE)), max_size=25))
def test_whatever_the_lines_every_box_is_a_box_of_the_plan(lines: list[str]) -> None:
    source = "\n".join(lines)
    plan, _ = read_text(adopt(source).plan_text, Path("PLAN.md"))
    items = [part for chunk in read_chunks(source) for part in chunk.parts if isinstance(part, Item)]
    assert plan is not None
    assert len(list(plan.boxes())) >= len(items)


def plan_of(name: str, tmp_path: Path) -> tuple[Plan, ConvertedRunbook]:
    """The adopted plan of a runbook, read beside its scripts."""
    shutil.copytree(RUNBOOKS, tmp_path, dirs_exist_ok=True)
    result = adopted(name)
    plan, _ = read_text(result.plan_text, tmp_path / "PLAN.md")
    assert plan is not None
    return plan, result


def test_tools_called_by_path_are_the_engines(tmp_path: Path) -> None:
    plan, result = plan_of("by_path.md", tmp_path)
    migrate, back = plan.action("migrate"), plan.undo_of("migrate")[0]
    assert isinstance(migrate, SqlAction)
    assert isinstance(back, SqlAction)
    assert (migrate.file, back.file) == ("scripts/vendor.sql", "scripts/vendor-back.sql")
    assert {(row.table, row.rows) for row in (*migrate.rows, *back.rows)} == {("systems", Rows.KEPT)}
    assert plan.action("step-3-verify-migration").expect is not None
    assert [box.is_judgement for box in plan.boxes(Phase.AFTER)] == [False, False, True]
    assert [one.rule for one in result.decisions] == ["undecided", "no-status", "no-expectation"]


def test_what_would_put_an_old_state_back_is_left_out_and_said(tmp_path: Path) -> None:
    plan, result = plan_of("harmful.md", tmp_path)
    scripts = "\n".join(action.script for action in plan.actions() if isinstance(action, ShellAction))
    assert not re.search(r"\bcp\b|rsync|\brm\b|sqlite3|zcat|shop-before", scripts)
    said = "\n".join(map(str, result.inferred))
    for command in ("cp /srv", "rsync -a", "rm -f", "zcat dump", ".restore", ".backup"):
        assert re.search(rf"{re.escape(command)}.*is left out", said), command
    assert said.count("is left out") == 8
    assert {one.rule for one in result.decisions} == {"no-rollback"}
    migrate = plan.action("migrate")
    assert isinstance(migrate, SqlAction)
    assert (migrate.derived_undo, len(migrate.statements)) == (True, 2)


def test_an_export_with_steps_in_a_list_becomes_steps_and_boxes(tmp_path: Path) -> None:
    plan, result = plan_of("notion_export.md", tmp_path)
    assert result.decisions == ()
    assert [action.id for action in plan.actions(Phase.EXECUTE)] == ["migrate", "migration"]
    assert [box.text for box in plan.boxes(Phase.EXECUTE)] == [
        "Seite in Wartung nehmen",
        "Seite wieder \u00f6ffnen",
    ]
    assert plan.undo_of("migrate")[0].id == "undo-migrate"
    assert plan.action("migration").expect is not None


@pytest.mark.parametrize(
    ("command", "sql"),
    [
        ("sqlite3 a.db \"UPDATE t SET o = '$OWNER'\"", "UPDATE t SET o = :OWNER"),
        ("sqlite3 a.db <<E\nUPDATE t SET n = ${OWNER};\nE", "UPDATE t SET n = :OWNER"),
    ],
)
def test_a_value_that_a_shell_would_paste_is_bound(command: str, sql: str) -> None:
    result = adopt(f"# M\n## Steps\n```bash\n{command}\n```\n")
    plan, _ = read_text(result.plan_text, Path("PLAN.md"))
    assert plan is not None
    (action,) = plan.actions()
    assert isinstance(action, SqlAction)
    assert action.statements[0].text == sql
    assert plan.parameter("OWNER").required


@pytest.mark.parametrize(
    "command",
    [
        "sqlite3 a.db \"UPDATE t SET o = 'user-$OWNER'\"",
        'sqlite3 a.db "UPDATE t SET at = $(date +%s)"',
        "sed s/OLD/NEW/ x.sql | sqlite3 a.db",
        "sqlite3 a.db '.import new.csv t'",
        "for f in *.sql; do sqlite3 a.db < $f; done",
    ],
)
def test_what_only_a_shell_could_do_to_a_database_is_asked(command: str) -> None:
    result = adopt(f"# M\n## Steps\n```bash\n{command}\n```\n")
    assert {"undecided", "database-file"} <= {problem.rule for problem in result.decisions}
