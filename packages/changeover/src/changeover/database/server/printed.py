"""What a script prints on a server, held against the plan before COMMIT: as text in a table, by the server.

Rule: the rows of each query are put into a table as the sqlite3 shell prints them, at the place where the
script asks, and one rule compares them. What a server cannot compare is refused before anything is sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from changeover.database.change.model import PrintedText
from changeover.database.change.rule import FaultRule
from changeover.database.change.transaction import OUTPUT_ROWS_LIMIT
from changeover.database.connect import Connection
from changeover.database.schema.definition import words_of
from changeover.database.schema.empty import afterwards
from changeover.errors import Unsuitable
from changeover.plan.actions import Expect, Match
from changeover.sql.text import SqlStatement
from hrana.wire import WireStatement

PRINTED = "changeover_now_printed"
_QUERIES = ("select", "values", "with")
_TEXT = (
    f"(SELECT coalesce(group_concat(line, char(10)), '') FROM (SELECT line FROM {PRINTED} ORDER BY place))"
)
FOUND = f"rtrim(replace({_TEXT}, char(13) || char(10), char(10)), char(10))"
_KINDS = {Match.REGEX: "a regular expression", Match.JSON: "assertions on JSON"}


@dataclass(frozen=True, slots=True)
class Printing:
    """The statement at ``place`` of a script is a query that gives so many columns."""

    place: int
    columns: int

    def capture(self, statement: SqlStatement) -> str:
        """SQL: put what the query prints into the table."""
        names = [f"c{number}" for number in range(self.columns)]
        line = " || '|' || ".join(f"coalesce(CAST({name} AS TEXT), '')" for name in names)
        return (
            f"INSERT INTO {PRINTED} (line) SELECT line FROM (WITH changeover_now_rows ({', '.join(names)})"
            # The bracket on a line of its own: the query may end with a -- comment.
            f" AS (SELECT * FROM ({_query(statement)}\n) LIMIT {OUTPUT_ROWS_LIMIT})"
            f" SELECT {line} AS line FROM changeover_now_rows)"
        )


def making() -> WireStatement:
    """The table of what was printed."""
    return WireStatement(f"CREATE TABLE {PRINTED} (place INTEGER PRIMARY KEY, line TEXT)")


def unjudged(expect: Expect, statements: Sequence[SqlStatement]) -> str:
    """Why a server cannot hold what a changing script prints against that; empty where it can."""
    if expect.match in _KINDS:
        return f"a server cannot judge {_KINDS[expect.match]} before COMMIT"
    for statement in statements:
        words = words_of(statement.text)
        is_asking = words[:1] == ("explain",) or (words[:1] == ("pragma",) and "=" not in words)
        if is_asking or "returning" in words:
            what = "RETURNING" if "returning" in words else words[0].upper()
            return f"a server cannot judge before COMMIT what {what} prints ({statement.position})"
    return ""


def printing(shadow: Connection, statements: Sequence[SqlStatement], expect: Expect) -> tuple[Printing, ...]:
    """The queries of a script. Raises Unsuitable for what cannot be judged."""
    reason = unjudged(expect, statements)
    if reason:
        raise Unsuitable(f"{expect.position}: {reason}.", hint=HINT)
    found = []
    for place, statement in enumerate(statements):
        words = words_of(statement.text)
        if words[:1] and words[0] in _QUERIES and not {"insert", "update", "delete", "replace"} & set(words):
            with afterwards(shadow, statements[:place]) as before:
                values = dict.fromkeys(statement.parameters)
                described = before.execute(f"SELECT * FROM ({_query(statement)}\n) LIMIT 0", values)
                found.append(Printing(place, len(described.description)))
    return tuple(found)


HINT = (
    "Let the script ask by a SELECT, with expect=empty, some, a number, or a block that is exact or"
    " unordered; or ask by a query of its own after the change."
)


def as_expected(printed: PrintedText) -> FaultRule:
    """What was printed is what the plan expects; the one fault holds all of it."""
    holds, params = _holds(printed)
    sql = f"SELECT {FOUND} AS a, NULL AS b, NULL AS c WHERE NOT ({holds})"
    return FaultRule(sql, lambda fault: printed.say(str(fault[0])), params)


def _holds(printed: PrintedText) -> tuple[str, tuple[str | float, ...]]:
    """SQL: whether it is as expected, with its parameters."""
    expect, wanted = printed.expect, printed.wanted.rstrip("\n")
    match expect.match:
        case Match.EMPTY:
            return f"{FOUND} = ''", ()
        case Match.SOME:
            return f"{FOUND} <> ''", ()
        case Match.NUMBER:
            is_number = f"json_valid(trim({FOUND})) AND json_type(trim({FOUND})) IN ('integer', 'real')"
            return f"iif({is_number}, CAST({FOUND} AS REAL) {expect.operator} ?, 0)", (expect.number or 0.0,)
        case Match.UNORDERED:
            # Of another length it is something else, and need not be taken apart while writers wait.
            same = f"{_sorted(FOUND)} = {_sorted('?')}"
            return f"iif(length({FOUND}) = length(?), {same}, 0)", (wanted, wanted)
        case _:
            return f"{FOUND} = ?", (wanted,)


def _sorted(text: str) -> str:
    """SQL: the lines of a text as a JSON array, in the order of their bytes."""
    end = "instr(rest, char(10))"
    split = (
        f"SELECT substr(rest, 1, {end} - 1), substr(rest, {end} + 1) FROM changeover_now_lines"
        " WHERE rest <> ''"
    )
    return (
        "(SELECT json_group_array(line) FROM (WITH RECURSIVE changeover_now_lines (line, rest) AS"
        f" (SELECT NULL, {text} || char(10) UNION ALL {split})"
        " SELECT line FROM changeover_now_lines WHERE line IS NOT NULL ORDER BY line COLLATE BINARY))"
    )


def _query(statement: SqlStatement) -> str:
    return statement.text.rstrip().rstrip(";")
