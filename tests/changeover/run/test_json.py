"""Every `--json` answer is one document, and is what docs/changeover-json.schema.json says."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from tests.changeover.run import club
from tests.changeover.run.club import Club

from changeover.cli.root import main
from changeover.exits import Exit

SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "changeover-json.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
BUG = "CREATE TABLE bug (n CHECK (n = 0));\nINSERT INTO bug SELECT 1 FROM members WHERE phone = 'bug';\n"


def said(*words: object) -> dict[str, Any]:
    """The document of a command: one line, valid, with the exit code that the command ended with."""
    result = CliRunner().invoke(main, [*map(str, words), "--json"], catch_exceptions=False)
    (line,) = result.stdout.splitlines()
    document: dict[str, Any] = json.loads(line)
    VALIDATOR.validate(document)
    assert document["exit_code"] == result.exit_code
    assert document["means"] == Exit(result.exit_code).meaning
    return document


def of(one: Club, command: str, *more: object) -> dict[str, Any]:
    first, rest = (more[:1], more[1:]) if command == "restore" else ((), more)
    place = ["--set", f"database={one.database}"] if command not in ("check", "adopt") else []
    return said(command, *first, one.folder / "PLAN.md", *place, *rest)


def outcome(document: dict[str, Any]) -> tuple[str, int]:
    return document["outcome"], document["exit_code"]


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_verb_of_a_run_that_goes_well(work: Path) -> None:
    one = club.make(work / "club")
    assert outcome(of(one, "check", "--database", one.database)) == ("sound", 0)
    assert outcome(of(one, "status")) == ("never run", 0)
    assert outcome(of(one, "report")) == ("error", 3)
    assert outcome(of(one, "run")) == ("error", 8)
    assert outcome(of(one, "rehearse")) == ("passed", 0)
    assert outcome(of(one, "run", "--rehearse")) == ("done", 0)
    assert outcome(of(one, "run", "--rehearse")) == ("nothing to do", 0)
    assert outcome(of(one, "run")) == ("nothing to do", 0)
    assert outcome(of(one, "resume")) == ("error", 3)
    assert outcome(of(one, "status")) == ("done", 0)
    assert outcome(of(one, "report")) == ("done", 0)
    assert outcome(of(one, "rollback")) == ("rolled back", 0)
    assert outcome(of(one, "run")) == ("done", 0)
    assert outcome(of(one, "finish")) == ("finished", 0)


def test_what_is_wrong_with_a_plan_or_a_parameter(work: Path) -> None:
    one = club.make(work / "club")
    text = (one.folder / "PLAN.md").read_text()
    (one.folder / "PLAN.md").write_text(text.replace("budget=20s", "budgett=20s"))
    assert outcome(of(one, "check")) == ("errors", 2)
    document = of(one, "rehearse")
    assert (outcome(document), document["error"]) == (("error", 2), "PlanErrors")
    assert document["problems"][0]["position"]["line"] > 0
    (one.folder / "PLAN.md").write_text(text)
    assert of(one, "run", "--set", "nothing=1")["error"] == "BadParameter"


def test_a_rehearsal_that_fails_says_why(work: Path) -> None:
    one = club.make(work / "club", header="contract: {members: [full_name, birthday]}\n")
    for words in (("rehearse",), ("run", "--rehearse")):
        document = of(one, *words)
        assert outcome(document) == ("failed", 4)
        assert "birthday" in document["faults"][0]
    assert of(one, "run")["exit_code"] == 8


def test_a_run_that_went_back_and_one_that_was_refused(work: Path) -> None:
    one = club.make(
        work / "club",
        preflight="- [ ] the members were told {#told}\n",
        execute='\n```bash {#deploy undo=none}\nexit "$(cat code)"\n```\n',
    )
    (one.folder / "code").write_text("1")
    assert outcome(of(one, "run", "--rehearse")) == ("refused", 6)
    document = of(one, "run", "--confirm", "told")
    assert outcome(document) == ("rolled back", 4)
    assert document["failures"][0]["error"] == "CheckFailed"


def test_ways_out_of_a_run_that_is_stuck(work: Path) -> None:
    one = club.make(work / "club")
    (one.folder / "undo.sql").write_text(BUG + "DROP TABLE bug;\n" + club.UNDO)
    of(one, "run", "--rehearse")
    with closing(sqlite3.connect(one.database)) as connection, connection:
        connection.execute("INSERT INTO members (full_name, phone, house) VALUES ('x', 'bug', 'north')")
    assert outcome(of(one, "rollback")) == ("operator needed", 5)
    stuck = of(one, "status")
    assert outcome(stuck) == ("operator needed", 0)
    assert "CHECK constraint failed" in stuck["reason"]
    (one.folder / "wrong.sql").write_text("DROP TABLE members;\n")
    assert outcome(of(one, "rollback", "--with", one.folder / "wrong.sql")) == ("error", 3)
    assert outcome(of(one, "abandon")) == ("undecided", 6)
    assert outcome(of(one, "abandon", "--yes")) == ("abandoned", 0)
    (backup,) = one.folder.glob("backup-club-*.db")
    assert outcome(of(one, "restore", backup)) == ("undecided", 6)
    assert outcome(of(one, "restore", backup, "--yes")) == ("restored", 0)


def test_many_databases_and_a_runbook(work: Path) -> None:
    one = club.make(work / "club")
    document = said("run", one.folder / "PLAN.md", "--each", one.database)
    assert outcome(document) == ("done", 0)
    runbook = work / "RUNBOOK.md"
    runbook.write_text("# Move\n\n## Steps\n\n#### Step 1: Move\n\n```bash\nsqlite3 app.db < m.sql\n```\n")
    (work / "m.sql").write_text("ALTER TABLE t ADD COLUMN a;\n")
    assert outcome(said("adopt", runbook)) == ("drafted", 0)
    wanted = work / "schema.sql"
    wanted.write_text(club.OLD.replace("cents INTEGER NOT NULL", "cents INTEGER NOT NULL, note TEXT"))
    assert outcome(said("new", "--database", one.original, "--to", wanted)) == ("drafted", 0)


def test_a_writer_who_holds_the_lock_is_a_refusal(rehearsed: Club) -> None:
    with closing(sqlite3.connect(rehearsed.database, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        document = of(rehearsed, "run")
    assert outcome(document) == ("error", 3)
    assert "Nothing was begun" in document["message"]


VERBS = SCHEMA["properties"]["command"]["enum"]


def test_every_verb_answers_in_json_when_it_is_called_wrongly(work: Path) -> None:
    for verb in VERBS:
        wrong = said(verb, *(() if verb == "new" else (work / "none.md",)), "--no-such-option")
        assert (wrong["command"], outcome(wrong), wrong["error"]) == (verb, ("error", 2), "BadParameter")
    gone = work / "none"
    for words in (
        ("check", gone), ("adopt", gone), ("new", "--database", gone, "--to", gone), ("rehearse", gone),
        ("run", gone), ("restore", gone), ("status",), ("report", "--database", gone), ("resume", gone),
        ("rollback", gone), ("finish", "--database", gone), ("abandon", gone),
        ("run", gone, "--rehearsal-max-age", "soon"), ("status", "--each", gone),
        ("rollback", gone, "--each", gone), ("finish", gone, "--each", gone),
    ):  # fmt: skip
        assert said(*words)["exit_code"] in (1, 2, 3), words


def test_every_verb_of_a_run_refuses_and_fails_in_json(work: Path) -> None:
    one = club.make(work / "club")
    for verb in ("resume", "rollback", "finish", "abandon"):
        assert outcome(of(one, verb)) == ("error", 3)
    text = (one.folder / "PLAN.md").read_text()
    (one.folder / "PLAN.md").write_text(
        text.replace("DELETE FROM prices WHERE cents = 0;", "UPDATE prices SET id = 99 WHERE id = 2;")
    )
    of(one, "run", "--rehearse")
    assert outcome(of(one, "abandon")) == ("undecided", 6)
    _tell(one, "INSERT INTO prices (id, cents) VALUES (99, 1)")
    failed = of(one, "finish")
    assert outcome(failed) == ("unfinished", 4)
    assert "UNIQUE constraint failed" in failed["failures"][0]["message"]
    assert outcome(of(one, "report")) == ("unfinished", 0)
    _tell(one, "DELETE FROM prices WHERE id = 99")
    assert outcome(of(one, "finish")) == ("finished", 0)
    assert outcome(of(one, "rollback")) == ("error", 3)
    assert outcome(of(one, "restore", one.original, "--yes")) == ("restored", 0)
    (one.folder / "no.db").write_text("no database " * 99)
    assert of(one, "restore", one.folder / "no.db", "--yes")["exit_code"] == 1


def test_a_run_that_was_killed_is_resumed_in_json(rehearsed: Club) -> None:
    def hook(moment: str) -> None:
        if moment == "before statement 3":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        club.start(rehearsed, hook=hook)
    assert outcome(of(rehearsed, "status")) == ("cut off", 0)
    assert outcome(of(rehearsed, "report")) == ("cut off", 0)
    assert outcome(of(rehearsed, "run")) == ("error", 3)
    assert outcome(of(rehearsed, "resume")) == ("done", 0)


def _tell(one: Club, sql: str) -> None:
    with closing(sqlite3.connect(one.database)) as connection, connection:
        connection.execute(sql)
