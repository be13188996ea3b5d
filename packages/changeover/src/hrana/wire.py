"""Hrana 3, the protocol of libSQL servers, as JSON: values, statements and batches to and from the wire.

Pure. Source: github.com/tursodatabase/libsql, docs/HRANA_3_SPEC.md; what the server really does is in
the design notes. Rule: a value comes back exactly as it went, or it is an error.
"""

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from hrana.errors import BadValue, refused, understanding

Value = int | float | str | bytes | None
Row = tuple[Value, ...]
Parameters = Sequence[Value] | Mapping[str, Value]
Json = dict[str, Any]
INTEGER_MIN, INTEGER_MAX = -(2**63), 2**63 - 1
CLOSE: Json = {"type": "close"}
"""Ends every request: a server that keeps 128 streams open answers 429 to everybody."""


class StatementLike(Protocol):
    """What a statement is: SQL, and its parameters by position or by name (without the colon)."""

    @property
    def sql(self) -> str: ...

    @property
    def params(self) -> Parameters: ...


@dataclass(frozen=True, slots=True)
class WireStatement:
    """One SQL statement with its parameters."""

    sql: str
    params: Parameters = ()


@dataclass(frozen=True, slots=True)
class ExecutedStatement:
    """One executed statement: its rows, how many rows it changed itself, and its number of columns."""

    rows: list[Row]
    changes: int
    columns: int


def value(given: Value) -> Json:
    """One parameter. Raises BadValue for what JSON or SQLite cannot hold."""
    if given is None:
        return {"type": "null"}
    if isinstance(given, bytes):
        return {"type": "blob", "base64": base64.b64encode(given).decode()}
    if isinstance(given, str):
        return {"type": "text", "value": given}
    if isinstance(given, float):
        return _float(given)
    if not INTEGER_MIN <= given <= INTEGER_MAX:
        raise BadValue(f"{given} is larger than SQLite's integers")
    # As text: a JSON number loses digits beyond 2^53 in many readers. int() makes 1 of True.
    return {"type": "integer", "value": str(int(given))}


def statement(asked: StatementLike) -> Json:
    """A statement with its parameters."""
    if isinstance(asked.params, Mapping):
        named = [{"name": name, "value": value(each)} for name, each in asked.params.items()]
        return {"sql": asked.sql, "named_args": named}
    return {"sql": asked.sql, "args": [value(each) for each in asked.params]}


def execute(asked: StatementLike, index: int | None = None) -> Json:
    """A request for one statement; a replica answers it from frame ``index`` on."""
    return {"type": "execute", "stmt": _from_index(statement(asked), index)}


def batch(steps: Sequence[Json], index: int | None = None) -> Json:
    """A request for a batch; a replica answers it from frame ``index`` on."""
    return {"type": "batch", "batch": _from_index({"steps": list(steps)}, index)}


def transaction(
    begin: str, stmts: Sequence[Json], *, before: Sequence[Json] = (), end: str = "COMMIT"
) -> list[Json]:
    """Steps of a batch that applies all statements, or none: each runs only when the one before was well.

    Statement ``n`` is step ``len(before) + 1 + n``; those ``before`` are no part of the transaction. With
    ROLLBACK as its ``end`` nothing is applied, whatever happens.
    """
    chain: list[Json] = [*before, {"sql": begin}, *stmts, {"sql": end}]
    steps: list[Json] = [{"stmt": chain[0]}]
    steps += [{"stmt": each, "condition": _ok(place)} for place, each in enumerate(chain[1:])]
    failed = {"type": "not", "cond": _ok(len(chain) - 1)}
    # Where BEGIN itself was refused there is nothing to roll back, and ROLLBACK would be an error more.
    inside = {"type": "not", "cond": {"type": "is_autocommit"}}
    steps.append({"stmt": {"sql": "ROLLBACK"}, "condition": {"type": "and", "conds": [failed, inside]}})
    return steps


def answer(given: Json) -> ExecutedStatement:
    """The result of one statement."""
    return ExecutedStatement(
        [row(each) for each in given["rows"]], int(given["affected_row_count"]), len(given["cols"])
    )


def answers(result: Json, count: int, label: str) -> list[ExecutedStatement]:
    """The answers of the ``count`` statements of a ``transaction``.

    Raises the first refusal of a step, and OutcomeUnknown for what is no answer to it.
    """
    with understanding(label):
        for place, error in enumerate(result["step_errors"]):
            if error is not None:
                found = refused(error, label)
                found.step = place - 1 if 0 < place <= count else None
                raise found
        executed = [answer(each) for each in result["step_results"][1 : count + 1]]
        if len(executed) != count:
            raise ValueError("an answer is missing")
        return executed


def row(cells: Sequence[Json]) -> Row:
    """One row of values. Raises BadValue for an infinite number, which the wire does not carry."""
    return tuple([_READ[cell["type"]](cell) for cell in cells])


def _ok(step: int) -> Json:
    return {"type": "ok", "step": step}


def _from_index(request: Json, index: int | None) -> Json:
    return request if index is None else {**request, "replication_index": str(index)}


def _float(given: float) -> Json:
    # SQLite stores NULL for a NaN, in a file as well.
    if math.isnan(given):
        return {"type": "null"}
    if math.isinf(given):
        raise BadValue("an infinite number cannot be sent to a libSQL server")
    return {"type": "float", "value": given}


def _read_float(cell: Json) -> float:
    if cell["value"] is None:
        raise BadValue("the database holds an infinite number, which a libSQL server cannot send")
    return float(cell["value"])


def _read_blob(cell: Json) -> bytes:
    text: str = cell["base64"]
    # The server leaves the padding out, and Python insists on it.
    return base64.b64decode(text + "=" * (-len(text) % 4))


_READ: dict[str, Any] = {
    "null": lambda cell: None,
    "integer": lambda cell: int(cell["value"]),
    "float": _read_float,
    "text": lambda cell: cell["value"],
    "blob": _read_blob,
}
