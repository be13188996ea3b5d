"""Chooses the account directory.

Clerk if CLERK_SECRET_KEY is set, else the accounts that we keep ourselves.
"""

from collections.abc import Mapping

from liveone.accounts import clerk
from liveone.accounts.directory import AccountDirectory, DirectoryAccount
from liveone.accounts.people import PeopleSnapshot
from liveone.settings.environment import with_secret_files


class KnownDirectory:
    """Looks accounts up in a snapshot of our own: of the database, or of ``users.toml`` in older ones."""

    def __init__(self, found: PeopleSnapshot) -> None:
        self.label = "the database" if found.are_kept else "users.toml"
        self._found = found

    def find(self, account_id: str) -> DirectoryAccount | None:
        """The account with exactly that id, or None."""
        account = self._found.accounts.get(account_id)
        if account is None:
            return None
        return DirectoryAccount(account.id, account.email, "disabled" if account.is_disabled else "")


def open_directory(found: PeopleSnapshot, environment: Mapping[str, str]) -> AccountDirectory:
    """The directory to look accounts up in; makes no request. Raises ConfigError for unusable settings."""
    return clerk_directory(environment) or KnownDirectory(found)


def clerk_directory(environment: Mapping[str, str]) -> AccountDirectory | None:
    """Clerk's directory if its key is set, else None. Raises ConfigError for unusable settings."""
    secret_key = with_secret_files(environment).get("CLERK_SECRET_KEY", "")
    if not secret_key:
        return None
    return clerk.ClerkDirectory(secret_key, url=environment.get("CLERK_API_URL") or clerk.URL)
