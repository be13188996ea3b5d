"""HTTP as a vendor needs it: one total deadline, a bound on every answer, and no redirect followed.

Every failure of the network becomes a TemporaryFailure that says which host and what to do. When a
server asks for patience (429, or 503 with Retry-After), no further request is sent to it until then.
"""

import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from urllib.parse import urlsplit

import httpcore2

from liveone import __version__
from liveone.clock import SystemClock
from liveone.vendors.base import ProtocolViolation, RateLimited, TemporaryFailure
from timed_http.certificates import trusted
from timed_http.deadline import BoundedBackend, Deadline, network_bound_by

BODY_BYTES_MAX = 1_000_000
CONNECTIONS_MAX = 32
IDLE_S_MAX = 90
"""Longer than the cadence, so that a site polled once a minute keeps its connection."""

PATIENCE_S, PATIENCE_S_MAX = 60.0, 3600.0
_MONOTONIC_S = SystemClock().monotonic_s


@dataclass(frozen=True, slots=True, repr=False)
class HttpResponse:
    """A whole HTTP answer; header names are lower case. Its repr shows no header: they hold cookies."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def __repr__(self) -> str:
        return f"Answer(status={self.status}, {len(self.body)} bytes)"

    def header(self, name: str) -> str:
        """The first header of that name, or an empty text."""
        return next(self.headers_named(name), "")

    def headers_named(self, name: str) -> Iterator[str]:
        """Every header of that name."""
        return (value for key, value in self.headers if key == name)

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


class Http:
    """A pool of connections to one server; safe to call from threads."""

    def __init__(self, base_url: str, *, verify_tls: bool, network: BoundedBackend | None = None) -> None:
        self.base_url = base_url.rstrip("/")
        self._host = urlsplit(base_url).netloc
        self._quiet_until_s = 0.0
        self._closed = threading.Event()
        self._network = network or BoundedBackend()
        self._pool = httpcore2.ConnectionPool(
            ssl_context=tls_context(verify_tls),
            max_connections=CONNECTIONS_MAX,
            keepalive_expiry=IDLE_S_MAX,
            network_backend=self._network,
        )

    @property
    def host(self) -> str:
        """The server, with its port if that is unusual."""
        return self._host

    def request(
        self,
        method: str,
        path: str,
        *,
        deadline: Deadline,
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes | None = None,
    ) -> HttpResponse:
        """One request and its whole answer, of any status but 429 and 5xx.

        Raises TemporaryFailure (network, deadline, 5xx), RateLimited, or ProtocolViolation (an answer
        larger than BODY_BYTES_MAX).
        """
        self._be_patient()
        if deadline.left_s() <= 0:
            raise TemporaryFailure(f"{self._host}: there was no time left to ask", hint=_HINT_SLOW)
        # httpcore unpacks nothing.
        sent = [("user-agent", f"liveone/{__version__}"), ("accept-encoding", "identity"), *headers]
        try:
            with network_bound_by(deadline):
                answer = self._exchange(method, path, sent, body, deadline)
        except (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError) as error:
            raise _translated(error, self._host) from None
        except (OSError, ValueError, RuntimeError) as error:
            raise TemporaryFailure(f"{self._host}: {error}", hint=_HINT_NETWORK) from None
        self._refuse_trouble(answer)
        return answer

    def pause(self, seconds_s: float) -> None:
        """Wait, but not beyond ``close``."""
        self._closed.wait(seconds_s)

    def close(self) -> None:
        """Release every connection."""
        self._closed.set()
        self._pool.close()
        self._network.close()

    def _exchange(
        self,
        method: str,
        path: str,
        headers: list[tuple[str, str]],
        body: bytes | None,
        deadline: Deadline,
    ) -> HttpResponse:
        left_s = deadline.left_s()
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), left_s)
        with self._pool.stream(
            method,
            self.base_url + path,
            headers=[(name.encode(), value.encode("latin-1")) for name, value in headers],
            content=body,
            extensions={"timeout": timeouts},
        ) as response:
            received = bytearray()
            for part in response.iter_stream():
                received += part
                if len(received) > BODY_BYTES_MAX:
                    raise ProtocolViolation(
                        f"{self._host} sent more than {BODY_BYTES_MAX} bytes for {path}",
                        hint="Check that the url is that of the portal or box itself.",
                    )
            named = tuple(
                (key.decode("latin-1").lower(), value.decode("latin-1")) for key, value in response.headers
            )
            return HttpResponse(response.status, named, bytes(received))

    def _be_patient(self) -> None:
        wait_s = self._quiet_until_s - _MONOTONIC_S()
        if wait_s > 0:
            raise RateLimited(
                f"{self._host} asked for a pause; {wait_s:.0f} s of it are left, nothing was sent",
                hint="It ends by itself. If it comes back, poll less often or fewer systems.",
                retry_after_s=wait_s,
            )

    def _refuse_trouble(self, answer: HttpResponse) -> None:
        asked_s = _retry_after_s(answer)
        if answer.status == 429 or (answer.status == 503 and asked_s is not None):
            # Bounded: a wrong header must not silence a portal for long.
            wait_s = min(PATIENCE_S if asked_s is None else asked_s, PATIENCE_S_MAX)
            self._quiet_until_s = _MONOTONIC_S() + wait_s
            raise RateLimited(
                f"{self._host} answered {answer.status}: it asks for a pause of {wait_s:.0f} s",
                hint="It is kept. If it comes back, poll less often or fewer systems.",
                retry_after_s=wait_s,
            )
        if answer.status >= 500:
            raise TemporaryFailure(
                f"{self._host} answered {answer.status}",
                hint="The server has trouble of its own; LiveOne keeps asking. "
                "select.live often does this for a minute at ten to the hour.",
            )


_HINT_NETWORK = "Check the url, and that this machine reaches the network."
_HINT_SLOW = "LiveOne keeps asking. If it never answers, check the url or raise the timeout."


def _translated(error: Exception, host: str) -> TemporaryFailure:
    text = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in text or "certificate verify failed" in text:
        return TemporaryFailure(
            f"{host}: its certificate is not trusted",
            hint="For a box on your own network set verify_tls = false; for a portal, check the url and "
            "this machine's clock and certificates.",
        )
    if isinstance(error, httpcore2.TimeoutException):
        return TemporaryFailure(f"{host} did not answer in time", hint=_HINT_SLOW)
    if isinstance(error, httpcore2.ConnectError):
        return TemporaryFailure(f"cannot reach {host}: {text}", hint=_HINT_NETWORK)
    return TemporaryFailure(
        f"{host} broke off the connection: {text or type(error).__name__}",
        hint="LiveOne asks again. If it stays so, check the url (http or https?) and the network.",
    )


def _retry_after_s(answer: HttpResponse) -> float | None:
    """What Retry-After asks, in seconds; a date is counted from the answer's own Date."""
    asked = answer.header("retry-after").strip()
    if asked.isascii() and asked.isdigit():
        # Nine digits are thirty years: more are nonsense, and need not become a huge number.
        return float(asked[:9])
    try:
        # Our own clock may be wrong; the difference of two of theirs is
        # not (https://www.rfc-editor.org/rfc/rfc9110#field.retry-after).
        until, sent = (parsedate_to_datetime(text) for text in (asked, answer.header("date")))
        return max(0.0, (until - sent).total_seconds())
    except (TypeError, ValueError):
        return None


@cache
def tls_context(verify: bool) -> ssl.SSLContext:
    """Shared by all accounts; ``verify`` False believes whoever answers."""
    if verify:
        return trusted()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
