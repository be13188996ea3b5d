"""Reading a plan: text, front matter, attributes, SQL scripts, and the plan that comes out."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.check.load import load_plan
from changeover.check.rules import check
from changeover.plan.attributes import parse_attributes, split_attributes
from changeover.plan.blocks import read_rows
from changeover.plan.frontmatter import Node, Unreadable, parse_front_matter
from changeover.plan.model import Phase, Plan, Rows, ShellAction, SqlAction
from changeover.plan.placeholders import is_placeholder
from changeover.plan.read import read_text
from changeover.plan.text import normalise, repair
from changeover.problems import Position
from changeover.sql.text import reads_only, split
from changeover.words import format_duration, parse_duration

PLANS = Path(__file__).parent.parent / "plans"


def garbled(text: str) -> str:
    """UTF-8 read as cp1252, bytes without a sign read as control characters."""
    signs = []
    for byte in text.encode("utf-8"):
        try:
            signs.append(bytes([byte]).decode("cp1252"))
        except UnicodeDecodeError:
            signs.append(chr(byte))
    return "".join(signs)


@given(
    st.text(
        st.sampled_from(
            "abc {}#-\u00e4\u00e9\u2026\u2013\u201c\u201d\u2705\u2192\u26a0\ufe0f\U0001f50b\U0001f534"
        )
    )
)
def test_garbled_text_is_put_right_once_and_twice(text: str) -> None:
    assert repair(text) == text
    assert repair(garbled(text)) == text
    assert repair(garbled(garbled(text))) == text


@pytest.mark.parametrize(
    "text", ["50 \u00b0C", "\u00c4rger", "\u00c3 \u00e9 na\u00efve", "\u20ac 5", "caf\u00e9\u2026"]
)
def test_sound_text_is_left_alone(text: str) -> None:
    assert repair(text) == text


def test_windows_lines_make_the_same_plan_with_the_same_hash(tmp_path: Path) -> None:
    good = (PLANS / "good.md").read_text()
    (tmp_path / "shop.sql").write_text((PLANS / "shop.sql").read_text())
    (tmp_path / "good.md").write_bytes(b"\xef\xbb\xbf" + good.replace("\n", "\r\n").encode())
    assert normalise("a\r\nb\rc") == "a\nb\nc"
    assert load_plan(tmp_path / "good.md").sha256 == load_plan(PLANS / "good.md").sha256


def test_the_hash_covers_the_document_and_every_file(tmp_path: Path) -> None:
    for name in ("good.md", "shop.sql"):
        (tmp_path / name).write_text((PLANS / name).read_text())
    first = load_plan(tmp_path / "good.md").sha256
    (tmp_path / "shop.sql").write_text((PLANS / "shop.sql").read_text() + "-- a word\n")
    second = load_plan(tmp_path / "good.md").sha256
    (tmp_path / "good.md").write_text((PLANS / "good.md").read_text() + "\nmore\n")
    assert len({first, second, load_plan(tmp_path / "good.md").sha256}) == 3


def test_a_plan_says_where_everything_stands() -> None:
    plan = load_plan(PLANS / "good.md")
    migrate, deploy = plan.action("migrate"), plan.action("deploy")
    assert isinstance(migrate, SqlAction)
    assert isinstance(deploy, ShellAction)
    assert migrate.changes
    assert [str(statement.position) for statement in migrate.statements][:2] == ["good.md:28", "good.md:29"]
    assert migrate.statements[1].parameters == ("currency",)
    assert [(row.table, row.rows) for row in migrate.rows] == [
        ("orders", Rows.KEPT),
        ("lines", Rows.UNCHANGED),
    ]
    assert deploy.until is not None
    assert (deploy.until.timeout_s, deploy.undo) == (20.0, "git revert --no-edit HEAD")
    assert [box.is_judgement for box in plan.boxes(Phase.PREFLIGHT)] == [False, True]
    assert plan.undo_of("migrate")[0].id == "rollback"


def test_a_fence_without_braces_never_runs() -> None:
    text = (
        PLANS / "good.md"
    ).read_text() + "\n```bash\nrm -rf /\n```\n\n    ```sql {#x}\n\n<!--\n```sql {#y}\n```\n-->\n"
    plan, problems = read_text(text, PLANS / "good.md")
    assert problems == []
    assert plan is not None
    assert {action.id for action in plan.actions()} == {
        action.id for action in load_plan(PLANS / "good.md").actions()
    }


def test_a_heading_inside_a_list_or_a_quotation_is_no_step() -> None:
    text = (PLANS / "good.md").read_text() + "\n- ## Execute\n\n> # Another title\n"
    plan, problems = read_text(text, PLANS / "good.md")
    assert problems == []
    assert plan is not None
    assert [section.phase for section in plan.sections][-1] is Phase.AFTER


def test_attributes() -> None:
    found = parse_attributes('#run.1 a=1 rows="x=* y=0" flag quote="say \\"hi\\" \\\\"')
    assert found.id == "run.1"
    assert found.values == {"a": "1", "rows": "x=* y=0", "flag": "true", "quote": 'say "hi" \\'}
    assert split_attributes("a {b} {}")[0] == "a {b}"
    until = split_attributes('bash {until="http ${APP}/x .a == ${B}"}')[1]
    assert until is not None
    assert until.values["until"] == "http ${APP}/x .a == ${B}"


@pytest.mark.parametrize("inside", ["#a #b", "a=1 a=2", ".class", "a=", '#a"b', "=", "a='x y'"])
def test_wrong_attributes_are_errors(inside: str) -> None:
    with pytest.raises(ValueError, match=r"cannot read|keep one|may hold"):
        parse_attributes(inside)


@given(st.integers(1, 10**7))
def test_a_duration_that_is_spoken_is_read_back(milliseconds: int) -> None:
    seconds = milliseconds / 1000 if milliseconds < 60_000 else float(milliseconds // 1000)
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds, rel=1e-4)


@pytest.mark.parametrize("text", ["", "5", "s", "1 hour ago", "-3s", "0s", "3d"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration|no time"):
        parse_duration(text)


def plain(node: Node) -> object:
    if isinstance(node.value, list):
        return [plain(item) for item in node.value]
    return (
        node.value
        if isinstance(node.value, str)
        else {key: plain(value) for key, value in node.value.items()}
    )


def test_front_matter_in_all_its_forms() -> None:
    text = """# a comment
a: ${X}  # behind
b: {c: "d, {e}", f: [g, 'h''i'], url: ${app}/x}
k:
  - {command: "say # it"}
  - webhook: https://x.test/y
    on: [failed]
l:
  m:
    n: o
p: |
  q
  r: 1"""
    found = {key: plain(node) for key, node in parse_front_matter(text).items()}
    assert found == {
        "a": "${X}",
        "b": {"c": "d, {e}", "f": ["g", "h'i"], "url": "${app}/x"},
        "k": [{"command": "say # it"}, {"webhook": "https://x.test/y", "on": ["failed"]}],
        "l": {"m": {"n": "o"}},
        "p": "q\nr: 1",
    }


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\na: 2", 3),
        ("a 1", 2),
        ("a: {b: c", 2),
        ("a: 1\n  b: 2", 3),
        ("a: {b: 1, b: 2}", 2),
        ('a: "b" c', 2),
        ("- a", 2),
        ("a: &x 1\nb: *x", 3),
        ("a: &x [*x]", 2),
        ('a: 1\nb: "\\d"', 3),
        ("a: 1\nb: c: d", 3),
        ("? [a]\n: b", 2),
        ("a: \x01", 2),
        ("a: " + "[" * 5000, 2),
    ],
)
def test_front_matter_that_cannot_be_read_names_its_line(text: str, line: int) -> None:
    with pytest.raises(Unreadable) as caught:
        parse_front_matter(text)
    assert caught.value.line == line


def test_scripts_are_split_where_sqlite_ends_a_statement() -> None:
    sql = """-- first; not yet
CREATE TABLE t (a TEXT DEFAULT ';');
CREATE TRIGGER r AFTER INSERT ON t BEGIN
  UPDATE t SET a = CASE WHEN a = 'x;' THEN 1 ELSE 2 END;
  DELETE FROM t; /* ; */
END;
;
SELECT ':no', "x:y", :yes -- ;
"""
    found = split(sql, Position("m.sql", 1))
    assert [statement.position.line for statement in found] == [2, 3, 8]
    assert found[2].parameters == ("yes",)
    assert found[1].text.endswith("END")


@pytest.mark.parametrize(
    ("sql", "reads"),
    [
        ("SELECT 1", True), ("VALUES (1)", True), ("WITH a AS (SELECT replace('a','b','c')) SELECT 1", True),
        ("WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a", False), ("PRAGMA integrity_check", True),
        ("PRAGMA table_info(t)", True), ("PRAGMA foreign_keys = OFF", False),
        ("PRAGMA user_version = 3", False),
        ("EXPLAIN DELETE FROM t", True), ("DELETE FROM t", False), ("REPLACE INTO t VALUES (1)", False),
    ],
)  # fmt: skip
def test_what_only_reads(sql: str, reads: bool) -> None:
    assert reads_only(sql) is reads


@pytest.mark.parametrize(
    "text",
    ["user_xxx", "user_XXXX", "TODO", "REPLACE_ME", "", "  ", "<your-id>", "change-me", "xxx", "user_"],
)
def test_placeholders(text: str) -> None:
    assert is_placeholder(text)


@pytest.mark.parametrize(
    "text", ["user_2abc", "simon", "todo", "x", "select.live", "System 1586", "a <b> c", "maxxx"]
)
def test_what_is_no_placeholder(text: str) -> None:
    assert not is_placeholder(text)


def with_settings(tmp_path: Path, *settings: str) -> tuple[Plan, list[str]]:
    """The good plan with more front matter, and its problems as ``rule message``."""
    text = (PLANS / "good.md").read_text().replace("---\n", "\n".join(["---", *settings, ""]), 1)
    (tmp_path / "shop.sql").write_text((PLANS / "shop.sql").read_text())
    plan, problems = read_text(text, tmp_path / "good.md")
    assert plan is not None
    return plan, [f"{one.rule} {one.message}" for one in [*problems, *check(plan)]]


def test_the_applications_functions_and_extensions_are_part_of_the_plan(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def register(connection):\n    pass\n")
    settings = "functions: app.py", "extensions: [/usr/lib/pcre.so, ${ICU}]"
    plan, problems = with_settings(tmp_path, *settings)
    assert problems == []
    assert [file.name for file in plan.functions] == ["app.py"]
    assert plan.extensions == ("/usr/lib/pcre.so", "${ICU}")
    assert plan.parameter("ICU").required
    (tmp_path / "app.py").write_text("def register(connection):\n    return None\n")
    assert with_settings(tmp_path, *settings)[0].sha256 != plan.sha256


def test_functions_that_register_nothing_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def unicase(a, b):\n    return 0\n")
    assert with_settings(tmp_path, "functions: app.py")[1] == [
        "functions app.py defines no function register(connection)"
    ]
    assert with_settings(tmp_path, "functions: none.py")[1][0].startswith("file-missing")


def test_a_finding_is_accepted_by_its_name_with_a_reason(tmp_path: Path) -> None:
    plan, problems = with_settings(tmp_path, 'accept: {audit.rows: "trigger log", "Ämter log.rows": why}')
    assert problems == []
    assert plan.accept == {"audit.rows": "trigger log", "Ämter log.rows": "why"}
    assert with_settings(tmp_path, 'accept: {audit.rows: ""}')[1] == [
        "accept audit.rows is accepted without a reason"
    ]


def test_writers_held_as_long_as_drivers_wait_is_warned_of(tmp_path: Path) -> None:
    plan, problems = with_settings(tmp_path, "writers-held: 2s")
    assert (plan.writers_held_s, problems) == (2.0, [])
    assert with_settings(tmp_path, "writers-held: 5s")[1][0].startswith(
        "writers-held writers may be held for 5s"
    )
    assert with_settings(tmp_path, "writers-held: 2h")[1][0].startswith("budget writers-held is 2h")


def test_a_tables_name_may_hold_any_sign() -> None:
    found = read_rows("[Order Details]=* \u00c4mter=0 'a-b'=+3 `x y`=[Order Details] _t=t2 [a=b]=any")
    assert [(row.table, row.rows, row.other) for row in found] == [
        ("Order Details", Rows.KEPT, None), ("\u00c4mter", Rows.UNCHANGED, None), ("a-b", Rows.ADDED, None),
        ("x y", Rows.AS_MANY_AS, "Order Details"), ("_t", Rows.AS_MANY_AS, "t2"), ("a=b", Rows.ANY, None),
    ]  # fmt: skip
    text = (
        '---\ndatabase: x\n---\n# T\n## Execute\n```sql {#a scope="[Order Details] b"}\nDELETE FROM b\n```\n'
    )
    plan, problems = read_text(text, Path("PLAN.md"))
    assert problems == []
    assert plan is not None
    (action,) = plan.actions()
    assert isinstance(action, SqlAction)
    assert action.scope == ("Order Details", "b")


@pytest.mark.parametrize("word", ["orders", "orders=", "=3", "orders=**", "orders=3x", "orders=-", "[open=*"])
def test_what_is_no_row_expectation_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="row expectation"):
        read_rows(word)
