"""What an editor is told: faults with their places as JSON, and the schema of the front matter."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from changeover.check.front_matter import front_matter_schema
from changeover.cli.root import main
from changeover.plan.frontmatter import Node, parse_front_matter, split_front_matter
from changeover.plan.header import KEYS
from changeover.plan.model import Event, Order
from changeover.plan.read import read_plan

PLANS = Path(__file__).parent.parent / "plans"
ROOT = Path(__file__).parent.parent.parent.parent
WHOLE = [
    PLANS / "good.md",
    *sorted((ROOT / "docs/examples").rglob("PLAN.md")),
    *sorted(ROOT.glob("src/liveone/migrations/plans/*/PLAN.md")),
]


def test_a_fault_has_file_line_and_columns(tmp_path: Path) -> None:
    text = (PLANS / "good.md").read_text().replace("DROP TABLE orders;", "SELECT 1; DELETE FROM notes;", 1)
    (tmp_path / "shop.sql").write_text((PLANS / "shop.sql").read_text())
    (tmp_path / "PLAN.md").write_text(text)
    said = CliRunner().invoke(main, ["check", str(tmp_path / "PLAN.md"), "--format", "json"])
    document = json.loads(said.stdout)
    assert said.exit_code == document["exit_code"] == 2
    (place,) = [one["position"] for one in document["problems"] if one["rule"] == "every-row"]
    line = text.split("\n")[place["line"] - 1]
    assert line[place["column"] - 1 : place["end_column"] - 1] == "DELETE FROM notes;"
    assert place["file"] == "PLAN.md"


def test_a_sound_plan_has_no_faults_in_json(tmp_path: Path) -> None:
    said = CliRunner().invoke(main, ["check", str(PLANS / "good.md"), "--format", "json"])
    assert (said.exit_code, json.loads(said.stdout)["problems"]) == (0, [])


def test_the_schema_names_what_the_header_reads() -> None:
    schema = json.loads(CliRunner().invoke(main, ["front-matter"]).stdout)
    assert schema == front_matter_schema()
    assert set(schema["properties"]) == KEYS
    assert schema["properties"]["order"]["enum"] == [order.value for order in Order]
    assert schema["$defs"]["hook"]["properties"]["on"]["anyOf"][0]["enum"] == [event.value for event in Event]


@pytest.mark.parametrize("path", WHOLE, ids=lambda path: path.parent.name)
def test_the_front_matter_of_every_plan_fits_the_schema(path: Path) -> None:
    plan, problems = read_plan(path)
    assert plan is not None
    assert problems == []
    inside, _ = split_front_matter(plan.text)
    assert inside is not None
    assert list(misfits(plain(Node(parse_front_matter(inside), 1)), front_matter_schema())) == []


@pytest.mark.parametrize(
    "text",
    ["databse: x", "database: x\ndowntime: soon", "database: x\nnotify: {webhok: u}",
     "database: x\nprobe: {every: 1s}", "database: x\norder: never", "downtime: 1m",
     "database: x\naccept: {audit.rows: \"\"}"],
)  # fmt: skip
def test_what_the_header_refuses_does_not_fit_the_schema(text: str, tmp_path: Path) -> None:
    (tmp_path / "PLAN.md").write_text(f"---\n{text}\n---\n# T\n## Execute\n")
    _, problems = read_plan(tmp_path / "PLAN.md")
    assert problems
    assert list(misfits(plain(Node(parse_front_matter(text), 1)), front_matter_schema()))


def plain(node: Node) -> object:
    """The values of the front matter without their lines."""
    if isinstance(node.value, str):
        return node.value
    if isinstance(node.value, list):
        return [plain(one) for one in node.value]
    return {name: plain(one) for name, one in node.value.items()}


def misfits(value: object, schema: dict, whole: dict | None = None):  # type: ignore[no-untyped-def, type-arg]
    """Where a value does not fit a schema: the small part of JSON Schema that ours is written in."""
    whole = whole or schema
    if "$ref" in schema:
        yield from misfits(value, whole["$defs"][schema["$ref"].rsplit("/", 1)[1]], whole)
        return
    for name in ("anyOf", "oneOf"):
        if name in schema and not any(not list(misfits(value, one, whole)) for one in schema[name]):
            yield f"{value!r} fits none of {name}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{value!r} is none of {schema['enum']}"
    kinds = {"string": str, "object": dict, "array": list}
    wanted = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", [])
    if wanted and not any(isinstance(value, kinds.get(kind, ())) for kind in wanted):
        yield f"{value!r} is no {wanted}"
    elif isinstance(value, str):
        if len(value) < schema.get("minLength", 0) or not re.search(schema.get("pattern", ""), value):
            yield f"{value!r} is not as it has to be"
    elif isinstance(value, list):
        for one in value:
            yield from misfits(one, schema.get("items", {}), whole)
    elif isinstance(value, dict):
        yield from (f"{name} is missing" for name in schema.get("required", ()) if name not in value)
        for name, one in value.items():
            inner = schema.get("properties", {}).get(name, schema.get("additionalProperties", {}))
            yield from [f"{name} is unknown"] if inner is False else misfits(one, inner, whole)
