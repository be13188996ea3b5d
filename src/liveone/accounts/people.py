"""Who may come in, and to what: accounts, what lets them in, and their roles - as they are this moment.

They stand in the database (plan 0004). Before that plan, accounts and tokens are those of ``users.toml``;
the first look at a database that has the tables, and never had an account, takes them over, and the file is
read no more.

Rule: nobody is let in by what is not known. While the database cannot be asked, what was known last holds;
where nothing was ever known, nobody has an account.
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from liveone.accounts import second_steps
from liveone.accounts.credentials import StoredCredential, of_row, of_token
from liveone.accounts.second_steps import SecondStep
from liveone.accounts.users import Account, address_key
from liveone.clock import Clock
from liveone.errors import BadInput, sentence
from liveone.store.database import CannotHold, ReadOnly, Row, SchemaChanged, StoreError, WriteResult
from liveone.store.store import Query, Store

log = logging.getLogger(__name__)
ROLES = ("viewer", "admin", "owner")
"""What one may be to a system, each including those before it."""
OWNER = "owner"
"""The account id of the single owner, who signs in by AUTH_PASSWORD."""
NO_ROLES: Mapping[int, str] = MappingProxyType({})
UPGRADE_FIRST = "Run `liveone upgrade` first: plan 0004 brings accounts into the database."


@dataclass(frozen=True, slots=True)
class PeopleSnapshot:
    """Everything that decides who may come in.

    ``is_known``: the database was asked at least once. ``are_kept``: accounts stand in the database.
    ``credentials`` by the hash of the secret; ``roles`` by account and system; ``steps``: what accounts are
    asked for besides a password, where the database ``keeps_steps``.
    """

    is_known: bool = False
    are_kept: bool = False
    accounts: Mapping[str, Account] = field(default_factory=dict)
    credentials: Mapping[str, StoredCredential] = field(default_factory=dict)
    roles: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    keeps_steps: bool = False
    steps: Sequence[SecondStep] = ()

    def named(self, email: str) -> Account | None:
        """The account of an e-mail address, whatever the case of its letters."""
        wanted = address_key(email)
        return next((one for one in self.accounts.values() if address_key(one.email) == wanted), None)

    def of(self, account: str, *kinds: str) -> list[StoredCredential]:
        """The credentials of an account of these kinds, oldest first."""
        return [one for one in self.credentials.values() if one.account == account and one.kind in kinds]

    def steps_of(self, account: str, *kinds: str) -> list[SecondStep]:
        """What an account is asked for besides its password; of these kinds, or all."""
        return [one for one in self.steps if one.account == account and (not kinds or one.kind in kinds)]

    @property
    def administrators(self) -> list[Account]:
        """Those who may do everything, and are not disabled."""
        return [one for one in self.accounts.values() if one.is_admin and not one.is_disabled]


class People:
    """The accounts of one database. Safe to call from any thread; every call may ask the database.

    ``file`` gives the accounts of ``users.toml`` as they are now.
    """

    def __init__(self, store: Store, file: Callable[[], Sequence[Account]], clock: Clock) -> None:
        self.store, self._file, self._clock = store, file, clock
        self._lock = threading.Lock()
        self._snapshot = PeopleSnapshot()
        self._seen: object = None
        self._failing = False

    @property
    def snapshot(self) -> PeopleSnapshot:
        """What was known at the last ``refresh``; asks nobody."""
        return self._snapshot

    def refresh(self, *, anew: bool = False) -> PeopleSnapshot:
        """What is known now. Costs a look at the database's change token while nothing has changed.

        A server's token tells of another machine's change half a second late; ``anew`` asks in any case.
        """
        try:
            with self._lock:
                self._seen = None if anew else self._seen
                self._look()
            self._failing = False
        except StoreError as error:
            if not self._failing:
                log.warning("who may come in cannot be asked: %s", error)
            self._failing = True
        return self._snapshot

    def asked(self) -> PeopleSnapshot:
        """As ``refresh``, but raises StoreError where the database cannot be asked."""
        with self._lock:
            self._look()
        return self._snapshot

    def add(self, new: Account) -> None:
        """Let somebody in. Raises BadInput where the id or the e-mail address is taken."""
        result, *_ = self.write([adding(new)])
        if not result.rows:
            raise BadInput(f"{new.email} ({new.id}) exists already", hint="See `liveone users list`.")

    def change(self, changed: Account) -> None:
        """Keep an account as it is to be. Raises BadInput where it is gone."""
        values = (changed.email, changed.name, changed.language, changed.password_hash, int(changed.is_admin))
        result, *_ = self.write([Query("accounts_change", (changed.id, *values, changed.disabled_at))])
        if not result.rows:
            raise BadInput(f"there is no account {changed.id}", hint="See `liveone users list`.")

    def remove(self, account: str) -> None:
        """Take an account away, with its credentials and roles; systems and readings stay."""
        kinds = json.dumps(["session", "token", "reset", "share", "invite", "identity"])
        gone = [Query("credentials_end_of", (account, kinds, None)), Query("roles_revoke_all", (account,))]
        gone += second_steps.removing_all(self.asked(), account)
        self.write([Query("accounts_remove", (account,)), *gone])

    def keep(self, new: StoredCredential) -> int:
        """Keep a credential; gives its id. What has ended is forgotten on the way."""
        asked = (new.kind, new.hash, new.account, new.system_id, new.scope, new.name, new.password_hash)
        made_at = int(self._clock.now_at())
        adding_one = Query("credentials_add", (*asked, made_at, new.until_at))
        result, *_ = self.write([adding_one, Query("credentials_ended", (made_at,))])
        return int(result.rows[0][0])  # type: ignore[arg-type]

    def end(self, credential_id: int) -> bool:
        """End one credential; whether it was there."""
        return bool(self.write([Query("credentials_end", (credential_id,))])[0].rows)

    def end_one(self, credential: StoredCredential) -> None:
        """End one credential."""
        self.end(credential.id)

    def end_of(self, account: str, *kinds: str, but: int | None = None) -> int:
        """End the credentials of an account of these kinds, ``but`` one; how many that were."""
        asked = (account, json.dumps(kinds), but)
        return len(self.write([Query("credentials_end_of", asked)])[0].rows)

    def grant(self, account: str, system_id: int, role: str) -> None:
        """Give an account a role on a system; ``owner`` makes it the owner in place of who was it."""
        if role not in ROLES:
            raise BadInput(f"{role!r} is no role", hint=f"Roles are {', '.join(ROLES)}.")
        if self.store.generation == 1:
            raise CannotHold("a database of generation 1 knows owners only", hint=UPGRADE_FIRST)
        if role == "owner":
            steps = [Query("roles_own", (account, system_id)), Query("roles_revoke", (account, system_id))]
        else:
            steps = [Query("roles_grant", (account, system_id, role))]
        self._written(steps)

    def revoke(self, account: str, system_id: int) -> None:
        """Take an account's role on a system. Raises BadInput for its owner: only another follows one."""
        if self.asked().roles.get(account, NO_ROLES).get(system_id) == "owner":
            raise BadInput(
                sentence("that account owns the system"),
                hint=sentence("Make another account its owner instead."),
            )
        self._written([Query("roles_revoke", (account, system_id))])

    def write(self, steps: Sequence[Query]) -> list[WriteResult]:
        """Apply steps to the three tables. Raises CannotHold where they are not there yet."""
        if not self.asked().are_kept:
            raise CannotHold(
                f"database {self.store.database.label} keeps no accounts yet", hint=UPGRADE_FIRST
            )
        return self._written(steps)

    def _written(self, steps: Sequence[Query]) -> list[WriteResult]:
        try:
            return self.store.write(steps)
        finally:
            self._seen = None

    def _look(self) -> None:
        seen = (self.store.database.change_token(), None if self._snapshot.are_kept else self._file())
        if seen == self._seen:
            return
        self._snapshot = self._read()
        self._seen = (seen[0], None if self._snapshot.are_kept else self._file())

    def _read(self) -> PeopleSnapshot:
        try:
            return self._kept() if self._are_kept() else self._of_file()
        except SchemaChanged:
            return self._of_file()

    def _are_kept(self) -> bool:
        there = {str(name) for (name,) in self.store.read("accounts_tables")}
        shape = self.store.shape
        if ("accounts" in there, "second_steps" in there) != (shape.keeps_accounts, shape.keeps_steps):
            self.store.detect_again()
        return self.store.shape.keeps_accounts

    def _kept(self) -> PeopleSnapshot:
        asked = [
            Query("accounts_ever"),
            Query("accounts_all"),
            Query("credentials_all", (int(self._clock.now_at()),)),
            Query("roles_all"),
        ]
        steps = [Query("second_steps_all")]
        ever, accounts, credentials, roles, *found = self.store.snapshot_for(
            lambda shape: asked + steps if shape.keeps_steps else asked
        )
        waiting = () if ever else self._file()
        if waiting:
            return self._taken_over(waiting)
        return PeopleSnapshot(
            is_known=True,
            are_kept=True,
            accounts={one.id: one for one in map(_account, accounts)},
            credentials={one.hash: one for one in map(of_row, credentials)},
            roles=_roles(roles),
            keeps_steps=bool(found),
            steps=tuple(second_steps.of_row(row) for rows in found for row in rows),
        )

    def _taken_over(self, waiting: Sequence[Account]) -> PeopleSnapshot:
        """The accounts of the file, from now on those of the database."""
        tokens = [of_token(token, account) for account in waiting for token in account.tokens]
        now_at = int(self._clock.now_at())
        steps = [adding(account) for account in waiting]
        for one in tokens:
            asked = (one.kind, one.hash, one.account, None, one.scope, one.name, "", one.made_at, None)
            steps.append(Query("credentials_add", asked))
        about = f"{len(waiting)} accounts, {len(tokens)} tokens"
        steps.append(Query("audit_add", (now_at, "liveone", "users.toml taken over", about, "")))
        try:
            self.store.write(steps)
        except ReadOnly:
            return self._of_file()
        log.warning("users.toml was taken over into the database (%s); it is kept, and no longer read", about)
        return self._kept()

    def _of_file(self) -> PeopleSnapshot:
        accounts = self._file()
        tokens = [of_token(token, account) for account in accounts for token in account.tokens]
        return PeopleSnapshot(
            is_known=True,
            accounts={one.id: one for one in accounts},
            credentials={one.hash: one for one in tokens},
            roles=_roles(self.store.read("roles_all")),
        )


def adding(new: Account) -> Query:
    """The step that adds an account."""
    values = (new.id, new.email, new.name, new.language, new.password_hash, int(new.is_admin))
    return Query("accounts_add", values)


def role_name(role: str) -> str:
    """A role as it counts here: one that other programs wrote lets somebody look."""
    return role if role in ROLES else ROLES[0]


def _account(row: Row) -> Account:
    account, email, name, language, password_hash, is_admin, disabled_at = row
    return Account(
        id=str(account),
        email=str(email),
        password_hash=str(password_hash),
        is_admin=bool(is_admin),
        name=str(name),
        language=str(language),
        disabled_at=None if disabled_at is None else int(disabled_at),
    )


def _roles(rows: Sequence[Row]) -> dict[str, dict[int, str]]:
    found: dict[str, dict[int, str]] = {}
    for account, system_id, role in rows:
        found.setdefault(str(account), {})[int(system_id)] = role_name(str(role))  # type: ignore[arg-type]
    return found
