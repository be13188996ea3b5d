"""Who is asking: cookie ``auth-token``, a login session, or a bearer token; nobody gets 401.

Single-owner mode knows one secret, AUTH_PASSWORD, and its bearer sees every system. Accounts see their
own systems; administrators see all. With neither configured the server is open to its own machine only
(``guard`` refuses everybody else).

Accounts are asked for at each request: who was removed, or has another password, is out at once.
``Authenticator.by`` decides whether a credential holds; an open stream asks it again and again.
"""

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import unquote_to_bytes

from anyio import CapacityLimiter
from fastapi import Request

from liveone.accounts.users import Account
from liveone.web.answers import ApiError, log
from liveone.web.auth import sessions
from liveone.web.auth.ended_sessions import EndedSessions
from liveone.web.auth.guess_limiter import Limiter, network_of
from liveone.web.auth.passwords import hash_token
from liveone.web.guard import is_loopback

COOKIE = "auth-token"
OWNER = "owner"
"""The account name in a session of the single owner."""

LONG_SECRET = 20
"""A secret of so many characters cannot be guessed by asking: it is compared however many were wrong."""


@dataclass(frozen=True, slots=True)
class AuthSettings:
    """The secrets of this server. ``session_key`` signs cookies: keep it, or every login ends at restart.

    ``people`` gives the accounts as they are now; without it they are ``users``, always.
    """

    auth_password: str | None = field(default=None, repr=False)
    cron_secret: str | None = field(default=None, repr=False)
    session_key: bytes = field(default=b"", repr=False)
    users: Sequence[Account] = ()
    people: Callable[[], Sequence[Account]] | None = field(default=None, repr=False)
    ended: EndedSessions = field(default_factory=EndedSessions, repr=False)

    @property
    def is_open(self) -> bool:
        """No credential is configured, so nobody can be asked for one."""
        return not self.auth_password and not self.accounts()

    def accounts(self) -> Sequence[Account]:
        """Who may sign in, now."""
        return self.people() if self.people else self.users

    def account(self, account_id: str) -> Account | None:
        """One of them."""
        return next((user for user in self.accounts() if user.id == account_id), None)

    def secret_of(self, account_id: str) -> str | None:
        """What a session of this account is bound to; None when there is no such account."""
        user = self.account(account_id)
        return user.password_hash if user else self.auth_password if account_id == OWNER else None


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request shows: a bearer token, or the text of a cookie of ours."""

    bearer: str | None = field(default=None, repr=False)
    session: str = field(default="", repr=False)
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. ``account`` None sees every system; ``until_at`` is when the login session ends."""

    account: str | None
    is_admin: bool
    until_at: int | None = None
    credential: Credential = field(default=Credential(), compare=False)


class TooManyGuesses(ApiError):
    """429: so many wrong credentials came from this address that the next is looked at in ``wait_s``."""

    def __init__(self, wait_s: float) -> None:
        seconds = int(wait_s) + 1
        message = f"Too many wrong credentials from your address. Try again in {seconds} s."
        super().__init__(429, message, headers={"retry-after": str(seconds)}, retryAfterS=seconds)
        self.wait_s = wait_s


class Authenticator:
    """Tells callers apart; ``now_at`` is UTC epoch seconds, ``now_s`` monotonic."""

    def __init__(self, settings: AuthSettings) -> None:
        self.settings = settings
        self._began_open = settings.is_open
        self._guesses = Limiter(free=60, spacing_s=1.0)
        self.sign_ins = Limiter(free=10, spacing_s=4.0)
        self.sprayed = Limiter(free=50, spacing_s=2.0)
        self.one_guess_at_a_time = CapacityLimiter(1)

    @property
    def is_open(self) -> bool:
        """Nobody is asked: so it was at the start, and it still is. A server never opens while it runs."""
        return self._began_open and self.settings.is_open

    def caller(self, request: Request, *, now_at: float, now_s: float) -> Caller:
        """The caller of a request; ApiError 401 without a credential, 429 after too many wrong ones."""
        shown = credential_of(request)
        found = self.by(shown, now_at)
        if found is not None:
            return found
        guess = shown.bearer or shown.secret
        if not guess:
            raise unauthorized("Sign in, or send the cookie auth-token or a bearer token.")
        self._check(guess, self.settings.auth_password, request, now_s)
        return Caller(None, True)

    def cron(self, request: Request, now_s: float) -> None:
        """Pass only ``Authorization: Bearer <CRON_SECRET>``."""
        secret, bearer = self.settings.cron_secret, bearer_of(request)
        if not secret:
            raise unauthorized("CRON_SECRET is not set on this server, so nobody may call this.")
        if not bearer:
            raise unauthorized("Send Authorization: Bearer <CRON_SECRET>.")
        self._check(bearer, secret, request, now_s, wrong="That is not this server's CRON_SECRET.")

    def by(self, shown: Credential, now_at: float) -> Caller | None:
        """Whom a credential lets in now, guessable secrets apart. The one place that decides it."""
        if self.is_open:
            return Caller(None, True)
        if shown.bearer:
            return self._by_token(shown)
        return self._by_session(shown, now_at)

    def still(self, caller: Caller, now_at: float) -> bool:
        """Whether who came in may stay: not ended, removed, or given other rights meanwhile."""
        if caller.credential == Credential():
            return True
        return self.by(caller.credential, now_at) == caller

    def end(self, session_cookie: str, now_at: float) -> None:
        """End a genuine session, everywhere."""
        session = self._session(session_cookie, now_at)
        if session is not None:
            self.settings.ended.add(session.id, session.until_at, now_at=now_at)

    def _by_token(self, shown: Credential) -> Caller | None:
        offered = hash_token(shown.bearer or "")
        for user in self.settings.accounts():
            if any(hmac.compare_digest(offered, token.hash) for token in user.tokens):
                return Caller(user.id, user.is_admin, credential=replace(shown, session="", secret=None))
        return None

    def _by_session(self, shown: Credential, now_at: float) -> Caller | None:
        session = self._session(shown.session, now_at)
        if session is None or self.settings.ended.has(session.id):
            return None
        kept = Credential(session=shown.session)
        user = self.settings.account(session.account)
        if user:
            return Caller(user.id, user.is_admin, session.until_at, kept)
        return Caller(None, True, session.until_at, kept)

    def _session(self, cookie: str, now_at: float) -> sessions.LoginSession | None:
        claim = sessions.claimed(cookie)
        secret = self.settings.secret_of(claim.account) if claim else None
        return sessions.proven(self.settings.session_key, cookie, secret, now_at=now_at) if secret else None

    def _check(
        self,
        guess: str,
        secret: str | None,
        request: Request,
        now_s: float,
        *,
        wrong: str = "That credential is not valid here.",
    ) -> None:
        """Raise ApiError 401 for a wrong secret. A guessable one waits its turn first (429)."""
        name = f"{address_of(request)} {'cron' if secret == self.settings.cron_secret else 'password'}"
        is_long = len(secret or "") >= LONG_SECRET
        if is_long and secret and same(guess, secret):
            return
        wait_s = self._guesses.wait_s(name, now_s)
        if wait_s > 0:
            raise TooManyGuesses(wait_s)
        if not is_long and secret and same(guess, secret):
            return
        self._guesses.guessed(name, now_s)
        log.warning("a wrong credential came from %s for %s", address_of(request), request.url.path[:80])
        raise unauthorized(wrong)


def same(offered: str, secret: str) -> bool:
    """Compare a header's value (Latin-1 to us), plain or percent-encoded, with a secret in constant time."""
    plain, kept = offered.encode("latin-1", "replace"), secret.encode("utf-8", "surrogatepass")
    decoded = unquote_to_bytes(offered)
    return hmac.compare_digest(plain, kept) | hmac.compare_digest(decoded, kept)


def credential_of(request: Request) -> Credential:
    cookies = request.cookies
    return Credential(bearer_of(request), cookies.get(sessions.COOKIE, ""), cookies.get(COOKIE))


def bearer_of(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return (token.strip() or None) if scheme.lower() == "bearer" else None


def address_of(request: Request) -> str:
    """The network that guesses are counted for.

    A proxy on this machine is believed in this even where it is not among the trusted ones: it writes the
    peer that it saw as the last of X-Forwarded-For, and without that everybody would be one address. Some
    write it into a header of its own, behind one that the client sent.
    """
    client = request.client.host if request.client else "local"
    every = ",".join(request.headers.getlist("x-forwarded-for"))
    forwarded = every.rpartition(",")[2].strip()
    return network_of(forwarded[:64] if forwarded and is_loopback(client) else client)


def unauthorized(message: str) -> ApiError:
    return ApiError(401, message, headers={"www-authenticate": "Bearer"})
