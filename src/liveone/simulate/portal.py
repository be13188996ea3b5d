"""The pretended select.live as one object: sites behind accounts behind a port, and its levers.

``with Portal([PortalSite("1586", house())]) as portal: portal.url`` listens on a free loopback port. Time is
what ``now`` says, so a test can drive it; only the waiting of ``hang`` and ``slow`` is real time.
"""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from liveone.clock import SystemClock
from liveone.errors import BadInput
from liveone.simulate.accounts import PortalAccount, Sessions
from liveone.simulate.answers import PortalRequest, PortalResponse
from liveone.simulate.control import PREFIX, Control
from liveone.simulate.faults import FaultBook
from liveone.simulate.hiccup import Hiccup
from liveone.simulate.log import ServedLog
from liveone.simulate.portal_handler import PortalHandler, PortalSite
from liveone.simulate.server import PortalServer

EMAIL, PASSWORD = "owner@example.com", "sunshine"
"""The account that sees every site when no accounts are given."""

__all__ = ["EMAIL", "PASSWORD", "Portal", "PortalAccount", "PortalSite"]


class Portal:
    """A portal that listens from ``start`` (or ``with``) to ``stop``, both faces on one port.

    ``faults`` are texts as in liveone.simulate.faults; ``hiccup`` is the trouble of minute 50 (None: none).
    Raises BadInput for a port in use, a fault that cannot be understood, a log that cannot be written.
    """

    def __init__(
        self,
        sites: Sequence[PortalSite],
        *,
        accounts: Sequence[PortalAccount] = (),
        now: Callable[[], float] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        seed: int = 0,
        hiccup: Hiccup | None = None,
        faults: Sequence[str] = (),
        log_path: Path | None = None,
        certificate: Path | None = None,
    ) -> None:
        numbered = {site.number: site for site in sites}
        if len(numbered) != len(sites):
            raise BadInput("two sites have the same number", hint="Give each site a number of its own.")
        self.now = now or SystemClock().now_at
        self.accounts = tuple(accounts) or (PortalAccount(EMAIL, PASSWORD, tuple(numbered)),)
        self.sites = numbered
        self.sessions = Sessions(self.accounts)
        self.faults = FaultBook(self.now, seed=seed)
        for text in faults:
            self.faults.add(text)
        self.log = ServedLog(log_path)
        self._handler = PortalHandler(
            numbered, sessions=self.sessions, faults=self.faults, log=self.log, hiccup=hiccup, now=self.now
        )
        self.counts = self._handler.counts
        self._control = Control(self.faults, self.sessions, self.log, self.counts)
        self._address, self._certificate = (host, port), certificate
        self._server: PortalServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port it listens on; the one asked for while it does not."""
        return int(self._server.server_address[1]) if self._server else self._address[1]

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        host = self._address[0]
        shown = f"[{host}]" if ":" in host else host
        return f"{'https' if self._certificate else 'http'}://{shown}:{self.port}"

    def start(self) -> "Portal":
        """Listen; returns itself. The port stays the same from then on, over stops and starts."""
        self._server = PortalServer(
            self._address, self._answer, self.log.undelivered, certificate=self._certificate
        )
        self._address = (self._address[0], self.port)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="portal", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop listening and end every connection; it can be started again."""
        if self._server and self._thread:
            self._server.stop()
            self._thread.join()
        self._server = self._thread = None

    def close(self) -> None:
        """Stop for good and close the log."""
        self.stop()
        self.log.close()

    def __enter__(self) -> "Portal":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _answer(self, request: PortalRequest) -> PortalResponse:
        if request.path == PREFIX or request.path.startswith(PREFIX + "/"):
            return self._control.answer(request)
        return self._handler.answer(request)
