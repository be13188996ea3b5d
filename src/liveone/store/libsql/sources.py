"""Where reads go: to the replica if there is one, to the primary when it lags or fails, and rather to a
stale replica than nowhere. A source that failed comes last for a while.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from hrana.client import Client
from hrana.errors import HranaError, OutcomeUnknown, Waiting
from liveone.store.libsql.breaker import Breaker
from timed_http.deadline import Deadline

REST_S = 5.0
PAUSE_S = 0.05
REPLICA_S = 2.0
"""What a replica gets to catch up with our last write and to answer."""

PATIENCE_S = 1.0
"""So long an answer may take before we look whether the server hangs: pages hear of it within two seconds."""

T = TypeVar("T")


@dataclass(slots=True)
class ReadSource:
    """A server and how it is asked: ``caught_up`` waits for our own last write to arrive there."""

    client: Client
    caught_up: bool
    limit_s: float
    resting: Deadline


class Sources:
    """The order in which servers are asked. Safe from any thread: a race only changes the order."""

    def __init__(self, primary: Client, replica: Client | None, timeout_s: float) -> None:
        awake = Deadline(0)
        self._timeout_s = timeout_s
        self._primary = primary
        self._all = [ReadSource(primary, False, timeout_s, awake)]
        if replica is not None:
            self._all.insert(0, ReadSource(replica, True, REPLICA_S, awake))
            self._all.append(ReadSource(replica, False, timeout_s, awake))
        self._breaker_of = {source.client: Breaker(source.client) for source in self._all}

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A call that goes to the primary. Raises NotSent at once while that is known to hang."""
        with self._breaker_of[self._primary].guarding():
            yield

    def ask(self, question: Callable[[ReadSource, Deadline], T], *, primary_only: bool = False) -> T:
        """The first answer. Raises the primary's error when no source has one; all within the timeout.

        A lost answer is asked for again: reading twice does no harm.
        """
        deadline = Deadline(self._timeout_s)
        failed: HranaError | None = None
        for source in self._in_order():
            if primary_only and source.client is not self._primary:
                continue
            try:
                return self._asked(source, deadline, question)
            except HranaError as error:
                if not error.retryable:
                    raise
                source.resting = Deadline(REST_S)
                if failed is None or source.client is self._primary:
                    failed = error
                if deadline.left_s() <= 0:
                    break
        assert failed is not None
        raise failed

    def _asked(
        self, source: ReadSource, deadline: Deadline, question: Callable[[ReadSource, Deadline], T]
    ) -> T:
        """Ask, and where no answer comes soon look whether the server hangs; if it is only slow, ask anew."""
        breaker = self._breaker_of[source.client]
        with breaker.guarding():
            soon = deadline.within(min(PATIENCE_S, source.limit_s))
            try:
                return _asked_twice(source, soon, question)
            except OutcomeUnknown as error:
                if soon.left_s() > 0 or deadline.left_s() <= 0:
                    raise
                breaker.check(error)
            return _asked_twice(source, deadline, question)

    def _in_order(self) -> list[ReadSource]:
        # sorted is stable: those that rest keep their order behind the others.
        return sorted(self._all, key=lambda source: source.resting.left_s() > 0)


def _asked_twice(source: ReadSource, deadline: Deadline, question: Callable[[ReadSource, Deadline], T]) -> T:
    """Ask once more after a lost answer or a request for patience, when there is time left."""
    within = deadline.within(source.limit_s)
    try:
        return question(source, within)
    except (OutcomeUnknown, Waiting):
        if within.left_s() <= PAUSE_S:
            raise
    time.sleep(PAUSE_S)
    return question(source, within)
