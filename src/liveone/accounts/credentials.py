"""What lets somebody in, as it is kept: sessions, API tokens, share links, links that are used once.

Rule: a secret is shown once, where it is made; what is kept is its SHA-256. A credential that is not there,
or whose time is over, opens nothing.
"""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from liveone.accounts.users import Account, Token
from liveone.errors import BadInput, sentence
from liveone.store.database import Row

SCOPES = ("read", "write", "admin")
"""What a token may do, each including those before it: look; change what its account may; administer."""
ONCE = ("setup", "invite", "reset")
"""Kinds that are links, and gone once they were used."""
DAY_S = 86_400
DAYS_MAX = 3660


@dataclass(frozen=True, slots=True)
class StoredCredential:
    """``kind`` is session, token, share, setup, invite, reset or identity; ``hash`` the secret's SHA-256 in
    hex, of an identity that of its issuer and subject.

    ``account``: whose it is, or who made the link. ``system_id``: of a share link or an invitation.
    ``scope``: of a token one of SCOPES, of an invitation a role. ``name``: what it is for, of a session the
    device. Times are UTC epoch seconds, ``until_at`` None: it does not end by itself.
    """

    kind: str
    hash: str = field(repr=False)
    account: str = ""
    system_id: int | None = None
    scope: str = ""
    name: str = ""
    password_hash: str = field(default="", repr=False)
    made_at: int = 0
    until_at: int | None = None
    seen_at: int | None = None
    id: int = 0

    @property
    def label(self) -> str:
        """What it is called in lists; says nothing of the secret."""
        return self.hash[:8]

    def is_of(self, system_id: int, *kinds: str) -> bool:
        """Whether it concerns a system, and is of one of these kinds."""
        return self.system_id == system_id and self.kind in kinds

    def has_ended(self, now_at: float) -> bool:
        """Whether its time is over."""
        return self.until_at is not None and now_at >= self.until_at


def new_secret(prefix: str = "") -> str:
    """A secret that nobody guesses: 256 bits, fit for an address."""
    return prefix + secrets.token_urlsafe(32)


def until(days: int | None, now_at: float) -> int | None:
    """When something that holds for ``days`` ends. Raises BadInput for a number that makes no sense."""
    if days is None:
        return None
    if not 1 <= days <= DAYS_MAX:
        raise BadInput(
            sentence("{days} days is no time that anything could hold", days=str(days)),
            hint=sentence("Say 1 to {count} days.", count=DAYS_MAX),
        )
    return int(now_at) + days * DAY_S


def of_row(row: Row) -> StoredCredential:
    """A row of the table ``credentials``."""
    key, kind, secret_hash, account, system_id, scope, name, password_hash, made_at, until_at, seen_at = row
    return StoredCredential(
        kind=str(kind),
        hash=str(secret_hash),
        account=str(account),
        system_id=_number(system_id),
        scope=str(scope),
        name=str(name),
        password_hash=str(password_hash),
        made_at=int(made_at or 0),
        until_at=_number(until_at),
        seen_at=_number(seen_at),
        id=int(key or 0),
    )


def of_token(token: Token, account: Account) -> StoredCredential:
    """A token of ``users.toml``: it may do everything that its account may, and does not end."""
    return StoredCredential(
        "token", token.hash, account.id, scope=SCOPES[-1], name=token.name, made_at=_noon(token)
    )


def _noon(token: Token) -> int:
    """The day a token was made, as an instant; 0 where that is unknown."""
    try:
        day = date.fromisoformat(token.made_on)
    except ValueError:
        return 0
    return int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp())


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None
