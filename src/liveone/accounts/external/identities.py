"""Which account an identity opens: the one it belongs to, of Clerk the one whose id it is, or a new one.

An identity is kept as a credential of the kind ``identity``: its hash is of issuer and subject, its name what
people call the issuer. Links that are used once let somebody in here as they do with a password.
"""

import secrets
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from liveone.accounts import links
from liveone.accounts.credentials import StoredCredential
from liveone.accounts.directory import AccountDirectory, DirectoryError
from liveone.accounts.external.failures import SignInFailed, SignInProblem
from liveone.accounts.external.issuer import ExternalPerson
from liveone.accounts.passwords import hash_token
from liveone.accounts.people import People, PeopleSnapshot, adding
from liveone.accounts.users import Account
from liveone.errors import BadInput
from liveone.settings.sign_in import SignInConfig
from liveone.store.store import Query

KIND = "identity"
ELSEWHERE = "elsewhere$"
"""What stands in place of a password's kept form: no password matches it, and sessions are bound to it."""


@dataclass(frozen=True, slots=True)
class Admission:
    """The account that an identity opens, and whether that was made just now."""

    account: str
    is_new: bool = False


def identity_hash(issuer: str, subject: str) -> str:
    """What is kept of an identity."""
    return hash_token(f"{KIND}\n{issuer}\n{subject}")


def identities_of(snapshot: PeopleSnapshot, account: str) -> list[StoredCredential]:
    """The identities that open an account."""
    return snapshot.of(account, KIND)


def has_password(account: Account) -> bool:
    """Whether an account can be opened by a password at all."""
    return bool(account.password_hash) and not account.password_hash.startswith(ELSEWHERE)


def opened_by(snapshot: PeopleSnapshot, config: SignInConfig, person: ExternalPerson) -> Account | None:
    """The account that an identity opens without anything being changed."""
    kept = snapshot.credentials.get(identity_hash(person.issuer, person.subject))
    if kept is not None and kept.kind == KIND:
        return snapshot.accounts.get(kept.account)
    return snapshot.accounts.get(person.subject) if config.is_clerk else None


def admitted(
    people: People, config: SignInConfig, person: ExternalPerson, *, language: str, link: str, now_at: float
) -> Admission:
    """The account that an identity opens, made if it may be; ``link`` is the secret of an invitation.

    Raises SignInFailed: UNKNOWN where there is none, TAKEN where its address is somebody else's.
    """
    found = people.asked()
    if not found.are_kept:
        raise SignInFailed(SignInProblem.NO_ROOM, "the database keeps no accounts: run `liveone upgrade`")
    account = opened_by(found, config, person)
    if account is None and config.trusts_email and person.email:
        account = found.named(person.email)
        if account is not None and not account.is_disabled:
            connect(people, account.id, config, person)
    if account is not None:
        return Admission(_open(account))
    if link:
        return Admission(_by_link(people, config, person, language=language, link=link, now_at=now_at), True)
    if not (config.sign_up or (config.is_clerk and person.subject in found.roles)):
        raise SignInFailed(
            SignInProblem.UNKNOWN, f"{config.label} names {person.subject!r}, who has no account"
        )
    return Admission(_new(people, config, person, language), True)


def looked_up(directory: AccountDirectory, person: ExternalPerson) -> ExternalPerson:
    """A person of Clerk as its backend API knows them. Raises SignInFailed for one who is gone or barred."""
    try:
        found = directory.find(person.subject)
    except DirectoryError as error:
        raise SignInFailed(SignInProblem.AWAY, str(error.args[0])) from None
    if found is None or found.barred:
        why = found.barred if found else "gone"
        raise SignInFailed(SignInProblem.DISABLED, f"{directory.label} says that {person.subject!r} is {why}")
    return replace(person, email=found.email if found.is_email_verified else person.email)


def connect(people: People, account: str, config: SignInConfig, person: ExternalPerson) -> None:
    """Let an identity open an account from now on. Raises SignInFailed (TAKEN) for one of another account."""
    asked = (identity_hash(person.issuer, person.subject), account, config.name, config.label)
    people.write([Query("identities_add", asked)])
    kept = people.asked().credentials.get(asked[0])
    if kept is None or kept.account != account:
        raise SignInFailed(SignInProblem.TAKEN, f"that identity of {config.label} opens another account")


def _open(account: Account) -> str:
    if account.is_disabled:
        raise SignInFailed(SignInProblem.DISABLED, f"the account {account.id} is disabled")
    return account.id


def _new(people: People, config: SignInConfig, person: ExternalPerson, language: str) -> str:
    """A new account, to which nothing is shared. At Clerk its id is Clerk's: roles on systems wait for it."""
    account = person.subject if config.is_clerk else f"user_{secrets.token_hex(8)}"
    emails = [person.email] if person.email else []
    if config.is_clerk or not emails:
        emails.append(_stand_in(person))
    for email in emails:
        new = Account(account, email, _secret(), name=_name(person), language=language)
        made, *_ = people.write([adding(new), _identity(account, config, person)])
        if made.rows:
            return account
    raise SignInFailed(SignInProblem.TAKEN, f"{emails[0]} is the address of another account")


def _by_link(
    people: People, config: SignInConfig, person: ExternalPerson, *, language: str, link: str, now_at: float
) -> str:
    email, keeping = person.email or _stand_in(person), _secret()
    joining = links.Joining(email, _name(person), "", language)
    account = person.subject if config.is_clerk else f"user_{secrets.token_hex(8)}"
    try:
        return links.join(people, link, joining, now_at, kept=keeping, account=account,
                          also=[_identity(account, config, person)])  # fmt: skip
    except links.LinkEnded as ended:
        raise SignInFailed(SignInProblem.LINK, str(ended.args[0])) from None
    except BadInput as taken:
        raise SignInFailed(SignInProblem.TAKEN, str(taken.args[0])) from None


def _identity(account: str, config: SignInConfig, person: ExternalPerson) -> Query:
    asked = (identity_hash(person.issuer, person.subject), account, config.name, config.label)
    return Query("identities_add", asked)


def _secret() -> str:
    return ELSEWHERE + secrets.token_hex(16)


def _stand_in(person: ExternalPerson) -> str:
    """An address for whom the issuer names none that is verified; nobody has it."""
    host = urlsplit(person.issuer).hostname or "elsewhere"
    subject = "".join(letter for letter in person.subject if letter.isalnum() or letter in "-_.")
    return f"{subject[:200] or 'somebody'}@{host}.invalid"


def _name(person: ExternalPerson) -> str:
    """What the issuer calls them: a name that no page can show is none."""
    try:
        return links.person_name(person.name)
    except BadInput:
        return ""
