"""Reads from one server: plain while they are small, packed through a cursor once they are large.

Which form a statement takes is learned from its answers; the rows are the same either way.
"""

from collections.abc import Iterator, Sequence

from hrana import wire
from hrana.client import Client
from hrana.errors import HranaError, TooLarge, refused, understanding
from hrana.packed import packed, unpacked
from hrana.wire import ExecutedStatement, Json, Row, StatementLike
from timed_http.deadline import Deadline

LARGE_ROWS = 2000
"""From about here on the packed form is the faster one."""
SMALL_ROWS = 500
KNOWN_MAX = 256
BEGIN = "BEGIN"

Tables = list[list[Row]]


class Reads:
    """Reads of one database through any of its servers. Safe to call from any thread."""

    def __init__(self) -> None:
        self._columns: dict[str, int] = {}
        """How many columns each statement has whose answer was large."""

    def read(
        self, client: Client, statements: Sequence[StatementLike], index: int | None, deadline: Deadline
    ) -> tuple[Tables, Json]:
        """The rows of each statement from one snapshot, and the answer's frame (a replication_index)."""
        if any(each.sql in self._columns for each in statements):
            return self._large(client, statements, index, deadline)
        try:
            return self._plain(client, statements, index, deadline)
        # Nothing of a read that was refused has to be undone, so it is simply asked again.
        except TooLarge:
            for each in statements:
                self._learn(each, len(described(client, each, deadline)))
            return self._large(client, statements, index, deadline)

    def _plain(
        self, client: Client, statements: Sequence[StatementLike], index: int | None, deadline: Deadline
    ) -> tuple[Tables, Json]:
        answers, frame = _ask(client, statements, index, deadline)
        for each, answer in zip(statements, answers, strict=True):
            if len(answer.rows) >= LARGE_ROWS:
                self._learn(each, answer.columns)
        return [answer.rows for answer in answers], frame

    def _large(
        self, client: Client, statements: Sequence[StatementLike], index: int | None, deadline: Deadline
    ) -> tuple[Tables, Json]:
        widths = [self._columns.get(each.sql, 0) for each in statements]
        asked = [packed(each, n) if n else each for each, n in zip(statements, widths, strict=True)]
        try:
            texts, frame = _through_cursor(client, asked, index, deadline)
        # Refused as packed (bytes, an infinite number): a read may be sent again, and plain.
        except HranaError as error:
            self._forget(statements)
            if error.retryable:
                raise
            return _through_cursor(client, statements, index, deadline)
        with understanding(client.label):
            found = [list(unpacked(t)) if n else t for t, n in zip(texts, widths, strict=True)]
        if all(len(rows) < SMALL_ROWS for rows in found):
            self._forget(statements)
        return found, frame

    def _learn(self, asked: StatementLike, columns: int) -> None:
        if len(self._columns) >= KNOWN_MAX:
            # Rather learnt anew than kept in order: it costs one plain read each.
            self._columns.clear()
        if columns:
            self._columns[asked.sql] = columns

    def _forget(self, statements: Sequence[StatementLike]) -> None:
        for each in statements:
            self._columns.pop(each.sql, None)


def _ask(
    client: Client, statements: Sequence[StatementLike], index: int | None, deadline: Deadline
) -> tuple[list[ExecutedStatement], Json]:
    if len(statements) == 1:
        response = client.pipeline(wire.execute(statements[0], index), deadline)
        with understanding(client.label):
            return [wire.answer(response["result"])], response["result"]
    steps = wire.transaction(BEGIN, [wire.statement(each) for each in statements])
    response = client.pipeline(wire.batch(steps, index), deadline)
    with understanding(client.label):
        return wire.answers(response["result"], len(statements), client.label), response["result"]


def streamed(
    client: Client, statements: Sequence[StatementLike], deadline: Deadline, *, silence_s: float
) -> Iterator[tuple[int, list[Row]]]:
    """Pieces of (place of the statement, rows) from one snapshot, packed; ``silence_s`` bounds each wait."""
    widths = [len(described(client, each, deadline)) for each in statements]
    asked = [packed(each, width) for each, width in zip(statements, widths, strict=True)]
    entries = client.cursor(_snapshot(asked, None), deadline, silence_s=silence_s)
    for place, row in _rows(entries, {}, client.label):
        with understanding(client.label):
            rows = list(unpacked([row]))
        yield place, rows


def _through_cursor(
    client: Client, statements: Sequence[StatementLike], index: int | None, deadline: Deadline
) -> tuple[Tables, Json]:
    found: Tables = [[] for _ in statements]
    frame: Json = {}
    entries = client.cursor(_snapshot(statements, index), deadline)
    for place, row in _rows(entries, frame, client.label):
        with understanding(client.label):
            found[place].append(row)
    return found, frame


def _snapshot(statements: Sequence[StatementLike], index: int | None) -> Json:
    steps = wire.transaction(BEGIN, [wire.statement(each) for each in statements])
    batch: Json = wire.batch(steps, index)["batch"]
    return batch


def _rows(entries: Iterator[Json], frame: Json, label: str) -> Iterator[tuple[int, Row]]:
    """Each row with the place of its statement; ``frame`` gets the answer's replication_index."""
    place = -1
    with understanding(label):
        for entry in entries:
            kind = entry.get("type")
            if kind == "row":
                yield place, wire.row(entry["row"])
            elif kind == "step_begin":
                place = entry["step"] - 1
            elif kind in ("step_error", "error"):
                raise refused(entry["error"], label)
            elif kind == "replication_index":
                frame.update(entry)


def described(client: Client, asked: StatementLike, deadline: Deadline) -> tuple[str, ...]:
    """The names of a statement's columns, without carrying it out."""
    response = client.pipeline({"type": "describe", "sql": asked.sql}, deadline)
    with understanding(client.label):
        return tuple(str(column["name"]) for column in response["result"]["cols"])
