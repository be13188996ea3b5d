"""Every column of a table gets a value in a rehearsal that is found again nowhere by chance."""

from pathlib import Path

import pytest
from tests.changeover.database.household import ask, tell
from tests.changeover.database.trips import Seen, copied, rebuilt, run_script, trip

from changeover.database.rehearse import writes

T = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT);"
ROWS = "INSERT INTO t VALUES (1, 'a'), (2, 'b');"
MORE, LESS = "id INTEGER PRIMARY KEY, name TEXT, memo TEXT", "id INTEGER PRIMARY KEY, name TEXT"
BACK = rebuilt(LESS, "id, name", "t")
LITERAL = {
    "a text": rebuilt(MORE, "id, name, 'x'", "t"),
    "a number": rebuilt(MORE.replace("memo TEXT", "memo INT"), "id, name, 5", "t"),
    "NULL": rebuilt(MORE, "id, name, NULL", "t"),
    "an expression": rebuilt(MORE, "id, name, date('2025-01-01') || 'x'", "t"),
    "a default": rebuilt(MORE + " NOT NULL DEFAULT 'x'", "*, 'x'", "t"),
    "UPDATE": "ALTER TABLE t ADD COLUMN memo TEXT; UPDATE t SET memo = 'x';",
}


SPOKEN_OF = "DELETE FROM t WHERE memo IS NULL AND name IS NULL AND id IS NULL;"


def set_aside(seen: Seen) -> set[str]:
    """The columns of which notes say that their values are kept."""
    return {note.split(": ")[1] for note in seen.verdict.notes if note.startswith("set aside")}


@pytest.mark.parametrize("kind", LITERAL)
@pytest.mark.parametrize("rows", [ROWS, ""])
def test_a_new_column_that_got_a_literal_and_is_left_out_on_the_way_back_is_set_aside_or_lost(
    tmp_path: Path, kind: str, rows: str
) -> None:
    """One value for all rows says nothing of them, and what was written since is kept aside."""
    seen = trip(tmp_path, T + rows, LITERAL[kind], BACK, "t")
    assert "t.memo" in seen.findings ^ set_aside(seen)
    assert ("t.memo" in set_aside(seen)) == (kind in ("a text", "a number", "NULL", "UPDATE"))
    (tmp_path / "other").mkdir()
    assert "t.memo" in trip(tmp_path / "other", T + rows, LITERAL[kind], SPOKEN_OF + BACK, "t").findings


def test_what_every_row_got_alike_is_not_set_aside(tmp_path: Path) -> None:
    """A rollback of a large table copies what was written since, and not a column of one text."""
    trip(tmp_path, T + ROWS + "INSERT INTO t VALUES (5, 'c'), (6, 'd');", LITERAL["a text"], BACK, "t")
    ((name,),) = ask(
        tmp_path / "work.db", "SELECT name FROM sqlite_schema WHERE name LIKE 'changeover_kept_t_memo%'"
    )
    assert ask(tmp_path / "work.db", f"SELECT count(*) FROM {name} WHERE memo = 'x'") == [(0,)]


def test_a_way_back_that_renames_first_sets_aside_too(tmp_path: Path) -> None:
    back = (
        "ALTER TABLE t RENAME TO t_gone; CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT);"
        "INSERT INTO t SELECT id, name FROM t_gone; DROP TABLE t_gone;"
    )
    seen = trip(tmp_path, T + ROWS, LITERAL["a text"], back, "t")
    assert (seen.findings, set_aside(seen)) == (set(), {"t.memo"})


def test_a_way_back_that_cuts_longer_texts_than_there_are_is_found(tmp_path: Path) -> None:
    setup = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, 'one'), (2, 'two');"
    there, back = (
        "ALTER TABLE t ADD COLUMN z;",
        "ALTER TABLE t DROP COLUMN z; UPDATE t SET a = substr(a, 1, 5);",
    )
    assert trip(tmp_path, setup, there, back, "t").findings == {"t.a"}


def test_two_literals_are_a_mapping_and_get_no_third_value(tmp_path: Path) -> None:
    setup = "CREATE TABLE t (id INTEGER PRIMARY KEY, old INT); INSERT INTO t VALUES (1, 0), (2, 1), (3, 1);"
    forward = (
        "CREATE TABLE n (id INTEGER PRIMARY KEY, state TEXT NOT NULL);"
        "INSERT INTO n (id, state) SELECT id, 'on' FROM t WHERE old; INSERT INTO n (id, state)"
        " SELECT id, 'off' FROM t WHERE NOT old; DROP TABLE t; ALTER TABLE n RENAME TO t;"
    )
    back = rebuilt("id INTEGER PRIMARY KEY, old INT", "id, state = 'on'", "t")
    assert trip(tmp_path, setup, forward, back, "t").findings == set()


WIDE = [f"c{number}" for number in range(12)]


@pytest.mark.parametrize("column", ["c0", "c5", "c11"])
@pytest.mark.parametrize("value", ["'same'", "NULL", "{0} || ''", "substr({0}, 1, 4)"])
def test_each_of_many_columns_is_written(tmp_path: Path, column: str, value: str) -> None:
    columns = "id INTEGER PRIMARY KEY, " + ", ".join(f"{one} TEXT" for one in WIDE)
    same = ", 'same'" * len(WIDE)
    setup = f"CREATE TABLE t ({columns}); INSERT INTO t VALUES (1{same}), (2{same});"
    kept = ", ".join(value.format(one) if one == column else one for one in WIDE)
    findings = trip(
        tmp_path, setup, "CREATE INDEX i ON t (c1);", rebuilt(columns, f"id, {kept}", "t"), "t"
    ).findings
    assert (f"t.{column}" in findings) == (value != "{0} || ''")


def test_a_new_foreign_key_is_written_too(tmp_path: Path) -> None:
    setup = "CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO p VALUES (7), (8);" + T + ROWS
    forward = rebuilt(MORE.replace("memo TEXT", "p_id INT REFERENCES p (id)"), "id, name, NULL", "t")
    assert set_aside(trip(tmp_path, setup, forward, BACK, "t")) == {"t.p_id"}


def test_a_column_that_takes_certain_words_only_is_written_with_one_of_them(tmp_path: Path) -> None:
    state = "id INTEGER PRIMARY KEY, name TEXT, state TEXT CHECK (state IN ('on', 'off'))"
    forward = rebuilt(state, "id, name, NULL", "t")
    assert set_aside(trip(tmp_path, T + ROWS, forward, BACK, "t")) == {"t.state"}


REVS = "CREATE TABLE revs ({}); INSERT INTO revs VALUES {};"


@pytest.mark.parametrize(
    ("columns", "rows", "added", "gone"),
    [
        ("rev TEXT", "('41'), ('42')", "('43')", "rev = '43'"),
        ("id INTEGER PRIMARY KEY, rev INT", "(1, 41), (2, 42)", "(3, 43)", "rev = 40 + 3"),
        ("id INTEGER PRIMARY KEY, what TEXT", "(1, 'a'), (2, 'a')", "(3, 'b')", "what LIKE 'b%'"),
        ("id INTEGER PRIMARY KEY, latest INT", "(1, 0), (2, 0)", "(3, 1)", "latest = 1"),
    ],
)
def test_rows_that_only_the_change_added_stay_the_only_ones_of_their_kind(
    tmp_path: Path, columns: str, rows: str, added: str, gone: str
) -> None:
    """What the way back deletes by `rows="revs=-1"` is one row, whatever the rehearsal itself writes."""
    original, work = tmp_path / "original.db", tmp_path / "work.db"
    tell(original, REVS.format(columns, rows))
    run_script(copied(original, work), f"INSERT INTO revs VALUES {added}")
    assert writes.write(work, ["revs"], original=original).writes
    assert ask(work, f"SELECT count(*) FROM revs WHERE {gone}") == [(1,)]


UNFILLED = {
    "made anew": rebuilt(MORE + " DEFAULT 'x'", "id, name", "t").replace("INTO n", "INTO n (id, name)"),
    "added": "ALTER TABLE t ADD COLUMN memo TEXT;",
}


@pytest.mark.parametrize("kind", UNFILLED)
def test_a_new_column_that_the_change_left_empty_is_set_aside_by_a_way_back_that_makes_the_table_anew(
    tmp_path: Path, kind: str
) -> None:
    seen = trip(tmp_path, T + ROWS, UNFILLED[kind], BACK, "t")
    assert (seen.findings, set_aside(seen)) == (set(), {"t.memo"})


DAYS = {
    "a column": ("id INTEGER PRIMARY KEY, at {} NOT NULL", "(1, 1700006400)"),
    "the key": ("at {} PRIMARY KEY NOT NULL, name TEXT", "(1700006400, 'a'), (1700092800, 'b')"),
}


@pytest.mark.parametrize("kind", DAYS)
@pytest.mark.parametrize("form", ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M"])
def test_seconds_that_became_a_day_get_another_day(tmp_path: Path, kind: str, form: str) -> None:
    """Where no living row has a second day to be taken, too: what is no day cannot go back."""
    columns, rows = DAYS[kind]
    other = columns.split(",")[0 if kind == "a column" else 1].split()[0]
    setup = f"CREATE TABLE t ({columns.format('INT')}); INSERT INTO t VALUES {rows};"
    names = f"{other}, at" if kind == "a column" else f"at, {other}"
    there = names.replace("at", f"strftime('{form}', at, 'unixepoch')", 1)
    back = names.replace("at", "CAST(strftime('%s', at) AS INT)", 1)
    forward = rebuilt(columns.format("TEXT"), there, "t")
    seen = trip(tmp_path, setup, forward, rebuilt(columns.format("INT"), back, "t"), "t")
    assert seen.findings == set()
    assert {"inserted"} <= {write.kind.value for write in seen.written.writes}
