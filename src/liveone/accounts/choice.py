"""Which account directory holds: Clerk where CLERK_SECRET_KEY is set, else the accounts that we keep."""

from collections.abc import Mapping

from liveone.accounts import clerk
from liveone.accounts.directory import AccountDirectory
from liveone.accounts.known import KnownDirectory
from liveone.accounts.people import PeopleSnapshot
from liveone.settings.environment import with_secret_files


def open_directory(found: PeopleSnapshot, environment: Mapping[str, str]) -> AccountDirectory:
    """The directory to ask; nothing is asked yet. Raises ConfigError for settings that cannot be used."""
    return clerk_directory(environment) or KnownDirectory(found)


def clerk_directory(environment: Mapping[str, str]) -> AccountDirectory | None:
    """Clerk's, where its key is set. Raises ConfigError for settings that cannot be used."""
    secret_key = with_secret_files(environment).get("CLERK_SECRET_KEY", "")
    if not secret_key:
        return None
    return clerk.ClerkDirectory(secret_key, url=environment.get("CLERK_API_URL") or clerk.URL)
