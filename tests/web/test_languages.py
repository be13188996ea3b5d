"""Languages: every text is in the message files, every message is used, every language says everything."""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest

from liveone.web.pages import files, first_values
from liveone.web.pages.shell import PageShell
from liveone.wiring.adding_sources import source_kinds

STATIC = files.FOLDER
MESSAGES = {path.stem: json.loads(path.read_text()) for path in sorted(STATIC.glob("messages/*.json"))}
SAID = {path.stem: json.loads(path.read_text()) for path in sorted(STATIC.glob("messages/said/*.json"))}
SCRIPTS = sorted(STATIC.glob("js/**/*.js"))
PAGES = sorted(STATIC.rglob("*.html"))
NUMBERS = json.loads((Path(__file__).parents[1] / "numbers.json").read_text())
"""The cases with which tests/js tries the script."""
SERVER = sorted(STATIC.parent.glob("*.py"))
NAMES = {"LiveOne", "CSV", "PNG", "API", "openapi.json", "/api/data"}
"""What is the same in every language."""
KEYS = {"Enter", "Escape", "Home", "End", "CapsLock", "Tab", "UTC"}
"""Names that browsers give to keys, and the like."""
QUOTED = re.compile(r'"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`')
COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'])//[^\n]*", re.DOTALL)
SENTENCE = re.compile(r"^[A-Z][a-z]+$|[A-Za-z]{2,} [a-z]{2,}.*[.!?]$|^[A-Z][a-z]+ [a-z]")
BUILT = re.compile(r"`([a-zA-Z]+\.(?:[\w.]|\$\{[^{}]*\})*)`")
BLANK_OF_CODE = re.compile(r"\$\{[^{}]*\}")
BLANK = re.compile(r"\{(\w+)\}")


def code(path: Path) -> str:
    return COMMENT.sub("", path.read_text())


def literals(path: Path) -> list[str]:
    return [a or b for a, b in QUOTED.findall(code(path))]


def test_there_are_two_languages_and_more_may_follow() -> None:
    assert {"en", "de"} <= MESSAGES.keys()


@pytest.mark.parametrize("language", MESSAGES)
def test_every_language_says_everything_with_the_same_blanks(language: str) -> None:
    english, other = MESSAGES["en"], MESSAGES[language]
    assert other.keys() == english.keys()
    for key, text in english.items():
        assert other[key].strip(), key
        assert set(BLANK.findall(other[key])) == set(BLANK.findall(text)), key


@cache
def _sentences() -> frozenset[str]:
    """The templates of the sentences that the server says to whoever administers it."""
    texts = (path.read_text() for path in STATIC.parents[1].rglob("*.py"))
    nodes = (node for text in texts if "sentence(" in text for node in ast.walk(ast.parse(text)))
    calls = [n for n in nodes if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "sentence"]
    return frozenset(str(call.args[0].value) for call in calls if isinstance(call.args[0], ast.Constant))


def _declared() -> Iterator[str]:
    """What adapters call themselves and what they must be told."""
    for kind in source_kinds():
        yield kind.title
        for each in kind.parameters:
            yield from filter(None, (each.label, each.help))


def test_every_sentence_of_the_server_is_translated_with_the_same_blanks() -> None:
    english = {*_sentences(), *_declared()}
    assert len(english) > 160
    for language, texts in SAID.items():
        missing = english - texts.keys() if language != "en" else set()
        assert (sorted(missing), sorted(texts.keys() - english)) == ([], []), language
        for template, text in texts.items():
            extra = set(BLANK.findall(text)) ^ set(BLANK.findall(template))
            assert not extra, (language, template)


ROUTES = STATIC.parent / "routes"
PEOPLE = ("joining", "login", "me", "people", "sharing", "second_steps", "elsewhere")


@pytest.mark.parametrize("name", PEOPLE)
def test_what_a_door_refuses_is_said_in_the_readers_language(name: str) -> None:
    for node in ast.walk(ast.parse((ROUTES / f"{name}.py").read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("ApiError", "BadInput"):
            texts = [*node.args, *(each.value for each in node.keywords if each.arg == "hint")]
            plain = [ast.unparse(text) for text in texts if isinstance(text, ast.JoinedStr)]
            plain += [text.value for text in texts if isinstance(getattr(text, "value", 0), str)]  # type: ignore[attr-defined]
            assert plain == [], f"say sentence(...) in {name}.py, line {node.lineno}"


def test_the_page_speaks_of_its_fields_and_not_of_options_of_a_command() -> None:
    options = [template for template in _sentences() if re.search(r"(?<![\w`])--[a-z]", template)]
    page = [template for template in options if "--kind" not in template and "--strict" not in template]
    assert set(page) <= SAID["en"].keys()
    for language, texts in SAID.items():
        assert [text for template, text in texts.items() if template in page and "--" in text] == [], language


@pytest.mark.parametrize("path", sorted(STATIC.glob("messages/*.json")), ids=lambda path: path.stem)
def test_no_message_is_written_twice(path: Path) -> None:
    pairs = json.loads(path.read_text(), object_pairs_hook=list)
    keys = [key for key, _ in pairs]
    assert sorted(keys) == sorted(set(keys))


def test_every_message_that_is_asked_for_exists() -> None:
    for path in [*SCRIPTS, *PAGES]:
        asked = re.findall(r"""\bt\("([\w.]+)\"""", path.read_text())
        assert not set(asked) - MESSAGES["en"].keys(), path.name


def test_every_message_is_used() -> None:
    whole = "\n".join(path.read_text() for path in [*SCRIPTS, *PAGES, *SERVER])
    texts = [text for path in SCRIPTS for text in BUILT.findall(path.read_text())]
    built = [re.compile(BLANK_OF_CODE.sub(r"[\\w.]+", text)) for text in texts if "${" in text]
    said = set(re.findall(r"""["'`:]([a-zA-Z]+[\w.]*)["'`}]""", whole))
    unused = [
        key for key in MESSAGES["en"] if key not in said and not any(one.fullmatch(key) for one in built)
    ]
    assert unused == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_text_is_in_the_code(path: Path) -> None:
    found = [text for text in literals(path) if SENTENCE.search(text) and text not in KEYS]
    assert [text for text in found if not re.match(r"the page has no|there is no", text)] == []


class Texts(HTMLParser):
    """What a page says by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = tag
        shown = ("alt", "title", "placeholder", "aria-label")
        self.said += [value or "" for name, value in attrs if name in shown]

    def handle_data(self, data: str) -> None:
        if self.inside not in ("script", "style"):
            self.said.append(data)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_no_text_is_in_the_pages(path: Path) -> None:
    reader = Texts()
    reader.feed(re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", path.read_text()))
    words = {word.strip(" -\n") for text in reader.said for word in text.split("\n")}
    assert {word for word in words if re.search("[A-Za-z]{2}", word)} <= NAMES


BREAKABLE = {"login.submitIn", "login.tooMany", "chart.coverageText"}
"""Kept together by the style of what shows them, or a sentence that may break anywhere."""


@pytest.mark.parametrize("language", ["de", "en"])
def test_no_line_ends_between_a_number_and_its_unit(language: str) -> None:
    messages = json.loads((STATIC / f"messages/{language}.json").read_text())
    torn = {
        key
        for key, text in messages.items()
        if re.search(r"[}\d] (%|kWh|kW|W|s|min|h|B|MB)(?!\w)", text) and key not in BREAKABLE
    }
    assert torn == set()


def test_the_first_paint_has_the_marks_of_the_readers_own_locale() -> None:
    for case in NUMBERS["locales"]:
        told = {tag: first_values.watts(case["value"], tag) for tag in case if tag != "value"}
        assert told == {tag: text for tag, text in case.items() if tag != "value"}


def test_the_locale_is_chosen_as_the_script_does() -> None:
    shell = PageShell({}, MESSAGES)
    swiss = "fr-CH, de-CH;q=0.9, de;q=0.8, en;q=0.7"
    assert [shell.locale(shell.language(None, swiss), swiss)] == ["de-CH"]
    assert shell.locale("en", swiss) == "en"
    assert shell.locale("de", "") == "de"


@pytest.mark.parametrize("unit", ["watts", "pct"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_the_first_paint_tells_numbers_as_the_script_does(unit: str, language: str) -> None:
    write = getattr(first_values, unit)
    told = {str(case["value"]): write(case["value"], language) for case in NUMBERS[unit]}
    assert told == {str(case["value"]): case[language] for case in NUMBERS[unit]}


@pytest.mark.parametrize("language", sorted(MESSAGES))
def test_a_unit_does_not_break_from_its_number(language: str) -> None:
    breaks = re.compile(r"[\d}] (?:%|[kM]?Wh?)(?![\w])")
    assert {key: text for key, text in MESSAGES[language].items() if breaks.search(text)} == {}
