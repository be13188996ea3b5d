"""Links that are used once, and what their use does: set up, join, set a password."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from liveone.accounts import second_steps
from liveone.accounts.credentials import DAY_S, ONCE, StoredCredential, new_secret
from liveone.accounts.passwords import hash_password, hash_token, refuse_weak
from liveone.accounts.people import NO_ROLES, OWNER, ROLES, People, PeopleSnapshot
from liveone.errors import BadInput, sentence
from liveone.store.store import Query

DAYS = {"setup": 1, "invite": 7, "reset": 1}
"""How long a link of each kind holds."""
EMAIL_MAX, NAME_MAX = 320, 100


class LinkEnded(BadInput):
    """A link that was used, revoked or is too old - or never was one; nobody learns which."""


@dataclass(frozen=True, slots=True)
class Joining:
    """What somebody says of themselves who follows a link; for ``reset`` only the password counts."""

    email: str
    name: str
    password: str
    language: str = ""


def make(
    people: People, kind: str, made_by: str, now_at: float, *, system_id: int | None = None, role: str = ""
) -> str:
    """A new link's secret. ``made_by`` is who makes it; of ``reset`` the account whose password it sets."""
    if kind == "invite" and system_id is not None and role not in ROLES[:2]:
        raise BadInput(
            f"{role!r} cannot be given by an invitation", hint=f"Roles are {', '.join(ROLES[:2])}."
        )
    secret = new_secret()
    until_at = int(now_at) + DAYS[kind] * DAY_S
    people.keep(
        StoredCredential(
            kind, hash_token(secret), made_by, system_id=system_id, scope=role, until_at=until_at
        )
    )
    return secret


def found(snapshot: PeopleSnapshot, secret: str, now_at: float) -> StoredCredential:
    """The link of a secret. Raises LinkEnded."""
    kept = snapshot.credentials.get(hash_token(secret))
    if kept is None or kept.kind not in ONCE or kept.has_ended(now_at):
        raise LinkEnded(
            sentence("this link was used already, or its time is over"),
            hint=sentence(
                "Ask whoever sent it for another; a link to set up is printed at every start of the server."
            ),
        )
    if kept.kind == "invite" and not _may_invite(snapshot, kept):
        raise LinkEnded(
            sentence("whoever made this invitation may not invite anybody any more"),
            hint=sentence("Ask the owner of the system, or an administrator, for another."),
        )
    if kept.kind == "setup" and snapshot.accounts:
        raise LinkEnded(
            sentence("this server has its owner already"),
            hint=sentence("Sign in, or ask them for an invitation."),
        )
    if kept.kind == "reset":
        account = snapshot.accounts.get(kept.account)
        if account is None or account.is_disabled:
            raise LinkEnded("this account is disabled or gone", hint="Ask an administrator.")
    return kept


def accept(people: People, secret: str, account: str, now_at: float) -> StoredCredential:
    """Give an account that is there what an invitation grants, once; gives the invitation.

    Raises LinkEnded; BadInput where the account would gain nothing: the link holds on then.
    """
    snapshot = people.asked()
    link = found(snapshot, secret, now_at)
    if link.kind != "invite":
        raise LinkEnded(
            sentence("this link is no invitation"), hint=sentence("Sign out first, and open it again.")
        )
    if link.system_id is None:
        raise BadInput(
            sentence("this invitation is to make an account here, and you have one"),
            hint=sentence("It still holds: pass it on, or sign out first."),
        )
    role = snapshot.roles.get(account, NO_ROLES).get(link.system_id)
    if role is not None and ROLES.index(role) >= ROLES.index(link.scope):
        raise BadInput(
            sentence("this system is shared with you already"),
            hint=sentence("Nothing would change. The invitation still holds: pass it on, or sign out first."),
        )
    accepting = Query("roles_accept_invited", (account, link.hash, int(now_at)))
    result, *_ = people.write([accepting, Query("credentials_end_hash", (link.hash,))])
    if not result.rows:
        raise _used_just_now()
    return link


def _may_invite(snapshot: PeopleSnapshot, link: StoredCredential) -> bool:
    """Whether who made an invitation may still make it; the single owner may."""
    if link.account == OWNER and OWNER not in snapshot.accounts:
        return True
    maker = snapshot.accounts.get(link.account)
    if maker is None or maker.is_disabled:
        return False
    role = snapshot.roles.get(maker.id, NO_ROLES).get(link.system_id or 0)
    return maker.is_admin or role == ROLES[-1]


def follow(people: People, secret: str, said: Joining, now_at: float) -> str:
    """Do what a link is for, once; gives the account's id. Raises LinkEnded; BadInput for what was typed."""
    refuse_weak(said.password)
    link = found(people.asked(), secret, now_at)
    kept, end = hash_password(said.password), Query("credentials_end_hash", (link.hash,))
    if link.kind == "reset":
        reset = Query("accounts_reset", (link.account, kept, link.hash, int(now_at)))
        all_sessions = Query("credentials_end_of", (link.account, '["session", "reset"]', None))
        steps = second_steps.removing_all(people.snapshot, link.account)
        _once(people, [reset, all_sessions, *steps, end], people.asked(), said)
        return link.account
    return join(people, secret, said, now_at, kept=kept, account=f"user_{secrets.token_hex(8)}")


def join(
    people: People,
    secret: str,
    said: Joining,
    now_at: float,
    *,
    kept: str,
    account: str,
    also: Sequence[Query] = (),
) -> str:
    """Make the account of a link to set up or to join, with ``kept`` in place of a password, and ``also``."""
    link = found(people.asked(), secret, now_at)
    email, name = address(said.email), person_name(said.name)
    values = (account, email, name, said.language, kept, link.hash, int(now_at))
    if link.kind == "setup":
        steps = [Query("accounts_add_first", values), *also, Query("credentials_end_hash", (link.hash,))]
    elif link.kind == "invite":
        steps = [Query("accounts_add_invited", values), *also]
        if link.system_id is not None:
            steps.append(Query("roles_grant_invited", (account, link.hash)))
        steps.append(Query("credentials_end_invited", (link.hash, account)))
    else:
        raise LinkEnded("this link makes no account", hint="Ask whoever sent it for another.")
    _once(people, steps, people.asked(), said)
    return account


def person_name(text: str) -> str:
    """What somebody calls themselves, a token or a link; may be empty. Raises BadInput for what no page and
    no terminal can show on a line."""
    name = " ".join(text.split())
    if not name.isprintable():
        raise BadInput(
            sentence("{text} is no name that a page could show", text=repr(name[:40])),
            hint=sentence("Write it on one line, without control characters."),
        )
    return name[:NAME_MAX]


def address(email: str) -> str:
    """An e-mail address as it is kept. Raises BadInput for what is none."""
    kept = email.strip()
    name, at, host = kept.rpartition("@")
    if not (name and at and host) or not kept.isprintable() or " " in kept or len(kept) > EMAIL_MAX:
        raise BadInput(
            sentence("{written} is not an e-mail address", written=repr(email[:60])),
            hint=sentence("Write it as you@example.org."),
        )
    return kept


def _once(people: People, steps: list[Query], before: PeopleSnapshot, said: Joining) -> None:
    """Carry out a link's steps, of which the first says whether it still held."""
    result, *_ = people.write(steps)
    if result.rows:
        return
    if before.named(said.email) is not None:
        raise BadInput(
            sentence("{email} has an account already", email=said.email),
            hint=sentence(
                "Sign in with it: who invited you can share with that account. Or give another address."
            ),
        )
    raise _used_just_now()


def _used_just_now() -> LinkEnded:
    return LinkEnded(
        sentence("this link was used a moment ago"), hint=sentence("Ask whoever sent it for another.")
    )
