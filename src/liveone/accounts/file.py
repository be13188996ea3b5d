"""The account directory in a file: ``users.toml`` beside the settings, written by `liveone users`."""

from pathlib import Path

from liveone.accounts import users
from liveone.accounts.directory import DirectoryAccount


class FileDirectory:
    """The accounts of a ``users.toml``, read once. Raises ConfigError where the file is wrong."""

    def __init__(self, path: Path) -> None:
        self.label = path.name
        self._accounts = {each.id: DirectoryAccount(each.id, each.email) for each in users.load(path)}

    def find(self, account_id: str) -> DirectoryAccount | None:
        """The account of exactly that id, None when there is none."""
        return self._accounts.get(account_id)
