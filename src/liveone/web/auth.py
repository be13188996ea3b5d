"""Who is asking: cookie ``auth-token``, a login session, or a bearer token; nobody gets 401.

Single-owner mode knows one secret, AUTH_PASSWORD, and its bearer sees every system. Accounts see their
own systems; administrators see all. With neither configured the server is open to its own machine only
(``guard`` refuses everybody else).
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from anyio import CapacityLimiter
from fastapi import Request

from liveone.web import sessions
from liveone.web.answers import ApiError
from liveone.web.limiter import Limiter
from liveone.web.passwords import hash_token

COOKIE = "auth-token"
OWNER = "owner"
"""The account name in a session of the single owner."""


@dataclass(frozen=True, slots=True)
class User:
    """An account: ``password_hash`` in passwords' text form, ``token_hashes`` of its bearer tokens."""

    id: str
    email: str
    password_hash: str = field(repr=False)
    is_admin: bool = False
    token_hashes: Sequence[str] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class AuthSettings:
    """The secrets of this server. ``session_key`` signs cookies: keep it, or every login ends at restart."""

    auth_password: str | None = field(default=None, repr=False)
    cron_secret: str | None = field(default=None, repr=False)
    session_key: bytes = field(default=b"", repr=False)
    users: Sequence[User] = ()

    @property
    def is_open(self) -> bool:
        """No credential is configured, so nobody can be asked for one."""
        return not self.auth_password and not self.users


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. ``account`` None sees every system; ``until_at`` is when the login session ends."""

    account: str | None
    is_admin: bool
    until_at: int | None = None


class Gate:
    """Tells callers apart; ``now_at`` is UTC epoch seconds, ``now_s`` monotonic."""

    def __init__(self, settings: AuthSettings) -> None:
        self.settings = settings
        self.guesses = Limiter(failures=60)
        self.logins = Limiter()
        self.one_guess_at_a_time = CapacityLimiter(1)

    def caller(self, request: Request, *, now_at: float, now_s: float) -> Caller:
        """The caller of a request; ApiError 401 without a credential, 429 after too many wrong ones."""
        if self.settings.is_open:
            return Caller(None, True)
        bearer = bearer_of(request)
        found = self._by_token(bearer) if bearer else self._by_session(request, now_at)
        if found is not None:
            return found
        guess = bearer or request.cookies.get(COOKIE)
        if not guess:
            raise unauthorized("Sign in, or send the cookie auth-token or a bearer token.")
        self._check_guess(guess, client_of(request), now_s)
        return Caller(None, True)

    def cron(self, request: Request, now_s: float) -> None:
        """Pass only ``Authorization: Bearer <CRON_SECRET>``."""
        secret, bearer = self.settings.cron_secret, bearer_of(request)
        if not secret:
            raise unauthorized("CRON_SECRET is not set on this server, so nobody may call this.")
        if not bearer:
            raise unauthorized("Send Authorization: Bearer <CRON_SECRET>.")
        self._refuse_guessers(client_of(request), now_s)
        if not same(bearer, secret):
            self.guesses.failed(client_of(request), now_s)
            raise unauthorized("That is not this server's CRON_SECRET.")

    def _by_token(self, bearer: str) -> Caller | None:
        offered = hash_token(bearer)
        for user in self.settings.users:
            if any(hmac.compare_digest(offered, kept) for kept in user.token_hashes):
                return Caller(user.id, user.is_admin)
        return None

    def _by_session(self, request: Request, now_at: float) -> Caller | None:
        cookie = request.cookies.get(sessions.COOKIE, "")
        account = sessions.account_of(cookie)
        secret = self.secret_of(account) if account is not None else None
        if account is None or secret is None:
            return None
        until_at = sessions.ends_at(self.settings.session_key, cookie, secret, now_at=now_at)
        if until_at is None:
            return None
        user = self.user(account)
        return Caller(user.id, user.is_admin, until_at) if user else Caller(None, True, until_at)

    def secret_of(self, account: str) -> str | None:
        """What a session of this account is bound to; None when there is no such account."""
        user = self.user(account)
        return user.password_hash if user else self.settings.auth_password if account == OWNER else None

    def user(self, account: str) -> User | None:
        return next((user for user in self.settings.users if user.id == account), None)

    def _check_guess(self, guess: str, client: str, now_s: float) -> None:
        self._refuse_guessers(client, now_s)
        if not self.settings.auth_password or not same(guess, self.settings.auth_password):
            self.guesses.failed(client, now_s)
            raise unauthorized("That credential is not valid here.")

    def _refuse_guessers(self, client: str, now_s: float) -> None:
        wait_s = self.guesses.wait_s(client, now_s)
        if wait_s:
            raise too_many(wait_s)


def same(offered: str, secret: str) -> bool:
    """Compare a header's value (Latin-1 to us), plain or percent-encoded, with a secret in constant time."""
    plain, kept = offered.encode("latin-1", "replace"), secret.encode("utf-8", "surrogatepass")
    decoded = unquote_to_bytes(offered)
    return hmac.compare_digest(plain, kept) | hmac.compare_digest(decoded, kept)


def bearer_of(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return (token.strip() or None) if scheme.lower() == "bearer" else None


def client_of(request: Request) -> str:
    return request.client.host if request.client else "local"


def unauthorized(message: str) -> ApiError:
    return ApiError(401, message, headers={"www-authenticate": "Bearer"})


def too_many(wait_s: int) -> ApiError:
    message = f"Too many wrong credentials from your address. Try again in {wait_s} s."
    return ApiError(429, message, headers={"retry-after": str(wait_s)}, retryAfterS=wait_s)
