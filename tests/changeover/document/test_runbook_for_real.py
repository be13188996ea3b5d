"""A runbook that calls its tools by path, adopted and run: push, migrate, verify, smoke test, back."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.changeover.document.deployed import Deployed, deployed, without_host_git

from changeover.cli.root import main

RUNBOOKS = Path(__file__).parent.parent / "runbooks"
BOXES = (
    "backup-made-backup-20250830-db",
    "migration-script-tried-scripts-vendor-sql",
    "the-account-id-is-the-right",
    "daily-sums",
)


def say(one: Deployed, command: str, *arguments: str) -> Result:
    """A command on the adopted plan, as the operator would give it."""
    environment = {"DATABASE_URL": str(one.database), "AUTH_PASSWORD": "let-me-in"}
    place = () if command == "check" else ("--state", str(one.folder / "state"), "--set", f"app={one.app}")
    return CliRunner().invoke(
        main,
        [command, str(one.work / "PLAN.md"), *place, *arguments],
        env=without_host_git(environment),
        catch_exceptions=False,
    )


def answered(text: str) -> str:
    """The plan with an answer to everything that `adopt` asks."""
    gate = "until=\"http ${app}/api/health 200 .release == '2'\"".replace("'", '\\"')
    text = text.replace("```bash {#deploy phase=deploy}", f"```bash {{#deploy phase=deploy {gate}}}")
    text = re.sub(r"<!-- DECIDE: deploy:.*-->\n", "", text)
    text = text.replace(
        "Cookie: auth-token=${AUTH_PASSWORD}\n", "Cookie: auth-token=${AUTH_PASSWORD}\n200 .success == true\n"
    )
    return text.replace("{#if-rollback-needed-1}", "{#if-rollback-needed-1 expect=some}")


@pytest.fixture
def adopted(tmp_path: Path) -> Iterator[Deployed]:
    with deployed(tmp_path) as one:
        shutil.copytree(RUNBOOKS / "scripts", one.work / "scripts")
        runbook = (RUNBOOKS / "by_path.md").read_text().replace("https://liveone.example.org", one.app)
        (one.work / "RUNBOOK.md").write_text(runbook)
        made = CliRunner().invoke(
            main, ["adopt", str(one.work / "RUNBOOK.md"), "-o", str(one.work / "PLAN.md")]
        )
        assert made.exit_code == 0, made.output
        plan = one.work / "PLAN.md"
        plan.write_text(answered(plan.read_text()))
        yield one


def test_a_stranger_runs_the_adopted_runbook_there_and_back(adopted: Deployed) -> None:
    checked = say(adopted, "check")
    assert checked.exit_code == 0, checked.output
    rehearsed = say(adopted, "rehearse")
    assert rehearsed.exit_code == 0, rehearsed.output
    confirmed = [word for box in BOXES for word in ("--confirm", box)]
    ran = say(adopted, "run", *confirmed)
    assert ran.exit_code == 0, ran.output
    assert '"release": "2"' in (adopted.live / "release.json").read_text()
    assert adopted.rows("SELECT vendor_type, vendor_site_id, timezone_offset_min FROM systems") == [
        ("select.live", "1586", 600)
    ]
    adopted.rows("INSERT INTO systems VALUES (2, 'ada', 'select.live', '77', 480)")
    back = say(adopted, "rollback")
    assert back.exit_code == 0, back.output
    assert '"release": "1"' in (adopted.live / "release.json").read_text()
    assert adopted.rows("SELECT * FROM systems") == [(1, "simon", "1586", 10), (2, "ada", "77", 8)]
    assert adopted.git("log", "--format=%s", "-1", "origin/main") == 'Revert "Release 2"'
