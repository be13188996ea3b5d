"""Who is asking: cookie ``auth-token``, a login session, a bearer token, an opened share link, a session
token of Clerk; nobody: 401.

Single-owner mode knows one secret, AUTH_PASSWORD, and its bearer sees every system. Accounts see their
own systems; administrators see all. With neither configured the server is open to its own machine only
(``guard`` refuses everybody else).

Accounts are asked for at each request: who was removed, disabled, or has another password, is out at once.
``Authenticator.by`` decides whether a credential holds; an open stream asks it again and again. What a caller
may do is decided in ``rights``.
"""

import hmac
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from urllib.parse import unquote_to_bytes

from anyio import CapacityLimiter, to_thread
from fastapi import Request

from liveone.accounts import audit
from liveone.accounts.credentials import DAY_S, SCOPES, StoredCredential
from liveone.accounts.directory import AccountDirectory
from liveone.accounts.external.issuer import Issuer
from liveone.accounts.passwords import hash_token
from liveone.accounts.people import NO_ROLES, OWNER, People, PeopleSnapshot
from liveone.accounts.users import Account
from liveone.sealing import SecretBox
from liveone.store.database import StoreError
from liveone.store.store import Query
from liveone.web.answers import ApiError, log
from liveone.web.auth import sessions
from liveone.web.auth.clerk_sessions import ClerkSessions
from liveone.web.auth.credential import Credential, bearer_of, credential_of
from liveone.web.auth.ended_sessions import EndedSessions
from liveone.web.auth.guess_limiter import Limiter, network_of
from liveone.web.guard import is_loopback

SEEN_EVERY_S = 600
LONG_SECRET = 20
"""A secret of so many characters cannot be guessed by asking: it is compared however many were wrong."""


@dataclass(frozen=True, slots=True)
class AuthSettings:
    """The secrets of this server. ``session_key`` signs cookies: keep it, or every login ends at restart.

    ``people`` gives the accounts of ``users.toml`` as they are now; without it they are ``users``, always.
    ``issuers`` are where people may sign in besides; ``directory`` says who somebody of Clerk is. ``box``
    seals the secrets of apps for codes.
    """

    auth_password: str | None = field(default=None, repr=False)
    cron_secret: str | None = field(default=None, repr=False)
    session_key: bytes = field(default=b"", repr=False)
    users: Sequence[Account] = ()
    people: Callable[[], Sequence[Account]] | None = field(default=None, repr=False)
    ended: EndedSessions = field(default_factory=EndedSessions, repr=False)
    issuers: Sequence[Issuer] = field(default=(), repr=False)
    directory: AccountDirectory | None = field(default=None, repr=False)
    box: SecretBox | None = field(default=None, repr=False)

    def asks_nobody(self, found: PeopleSnapshot) -> bool:
        """Whether there is nothing that a caller could show."""
        return not (self.auth_password or found.accounts or self.issuers)

    def accounts(self) -> Sequence[Account]:
        """Who may sign in where the database keeps no accounts: those of the file, now."""
        return self.people() if self.people else self.users


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. ``account`` None is the single owner; ``until_at`` is when the login session ends.

    ``sees_all``: every system as its owner; else ``roles`` by system. ``scope`` bounds both: one of SCOPES.
    ``kind``: owner (the single one, or of an open server), person, token or share; ``kept_id``: the
    credential's.
    """

    account: str | None
    sees_all: bool
    until_at: int | None = None
    credential: Credential = field(default=Credential(), compare=False)
    roles: Mapping[int, str] = field(default_factory=lambda: NO_ROLES, hash=False)
    scope: str = SCOPES[-1]
    kind: str = "owner"
    kept_id: int | None = None

    @property
    def is_admin(self) -> bool:
        """Whether it may administer the installation."""
        return self.sees_all and self.scope == SCOPES[-1]

    @property
    def name(self) -> str:
        """What the audit log calls it."""
        return f"{self.account or OWNER}{' by token' if self.kind == 'token' else ''}"


def is_signed_in(caller: Caller) -> bool:
    """Whether there is a session to sign out of."""
    return caller.until_at is not None and caller.kind != "share"


class TooManyGuesses(ApiError):
    """429: so many wrong credentials came from this address that the next is looked at in ``wait_s``."""

    def __init__(self, wait_s: float) -> None:
        seconds = int(wait_s) + 1
        message = f"Too many wrong credentials from your address. Try again in {seconds} s."
        super().__init__(429, message, headers={"retry-after": str(seconds)}, retryAfterS=seconds)
        self.wait_s = wait_s


class Authenticator:
    """Tells callers apart; ``now_at`` is UTC epoch seconds, ``now_s`` monotonic.

    ``refresh`` may ask the database; everything else goes by what it found.
    """

    def __init__(self, settings: AuthSettings, people: People) -> None:
        self.settings, self.people = settings, people
        self._began_open: bool | None = None
        self._guesses = Limiter(free=60, spacing_s=1.0)
        self.sign_ins = Limiter(free=10, spacing_s=4.0)
        self.sprayed = Limiter(free=50, spacing_s=2.0)
        self.codes = Limiter(free=5, spacing_s=4.0)
        self.one_guess_at_a_time, self.known_browsers = CapacityLimiter(1), CapacityLimiter(1)
        self._threads = CapacityLimiter(4)
        self.elsewhere = CapacityLimiter(4)
        self.clerk = ClerkSessions(settings.issuers, settings.directory, people)

    @property
    def snapshot(self) -> PeopleSnapshot:
        """Who may come in, as last looked at."""
        return self.people.snapshot

    async def refresh(self) -> None:
        """Look again who may come in."""
        await to_thread.run_sync(self.people.refresh, limiter=self._threads)

    async def refresh_for(self, request: Request, now_at: float) -> None:
        """As ``refresh``; what may have been made on another machine a moment ago is asked for."""
        await self.refresh()
        shown = credential_of(request)
        if self.by(shown, now_at) is None and self._may_be_new(shown, now_at):
            await to_thread.run_sync(partial(self.people.refresh, anew=True), limiter=self._threads)
        if self.by(shown, now_at) is None:
            await self._learn(shown, now_at)

    async def _learn(self, shown: Credential, now_at: float) -> None:
        """Ask what it takes to prove a session token of Clerk, if one was shown."""
        for token, from_cookie in ((shown.bearer, False), (shown.clerk, True)):
            if token and self.clerk.looks_like_one(token):
                learning = partial(self.clerk.learn, token, now_at, from_cookie=from_cookie)
                await to_thread.run_sync(learning, limiter=self.elsewhere)
                await self.refresh()

    def _may_be_new(self, shown: Credential, now_at: float) -> bool:
        """Whether it looks like one that we made: a signed session, a token of our form."""
        is_ours = (shown.bearer or "").startswith("lo_") or bool(shown.share)
        return is_ours or self._session(shown.session, now_at) is not None

    @property
    def is_open(self) -> bool:
        """Nobody is asked: so it was at the start, and it still is. A server never opens while it runs."""
        found = self.people.snapshot
        if not found.is_known:
            return False
        is_empty = self.settings.asks_nobody(found)
        if self._began_open is None:
            self._began_open = is_empty
        return self._began_open and is_empty

    async def asked_if_open(self) -> bool:
        """As ``is_open``; asks while that may be."""
        if self.settings.auth_password or self._began_open is False:
            return False
        await self.refresh()
        return self.is_open

    def secret_of(self, account_id: str) -> str | None:
        """What a session of this account is bound to; None where there is none that may come in."""
        user = self.snapshot.accounts.get(account_id)
        if user is not None:
            return None if user.is_disabled else user.password_hash
        return self.settings.auth_password if account_id == OWNER else None

    def caller(self, request: Request, *, now_at: float, now_s: float) -> Caller:
        """The caller of a request; ApiError 401 without a credential, 429 after too many wrong ones."""
        shown = credential_of(request)
        found = self.by(shown, now_at)
        if found is not None:
            return found
        guess = shown.bearer or shown.secret
        if not guess or self.clerk.looks_like_one(shown.bearer):
            if shown.session and not self.snapshot.is_known:
                self.people.asked()
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
            return self._by_token(shown, now_at) or self._by_clerk(shown.bearer, from_cookie=False)
        return (
            self._by_session(shown, now_at)
            or self._by_clerk(shown.clerk, from_cookie=True)
            or self._by_share(shown, now_at)
        )

    def still(self, caller: Caller, now_at: float) -> bool:
        """Whether who came in may stay: not ended, removed, or given other rights meanwhile."""
        if caller.credential == Credential():
            return True
        return self.by(caller.credential, now_at) == caller

    def end(self, session_cookie: str, now_at: float) -> None:
        """End a genuine session, everywhere."""
        session = self._session(session_cookie, now_at)
        if session is None:
            return
        if session.is_kept and self.snapshot.are_kept:
            self.people.write([Query("credentials_end_hash", (hash_token(session.id),))])
        else:
            self.settings.ended.add(session.id, session.until_at, now_at=now_at)

    def session_row(self, session_cookie: str, now_at: float) -> StoredCredential | None:
        """The kept side of a genuine session."""
        session = self._session(session_cookie, now_at)
        return self.snapshot.credentials.get(hash_token(session.id)) if session else None

    def is_long_unseen(self, caller: Caller, now_at: float) -> bool:
        """Whether it is time to note that a kept credential is used."""
        kept = self._by_id(caller.kept_id)
        return kept is not None and now_at - (kept.seen_at or 0) >= SEEN_EVERY_S

    def saw(self, caller: Caller, now_at: float, address: str) -> None:
        """Note that a kept credential is used, of a token the first use of each day (UTC) in the audit log;
        asks the database."""
        kept = self._by_id(caller.kept_id)
        with suppress(StoreError):
            self.people.write([Query("credentials_seen", (caller.kept_id, int(now_at)))])
        if kept and kept.kind == "token" and (kept.seen_at or 0) // DAY_S < int(now_at) // DAY_S:
            about = kept.name or kept.label
            audit.note(self.people, caller.name, "used a token", about, address=address, now_at=now_at)

    def _by_id(self, credential_id: int | None) -> StoredCredential | None:
        if not credential_id:
            return None
        return next((one for one in self.snapshot.credentials.values() if one.id == credential_id), None)

    def _by_token(self, shown: Credential, now_at: float) -> Caller | None:
        found = self._kept("token", shown.bearer or "", now_at)
        if found is None:
            return None
        credential = Credential(bearer=shown.bearer)
        user = self._person(found.account)
        if user is None:
            is_owner = found.account == OWNER and self.settings.auth_password
            owner = Caller(None, True, None, credential, NO_ROLES, found.scope, "token", found.id)
            return owner if is_owner else None
        return self._of(user, "token", credential=credential, scope=found.scope, kept_id=found.id)

    def _by_session(self, shown: Credential, now_at: float) -> Caller | None:
        session = self._session(shown.session, now_at)
        if session is None or self.settings.ended.has(session.id):
            return None
        found = self._kept("session", session.id, now_at)
        if self.snapshot.are_kept and session.is_kept is not False and found is None:
            return None
        credential = Credential(session=shown.session)
        kept_id = found.id if found else None
        user = self._person(session.account)
        if user is not None:
            return self._of(user, "person", credential=credential, until_at=session.until_at, kept_id=kept_id)
        return Caller(None, True, session.until_at, credential, kept_id=kept_id)

    def _by_share(self, shown: Credential, now_at: float) -> Caller | None:
        token = sessions.share_token(shown.share)
        found = self._kept("share", token, now_at) if token else None
        if found is None or found.system_id is None or not self.is_valid_share(found):
            return None
        if not sessions.is_share(self.settings.session_key, shown.share, found.password_hash):
            return None
        roles = MappingProxyType({found.system_id: "viewer"})
        credential = Credential(share=shown.share)
        return Caller(
            f"share {found.id}", False, found.until_at, credential, roles, "read", "share", found.id
        )

    def _by_clerk(self, token: str, *, from_cookie: bool) -> Caller | None:
        found = self.clerk.session(self.snapshot, token, from_cookie=from_cookie) if token else None
        if found is None:
            return None
        shown = Credential(clerk=token) if from_cookie else Credential(bearer=token)
        kind = "person" if from_cookie else "token"
        return self._of(found.account, kind, credential=shown, until_at=found.until_at)

    def is_valid_share(self, found: StoredCredential) -> bool:
        """Whether who made a share link may still share its system."""
        user = self._person(found.account)
        if user is None:
            return found.account == OWNER and bool(self.settings.auth_password)
        role = self.snapshot.roles.get(found.account, NO_ROLES).get(found.system_id or 0)
        return user.is_admin or role in ("admin", "owner")

    def shared(self, token: str, now_at: float) -> StoredCredential | None:
        """The share link of a token, while it may be opened."""
        found = self._kept("share", token, now_at)
        return found if found and self.is_valid_share(found) else None

    def _of(self, user: Account, kind: str, *, credential: Credential, scope: str = SCOPES[-1],
            until_at: int | None = None, kept_id: int | None = None) -> Caller:  # fmt: skip
        roles = self.snapshot.roles.get(user.id, NO_ROLES)
        return Caller(user.id, user.is_admin, until_at, credential, roles, scope, kind, kept_id)

    def _person(self, account_id: str) -> Account | None:
        user = self.snapshot.accounts.get(account_id)
        return None if user is None or user.is_disabled else user

    def _kept(self, kind: str, secret: str, now_at: float) -> StoredCredential | None:
        found = self.snapshot.credentials.get(hash_token(secret))
        return found if found and found.kind == kind and not found.has_ended(now_at) else None

    def _session(self, cookie: str, now_at: float) -> sessions.LoginSession | None:
        claim = sessions.claimed(cookie)
        secret = self.secret_of(claim.account) if claim else None
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
