"""Session tokens of Clerk, sent with a request as the cookie ``__session`` or as a bearer token.

Rule: a token is proven at each request without asking anybody. Asked is only for keys that are not there yet,
and once for a person who comes for the first time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from liveone.accounts.directory import AccountDirectory
from liveone.accounts.external.failures import SignInFailed, SignInProblem
from liveone.accounts.external.identities import admitted, looked_up, opened_by
from liveone.accounts.external.issuer import ExternalPerson, Issuer
from liveone.accounts.external.tokens import header_of
from liveone.accounts.people import People, PeopleSnapshot
from liveone.accounts.users import Account
from liveone.web.answers import log

COOKIE = "__session"


@dataclass(frozen=True, slots=True)
class ClerkSession:
    """Whom a session token names, until when (UTC epoch seconds)."""

    account: Account
    until_at: int


class ClerkSessions:
    """The session tokens of the configured instances of Clerk. Safe to call from any thread."""

    def __init__(self, issuers: Sequence[Issuer], directory: AccountDirectory | None, people: People) -> None:
        self._issuers = [one for one in issuers if one.config.is_clerk]
        self._directory, self._people = directory, people

    def looks_like_one(self, token: str | None) -> bool:
        """Whether a text may be a session token: worth a look, and no guess of a password."""
        if not token or not self._issuers:
            return False
        try:
            return "alg" in header_of(token)
        except SignInFailed:
            return False

    def session(self, snapshot: PeopleSnapshot, token: str, *, from_cookie: bool) -> ClerkSession | None:
        """The session of a token that holds, of an account that may come in. Asks nobody."""
        for person, issuer, until_at in self._proven(token, from_cookie=from_cookie):
            account = opened_by(snapshot, issuer.config, person)
            if account is not None and not account.is_disabled:
                return ClerkSession(account, until_at)
        return None

    def learn(self, token: str, now_at: float, *, from_cookie: bool) -> None:
        """Ask what it takes to prove a token: keys, and who somebody is that comes for the first time."""
        for issuer in self._issuers:
            try:
                issuer.learn_key(token)
            except SignInFailed as failed:
                log.warning("%s cannot be asked for its keys: %s", issuer.config.label, failed)
        for person, issuer, _ in self._proven(token, from_cookie=from_cookie):
            if opened_by(self._people.snapshot, issuer.config, person) is None:
                self._admit(issuer, person, now_at)

    def _admit(self, issuer: Issuer, person: ExternalPerson, now_at: float) -> None:
        try:
            known = looked_up(self._directory, person) if self._directory else person
            admitted(self._people, issuer.config, known, language="", link="", now_at=now_at)
        except SignInFailed as failed:
            if failed.problem is not SignInProblem.UNKNOWN:
                log.warning("%s: nobody was let in: %s", issuer.config.label, failed)

    def _proven(self, token: str, *, from_cookie: bool) -> Iterator[tuple[ExternalPerson, Issuer, int]]:
        for issuer in self._issuers:
            try:
                claims = issuer.session_claims(token, from_cookie=from_cookie)
            except SignInFailed:
                continue
            yield ExternalPerson(issuer.config.issuer, str(claims["sub"])), issuer, int(claims["exp"])
