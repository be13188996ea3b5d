"""The account directory: one question, "who is this id?", and the verdict a migration needs on each id.

Rule: "nobody has this id" and "it could not be asked" are different answers. The first is None, the second
raises; a migration must never take the one for the other.

LiveOneError
└── DirectoryError            exit  the directory could not answer
    ├── DirectoryRefused       2    our credential is wrong or lacks the right to ask
    └── DirectoryUnavailable   4    unreachable, overloaded or broken just now (retryable)
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from changeover.plan.placeholders import is_placeholder
from liveone.errors import LiveOneError


class DirectoryError(LiveOneError):
    """The directory could not answer; nothing is known about the account."""


class DirectoryRefused(DirectoryError):
    """The directory does not accept our credential."""

    exit_code = 2


class DirectoryUnavailable(DirectoryError):
    """The directory cannot be asked just now."""

    retryable = True
    exit_code = 4


@dataclass(frozen=True, slots=True)
class DirectoryAccount:
    """An account that exists. ``barred`` says why it cannot be used (``banned``); empty when it can.
    ``is_email_verified``: its directory saw that the address is theirs."""

    id: str
    email: str = ""
    barred: str = ""
    is_email_verified: bool = False


class AccountDirectory(Protocol):
    """Who the accounts are; ``label`` names the directory in messages and holds no secret."""

    label: str

    def find(self, account_id: str) -> DirectoryAccount | None:
        """The account of exactly that id, None when there is none. Raises DirectoryError."""
        ...


class AccountStanding(StrEnum):
    """What became of an id. Only REAL may own a system."""

    REAL = "real"
    PLACEHOLDER = "placeholder"
    UNKNOWN = "unknown"
    BARRED = "barred"


@dataclass(frozen=True, slots=True)
class AccountVerdict:
    """An id with its standing; ``name`` is what it was given for (an old user id, or the id itself)."""

    name: str
    account_id: str
    standing: AccountStanding
    email: str = ""
    reason: str = ""

    @property
    def is_real(self) -> bool:
        return self.standing is AccountStanding.REAL


def judge(directory: AccountDirectory, ids: Iterable[tuple[str, str]]) -> list[AccountVerdict]:
    """A verdict on each ``(name, account_id)``, in their order; each id is asked once. Raises DirectoryError.

    A placeholder (``user_xxx``, ``TODO``, ``REPLACE_ME``, empty) is never asked for.
    """
    known: dict[str, DirectoryAccount | None] = {}
    verdicts = []
    for name, account_id in ids:
        if is_placeholder(account_id):
            reason = "a placeholder, not an account id"
            verdicts.append(AccountVerdict(name, account_id, AccountStanding.PLACEHOLDER, reason=reason))
            continue
        if account_id not in known:
            known[account_id] = directory.find(account_id)
        verdicts.append(_verdict(name, account_id, known[account_id], directory.label))
    return verdicts


def _verdict(name: str, account_id: str, account: DirectoryAccount | None, label: str) -> AccountVerdict:
    if account is None:
        return AccountVerdict(
            name, account_id, AccountStanding.UNKNOWN, reason=f"{label} knows no such account"
        )
    if account.barred:
        reason = f"{label} has it, but it is {account.barred}"
        return AccountVerdict(name, account_id, AccountStanding.BARRED, account.email, reason)
    return AccountVerdict(name, account_id, AccountStanding.REAL, account.email)
