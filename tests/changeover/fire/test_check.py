"""`changeover check` as a stranger meets it: shipped plans are sound, and every refusal says how to go on."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.changeover.fire.house import House

from changeover.cli.root import main

ROOT = Path(__file__).parent.parent.parent.parent
SOUND = (
    "src/liveone/migrations/plans/0002-vendor-and-time-zone/PLAN.md",
    "docs/examples/library-loans/PLAN.md",
)
BAD = sorted((ROOT / "tests/changeover/plans/bad").glob("*.md"))
PROBLEM = re.compile(r"^(?P<place>\S+:\d+): (?P<severity>error|warning): (?P<text>.+) \[(?P<rule>[a-z-]+)\]$")


def check(*arguments: object) -> tuple[int, str]:
    """Exit code and everything that was said."""
    result = CliRunner().invoke(main, ["check", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


@pytest.mark.parametrize("plan", SOUND)
def test_the_plans_that_we_ship_have_no_fault_and_no_warning(plan: str) -> None:
    assert check(ROOT / plan) == (0, "0 errors, 0 warnings.\n")


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_every_error_has_a_place_a_rule_and_a_way_out(path: Path) -> None:
    code, said = check(path)
    assert code == 2
    lines = said.splitlines()
    assert re.fullmatch(r"\d+ errors?, \d+ warnings?\.", lines[-1])
    for number, line in enumerate(lines):
        if (problem := PROBLEM.match(line)) and problem["severity"] == "error":
            ways_out = r"write|choose|keep one|known|did you mean|needs?\b"
            assert lines[number + 1].startswith("  ") or re.search(ways_out, problem["text"]), line


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"# Runbook\n\n- [ ] backup\n", "changeover adopt PLAN.md"),
        (b"", "begin the plan with a line '---'"),
        (b"\xff\xfe\x00", "save it as UTF-8"),
        (None, "name the plan's own file"),
    ],
)
def test_what_is_no_plan_is_told_what_to_do(tmp_path: Path, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / "PLAN.md").write_bytes(content)
    code, text = check(tmp_path / "PLAN.md")
    assert code == 2
    assert said in text


def test_mojibake_and_windows_lines_are_found_and_the_sound_line_is_proposed(tmp_path: Path) -> None:
    garbled = (
        (ROOT / "tests/changeover/plans/good.md")
        .read_bytes()
        .replace(b"accounting agrees", "ok â€“ all".encode())
    )
    (tmp_path / "shop.sql").write_bytes((ROOT / "tests/changeover/plans/shop.sql").read_bytes())
    (tmp_path / "PLAN.md").write_bytes(garbled.replace(b"\n", b"\r\n"))
    code, said = check(tmp_path / "PLAN.md")
    assert code == 2
    assert "it should be: - [ ] ok – all" in said
    assert said.count("error") == 2, "the line ends are no fault"


AGGREGATES = 'scope="readings_agg_5m" rows="readings_agg_5m=any"'
UNTOUCHED = "CREATE TABLE leftover (x);"
HALF = "DELETE FROM readings_agg_5m WHERE interval_end IN (SELECT inverter_time FROM readings WHERE {which});"


def test_with_a_database_at_hand_the_rows_are_counted(house: House) -> None:
    house.write(HALF.format(which="system_id = 1"), AGGREGATES, undo=UNTOUCHED)
    code, said = check(house.plan, "--database", house.database)
    assert code == 2
    assert "In this database it would delete 213,942 rows of readings_agg_5m." in said
    assert "WHERE (interval_end, system_id) IN (SELECT interval_end, system_id ...)" in said
    assert "-- allow half-key: <why>" in said
    document = json.loads(check(house.plan, "--database", house.database, "--json")[1])
    (problem,) = [one for one in document["problems"] if one["rule"] == "half-key"]
    assert problem["would"] == "it would delete 213,942 rows of readings_agg_5m"


def test_what_cannot_be_counted_exactly_is_bounded(house: House) -> None:
    header = 'parameters:\n  since: {required: true, help: "a time"}\n'
    house.write(HALF.format(which="inverter_time > :since"), AGGREGATES, undo=UNTOUCHED, header=header)
    said = check(house.plan, "--database", house.database)[1]
    assert "it would delete up to 213,942 rows of readings_agg_5m" in said


def test_a_deploy_that_nobody_marked_before_a_change_is_pointed_out(house: House) -> None:
    push = "### Deploy\n\n```bash {#push undo=none}\ngit push origin main\n```\n\n"
    script = "ALTER TABLE systems ADD COLUMN v TEXT;"
    add = f"### Add\n\n```sql {{#add undo=derived scope=systems rows=systems=*}}\n{script}\n```\n"
    house.write(execute=push + add, rollback="")
    code, said = check(house.plan)
    assert code == 0
    assert "warning: push looks like a deploy and runs before add" in said
    assert "add phase=deploy to push and phase=migrate to add" in said
    house.write(execute=add + push, rollback="")
    assert "looks like a deploy" not in check(house.plan)[1]
