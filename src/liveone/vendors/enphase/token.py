"""The token that an Envoy asks for from firmware 7 on: given by its owner, or fetched with his account at
Enphase.

``POST /login/login.json`` at Enlighten gives a session, ``POST /tokens`` at Entrez the token of one
gateway. It is kept in memory. A refused password is not sent again for REFUSED_S.
"""

import json
import threading
from collections.abc import Callable
from urllib.parse import urlencode

from liveone.clock import SystemClock
from liveone.vendors.base import CredentialsRefused, ProtocolViolation
from liveone.vendors.http import Http
from timed_http.deadline import Deadline

ENLIGHTEN = "https://enlighten.enphaseenergy.com"
ENTREZ = "https://entrez.enphaseenergy.com"
REFUSED_S = 15 * 60.0
_MONOTONIC_S = SystemClock().monotonic_s


class EnvoyToken:
    """The token of one gateway; safe to call from threads."""

    def __init__(
        self,
        email: str,
        password: str,
        *,
        enlighten: str = ENLIGHTEN,
        entrez: str = ENTREZ,
        monotonic_s: Callable[[], float] = _MONOTONIC_S,
    ) -> None:
        self._account = (email, password)
        self._enlighten, self._entrez = Http(enlighten, verify_tls=True), Http(entrez, verify_tls=True)
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._current: str | None = None
        self._refused_at_s = float("-inf")

    def of(self, serial: str, deadline: Deadline, *, instead_of: str | None = None) -> str:
        """The token, fetched where there is none yet or where the gateway refused ``instead_of``.

        Raises VendorError.
        """
        with self._lock:
            if self._current is None or self._current == instead_of:
                self._current = self._fetched(serial, deadline)
            return self._current

    def close(self) -> None:
        """Release connections."""
        self._enlighten.close()
        self._entrez.close()

    def _fetched(self, serial: str, deadline: Deadline) -> str:
        if self._monotonic_s() - self._refused_at_s < REFUSED_S:
            raise self._refusal(" (not tried again yet)")
        email, password = self._account
        form = urlencode({"user[email]": email, "user[password]": password}).encode()
        answer = self._enlighten.request(
            "POST",
            "/login/login.json",
            deadline=deadline,
            headers=(("content-type", "application/x-www-form-urlencoded"),),
            body=form,
        )
        if answer.status in (401, 403):
            self._refused_at_s = self._monotonic_s()
            raise self._refusal()
        session = _session_of(answer.body) if answer.status == 200 else None
        if session is None:
            raise _strange(self._enlighten, answer.status)
        wanted = {"session_id": session, "serial_num": serial, "username": email}
        answer = self._entrez.request(
            "POST",
            "/tokens",
            deadline=deadline,
            headers=(("content-type", "application/json"),),
            body=json.dumps(wanted).encode(),
        )
        token = answer.text.strip()
        if answer.status != 200 or token.count(".") != 2 or not token.isascii() or not token.isprintable():
            raise _strange(self._entrez, answer.status)
        return token

    def _refusal(self, more: str = "") -> CredentialsRefused:
        return CredentialsRefused(
            f"{self._enlighten.host} refused the e-mail address or password{more}",
            hint="They are those of your Enphase account. Or set a token of entrez.enphaseenergy.com.",
        )


def _session_of(body: bytes) -> str | None:
    try:
        found = json.loads(body)
        session = found["session_id"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return session if isinstance(session, str) and session else None


def _strange(http: Http, status: int) -> ProtocolViolation:
    return ProtocolViolation(
        f"{http.host} gave no token for the gateway (status {status})",
        hint="Is the gateway one of this account's? Or make a token at entrez.enphaseenergy.com and set it.",
    )
