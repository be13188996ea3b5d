"""Smoke tests of a release: every way in which an application can answer, and what the run makes of it."""

import socket
from pathlib import Path

import pytest
from tests.changeover.run import application, club, killing
from tests.changeover.run.application import Application

from changeover.engine.entries import Ending
from changeover.run.runner import OperatorPrompt

SMOKE = """
### Smoke-test {{#smoke budget=20s}}

```http {{#answers retries={retries} every=50ms timeout=300ms {more}}}
GET {url}/api/health
200 .status == "ok"
```
"""


def _rehearsed(folder: Path, url: str, *, retries: int = 2, more: str = "") -> club.Club:
    one = club.make(folder, execute=SMOKE.format(url=url, retries=retries, more=more))
    club.prove(one)
    return one


def _goes_back(folder: Path, url: str, words: str) -> None:
    one = _rehearsed(folder, url)
    outcome = club.start(one)
    assert words in outcome.failures[0].text("message")
    assert outcome.exit_code == 4
    killing.require_undone(one, outcome)


def test_an_application_that_answers_well_lets_the_run_end(work: Path) -> None:
    with application.serving(Application()) as app:
        assert club.start(_rehearsed(work / "club", app.url)).ending is Ending.DONE


def test_a_refused_connection_goes_back(work: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        _goes_back(work / "club", f"http://127.0.0.1:{free.getsockname()[1]}", "connection refused")


def test_503_and_then_200_is_healthy(work: Path) -> None:
    app = Application(answer=lambda number: (503, {}) if number == 0 else (200, {"status": "ok"}))
    with application.serving(app):
        assert club.start(_rehearsed(work / "club", app.url)).ending is Ending.DONE
    assert app.asked == 2


def test_503_to_the_last_retry_goes_back_as_inconclusive(work: Path) -> None:
    with application.serving(Application(answer=lambda number: (503, {}))) as app:
        one = _rehearsed(work / "club", app.url)
        outcome = club.start(one)
    assert outcome.failures[0].text("error") == "Inconclusive"
    killing.require_undone(one, outcome)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((200, {"status": "starting"}), 'expected .status == "ok", found "starting"'),
        ((200, ["no object"]), "found nothing at that path"),
        ((404, {}), "expected status 200, found 404"),
        ((401, {}), "expected status 200, found 401"),
        ((302, {}), "expected status 200, found 302"),
    ],
)
def test_a_wrong_answer_goes_back_and_shows_expected_and_found(
    work: Path, answer: application.Answer, words: str
) -> None:
    with application.serving(Application(answer=lambda number: answer)) as app:
        _goes_back(work / "club", app.url, words)


def test_an_application_that_hangs_is_waited_for_no_longer_than_the_timeout(work: Path) -> None:
    with application.serving(Application(hang_s=1.0)) as app:
        _goes_back(work / "club", app.url, "no answer")


def test_an_inconclusive_check_may_be_declared_not_to_matter(work: Path) -> None:
    with application.serving(Application(answer=lambda number: (503, {}))) as app:
        one = _rehearsed(work / "club", app.url, more="inconclusive=continue")
        assert club.start(one).ending is Ending.DONE


def test_a_person_may_judge_what_a_check_could_not_learn(work: Path) -> None:
    with application.serving(Application(answer=lambda number: (503, {}))) as app:
        one = _rehearsed(work / "club", app.url, more="inconclusive=ask")
        asked: list[str] = []

        def ask(name: str, question: str) -> bool:
            asked.append(name)
            return True

        outcome = club.start(one, prompt=OperatorPrompt(ask=ask))
    assert (outcome.ending, asked) == (Ending.DONE, ["answers"])
