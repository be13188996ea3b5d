"""Home Assistant's WebSocket API: one connection, which is made when it is needed and made again when it was
lost.

Source: the WebSocket API of Home Assistant's developer documentation.
"""

import json
import logging
import ssl
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, TypeVar
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from liveone import __version__
from liveone.clock import SystemClock
from liveone.vendors.address import checked_url
from liveone.vendors.base import CredentialsRefused, ProtocolViolation, RateLimited, TemporaryFailure
from liveone.vendors.http import tls_context
from liveone.vendors.redact import redact_text
from timed_http.deadline import Deadline

PATH = "/api/websocket"
MESSAGE_BYTES_MAX = 8_000_000
CLOSE_S = 1.0
REFUSED_S = 15 * 60.0
"""A refused token is not sent again for so long: Home Assistant may ban who tries too often."""

PAUSE_S = 60.0
_MONOTONIC_S = SystemClock().monotonic_s
_WIRE = logging.getLogger(f"{__name__}.wire")
_WIRE.disabled = True
"""The library would write every message to the log, and the token is in one."""

T = TypeVar("T")


class CommandRefused(ProtocolViolation):
    """Home Assistant understood a command, and refuses it; the conversation goes on."""


class HomeAssistantSocket:
    """One conversation with one Home Assistant. Safe to call from threads; they wait for each other.

    Raises ConfigError for an address that cannot be used. Calls raise VendorError only.
    """

    def __init__(self, url: str, token: str, *, verify_tls: bool) -> None:
        self.url = checked_url(url, carries_password=True)
        self.host = urlsplit(self.url).netloc
        self._token, self._verify_tls = token, verify_tls
        self._lock = threading.Lock()
        self._link: ClientConnection | None = None
        self._open = ExitStack()
        self._number = 0
        self._refused_at_s = float("-inf")

    def call(self, kind: str, deadline: Deadline, **words: Any) -> Any:
        """The result of one command. Raises CommandRefused where Home Assistant does."""
        with self._lock:
            return self._exchanged(lambda: self._result(self._send(kind, words), kind, deadline), deadline)

    def first_event(self, kind: str, deadline: Deadline, **words: Any) -> Any:
        """What a subscription tells at once; it is ended then."""
        with self._lock:
            return self._exchanged(lambda: self._first_event(kind, words, deadline), deadline)

    def close(self) -> None:
        """End the connection; the next call makes another."""
        self._link = None
        self._open.pop_all().close()

    def _first_event(self, kind: str, words: dict[str, Any], deadline: Deadline) -> Any:
        number = self._send(kind, words)
        self._result(number, kind, deadline)
        event = self._heard(number, "event", deadline).get("event")
        self._send("unsubscribe_events", {"subscription": number})
        return event

    def _exchanged(self, exchange: Callable[[], T], deadline: Deadline) -> T:
        """The result of ``exchange`` on an open connection; a connection that failed is not used again."""
        try:
            if self._link is None:
                self._link = self._opened(deadline)
            return exchange()
        except CommandRefused:
            raise
        except BaseException as error:
            self.close()
            raise self._in_words(error) from None

    def _opened(self, deadline: Deadline) -> ClientConnection:
        """Connected and let in."""
        if _MONOTONIC_S() - self._refused_at_s < REFUSED_S:
            raise self._refusal(" (not tried again yet)")
        secure = self.url.startswith("https")
        connecting = connect(
            f"ws{self.url[4:]}{PATH}",
            ssl=tls_context(self._verify_tls) if secure else None,
            open_timeout=max(0.001, deadline.left_s()),
            close_timeout=CLOSE_S,
            max_size=MESSAGE_BYTES_MAX,
            proxy=None,
            logger=_WIRE,
            user_agent_header=f"liveone/{__version__}",
        )
        link = self._open.enter_context(connecting)
        self._let_in(link, deadline)
        return link

    def _let_in(self, link: ClientConnection, deadline: Deadline) -> None:
        self._received(link, deadline)
        link.send(json.dumps({"type": "auth", "access_token": self._token}))
        said = self._received(link, deadline).get("type")
        if said == "auth_invalid":
            self._refused_at_s = _MONOTONIC_S()
            raise self._refusal()
        if said != "auth_ok":
            raise self._violation(f"answered the token with {said!r}")
        self._number = 0

    def _send(self, kind: str, words: dict[str, Any]) -> int:
        assert self._link is not None
        self._number += 1
        self._link.send(json.dumps({"id": self._number, "type": kind, **words}))
        return self._number

    def _result(self, number: int, kind: str, deadline: Deadline) -> Any:
        answer = self._heard(number, "result", deadline)
        if answer.get("success") is not True:
            error = answer.get("error")
            said = error.get("message") if isinstance(error, dict) else None
            raise CommandRefused(
                f"{self.host} refused {kind}: {redact_text(str(said), (self._token,))}",
                hint="Is it an administrator's token, and Home Assistant up to date?",
            )
        return answer.get("result")

    def _heard(self, number: int, kind: str, deadline: Deadline) -> dict[str, Any]:
        """The next message of a kind that belongs to a command; others are of earlier ones."""
        assert self._link is not None
        while True:
            message = self._received(self._link, deadline)
            if message.get("id") == number and message.get("type") == kind:
                return message

    def _received(self, link: ClientConnection, deadline: Deadline) -> dict[str, Any]:
        text = link.recv(timeout=deadline.left_s())
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict):
            raise self._violation("sent something that is no message of Home Assistant")
        return message

    def _in_words(self, error: BaseException) -> BaseException:
        if isinstance(error, InvalidStatus):
            return self._of_status(error.response.status_code)
        if isinstance(error, TimeoutError):
            return TemporaryFailure(f"{self.host} did not answer in time", hint=_REACH)
        if isinstance(error, ssl.SSLCertVerificationError):
            return TemporaryFailure(
                f"{self.host}: its certificate is not trusted",
                hint="For a certificate of its own making switch verify_tls off.",
            )
        if isinstance(error, InvalidHandshake):
            return self._violation("speaks no WebSocket")
        if isinstance(error, ConnectionClosed | EOFError):
            return TemporaryFailure(f"{self.host} broke off the connection", hint=_AGAIN)
        if isinstance(error, OSError | WebSocketException):
            return TemporaryFailure(f"cannot reach {self.host}: {error}", hint=_REACH)
        return error

    def _of_status(self, status: int) -> BaseException:
        if status in (401, 403):
            return CredentialsRefused(
                f"{self.host} refuses this machine ({status})",
                hint="Home Assistant bans an address after wrong tokens: see ip_bans.yaml in its folder.",
            )
        if status == 429:
            return RateLimited(f"{self.host} asks for a pause (429)", hint=_AGAIN, retry_after_s=PAUSE_S)
        if status >= 500:
            return TemporaryFailure(f"{self.host} answered {status}", hint=_AGAIN)
        return self._violation(f"answered {PATH} with {status}")

    def _violation(self, message: str) -> ProtocolViolation:
        return ProtocolViolation(
            f"{self.host} {message}",
            hint="Is this Home Assistant's address, such as http://192.168.1.10:8123?",
        )

    def _refusal(self, more: str = "") -> CredentialsRefused:
        return CredentialsRefused(
            f"{self.host} refused the token{more}",
            hint="Make another one: your profile in Home Assistant, Security, Long-lived access tokens.",
        )


_REACH = "Check the url, that Home Assistant runs, and that this machine reaches its network."
_AGAIN = "It is asked again by itself; Home Assistant may be starting."
