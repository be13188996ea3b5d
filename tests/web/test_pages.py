"""Pages as the server makes them: languages complete, modules known, files kept for ever by their release."""

import json
import re
from pathlib import Path

import httpx2
import pytest

from liveone.web import files, shell

STATIC = files.FOLDER
MESSAGES = sorted(STATIC.glob("messages/*.json"))
LINES, FUNCTION_LINES = 300, 60
SCRIPTS = sorted(STATIC.glob("js/**/*.js"))
BUDGET_BYTES = 100_000


@pytest.mark.parametrize("path", MESSAGES, ids=lambda path: path.stem)
def test_every_language_says_everything_with_the_same_blanks(path: Path) -> None:
    english, other = (json.loads(each.read_text()) for each in (STATIC / "messages/en.json", path))
    assert other.keys() == english.keys()
    for key, text in english.items():
        assert set(re.findall(r"\{(\w+)\}", other[key])) == set(re.findall(r"\{(\w+)\}", text)), key


def test_every_message_that_is_asked_for_exists() -> None:
    known = json.loads((STATIC / "messages/en.json").read_text())
    for path in [*SCRIPTS, *STATIC.glob("*.html")]:
        asked = re.findall(r"""\bt\("([\w.]+)"|\{\{t:([\w.]+)\}\}""", path.read_text())
        assert not {a or b for a, b in asked} - known.keys(), path.name


@pytest.mark.parametrize("name", ["dashboard.html", "overview.html", "admin.html", "login.html", "docs.html"])
def test_a_page_and_all_its_modules_weigh_little(name: str) -> None:
    loaded = files.load()
    scripts = shell.load(loaded).scripts(name)
    assert sum(len(loaded[path].zipped) for path in scripts) < BUDGET_BYTES


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_modules_stay_small_and_say_what_they_are_for(path: Path) -> None:
    text = path.read_text()
    assert text.startswith("// "), f"{path} does not say what it is for"
    assert text.count("\n") < LINES
    open_at: int | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(r"(export )?(async )?function ", line):
            open_at = number
        if line == "}" and open_at is not None:
            assert number - open_at < FUNCTION_LINES, f"{path}:{open_at}"
            open_at = None


def test_files_of_a_release_are_kept_for_ever_and_others_asked_for_again(anonymous: httpx2.Client) -> None:
    page = anonymous.get("/login").text
    address = re.search(r'src="(/static/v-[^"]+\.js)"', page)
    assert address is not None
    assert "immutable" in anonymous.get(address[1]).headers["cache-control"]
    assert anonymous.get("/static/v-old/app.css").headers["cache-control"] == "no-cache"
    assert anonymous.get("/static/dashboard.html").status_code == 404


def test_a_script_cannot_be_smuggled_in_by_a_name(owner: httpx2.Client) -> None:
    page = owner.get("/dashboard/1").text
    snapshot = page.split('id="snapshot">')[1].split("</script>")[0]
    assert "<" not in snapshot
    assert json.loads(snapshot)["data"]["displayName"] == "Home 1586"


def test_raw_readings_come_as_columns(owner: httpx2.Client) -> None:
    asked = {"systemId": 1, "startTime": "2025-08-18T09:00", "endTime": "2025-08-18T09:30"}
    found = owner.get("/api/readings", params=asked).json()
    assert found["count"] == len(found["columns"]["time"]) == 30
    assert found["columns"]["time"][0].endswith("+10:00")
    assert set(found["columns"]) >= {"solarW", "loadW", "batteryW", "gridW", "lossesW", "soc", "solarKwh"}
    too_long = owner.get("/api/readings", params=asked | {"startTime": "2025-08-15"})
    assert too_long.status_code == 400


def test_coverage_counts_the_intervals_of_each_day(owner: httpx2.Client) -> None:
    asked = {"systemId": 1, "startTime": "2025-08-14", "endTime": "2025-08-19"}
    found = owner.get("/api/coverage", params=asked).json()
    assert found["read"][0] == 0
    assert found["read"][2:4] == [288, 288]
    assert found["expected"] == [288, 288, 288, 288, 120, 0]
    assert owner.get("/api/coverage", params=asked | {"endTime": "soon"}).status_code == 400
