"""Pages as the server makes them: modules known, files kept for ever by their release."""

import json
import re
from pathlib import Path

import httpx2
import pytest

from liveone.web.pages import files, shell
from liveone.web.pages.joined_script import CannotJoin, joined, modules

STATIC = files.FOLDER
LINES, FUNCTION_LINES = 300, 60
SCRIPTS = sorted(STATIC.glob("js/**/*.js"))
BUDGET_BYTES = 100_000


@pytest.mark.parametrize(
    "name",
    [
        *("dashboard.html", "overview.html", "admin.html", "login.html"),
        *("docs.html", "offline.html", "missing.html"),
    ],
)
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


def test_what_does_not_exist_is_a_page_for_people_and_json_for_machines(owner: httpx2.Client) -> None:
    browser = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8", "accept-language": "de"}
    for path in ("/nothing", "/dashboard/99", "/dashboard/first", "/admin/nothing"):
        answer = owner.get(path, headers=browser)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert "Hier ist nichts" in answer.text
        assert "Home 1586" not in answer.text
    for path in ("/api/nothing", "/static/nothing"):
        assert owner.get(path, headers=browser).json()["success"] is False
    assert owner.get("/dashboard/99").status_code == 404
    assert owner.get("/nothing").json()["error"] == "There is nothing at /nothing"


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


@pytest.mark.parametrize("path", sorted(STATIC.glob("js/pages/*.js")), ids=lambda path: path.stem)
def test_a_page_loads_one_script_with_all_its_modules(path: Path) -> None:
    source = files.load()[f"joined/{path.name}"].plain.decode()
    assert not re.search(r"^(import|export)\b", source, re.MULTILINE)
    assert not re.search(r"^\s*//|/\*\*", source, re.MULTILINE)


def test_modules_keep_their_own_scope_and_come_before_those_that_need_them() -> None:
    sources = {
        "js/pages/a.js": 'import { one as first, two } from "../core/b.js";\nconst x = first + two();\n',
        "js/core/b.js": 'import { x } from "./c.js";\nexport const one = x;\nexport function two() {}\n',
        "js/core/c.js": "// A comment.\nconst hidden = 1;\nexport const x = hidden;\n",
    }
    assert modules(sources, "js/pages/a.js") == ["js/core/c.js", "js/core/b.js", "js/pages/a.js"]
    text = joined(sources, "js/pages/a.js")
    assert "const { one: first, two } = m1;" in text
    assert "return { one, two };" in text
    assert "comment" not in text


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("export default 1;", "export default"),
        ('import x from "./b.js";', "import x"),
        ('import { a } from "./a.js";', "imports itself"),
    ],
)
def test_a_module_that_cannot_be_joined_is_an_error_at_the_start(source: str, said: str) -> None:
    with pytest.raises(CannotJoin, match=said):
        joined({"a.js": source}, "a.js")


def test_all_systems_are_in_the_page_before_any_script_ran(owner: httpx2.Client) -> None:
    page = owner.get("/dashboard").text
    assert '<h2><a href="/dashboard/1">Home 1586</a></h2>' in page
    assert re.search(r'<div class="spot load"><span>House</span><b class="value">\d+\sW</b></div>', page)


POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' blob:",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "worker-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
"""Everything that a page may do; whoever allows more has to say so here too."""


@pytest.mark.parametrize(
    "path", ["/dashboard/1", "/login", "/offline", "/service-worker.js", "/api/data", "/nothing"]
)
def test_the_policy_of_every_answer_allows_no_more_than_the_pages_need(
    anonymous: httpx2.Client, path: str
) -> None:
    stated = anonymous.get(path).headers["content-security-policy"]
    assert dict(part.strip().split(" ", 1) for part in stated.split(";")) == POLICY


def test_no_page_has_a_script_or_a_style_in_its_text(anonymous: httpx2.Client) -> None:
    for path in ("/login", "/offline", "/docs"):
        page = anonymous.get(path).text
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page), path
        for tag in re.findall(r"<script[^>]*>", page):
            assert "src=" in tag or 'type="application/json"' in tag, path
