"""The account directory of accounts that we keep ourselves: in the database, before in ``users.toml``."""

from liveone.accounts.directory import DirectoryAccount
from liveone.accounts.people import PeopleSnapshot


class KnownDirectory:
    """The accounts of a snapshot."""

    def __init__(self, found: PeopleSnapshot) -> None:
        self.label = "the database" if found.are_kept else "users.toml"
        self._found = found

    def find(self, account_id: str) -> DirectoryAccount | None:
        """The account of exactly that id, None when there is none."""
        account = self._found.accounts.get(account_id)
        if account is None:
            return None
        return DirectoryAccount(account.id, account.email, "disabled" if account.is_disabled else "")
