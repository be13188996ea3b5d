"""Expected output: what matches, and a difference that a person can read."""

import random
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from changeover.plan.assertions import failures, read_assertions, read_requests
from changeover.plan.expect import as_output, difference, read_expect, read_short
from changeover.problems import Position

HERE = Position("PLAN.md", 1)


@pytest.mark.parametrize(
    ("match", "text", "found", "holds"),
    [
        ("exact", "a|1\nb|2\n", "a|1\nb|2", True),
        ("exact", "a|1", "a|1 ", False),
        ("exact", "a|1\nb|2", "b|2\na|1", False),
        ("exact", "a", "a\r\n", True),
        ("unordered", "a|1\nb|2", "b|2\na|1", True),
        ("unordered", "a\na", "a", False),
        ("regex", r"\d+ rows", "12 rows", True),
        ("regex", r"\d+", "12 rows", False),
        ("regex", r"(?s)a.*b", "a\nb", True),
        ("json", ".a[0].b == 2 .c exists", '{"a": [{"b": 2}], "c": null}', True),
        ("json", ".a == 1", "not json", False),
        ("number", ">= 3", "3", True),
        ("number", "< 3", "3", False),
        ("number", "3", "three", False),
        ("empty", "", "", True),
        ("empty", "", "x", False),
        ("some", "", "x", True),
        ("some", "", "", False),
    ],
)
def test_matching(match: str, text: str, found: str, holds: bool) -> None:
    assert (difference(read_expect(text, match, HERE), found) == "") is holds


def test_a_difference_shows_expected_against_found() -> None:
    told = difference(read_expect("select.live|1586|600", "exact", HERE), "select.live|1586|10")
    assert told == "expected (-) against found (+):\n- select.live|1586|600\n+ select.live|1586|10"


def test_a_difference_of_a_space_is_made_visible() -> None:
    told = difference(read_expect("a b", "exact", HERE), "a  b")
    assert "- a\u00b7b" in told
    assert "+ a\u00b7\u00b7b" in told


def test_a_long_answer_is_cut() -> None:
    told = difference(read_short("empty", HERE), "\n".join(map(str, range(1000))))
    assert told.startswith("expected nothing, found 1000 lines:")
    assert "... and 980 more" in told


def test_rows_stand_as_the_shell_prints_them() -> None:
    assert as_output([("a", None, 1.5, 2), (b"x", "", 0, None)]) == "a||1.5|2\nx||0|"


def test_expected_text_takes_parameters() -> None:
    expect = read_expect("is ${NAME}", "exact", HERE)
    assert difference(expect, "is here", lambda text: text.replace("${NAME}", "here")) == ""


@pytest.mark.parametrize(
    ("assertion", "holds"),
    [
        (".n == 1", True), (".n == true", False), (".t == true", True), (".t != false", True),
        (".s == x", True),
        (".s ~ ^x$", True), (".n >= 2", False), (".s >= 2", False), (".missing exists", False),
        (".z == null", True),
        ('."odd name"[-1] == 9', True), (".n == 1.0", True), ('.s == "x"', True),
    ],
)  # fmt: skip
def test_assertions(assertion: str, holds: bool) -> None:
    document = {"n": 1, "t": True, "s": "x", "z": None, "odd name": [8, 9]}
    assert (failures(document, read_assertions(assertion)) == []) is holds


def test_a_failed_assertion_says_what_was_found() -> None:
    assert failures({"ok": False}, read_assertions(".ok == true .n == 1")) == [
        "expected .ok == true, found false",
        "expected .n == 1, found nothing at that path",
    ]


def test_a_fence_holds_several_requests_with_headers_bodies_and_assertions() -> None:
    first, second = read_requests(
        'GET http://h/a\nX-A: b\n200 .ok == true\n.n > 1\n###\nPOST http://h/b\n\n{"a":\n1}\n\n202'
    )
    assert (first.status, [header.name for header in first.headers], len(first.assertions)) == (
        200,
        ["X-A"],
        2,
    )
    assert (second.method, second.body, second.status) == ("POST", '{"a":\n1}', 202)


@pytest.mark.parametrize(
    "text",
    ["FETCH http://h", "GET http://h\nno header", "GET http://h\n200 ok == 1", "GET http://h\n200 .a ="],
)
def test_a_request_that_cannot_be_read_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no|neither|missing"):
        read_requests(text)


CELLS = [
    "0.3", "0.1 + 0.2", "1e15", "1e14", "-0.0", "0.0", "3.0", "2.5", "1e-5", "0.0001", "1/3.0", "4.35",
    "-1.5e-7", "9e999", "-9e999", "999999999999999.0", "9999999999999999.0", "123456789012345678",
    "9223372036854775807", "-1", "NULL", "''", "'a|b'", "'two' || char(10) || 'lines'",
    "'cut' || char(0) || 'off'", "x''", "x'41004200'", "x'c3a9'", "1 = 1", "CAST(3 AS REAL)",
    "CAST('1586' AS INTEGER)", "date('2025-08-20')", "1234567.891", "1e300 * 10",
]  # fmt: skip


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="there is no sqlite3 shell")
@pytest.mark.parametrize("expression", CELLS)
def test_a_row_is_written_as_the_sqlite3_shell_writes_it(expression: str) -> None:
    sql = f"SELECT 'a', {expression}, 'z'"
    done = subprocess.run(
        ["sqlite3", ":memory:", sql], capture_output=True, text=True, check=True, timeout=20
    )
    with closing(sqlite3.connect(":memory:")) as connection:
        assert as_output(connection.execute(sql)) == done.stdout.removesuffix("\n")


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="there is no sqlite3 shell")
def test_many_reals_are_written_as_the_sqlite3_shell_writes_them(tmp_path: Path) -> None:
    draw = random.Random(1586)
    with closing(sqlite3.connect(tmp_path / "reals.db")) as connection, connection:
        connection.execute("CREATE TABLE r (x REAL)")
        values = [(draw.uniform(-1, 1) * 10 ** draw.randint(-12, 18),) for _ in range(2000)]
        connection.executemany("INSERT INTO r VALUES (?)", [*values, *((round(x, 3),) for (x,) in values)])
        ours = as_output(connection.execute("SELECT x FROM r ORDER BY rowid")).split("\n")
    done = subprocess.run(
        ["sqlite3", tmp_path / "reals.db", "SELECT x FROM r ORDER BY rowid"],
        capture_output=True, text=True, check=True, timeout=20,
    )  # fmt: skip
    assert ours == done.stdout.split("\n")[:-1]
