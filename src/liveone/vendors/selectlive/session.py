"""A logged-in session at select.live: one for an account, shared by all its systems and threads.

Log in by ``POST /login`` (``email``, ``pwd``): 30x to ``systems`` or ``dashboard`` plus a cookie is
success, 200 with "Bad email address or password" is refusal. A session lives about 30 minutes; it is
renewed at 25, and once when the portal answers 401, sends us to its log-in page, or sends no JSON where
JSON is due. Redirects are never followed, so the password and the cookie go to the configured host only.

Only logging in is behind a lock. Two memories keep a fleet from hammering the log-in page: a refused
password is not sent again for REFUSED_S, and while new log-ins do not help none is made for USELESS_S.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NoReturn
from urllib.parse import quote, quote_plus, urlencode, urljoin, urlsplit

from liveone.clock import SystemClock
from liveone.vendors.base import CredentialsRefused, ProtocolViolation, TemporaryFailure, VendorError
from liveone.vendors.http import Http, HttpResponse
from liveone.vendors.redact import redact_text
from timed_http.deadline import Deadline

_MONOTONIC_S = SystemClock().monotonic_s
RENEW_S = 25 * 60.0
REFUSED_S = 15 * 60.0
USELESS_S = 60.0
REDIRECTS = (301, 302, 303, 307, 308)
LOGIN_FIELD = b'name="pwd"'
"""Only the log-in page has this."""

REFUSAL = "bad email address or password"


@dataclass(frozen=True, slots=True)
class _LogIn:
    cookie: str = field(repr=False)
    at_s: float


class PortalSession:
    """GET requests to the portal as a logged-in user; safe to call from threads."""

    def __init__(
        self,
        http: Http,
        email: str,
        password: str,
        *,
        monotonic_s: Callable[[], float] = _MONOTONIC_S,
    ) -> None:
        self._http = http
        self._email = email
        self._password = password
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._current: _LogIn | None = None
        self._refused: tuple[float, VendorError] | None = None
        self._useless_at_s = float("-inf")

    def __repr__(self) -> str:
        return f"Session({self._http.host})"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be shown: password, e-mail and cookie, plain and as a form sends them."""
        current = self._current
        cookies = [part.partition("=")[2] for part in current.cookie.split("; ")] if current else []
        known = (self._password, self._email)
        return (*known, *(quote(text) for text in known), *(quote_plus(text) for text in known), *cookies)

    def get(self, path: str, *, deadline: Deadline, json: bool = True) -> HttpResponse:
        """The answer to GET ``path``, of any status below 500 but 401, 429 and redirects.

        With ``json`` a body that does not look like JSON counts as an expired session too; if a fresh
        session gets the same, the answer is returned for the caller to judge.
        """
        session = self._valid(deadline)
        answer = self._ask(path, session, deadline)
        if not self._expired(answer, json=json):
            self._useless_at_s = float("-inf")
            return answer
        if self._monotonic_s() - self._useless_at_s < USELESS_S:
            return self._hopeless(answer, path)
        answer = self._ask(path, self._replace(session, deadline), deadline)
        if self._expired(answer, json=json):
            self._useless_at_s = self._monotonic_s()
            return self._hopeless(answer, path)
        return answer

    def log_in_afresh(self, deadline: Deadline) -> None:
        """Log in now, whatever is remembered; raises CredentialsRefused if the portal says no."""
        with self._locked(deadline):
            self._refused = None
            self._current = self._log_in(deadline)

    def _ask(self, path: str, session: _LogIn, deadline: Deadline) -> HttpResponse:
        headers = (("cookie", session.cookie), ("accept", "application/json, text/html"))
        return self._http.request("GET", path, deadline=deadline, headers=headers)

    def _valid(self, deadline: Deadline) -> _LogIn:
        current = self._current
        if current is None or self._monotonic_s() - current.at_s >= RENEW_S:
            return self._replace(current, deadline)
        return current

    def _replace(self, old: _LogIn | None, deadline: Deadline) -> _LogIn:
        """A newer session than ``old``: another thread's if it was faster, else our own."""
        with self._locked(deadline):
            if self._current is None or self._current is old:
                self._raise_if_refused()
                self._current = self._log_in(deadline)
            return self._current

    @contextmanager
    def _locked(self, deadline: Deadline) -> Iterator[None]:
        if not self._lock.acquire(timeout=deadline.left_s()):
            raise TemporaryFailure(
                f"{self._http.host}: another poll was still logging in",
                hint="LiveOne keeps asking. If it stays so, the portal's log-in hangs.",
            )
        try:
            yield
        finally:
            self._lock.release()

    def _raise_if_refused(self) -> None:
        if self._refused is not None:
            refused_at_s, error = self._refused
            if self._monotonic_s() - refused_at_s < REFUSED_S:
                raise type(error)(error.args[0] + " (not tried again yet)", hint=error.hint)

    def _log_in(self, deadline: Deadline) -> _LogIn:
        answer = self._http.request(
            "POST",
            "/login",
            deadline=deadline,
            headers=(("content-type", "application/x-www-form-urlencoded"),),
            body=urlencode({"email": self._email, "pwd": self._password}).encode(),
        )
        where = answer.header("location").lower()
        if answer.status in REDIRECTS and ("systems" in where or "dashboard" in where):
            self._refuse_other_host(answer)
            if cookie := _cookies(answer):
                return _LogIn(cookie, self._monotonic_s())
            raise self._violation("accepted the log-in but sent no cookie", answer)
        if answer.status in (200, 401, 403) and (answer.status != 200 or REFUSAL in answer.text.lower()):
            self._refuse()
        if answer.status in REDIRECTS:
            self._refuse_other_host(answer)
        raise self._violation("answered the log-in in a way that is not understood", answer)

    def _refuse(self) -> NoReturn:
        error = CredentialsRefused(
            f"{self._http.host} refused the e-mail address or password",
            hint="Try them in a browser at the portal, then correct them in LiveOne's settings.",
        )
        self._refused = (self._monotonic_s(), error)
        raise error

    def _expired(self, answer: HttpResponse, *, json: bool) -> bool:
        if answer.status in REDIRECTS:
            self._refuse_other_host(answer)
            return "login" in answer.header("location").lower()
        if answer.status == 401 or (answer.status == 200 and LOGIN_FIELD in answer.body):
            return True
        looks_like_json = answer.body.lstrip()[:1] in (b"{", b"[") and answer.body.rstrip()[-1:] in (
            b"}",
            b"]",
        )
        return json and answer.status == 200 and not looks_like_json

    def _hopeless(self, answer: HttpResponse, path: str) -> HttpResponse:
        """An answer that a fresh session did not better: returned if it can be judged, else an error."""
        if answer.status == 200:
            return answer
        raise TemporaryFailure(
            f"{self._http.host} asks for a log-in for {path} right after one",
            hint="LiveOne keeps asking. If it stays so, log in with a browser: the account may be locked.",
        )

    def _refuse_other_host(self, answer: HttpResponse) -> None:
        """A redirect to another host is an error that names it; its path and query stay unsaid.

        The scheme may differ: a portal behind a proxy often writes http where it means https.
        """
        target = urlsplit(urljoin(self._http.base_url + "/", answer.header("location")))
        if target.hostname == urlsplit(self._http.base_url).hostname:
            return
        shown = redact_text(f"{target.scheme}://{target.hostname}", self.secrets)
        raise ProtocolViolation(
            f"{self._http.host} sends us on to {shown}; nothing was sent there",
            hint=f"If that is the portal's right address, set url = {shown}. "
            "A hotel or guest network does this too: log in to it with a browser.",
        )

    def _violation(self, message: str, answer: HttpResponse) -> ProtocolViolation:
        raw = redact_text(answer.text, self.secrets)
        return ProtocolViolation(
            f"{self._http.host} {message} (status {answer.status})",
            hint="The portal may be in trouble or has changed; LiveOne keeps asking. "
            f"It began: {raw or '(empty)'}",
            raw=raw,
        )


def _cookies(answer: HttpResponse) -> str:
    """The Cookie header for the cookies of an answer; a value may contain ``=`` and is kept as it is."""
    pairs: dict[str, str] = {}
    for header in answer.headers_named("set-cookie"):
        name, sign, value = header.partition(";")[0].strip().partition("=")
        if sign and name and value:
            pairs[name.strip()] = value.strip()
    return "; ".join(f"{name}={value}" for name, value in pairs.items())
