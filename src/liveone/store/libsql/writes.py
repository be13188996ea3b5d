"""A write as the steps of one conditional batch, and the batch's answer as one Result a statement.

Rule: rows go as JSON parameters far below the 5 MB that a server takes as one value.
"""

from collections.abc import Iterator, Sequence

from hrana.wire import ExecutedStatement, Json, statement
from liveone.store.database import BulkInsert, Statement, Value, WriteResult
from liveone.store.exact import json_rows

ROWS_PER_PARAMETER = 2000
PARAMETER_CHARACTERS_MAX = 1_000_000
PARAMETERS_MAX = 30_000
"""SQLite takes 32,766 in one statement."""

Rows = Sequence[Sequence[Value]]


def steps_of(asked: Statement | BulkInsert) -> list[Json]:
    """The statements that carry out one step of a write."""
    if isinstance(asked, Statement):
        return [statement(asked)]
    return [statement(each) for each in _inserts(asked)]


def results_of(counts: Sequence[int], answers: Sequence[ExecutedStatement]) -> list[WriteResult]:
    """One Result for each step of a write, which took ``counts`` statements."""
    left = iter(answers)
    return [_together([next(left) for _ in range(count)]) for count in counts]


def _together(answers: Sequence[ExecutedStatement]) -> WriteResult:
    return WriteResult([row for each in answers for row in each.rows], sum(each.changes for each in answers))


def _inserts(asked: BulkInsert) -> Iterator[Statement]:
    if any(bytes in map(type, row) for row in asked.rows):
        yield from _plain_inserts(asked)
        return
    values = ", ".join(f"value ->> {place}" for place in range(len(asked.columns)))
    # WHERE true: behind a FROM the parser would take ON for
    # that of a join (https://sqlite.org/lang_upsert.html).
    sql = f"{_insert_into(asked)} SELECT {values} FROM json_each(?) WHERE true ON CONFLICT DO NOTHING"
    for start in range(0, len(asked.rows), ROWS_PER_PARAMETER):
        for text in _texts(asked.rows[start : start + ROWS_PER_PARAMETER]):
            yield Statement(sql, (text,))


def _plain_inserts(asked: BulkInsert) -> Iterator[Statement]:
    """Rows that hold bytes, which JSON does not carry."""
    each = max(1, PARAMETERS_MAX // len(asked.columns))
    slots = f"({', '.join('?' * len(asked.columns))})"
    for start in range(0, len(asked.rows), each):
        rows = asked.rows[start : start + each]
        sql = f"{_insert_into(asked)} VALUES {', '.join([slots] * len(rows))} ON CONFLICT DO NOTHING"
        yield Statement(sql, [value for row in rows for value in row])


def _insert_into(asked: BulkInsert) -> str:
    return f"INSERT INTO {asked.table} ({', '.join(asked.columns)})"


def _texts(rows: Rows) -> Iterator[str]:
    text = json_rows(rows)
    if len(text) <= PARAMETER_CHARACTERS_MAX or len(rows) == 1:
        yield text
        return
    middle = len(rows) // 2
    yield from _texts(rows[:middle])
    yield from _texts(rows[middle:])
