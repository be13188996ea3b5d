"""Check performs a plan on an empty copy, and tells what a rehearsal would fail with."""

from pathlib import Path

import pytest

from changeover.check.lint import FORESEEN, lint
from changeover.check.schema_copy import schema_of_script
from changeover.plan.read import read_text
from changeover.problems import Problem
from changeover.run.check import on_empty_copy

SCHEMA = schema_of_script("""
CREATE TABLE owners (id INTEGER PRIMARY KEY, name TEXT CHECK (name <> ''));
CREATE TABLE pets (id INTEGER PRIMARY KEY, owner_id INTEGER REFERENCES owners (id), name TEXT NOT NULL);
CREATE TABLE log (line TEXT);
""")
REBUILD = (
    "CREATE TABLE made (id INTEGER PRIMARY KEY, name TEXT{check});"
    " INSERT INTO made (id, name) SELECT id, name FROM owners;"
    " DROP TABLE owners; ALTER TABLE made RENAME TO owners"
)
CHECKED = " CHECK (name <> '')"


def checked(forward: str, back: str, more: str = "") -> list[Problem]:
    declared = 'scope="owners pets" rows="owners=* pets=3"'
    text = f"---\ndatabase: x\n---\n# T\n## Execute\n```sql {{#a {declared}}}\n{forward}\n```\n{more}"
    text += f"## Rollback\n```sql {{undoes=a {declared}}}\n{back}\n```\n"
    plan, faults = read_text(text, Path("PLAN.md"))
    assert plan is not None
    assert faults == []
    return lint(plan, SCHEMA, on_empty_copy)


@pytest.mark.parametrize(
    ("forward", "back", "line", "words"),
    [
        (
            "ALTER TABLE pets ADD COLUMN age INTEGER",
            "UPDATE pets SET name = name WHERE id = 1",
            9,
            "the schema is not the one from before",
        ),
        (REBUILD.format(check=""), REBUILD.format(check=CHECKED), 6, "CHECK (name <> '') would be gone"),
        (
            "CREATE TRIGGER t AFTER UPDATE ON pets BEGIN DELETE FROM log; END;\n"
            "UPDATE pets SET name = 'x' WHERE id = 1",
            "DROP TRIGGER t",
            6,
            "would delete from log by trigger t",
        ),
    ],
)
def test_what_a_rehearsal_would_fail_with_is_foreseen(forward: str, back: str, line: int, words: str) -> None:
    found = checked(forward, back)
    told = [(one.position.line, one.rule) for one in found if words in one.message]
    assert told == [(line, FORESEEN)], found


def test_what_rows_decide_is_not_asked_and_no_command_is_done(tmp_path: Path) -> None:
    looked = tmp_path / "looked"
    more = f'```sh {{safe}}\ntouch {looked}\n```\n```sql {{expect=">= 3"}}\nSELECT count(*) FROM pets\n```\n'
    forward = "ALTER TABLE pets ADD COLUMN age INTEGER; INSERT INTO pets SELECT max(id), 1, {}, 2 FROM owners"
    for name in ("'x'", "NULL"):
        assert checked(forward.format(name), "ALTER TABLE pets DROP COLUMN age", more) == []
    assert not looked.exists()


def test_a_script_that_does_not_run_is_told_once_and_what_follows_is_tried_with_what_works() -> None:
    forward = "UPDATE nowhere SET a = 1 WHERE a = 2; ALTER TABLE pets ADD COLUMN age INTEGER"
    found = checked(forward, "ALTER TABLE pets DROP COLUMN age")
    assert [one.rule for one in found if one.rule in ("sql", FORESEEN)] == ["sql"]


def test_a_way_back_of_nothing_and_one_outside_its_section_are_read_all_the_same() -> None:
    more = "```sql {undoes=a scope=pets}\nSELECT 1 FROM pets; UPDATE pets SET name = 'x' WHERE id = 1\n```\n"
    found = checked("ALTER TABLE pets ADD COLUMN age", "ALTER TABLE pets DROP COLUMN age", more)
    assert FORESEEN not in {one.rule for one in found}
    lost = "## Rollback\n```sql {undoes=nothing scope=pets}\nUPDATE nowhere SET a = 1 WHERE a = 2\n```\n"
    plan, _ = read_text(f"---\ndatabase: x\n---\n# T\n{lost}", Path("PLAN.md"))
    assert plan is not None
    assert "sql" in {one.rule for one in lint(plan, SCHEMA, on_empty_copy)}


def test_where_the_database_has_a_table_of_that_name_the_way_past_is_said() -> None:
    """Whoever runs a plan is seldom who wrote it: what is theirs can be renamed."""
    found = checked(REBUILD.format(check=CHECKED).replace("made", "log"), REBUILD.format(check=CHECKED))
    assert any("table log already exists" in one.message and "rename it there" in one.hint for one in found)
