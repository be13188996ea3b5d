"""Quotes that SQLite reads otherwise than meant, columns matched by place: found; honest ones left alone."""

import pytest
from tests.changeover.document.test_lint import problems, rules

FRESH = "CREATE TABLE changeover_x (id INTEGER PRIMARY KEY, c TEXT DEFAULT {})"


@pytest.mark.parametrize(
    "default",
    [
        "'datetime(''now'')'",
        "'(datetime(CURRENT_TIMESTAMP))'",
        '"CURRENT_TIMESTAMP"',
        "'''foo'''",
        "'\"foo\"'",
    ],
)
def test_a_default_that_is_the_text_of_an_expression_is_found(default: str) -> None:
    assert rules(FRESH.format(default)) == ["quoted-default"]
    assert "quoted-default" in rules(f"ALTER TABLE fresh ADD COLUMN c TEXT DEFAULT {default}")


@pytest.mark.parametrize(
    "default",
    ["'rgb(0, 0, 0)'", "'now'", '""', "''", "(datetime('now'))", "CURRENT_TIMESTAMP", "'a (b)'", "'it''s'"],
)
def test_other_defaults_are_left_alone(default: str) -> None:
    assert rules(FRESH.format(default)) == []


def test_a_name_in_quotes_that_is_no_column_is_an_error_where_it_is_copied_and_else_a_warning() -> None:
    (copied,) = problems(
        'INSERT INTO fresh (system_id, interval_end, w) SELECT system_id, "interval", w FROM agg'
    )
    assert (copied.rule, copied.severity.value) == ("quoted-name", "error")
    (compared,) = problems("DELETE FROM agg WHERE \"stauts\" <> 'x'")
    assert (compared.rule, compared.severity.value) == ("quoted-name", "warning")


@pytest.mark.parametrize(
    "sql",
    [
        'INSERT INTO fresh ("system_id", "interval_end", "w") SELECT "system_id", "id", "w" FROM agg',
        'UPDATE agg SET w = (SELECT f."w" FROM fresh f WHERE f."w" = "agg"."id") WHERE "rowid" > 0',
        'INSERT INTO fresh (system_id, interval_end, w) SELECT system_id, sum(w) AS "total", 0 FROM agg'
        ' GROUP BY system_id ORDER BY "total"',
    ],
)
def test_names_in_quotes_are_left_alone(sql: str) -> None:
    assert rules(sql) == []


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO fresh SELECT interval_end, system_id, w FROM agg",
        "INSERT INTO fresh (interval_end, system_id, w) SELECT * FROM fresh",
        "INSERT INTO fresh (interval_end, system_id, w) SELECT f.* FROM fresh f JOIN systems s ON s.id = f.w",
        "INSERT INTO fresh SELECT 1, 2, 3 UNION ALL SELECT interval_end, system_id, w FROM agg",
    ],
)
def test_values_that_go_by_place_into_another_column_are_found(sql: str) -> None:
    assert "copied-by-place" in rules(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO fresh SELECT system_id, interval_end, w FROM agg",
        "INSERT INTO fresh (interval_end, system_id, w) SELECT system_id, interval_end, w FROM agg",
        "INSERT INTO fresh SELECT id, max(interval_end, 5), w FROM agg",
    ],
)
def test_values_that_go_where_they_are_sent_are_left_alone(sql: str) -> None:
    assert rules(sql) == []


def test_another_order_of_columns_is_told() -> None:
    told = problems(
        "CREATE TABLE f (w INTEGER, system_id INTEGER, interval_end INTEGER);"
        " INSERT INTO f (w, system_id, interval_end) SELECT w, system_id, interval_end FROM fresh;"
        " DROP TABLE fresh; ALTER TABLE f RENAME TO fresh;",
        'scope="fresh" rows="fresh=*"',
    )
    assert [(one.rule, one.severity.value) for one in told] == [("column-order", "warning")]


@pytest.mark.parametrize("verb", ["REPLACE INTO", "INSERT OR REPLACE INTO"])
def test_a_replace_that_leaves_columns_of_its_own_table_out_is_found(verb: str) -> None:
    (found,) = problems(f"{verb} agg (id, w) SELECT id, w + 1 FROM agg")
    assert found.rule == "replace-leaves-out"
    assert "system_id, interval_end" in found.message


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO fresh (system_id, interval_end) SELECT system_id, interval_end FROM fresh WHERE w > 1",
        "INSERT OR REPLACE INTO fresh (system_id, interval_end, w)"
        " SELECT system_id, interval_end, 1 FROM fresh",
        "INSERT OR REPLACE INTO fresh (system_id, interval_end) SELECT system_id, interval_end FROM agg",
    ],
)
def test_a_replace_of_whole_rows_or_of_others_is_left_alone(sql: str) -> None:
    assert "replace-leaves-out" not in rules(sql)
