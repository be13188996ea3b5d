"""The audit of what is pinned: it names what the index knows, and never takes silence for innocence."""

import importlib.util
import io
import json
import urllib.request
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest

ROOT = Path(__file__).parents[1]
specification = importlib.util.spec_from_file_location("audit", ROOT / ".ci" / "audit.py")
assert specification is not None
assert specification.loader is not None
audit = importlib.util.module_from_spec(specification)
specification.loader.exec_module(audit)
VERSIONS = audit.pinned((ROOT / "constraints.txt").read_text())


def answering(monkeypatch: pytest.MonkeyPatch, answer: bytes | Exception) -> list[dict[str, Any]]:
    """The index answers this; what it was asked is gathered in the list."""
    asked: list[dict[str, Any]] = []

    def opened(request: urllib.request.Request, timeout: float) -> io.BytesIO:
        assert isinstance(request.data, bytes)
        asked.append(json.loads(request.data))
        if isinstance(answer, Exception):
            raise answer
        return io.BytesIO(answer)

    monkeypatch.setattr(urllib.request, "urlopen", opened)
    return asked


def test_what_the_index_knows_is_named_with_its_page(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    results: list[dict[str, Any]] = [{} for _ in VERSIONS]
    place = list(VERSIONS).index("Jinja2")
    results[place] = {"vulns": [{"id": "GHSA-462w-v97r-4m45", "modified": "2026-01-01T00:00:00Z"}]}
    asked = answering(monkeypatch, json.dumps({"results": results}).encode())
    assert audit.main() == 1
    said = capsys.readouterr().out
    assert f"Jinja2 {VERSIONS['Jinja2']}: https://osv.dev/vulnerability/GHSA-462w-v97r-4m45" in said
    query = {"package": {"ecosystem": "PyPI", "name": "Jinja2"}, "version": VERSIONS["Jinja2"]}
    assert asked[0]["queries"][place] == query


def test_where_nothing_is_known_it_says_how_many_were_audited(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answering(monkeypatch, json.dumps({"results": [{} for _ in VERSIONS]}).encode())
    assert audit.main() == 0
    assert f"{len(VERSIONS)} distributions audited, 0 vulnerabilities" in capsys.readouterr().out


@pytest.mark.parametrize(
    "answer",
    [URLError("no such host"), TimeoutError(), b"<html>a portal</html>", b"[]", b'{"results": [{}]}'],
    ids=["away", "late", "a page", "a list", "too few"],
)
def test_an_index_that_does_not_answer_each_question_is_no_audit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: bytes | Exception
) -> None:
    answering(monkeypatch, answer)
    assert audit.main() == audit.NOT_AUDITED
    assert "NOT AUDITED" in capsys.readouterr().out
