"""Accounts as long as they stand in ``users.toml``: what `liveone users` can do before plan 0004."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from liveone.accounts import users
from liveone.accounts.credentials import SCOPES, StoredCredential, of_token
from liveone.accounts.people import UPGRADE_FIRST, PeopleSnapshot
from liveone.accounts.users import Account, Token
from liveone.errors import BadInput
from liveone.store.database import CannotHold


class FileBook:
    """The accounts of a ``users.toml``. Raises ConfigError where the file is wrong."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def asked(self) -> PeopleSnapshot:
        """Who may come in; roles stand in the database, and are not looked up."""
        accounts = users.load(self._path)
        tokens = [of_token(token, account) for account in accounts for token in account.tokens]
        return PeopleSnapshot(
            is_known=True,
            accounts={one.id: one for one in accounts},
            credentials={one.hash: one for one in tokens},
        )

    def add(self, new: Account) -> None:
        """Let somebody in. Raises BadInput where the id or the e-mail address is taken."""
        accounts = users.load(self._path)
        for old in accounts:
            if users.address_key(old.email) == users.address_key(new.email) or old.id == new.id:
                raise BadInput(f"{old.email} ({old.id}) exists already")
        users.save(self._path, [*accounts, new])

    def change(self, changed: Account) -> None:
        """Keep an account as it is to be. Raises CannotHold for what the file has no room for."""
        if changed.is_disabled or changed.name or changed.language:
            raise CannotHold(f"{self._path.name} has no room for that", hint=UPGRADE_FIRST)
        accounts = users.load(self._path)
        users.save(self._path, [changed if one.id == changed.id else one for one in accounts])

    def remove(self, account: str) -> None:
        """Take an account away, with its tokens."""
        users.save(self._path, [one for one in users.load(self._path) if one.id != account])

    def keep(self, new: StoredCredential) -> int:
        """Keep a token. Raises CannotHold for what the file has no room for."""
        if new.kind != "token" or new.scope != SCOPES[-1] or new.until_at is not None:
            raise CannotHold(
                f"{self._path.name} keeps only tokens that may do everything, and do not end",
                hint=f"{UPGRADE_FIRST} Or give --scope admin, and no --days.",
            )
        account = self.asked().accounts[new.account]
        token = Token(new.hash, datetime.now(UTC).date().isoformat(), new.name)
        self.change(replace(account, tokens=(*account.tokens, token)))
        return 0

    def end_of(self, account: str, *kinds: str, but: int | None = None) -> int:
        """End the tokens of an account; how many that were."""
        del but
        found = self.asked().accounts[account]
        if "token" not in kinds:
            return 0
        self.change(replace(found, tokens=()))
        return len(found.tokens)

    def end_one(self, credential: StoredCredential) -> None:
        """End one token."""
        found = self.asked().accounts[credential.account]
        kept = tuple(one for one in found.tokens if one.hash != credential.hash)
        self.change(replace(found, tokens=kept))

    def grant(self, account: str, system_id: int, role: str) -> None:
        """Roles need the database."""
        raise CannotHold("roles are given out once accounts stand in the database", hint=UPGRADE_FIRST)

    def revoke(self, account: str, system_id: int) -> None:
        """Roles need the database."""
        self.grant(account, system_id, "")
