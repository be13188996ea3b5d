"""A database on a libSQL server, as far as changeover asks for a connection: one statement is one request.

Rule: every statement commits by itself, so nothing that dies here leaves a lock or half a change behind. A
change of more than one statement is one conditional batch (`apply`).
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from changeover.database.where import Server
from changeover.sql import text
from hrana import address, wire
from hrana.client import Client
from hrana.errors import Waiting, understanding
from hrana.reads import Reads, described, streamed
from hrana.wire import ExecutedStatement, Json, Row, WireStatement
from timed_http.deadline import Deadline

AGENT = "changeover"
CALL_S = 20.0
"""More than the 5 s after which the server takes the lock from whoever holds it."""
STREAM_S = 6 * 3600.0
"""The longest that reading a whole database may take; no wait for a piece is longer than a call."""
PAUSE_S, PAUSE_S_MAX = 0.02, 0.5
READS = ("select", "values", "explain")


class RemoteRows:
    """The answer to one statement, with the part of a cursor's interface that is used here."""

    def __init__(self, rows: list[Row], changes: int) -> None:
        self._left: Iterator[Row] = iter(rows)
        self.rowcount = changes

    def fetchone(self) -> Any:
        """The next row, or None."""
        return next(self._left, None)

    def fetchmany(self, size: int = 1) -> list[Any]:
        """Up to ``size`` rows more."""
        return [row for _, row in zip(range(size), self._left, strict=False)]

    def fetchall(self) -> list[Any]:
        """All rows that are left."""
        return list(self._left)

    def __iter__(self) -> Iterator[Any]:
        return self._left


class Remote:
    """A connection to a libSQL server.

    ``call_s`` bounds every request, ``busy_timeout_s`` how long one is repeated that the server refused for
    somebody else's sake; before it refuses, the server lets a request wait for a lock for about 5 s. Raises
    HranaErrors, of which `connect.translated` makes ours. Safe to call from any thread.
    """

    in_transaction = False

    def __init__(self, server: Server, *, busy_timeout_s: float = 5.0, call_s: float = CALL_S) -> None:
        found = address.parse(server.url)
        self.label = found.label
        self._client = Client(found, server.token, agent=AGENT)
        self._reads = Reads()
        self._busy_timeout_s, self._call_s = busy_timeout_s, call_s

    def execute(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = (), /) -> RemoteRows:
        """Run one statement, which commits by itself; again while somebody else's lock is in the way."""
        asked = WireStatement(sql, parameters)
        # Reading twice does no harm, and a large answer has a form of its own, which `Reads` knows.
        if next((token.text.lower() for token in text.tokens(sql)), "") in READS:
            return RemoteRows(self.snapshot([asked])[0], -1)
        response = self._patiently(wire.execute(asked))
        with understanding(self.label):
            answer = wire.answer(response["result"])
        return RemoteRows(answer.rows, answer.changes)

    def snapshot(
        self, statements: Sequence[WireStatement], *, within_s: float | None = None
    ) -> list[list[Row]]:
        """The rows of each statement, all from one snapshot. ``within_s`` bounds the whole call."""
        deadline = Deadline(self._call_s if within_s is None else within_s)
        return self._reads.read(self._client, statements, None, deadline)[0]

    def stream(self, statements: Sequence[WireStatement]) -> Iterator[tuple[int, list[Row]]]:
        """Pieces of (place of the statement, rows), in order, all from one snapshot, however many."""
        return streamed(self._client, statements, Deadline(STREAM_S), silence_s=self._call_s)

    def columns(self, sql: str) -> tuple[str, ...]:
        """The names of the columns that a query gives; it is not carried out."""
        return described(self._client, WireStatement(sql), Deadline(self._call_s))

    def apply(
        self, statements: Sequence[WireStatement], *, within_s: float | None = None
    ) -> list[ExecutedStatement]:
        """All statements in one transaction, or none: one request, sent once.

        Raises Refused whose ``step`` is the place of the statement that failed, OutcomeUnknown, NotSent.
        """
        steps = wire.transaction("BEGIN IMMEDIATE", [wire.statement(each) for each in statements])
        result = self.batch(steps, within_s=self._call_s if within_s is None else within_s)
        return wire.answers(result, len(statements), self.label)

    def batch(self, steps: Sequence[Json], *, within_s: float) -> Json:
        """The server's own account of a batch of conditional steps: one request, sent once."""
        response = self._client.pipeline(wire.batch(steps), Deadline(within_s))
        with understanding(self.label):
            result: Json = response["result"]
        return result

    def close(self) -> None:
        """Release every connection."""
        self._client.close()

    def _patiently(self, request: Json) -> Json:
        """The response, asked for again while the server refuses for somebody else's sake."""
        patience, pause_s = Deadline(self._busy_timeout_s), PAUSE_S
        while True:
            try:
                return self._client.pipeline(request, Deadline(self._call_s))
            except Waiting:
                if patience.left_s() <= pause_s:
                    raise
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, PAUSE_S_MAX)
