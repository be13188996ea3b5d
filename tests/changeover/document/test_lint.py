"""Lint: what destroyed data before is found before it runs, and what is right is left alone."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from changeover.check.lint import lint
from changeover.check.schema_copy import read_schema, schema_of_script
from changeover.plan.read import read_text
from changeover.problems import Problem

SCHEMA = schema_of_script("""
CREATE TABLE systems (id INTEGER PRIMARY KEY, user_id TEXT);
CREATE TABLE agg (id INTEGER PRIMARY KEY, system_id INTEGER REFERENCES systems (id) ON DELETE CASCADE,
                  interval_end INTEGER, w INTEGER);
CREATE UNIQUE INDEX agg_key ON agg (system_id, interval_end);
CREATE TABLE fresh (system_id INTEGER, interval_end INTEGER, w INTEGER);
""")


def problems(
    sql: str, attributes: str = 'scope="agg systems fresh" rows="agg=* systems=* fresh=any"'
) -> list[Problem]:
    text = f"---\ndatabase: x\n---\n# T\n## Execute\n```sql {{#a {attributes}}}\n{sql}\n```\n"
    plan, faults = read_text(text, Path("PLAN.md"))
    assert faults == []
    assert plan is not None
    return lint(plan, SCHEMA)


def rules(sql: str, **given: str) -> list[str]:
    return [problem.rule for problem in problems(sql, **given)]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE agg SET w = 0 WHERE interval_end IN (SELECT interval_end FROM fresh)",
        "DELETE FROM agg WHERE interval_end IN (SELECT interval_end FROM fresh) AND w > 3",
        "UPDATE agg SET w = 0 WHERE interval_end = (SELECT max(interval_end) FROM fresh)",
        "DELETE FROM agg WHERE EXISTS (SELECT 1 FROM fresh f WHERE f.interval_end = agg.interval_end)",
        "UPDATE agg SET w = fresh.w FROM fresh WHERE fresh.interval_end = agg.interval_end",
        "DELETE FROM agg WHERE (system_id) IN (SELECT system_id FROM fresh)",
    ],
)
def test_half_of_a_composite_key_is_found(sql: str) -> None:
    assert rules(sql) == ["half-key"]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE agg SET w = 0 WHERE (system_id, interval_end) IN (SELECT system_id, interval_end FROM fresh)",
        "UPDATE agg SET w = 0 WHERE interval_end IN (SELECT interval_end FROM fresh) AND system_id = 1",
        "DELETE FROM agg WHERE id IN (SELECT id FROM systems)",
        "DELETE FROM agg WHERE interval_end IN (1, 2, 3)",
        "DELETE FROM agg WHERE w IN (SELECT w FROM fresh)",
        "UPDATE agg SET w = 1 FROM fresh f WHERE f.interval_end = agg.interval_end"
        " AND f.system_id = agg.system_id",
        "DELETE FROM agg /* allow half-key: all of them */ WHERE system_id IN (SELECT system_id FROM fresh)",
    ],
)
def test_a_whole_key_or_no_key_is_left_alone(sql: str) -> None:
    assert rules(sql) == []


def test_the_message_says_what_would_have_happened() -> None:
    (problem,) = problems("UPDATE agg SET w = 0 WHERE interval_end IN (SELECT interval_end FROM fresh)")
    assert str(problem).startswith(
        "PLAN.md:7: error: UPDATE of agg by interval_end alone, but a row is named by"
        " (interval_end, system_id): it would change rows of every system_id [half-key]"
    )


def test_dropping_a_parent_without_making_it_again_leaves_orphans() -> None:
    assert "drop-referenced" in rules("DROP TABLE systems")
    assert "drop-cascade" in rules(
        "CREATE TABLE s2 AS SELECT * FROM systems; DROP TABLE systems; ALTER TABLE s2 RENAME TO systems",
        attributes='strategy=native scope=systems rows="systems=* agg=0"',
    )


def test_a_script_is_tried_in_its_order_on_an_empty_copy() -> None:
    assert rules("ALTER TABLE agg ADD COLUMN v REAL; UPDATE agg SET v = w WHERE id = 1") == []
    assert rules("UPDATE agg SET v = w WHERE id = 1; ALTER TABLE agg ADD COLUMN v REAL") == ["sql"]


def test_a_copy_with_or_ignore_before_a_drop_needs_a_count() -> None:
    sql = (
        "CREATE TABLE n (id INTEGER PRIMARY KEY, user_id TEXT UNIQUE);"
        " INSERT OR IGNORE INTO n (id, user_id) SELECT id, user_id FROM systems;"
        " DROP TABLE systems; ALTER TABLE n RENAME TO systems"
    )
    assert "copy-without-count" in rules(sql, attributes='scope=systems rows="agg=0"')
    assert rules(sql, attributes='scope=systems rows="systems=* agg=0"') == []


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("UPDATE systems SET user_id = 'user_xxx' WHERE id = 1", "placeholder"),
        ("UPDATE systems SET user_id = '' WHERE id = 1", "placeholder"),
        ("SELECT CASE WHEN 1 THEN RAISE(ABORT, 'x') END", "raise-outside-trigger"),
        ("SAVEPOINT a", "own-control"),
        ("ATTACH 'x.db' AS x", "own-control"),
        ("UPDATE systems SET user_id = ?1 WHERE id = 1", "sql-parameter"),
        ("INSERT INTO fresh SELECT * FROM fresh", "select-star"),
        ("DELETE FROM nowhere WHERE id = 1", "sql"),
    ],
)
def test_other_accidents(sql: str, rule: str) -> None:
    assert rule in rules(sql)


@pytest.mark.parametrize(
    ("sql", "expect", "rule"),
    [
        ("SELECT id FROM agg WHERE w = NULL", "empty", "compared-with-null"),
        ("SELECT id FROM agg WHERE NULL <> w OR w > 3", "empty", "compared-with-null"),
        ("SELECT id FROM agg WHERE w NOT IN (1, NULL)", "empty", "compared-with-null"),
        ("SELECT CASE w WHEN NULL THEN 1 END FROM agg", "some", "compared-with-null"),
        ("SELECT id FROM agg WHERE w NOT IN (SELECT w FROM fresh)", "empty", "not-in-null"),
        ("SELECT count(*) FROM agg", "some", "proves-nothing"),
        ("SELECT coalesce(sum(w), 0), 1 FROM agg WHERE w > 3", "some", "proves-nothing"),
        ("SELECT id FROM agg WHERE w IS NULL", "empty", None),
        ("SELECT id FROM agg WHERE system_id NOT IN (SELECT id FROM systems)", "empty", None),
        ("SELECT id FROM agg WHERE w NOT IN (SELECT w FROM fresh WHERE w IS NOT NULL)", "empty", None),
        ("SELECT id FROM agg WHERE w IN (SELECT w FROM fresh)", "empty", None),
        ("SELECT count(*) FROM agg", "== 3", None),
        ("SELECT system_id, count(*) FROM agg GROUP BY system_id", "some", None),
        ("SELECT count(*) OVER () FROM agg", "some", None),
    ],
)
def test_a_check_that_passes_by_an_accident_is_told(sql: str, expect: str, rule: str | None) -> None:
    assert rules(sql, attributes=f'expect="{expect}"') == ([rule] if rule else [])


@pytest.mark.parametrize(
    ("sql", "is_told"),
    [
        ("UPDATE agg SET w = NULL WHERE id = 1", False),
        ("INSERT INTO systems (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET user_id = NULL", False),
        ("UPDATE agg SET w = NULL WHERE w <> NULL", True),
    ],
)
def test_null_may_be_assigned_and_not_compared_with(sql: str, is_told: bool) -> None:
    found = rules(sql, attributes='scope="agg systems" rows="agg=* systems=*"')
    assert ("compared-with-null" in found) is is_told


def test_rows_that_become_one_are_advised_about_as_such() -> None:
    copied = (
        "CREATE TABLE n (system_id INTEGER, w INTEGER); INSERT INTO n SELECT system_id, sum(w) FROM fresh"
        " GROUP BY system_id; DROP TABLE fresh; ALTER TABLE n RENAME TO fresh"
    )
    (told,) = [one for one in problems(copied) if one.rule == "copy-without-count"]
    assert 'rows="fresh=-3"' in told.hint


def test_raise_inside_a_trigger_is_what_it_is_for() -> None:
    sql = "CREATE TRIGGER t BEFORE DELETE ON systems BEGIN SELECT RAISE(ABORT, 'never'); END"
    assert rules(sql) == []


def test_without_a_schema_only_what_no_schema_could_mend_is_told() -> None:
    script = "DELETE FROM x WHERE y = 1;\nDELET x"
    text = f"---\ndatabase: x\n---\n# T\n## Execute\n```sql {{#a scope=x}}\n{script}\n```\n"
    plan, _ = read_text(text, Path("PLAN.md"))
    assert plan is not None
    assert [(p.position.line, p.rule) for p in lint(plan)] == [(8, "sql")]


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        ("INSERT OR IGNORE", ""),
        ("REPLACE", ""),
        ("INSERT", "systems has 3 rows and the copy would have 2: 1 row would be lost"),
    ],
)
def test_what_a_copy_would_lose_is_said_exactly_or_not_at_all(tmp_path: Path, verb: str, said: str) -> None:
    sql = (
        "CREATE TABLE n (id INTEGER PRIMARY KEY, user_id TEXT UNIQUE);"
        f" {verb} INTO n (id, user_id) SELECT id, user_id FROM systems WHERE id < 3;"
        " DROP TABLE systems; ALTER TABLE n RENAME TO systems"
    )
    path = tmp_path / "living.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE systems (id INTEGER PRIMARY KEY, user_id TEXT)")
        connection.execute("INSERT INTO systems VALUES (1, 'a'), (2, 'a'), (3, 'b')")
        schema = read_schema(connection, path)
    text = f"---\ndatabase: x\n---\n# T\n## Execute\n```sql {{#a scope=systems}}\n{sql}\n```\n"
    plan, _ = read_text(text, Path("PLAN.md"))
    assert plan is not None
    assert [one.would for one in lint(plan, schema) if one.rule == "copy-without-count"] == [said]


def test_names_are_folded_as_sqlite_folds_them_ascii_only() -> None:
    tables = "".join(
        f'CREATE TABLE "{name}" (id INTEGER PRIMARY KEY);' for name in ("\u00c4mter", "\u00e4mter")
    )
    text = (
        "---\ndatabase: x\n---\n# T\n## Execute\n"
        '```sql {#a scope=\u00e4MTER rows=\u00e4mter=any}\nDELETE FROM "\u00c4mter" WHERE id = 1\n```\n'
    )
    plan, _ = read_text(text, Path("PLAN.md"))
    assert plan is not None
    assert "out-of-scope" in [one.rule for one in lint(plan, schema_of_script(tables))]


def test_a_rebuild_under_a_view_is_tried_as_the_engine_does_it() -> None:
    tables = schema_of_script(
        "CREATE TABLE a (id INTEGER PRIMARY KEY, y TEXT); CREATE VIEW v AS SELECT id, y FROM a;"
    )
    script = (
        "CREATE TABLE n (id INTEGER PRIMARY KEY, y TEXT NOT NULL); INSERT INTO n (id, y) SELECT id, y FROM a;"
        " DROP TABLE a; ALTER TABLE n RENAME TO a"
    )
    text = f"---\ndatabase: x\n---\n# T\n## Execute\n```sql {{#a scope=a rows=a=*}}\n{script}\n```\n"
    plan, _ = read_text(text, Path("PLAN.md"))
    assert plan is not None
    assert lint(plan, tables) == []


def test_a_version_in_the_header_and_temporary_tables_are_a_scripts_own() -> None:
    sql = (
        "PRAGMA user_version = 43; CREATE TEMP TABLE t (x); INSERT INTO t (x) SELECT id FROM systems;"
        " UPDATE fresh SET w = 0 WHERE system_id = 1; DROP TABLE t"
    )
    assert rules(sql, attributes='scope="fresh" rows="fresh=*"') == []
    assert rules("PRAGMA foreign_keys = OFF; DELETE FROM fresh WHERE w = 1") == ["own-control"]


def test_a_view_of_tables_that_are_not_known_is_no_fault() -> None:
    sql = "DROP VIEW v; CREATE VIEW v AS SELECT id FROM nowhere;"
    text = f'---\ndatabase: x\n---\n# T\n## Execute\n```sql {{#a scope="v" rows="v=any"}}\n{sql}\n```\n'
    plan, _ = read_text(text, Path("PLAN.md"))
    assert plan is not None
    assert "sql" not in {problem.rule for problem in lint(plan, None)}
