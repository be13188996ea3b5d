"""The driver for a libSQL server: a write is one conditional batch, a read one snapshot, each one round trip.

Rule: nothing is sent twice that might have been applied. Every call ends within ``timeout_s``, which must be
more than the 5 s after which the server takes the write lock from whoever holds it.
"""

import time
from collections.abc import Callable, Iterator, Sequence

from hrana import address, wire
from hrana.client import Client
from hrana.errors import Refused, Waiting, understanding
from hrana.reads import Reads, described, streamed
from hrana.tokens import is_read_only
from hrana.wire import ExecutedStatement, Json
from liveone import __version__
from liveone.clock import SystemClock
from liveone.store.database import BulkInsert, ReadOnly, Row, Statement, Unavailable, WriteResult
from liveone.store.libsql.errors import READ_ONLY_HINT, translated
from liveone.store.libsql.frames import Frames
from liveone.store.libsql.holds import QUESTION, refuse_held
from liveone.store.libsql.sources import ReadSource, Sources
from liveone.store.libsql.writes import results_of, steps_of
from timed_http.deadline import Deadline

AGENT = f"liveone/{__version__}"
TIMEOUT_S = 20.0
WATCH_S = 0.5
"""How old the change token may be; our own calls renew it for nothing."""
PAUSE_S = 0.05
STREAM_S = 6 * 3600.0
"""The longest that reading a whole database may take."""
_MONOTONIC_S = SystemClock().monotonic_s


class LibsqlDatabase:
    """A Database on a libSQL server, its writes to the primary, its reads to a replica if there is one.

    ``url`` as in ``address``; ``token`` a JWT for both servers, or what gives the present one. Raises
    StoreErrors, and BadInput for a URL
    that is none. Nothing is sent by opening.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | Callable[[], str] = "",
        replica_url: str = "",
        timeout_s: float = TIMEOUT_S,
        watch_s: float = WATCH_S,
    ) -> None:
        with translated():
            primary = address.parse(url)
            replica = address.parse(replica_url) if replica_url else None
            self._primary = Client(primary, token, agent=AGENT)
            self._replica = Client(replica, token, agent=AGENT) if replica else None
        self.label = primary.label
        self.read_only = is_read_only(token() if callable(token) else token)
        self._timeout_s = timeout_s
        self._watch_s = watch_s
        self._sources = Sources(self._primary, self._replica, timeout_s)
        self._reads = Reads()
        self._frames = Frames()
        self._closed = False

    def read(self, statements: Sequence[Statement], *, newest: bool = False) -> list[list[Row]]:
        """The rows of each statement, all from one snapshot, in which our own writes are.

        ``newest``: from the primary, where everybody's are.
        """
        self._refuse_closed()
        if not statements:
            return []
        with translated():
            return self._sources.ask(
                lambda source, deadline: self._read(source, statements, deadline), primary_only=newest
            )

    def columns(self, statement: Statement) -> tuple[str, ...]:
        """The names of the columns that a query gives; the server looks at it and does not carry it out."""
        self._refuse_closed()
        with translated():
            return described(self._primary, statement, Deadline(self._timeout_s))

    def stream(self, statements: Sequence[Statement]) -> Iterator[tuple[int, list[Row]]]:
        """Pieces of (place of the statement, some of its rows), in order, all from one snapshot of the
        primary; within ``STREAM_S``, and no longer than ``timeout_s`` without anything coming.
        """
        self._refuse_closed()
        with translated():
            yield from streamed(self._primary, statements, Deadline(STREAM_S), silence_s=self._timeout_s)

    def write(self, statements: Sequence[Statement | BulkInsert]) -> list[WriteResult]:
        """Apply all statements in one transaction, or none. Returns one Result a statement.

        Raises OutcomeUnknown when the answer was lost. While another writer has the lock it waits and tries
        again, then raises Busy; raises Held at once while a migration asks writers to wait, ReadOnly where
        the token only reads.
        """
        self._refuse_closed()
        self._refuse_read_only()
        with translated():
            parts = [steps_of(each) for each in statements]
            stmts = [step for part in parts for step in part]
            if not stmts:
                return results_of([0] * len(parts), [])
            asked = [wire.statement(QUESTION), *stmts]
            request = wire.batch(wire.transaction("BEGIN IMMEDIATE", asked))
            return results_of([len(part) for part in parts], self._commit(request, len(stmts)))

    def change_token(self) -> int:
        """Differs after any commit by anybody, noticed within half a second; asks at most twice a second."""
        self._refuse_closed()
        if self._frames.age_s() >= self._watch_s:
            self.read([Statement("SELECT 1")])
        return self._frames.index or 0

    def close(self) -> None:
        """Release connections."""
        self._closed = True
        self._primary.close()
        if self._replica is not None:
            self._replica.close()

    def _read(
        self, source: ReadSource, statements: Sequence[Statement], deadline: Deadline
    ) -> list[list[Row]]:
        # The primary has every frame; a replica asked without an index answers at once, with what it has.
        index = self._frames.index if source.caught_up else None
        asked_s = _MONOTONIC_S()
        rows, answered = self._reads.read(source.client, statements, index, deadline)
        if source.client is self._primary or source.caught_up:
            self._frames.note(answered, asked_s)
        return rows

    def _commit(self, request: Json, count: int) -> list[ExecutedStatement]:
        """Send a batch until somebody else's lock no longer keeps it from being applied."""
        deadline, pause_s = Deadline(self._timeout_s), PAUSE_S
        while True:
            asked_s = _MONOTONIC_S()
            try:
                with self._sources.writing():
                    response = self._primary.pipeline(request, deadline)
                with understanding(self.label):
                    result: Json = response["result"]
                answers = self._answers(result, count)
            except Waiting:
                if deadline.left_s() <= pause_s:
                    raise
                time.sleep(pause_s)
                # Doubled without a bound of its own: the deadline is the bound.
                pause_s *= 2
            else:
                self._frames.note(result, asked_s)
                return answers

    def _answers(self, result: Json, count: int) -> list[ExecutedStatement]:
        """The answers of the ``count`` statements behind the question about a hold."""
        refuse_held(result, self.label)
        try:
            return wire.answers(result, count + 1, self.label)[1:]
        except Refused as error:
            # The question about a hold is a step of ours, of which the caller knows nothing.
            error.step = error.step - 1 if error.step else None
            raise

    def _refuse_closed(self) -> None:
        if self._closed:
            raise Unavailable(f"database {self.label} was closed by this program")

    def _refuse_read_only(self) -> None:
        if self.read_only:
            raise ReadOnly(
                f"database {self.label} cannot be written: our token only reads", hint=READ_ONLY_HINT
            )
