"""What a changing script prints is judged before COMMIT, on a file and on a server alike."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.changeover.database.household import change, context

from changeover.check.load import load_plan
from changeover.check.rules import check
from changeover.check.schema_copy import read_schema
from changeover.database.change.apply import migrate
from changeover.database.change.invariants import Depth
from changeover.database.change.model import PlannedChange, PrintedText
from changeover.database.change.rule import Row
from changeover.database.server.remote import Remote
from changeover.database.where import Server
from changeover.errors import CheckFailed, Unsuitable
from changeover.plan.expect import as_output, difference, read_expect
from changeover.problems import Position

HERE = Position("PLAN.md", 7)
ASKED = """UPDATE systems SET created_at = created_at + 1;
CREATE TABLE scratch (a TEXT, b REAL, c BLOB);
INSERT INTO scratch VALUES ('z', 0.3, x'41'), (NULL, 1e15, NULL);
SELECT a, b, c FROM scratch ORDER BY a;
WITH n (i) AS (VALUES (1)) SELECT i, :word FROM n; -- the last
DROP TABLE scratch;"""
PRINTED = "|1.0e+15|\nz|0.3|A\n1|it's"
ONE = "UPDATE systems SET created_at = created_at + 1; SELECT sum(created_at) FROM systems; "


def printing(script: str, match: str, text: str) -> PlannedChange:
    """A change that is expected to print that."""
    expect = read_expect(text, match, HERE)

    def refusal(told: list[str]) -> CheckFailed:
        return CheckFailed(told[0], hint="", position=HERE)

    def judged(rows: Sequence[Row]) -> None:
        told = difference(expect, as_output(rows))
        if told:
            raise refusal([told])

    return replace(
        change(script, scope=("systems", "scratch"), rows="systems=*"),
        parameters={"word": "it's"},
        prints=judged,
        printed=PrintedText(expect, text, lambda found: difference(expect, found), refusal),
    )


def touched(either: sqlite3.Connection | Remote) -> int:
    return int(either.execute("SELECT sum(created_at) FROM systems").fetchone()[0])


@pytest.mark.parametrize(
    ("script", "match", "text"),
    [
        (ASKED, "exact", PRINTED),
        (ASKED, "unordered", "z|0.3|A\n1|it's\n|1.0e+15|"),
        (ASKED, "some", ""),
        (ONE, "number", ">= 3"),
        (ONE.replace("sum(created_at)", "max('1.5')"), "number", "1.5"),
        (ONE.replace("sum(created_at) FROM systems", "id FROM systems WHERE 0"), "empty", ""),
        (ONE.replace("sum(created_at)", "max('a' || char(13) || char(10) || 'b'), ''"), "exact", "a\nb|"),
    ],
)
def test_what_is_printed_as_expected_is_committed(
    either: sqlite3.Connection | Remote, script: str, match: str, text: str
) -> None:
    done = migrate(either, printing(script, match, text), context(), depth=Depth.SWIFT)
    assert touched(either) == 3
    own = "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'changeover_now%'"
    assert either.execute(own).fetchone() == (0,)
    assert done.measured.rows_in_all == (5 if script is ASKED else 3)


@pytest.mark.parametrize(
    ("script", "match", "text", "told"),
    [
        (ASKED, "exact", PRINTED + " ", "it's"),
        (ASKED, "unordered", "z|0.3|A\n1|it's", "+ |1.0e+15|"),
        (ASKED, "empty", "", "expected nothing, found 3 lines"),
        (ONE, "number", "> 3", "expected a number > 3, found '3'"),
        (ONE.replace("sum(created_at)", "max('many')"), "number", "> 3", "found 'many'"),
        (ONE.replace("sum(created_at) FROM systems", "id FROM systems WHERE 0"), "some", "", "found nothing"),
    ],
)
def test_what_is_not_as_expected_is_refused_before_commit_in_the_same_words(
    either: sqlite3.Connection | Remote, script: str, match: str, text: str, told: str
) -> None:
    with pytest.raises(CheckFailed) as refused:
        migrate(either, printing(script, match, text), context(), depth=Depth.SWIFT)
    assert told in refused.value.message
    assert touched(either) == 0


@pytest.mark.parametrize(
    ("script", "match", "text", "reason"),
    [
        (ONE, "regex", "[0-9]+", "a regular expression"),
        (ONE, "json", ". == 3", "assertions on JSON"),
        ("UPDATE systems SET created_at = 1 RETURNING id", "some", "", "what RETURNING prints"),
        (ONE + "PRAGMA foreign_key_check", "exact", "3", "what PRAGMA prints"),
    ],
)
def test_what_a_server_cannot_judge_is_refused_before_anything_is_sent(
    remote: Remote, script: str, match: str, text: str, reason: str
) -> None:
    with pytest.raises(Unsuitable, match=reason):
        migrate(remote, printing(script, match, text), context(), depth=Depth.SWIFT)
    assert touched(remote) == 0


def test_check_says_so_for_a_server_and_not_for_a_file(
    remote: Remote, server: Server, file: Path, tmp_path: Path
) -> None:
    path = tmp_path / "PLAN.md"
    path.write_text(f"""---
database: ${{db}}
parameters:
  db: {{required: true, help: "where"}}
---
# Touch

## Execute

```sql {{#touch scope="systems" rows="systems=*"}}
{ONE}
```

```expect {{for=touch match=regex}}
[0-9]+
```

## Rollback

```sql {{#back undoes=touch scope="systems" rows="systems=*"}}
UPDATE systems SET created_at = created_at - 1;
```
""")
    plan = load_plan(path)
    of_server = check(plan, read_schema(remote, server))
    assert [(one.rule, one.position.line) for one in of_server if one.rule == "server-expect"] == [
        ("server-expect", 14)
    ]
    with sqlite3.connect(file) as connection:
        assert not [one for one in check(plan, read_schema(connection, file)) if one.rule == "server-expect"]
