"""Circuit breaker for a server that hangs: after the first time-out, calls fail at once.

Every few seconds one call sends the cheapest query first; when it is answered, the breaker closes and all
calls go on.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from hrana.client import Client
from hrana.errors import HranaError, NotSent, OutcomeUnknown, Silent

HANGS_S = 1.0
"""A failure that took less was no time-out: a server that refuses at once may be asked at once."""

PROBE_S = 1.0
REST_S, REST_S_MAX = 1.0, 5.0


class Breaker:
    """Of one server. Safe to call from any thread."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._failure: HranaError | None = None
        self._next_s = 0.0
        self._rest_s = REST_S

    @property
    def is_open(self) -> bool:
        """Whether the server did not answer when it was asked last."""
        return self._failure is not None

    @contextmanager
    def guarding(self) -> Iterator[None]:
        """A call to the server. Raises Silent or NotSent at once while it is known to hang."""
        if self._failure is not None:
            self._ask()
        began_s = time.monotonic()
        try:
            yield
        except (NotSent, OutcomeUnknown) as error:
            if self._failure is None and time.monotonic() - began_s >= HANGS_S:
                self.check(error)
            raise

    def check(self, error: HranaError) -> None:
        """After a time-out: look whether the server hangs, or was only slow. Raises Silent or NotSent."""
        try:
            self._client.probe(PROBE_S)
        except (NotSent, OutcomeUnknown) as hangs:
            self._break(hangs)
            raise self._known() from error

    def _ask(self) -> None:
        with self._lock:
            if self._failure is None:
                return
            if time.monotonic() < self._next_s:
                raise self._known()
            # Set before the probe: of many calls at once one asks, and all others fail at once.
            self._next_s = time.monotonic() + 2 * PROBE_S + self._rest_s
        try:
            self._client.probe(PROBE_S)
        except (NotSent, OutcomeUnknown) as hangs:
            self._break(hangs)
            raise self._known() from hangs
        self._failure, self._rest_s = None, REST_S

    def _break(self, failure: HranaError) -> None:
        with self._lock:
            if self._failure is None:
                self._rest_s = REST_S
            else:
                self._rest_s = min(2 * self._rest_s, REST_S_MAX)
            # Silent says more (it was reached), so what comes later does not take its place.
            if not isinstance(self._failure, Silent):
                self._failure = failure
            self._next_s = time.monotonic() + self._rest_s

    def _known(self) -> HranaError:
        """The failure again, always in the same words, so that it is logged once. What was reached and silent
        counts as that until it answers."""
        kind = Silent if isinstance(self._failure, Silent) else NotSent
        return kind(
            f"database {self._client.label} does not answer; it is asked again every {REST_S_MAX:.0f} s"
        )
