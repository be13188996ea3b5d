"""What is seen and told while a run goes on: probe, notifications, secrets, gates, the journal itself."""

import json
import re
import time
from pathlib import Path

import pytest
from tests.changeover.run import application, club, killing
from tests.changeover.run.application import Application

from changeover.engine.entries import Ending, EntryKind
from changeover.errors import Damaged
from changeover.plan.redaction import Redactor
from changeover.report import html as webpage
from changeover.report import markdown, model
from changeover.run import journal
from changeover.run.runner import OperatorPrompt
from changeover.run.state_dir import state_of

WAIT = "\n### Wait\n\n```bash {#wait undo=none}\ntrue\n```\n"
SECRET = "correct-horse-battery"


def _report(one: club.Club) -> model.Report:
    return model.gather(state_of(one.database), one.database, one.plan(), None)


def test_the_probe_counts_every_failed_request_of_the_run(work: Path) -> None:
    app = Application(answer=lambda number: (503 if 5 <= number < 9 else 200, {}))

    def until_asked(moment: str) -> None:
        ends_s = time.monotonic() + 60
        while moment == "after journal started wait" and app.asked <= 20:
            assert time.monotonic() < ends_s
            time.sleep(0.01)

    with application.serving(app):
        header = f'probe: {{url: "{app.url}/", every: 20ms, slow: 5s}}\n'
        one = club.make(work / "club", header=header, execute=WAIT)
        club.prove(one)
        outcome = club.start(one, hook=until_asked)
    assert outcome.ending is Ending.DONE
    asked, failed, slow = _report(one).requests
    assert (asked, failed, slow) == (app.asked, 4, 0)
    assert asked > 20


def test_more_failures_than_are_allowed_take_the_run_back_even_while_it_waits(work: Path) -> None:
    waiting: list[str] = []
    app = Application(answer=lambda number: (500 if waiting else 200, {}))

    def until_it_waits(moment: str) -> None:
        if moment == "after journal started deploy":
            waiting.append(moment)

    gate = '\n### Deploy\n\n```bash {#deploy undo=none until="run false" wait=60s}\ntrue\n```\n'
    with application.serving(app):
        header = f'probe: {{url: "{app.url}/", every: 20ms, failures-allowed: 3}}\n'
        one = club.make(work / "club", header=header, execute=gate)
        club.prove(one)
        outcome = club.start(one, hook=until_it_waits)
    said = re.search(r"(\d+) failed requests and 3 are allowed", outcome.failures[0].text("message"))
    assert said is not None
    assert int(said[1]) > 3, "on a busy machine more may have failed before the count is looked at"
    killing.require_undone(one, outcome)


def test_a_gate_waits_until_the_release_answers(work: Path) -> None:
    app = Application(answer=lambda number: (200, {"release": "old" if number < 3 else "new"}))
    with application.serving(app):
        until = f"http {app.url}/ .release == new"
        one = club.make(
            work / "club",
            execute=f'\n### Deploy\n\n```bash {{#deploy undo=none until="{until}" every=20ms}}\ntrue\n```\n',
        )
        club.prove(one)
        assert club.start(one).ending is Ending.DONE
    assert app.asked == 4


def test_a_release_that_never_becomes_healthy_takes_deploy_and_change_back(work: Path) -> None:
    app = Application(answer=lambda number: (200, {"release": "old"}))
    mark = work / "deployed"
    with application.serving(app):
        until = f"http {app.url}/ .release == new"
        deploy = (
            f'\n### Deploy\n\n```bash {{#deploy undo="rm {mark}" until="{until}" every=50ms wait=2s}}\n'
            f"touch {mark}\n```\n"
        )
        one = club.make(work / "club", execute=deploy)
        club.prove(one)
        outcome = club.start(one)
    assert 'expected .release == new, found "old"' in outcome.failures[0].text("message")
    assert not mark.exists()
    killing.require_undone(one, outcome)


def test_hooks_are_told_by_command_and_by_webhook(work: Path) -> None:
    with application.serving(Application()) as app:
        told = work / "told"
        header = (
            f'notify:\n  - {{command: "cat >> {told}"}}\n  - {{webhook: "{app.url}/hook", on: [finished]}}\n'
        )
        one = club.make(work / "club", header=header)
        club.prove(one)
        club.start(one)
    events = [json.loads(part + "}")["event"] for part in told.read_text().split("}")[:-1]]
    assert sorted(events) == ["finished", "started"]
    assert [json.loads(body)["event"] for body in app.bodies] == ["finished"]


def test_a_hook_that_fails_is_noted_and_fails_nothing(work: Path) -> None:
    one = club.make(work / "club", header='notify:\n  - {command: "echo no >&2; exit 3", on: [finished]}\n')
    club.prove(one)
    outcome = club.start(one)
    notes = [entry.text("what") for entry in outcome.entries if entry.kind is EntryKind.NOTED]
    assert outcome.ending is Ending.DONE
    assert any("it ended with 3: no" in note for note in notes)


def test_a_secret_is_nowhere_but_in_the_request(work: Path) -> None:
    with application.serving(Application(answer=lambda number: (401, {"token": SECRET}))) as app:
        check = (
            f"\n### Ask\n\n```bash {{#say undo=none}}\necho the word is $TOKEN\n```\n"
            f"\n```http {{#ask}}\nGET {app.url}/?t=${{TOKEN}}\nCookie: auth=${{TOKEN}}\n200\n```\n"
        )
        one = club.make(work / "club", header="", execute=check)
        club.prove(one, TOKEN=SECRET)
        outcome = club.start(one, environment={"TOKEN": SECRET})
    assert outcome.ending is Ending.ROLLED_BACK
    assert app.headers[0]["Cookie"] == f"auth={SECRET}"
    found = model.gather(state_of(one.database), one.database, one.plan(), None)
    texts = [markdown.render(found), webpage.render(found), json.dumps(found.as_data(), default=str)]
    texts += [
        path.read_text("utf-8", "replace")
        for path in one.folder.rglob("*")
        if path.is_file() and path.suffix != ".db"
    ]
    assert not [text for text in texts if SECRET in text]
    assert "the word is [TOKEN]" in texts[0]


def test_the_journal_itself_hides_what_an_action_forgot_to_hide(work: Path) -> None:
    path = work / journal.NAME
    with journal.Journal(path, redactor=Redactor({"TOKEN": SECRET})) as opened:
        opened.add(EntryKind.NOTED, "x", what=[{"deep": f"see {SECRET}"}])
    assert SECRET not in path.read_text()
    assert journal.read(path)[0].data == {"what": [{"deep": "see [TOKEN]"}]}


def test_a_journal_cut_at_any_byte_is_read_up_to_its_last_whole_line(
    rehearsed: club.Club, work: Path
) -> None:
    outcome = club.start(rehearsed)
    whole = (outcome.folder / journal.NAME).read_bytes()
    torn = work / journal.NAME
    for length in range(0, len(whole), 37):
        torn.write_bytes(whole[:length])
        with journal.Journal(torn, redactor=Redactor({})) as opened:
            assert len(opened.entries) == whole[:length].count(b"\n")
            opened.add(EntryKind.NOTED, what="after the tear")
        assert len(journal.read(torn)) == whole[:length].count(b"\n") + 1


def test_a_journal_damaged_in_its_middle_is_not_believed(work: Path) -> None:
    path = work / journal.NAME
    with journal.Journal(path, redactor=Redactor({})) as opened:
        for _ in range(3):
            opened.add(EntryKind.NOTED)
    path.write_bytes(path.read_bytes().replace(b'"kind"', b"kind", 1))
    with pytest.raises(Damaged, match="jsonl:1"):
        journal.read(path)


def test_the_report_says_what_was_planned_rehearsed_measured_and_who_judged(work: Path) -> None:
    one = club.make(work / "club", preflight="- [ ] the members were <told> {#told}\n")
    club.prove(one)
    club.start(one, prompt=OperatorPrompt(confirmed=frozenset({"told"})))
    found = _report(one)
    text, html = markdown.render(found), webpage.render(found)
    assert "| passed | Migrate | 10s |" in text
    assert "tests judged: the members were <told>" in text
    assert "the members were &lt;told&gt;" in html
    assert "<svg" in html
    assert "<script" not in html
    assert "http://" not in html.replace("http://www.w3.org", "")
