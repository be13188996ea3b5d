"""The `changeover` command as people and programs meet it: words, exit codes, JSON, Ctrl-C."""

import json
import os
import pty
import select
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.changeover.run import club, killing
from tests.changeover.run.club import Club

from changeover.cli.root import main


def call(*words: object) -> Result:
    """The command, in this process."""
    return CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)


def of(one: Club, command: str, *more: object) -> Result:
    """A command about a club's plan, with its one parameter."""
    return call(command, one.folder / "PLAN.md", "--set", f"database={one.database}", *more)


def test_check_lists_problems_with_file_and_line_and_ends_with_2(work: Path) -> None:
    one = club.make(work / "club")
    assert call("check", one.folder / "PLAN.md", "--database", one.database).exit_code == 0
    text = (one.folder / "PLAN.md").read_text().replace("budget=20s", "budgett=20s")
    (one.folder / "PLAN.md").write_text(text)
    result = call("check", one.folder / "PLAN.md")
    assert result.exit_code == 2
    assert "PLAN.md:32: error" in result.output
    assert "did you mean 'budget'" in result.output


def test_the_night_from_rehearsal_to_rollback_in_words(work: Path) -> None:
    one = club.make(work / "club")
    assert of(one, "run").exit_code == 8
    rehearsed = of(one, "rehearse")
    assert rehearsed.exit_code == 0
    assert "new writes kept" in rehearsed.output
    done = of(one, "run")
    assert done.exit_code == 0
    assert f"changeover rollback {one.folder / 'PLAN.md'}" in done.output
    assert "It is done" in of(one, "status").output
    back = of(one, "rollback")
    assert back.exit_code == 0
    killing.require_equal(one.original, one.database)
    assert "It was taken back" in of(one, "status").output


def test_a_run_goes_on_without_naming_plan_or_parameters_again(rehearsed: Club) -> None:
    def hook(moment: str) -> None:
        if moment == "before statement 3":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        club.start(rehearsed, hook=hook)
    assert "Its runner was killed" in call("status", "--database", rehearsed.database).output
    assert call("resume", "--database", rehearsed.database).exit_code == 0
    assert call("rollback", "--database", rehearsed.database).exit_code == 0
    killing.require_equal(rehearsed.original, rehearsed.database)


def test_json_is_one_document_and_what_happens_meanwhile_is_one_event_a_line_beside_it(work: Path) -> None:
    one = club.make(work / "club")
    assert json.loads(of(one, "rehearse", "--json").stdout)["passed"] is True
    done = of(one, "run", "--json")
    document = json.loads(done.stdout)
    assert (document["outcome"], document["exit_code"]) == ("done", 0)
    events = [json.loads(line)["event"] for line in done.stderr.splitlines()]
    assert events[:2] == ["begun", "opened"]
    status = json.loads(of(one, "status", "--json").stdout)
    assert [entry["direction"] for entry in status["ledger"]] == ["forward", "forward"]
    report = json.loads(of(one, "report", "--json").stdout)
    assert report["rows"]["members"] == [5, 5]


def test_an_error_in_json_says_what_to_do(work: Path) -> None:
    one = club.make(work / "club")
    result = of(one, "run", "--json")
    document = json.loads(result.stdout)
    assert (result.exit_code, document["error"], document["exit_code"]) == (8, "NotRehearsed", 8)
    assert "changeover rehearse" in document["hint"]


def test_rehearse_and_run_in_one_go(work: Path) -> None:
    one = club.make(work / "club", preflight="- [ ] the members were told {#told}\n")
    assert of(one, "run", "--rehearse").exit_code == 6
    assert of(one, "run", "--rehearse", "--confirm", "told", "--who", "ada").exit_code == 0
    again = of(one, "run", "--rehearse", "--confirm", "told")
    assert (again.exit_code, "in force already" in again.output) == (0, True)
    reports = [path.read_text() for path in one.folder.glob("club.db.changeover/runs/*/report.md")]
    assert [text for text in reports if "ada judged: the members were told" in text]


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["run", "--set", "databse=x"], 2, "no such parameter"),
        (["run", "--confirm", "nothing"], 2, "no such box"),
        (["resume"], 3, "Nothing was run"),
        (["report"], 3, "nothing to report"),
        (["run", "--rehearsal-max-age", "soon"], 2, "no duration"),
    ],
)
def test_what_is_wrong_on_the_command_line_is_said(
    rehearsed: Club, words: list[str], code: int, text: str
) -> None:
    result = of(rehearsed, words[0], *words[1:])
    assert result.exit_code == code
    assert text in result.output


def test_adopt_makes_a_plan_of_a_runbook(work: Path) -> None:
    runbook = work / "RUNBOOK.md"
    runbook.write_text(
        "# Move\n\n## Steps\n\n#### Step 1: Run Migration (30 seconds)\n\n"
        "```bash\nsqlite3 app.db < m.sql\n```\n"
    )
    (work / "m.sql").write_text("ALTER TABLE t ADD COLUMN a;\n")
    result = call("adopt", runbook, "-o", work / "PLAN.md")
    assert result.exit_code == 0
    assert "to decide" in result.output
    assert "budget=30s" in (work / "PLAN.md").read_text()


def test_every_command_explains_itself_and_the_exit_codes_are_told() -> None:
    assert "an operator is needed" in call("--help").output
    for name in ("check", "adopt", "rehearse", "run", "status", "resume", "rollback", "finish", "report"):
        assert call(name, "--help").exit_code == 0


def test_on_a_terminal_a_person_is_asked_and_ctrl_c_stops_at_a_safe_point(work: Path) -> None:
    wait = "\n### Wait\n\n```bash {#wait undo=none}\necho [/] {} [waiting]; sleep 1.5\n```\n"
    one = club.make(work / "club", execute=wait, preflight="- [ ] the [old] members were told {#told}\n")
    club.prove(one)
    words = ["run", str(one.folder / "PLAN.md"), "--set", f"database={one.database}"]
    child, terminal = pty.fork()
    if child == 0:
        os.environ["TERM"] = "xterm-256color"
        started = "from changeover.cli.root import main; main()"
        os.execv(sys.executable, [sys.executable, "-c", started, *words])
    seen = _read_until(terminal, lambda text: "the [old] members were told [y/N]" in text)
    os.write(terminal, b"y\n")
    seen += _read_until(terminal, lambda text: text.count("passed") > 4 and "running" in text)
    os.kill(child, signal.SIGINT)
    seen += _read_until(terminal, lambda text: "Type y and Enter" in text)
    os.write(terminal, b"y\n")
    seen += _read_until(terminal, lambda text: "Report:" in text)
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 7, seen
    assert "Stopping at the next safe point" in seen
    assert "Members have roles" in seen
    assert club.again(one, "resume").exit_code == 0


def _read_until(terminal: int, enough: Callable[[str], bool]) -> str:
    """What stands on the terminal, read until it is enough."""
    seen, ends_s = "", time.monotonic() + 30
    while not enough(seen) and time.monotonic() < ends_s:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                seen += os.read(terminal, 65536).decode("utf-8", "replace")
            except OSError:
                break
    assert enough(seen), seen
    return seen
