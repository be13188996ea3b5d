"""Expected output: what matches, and a difference that a person can read."""

import pytest

from changeover.assertions import failures, read_assertions, read_requests
from changeover.expect import as_output, difference, read_expect, read_short
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
