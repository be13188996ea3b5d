"""Where a command finds the accounts: in the database, or in users.toml while that has no room for them."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from liveone.accounts import users
from liveone.accounts.file_book import FileBook
from liveone.accounts.people import People
from liveone.clock import SystemClock
from liveone.database.open import open_store
from liveone.settings.config import Config
from liveone.store.database import Foreign
from liveone.store.store import Store

Book = People | FileBook


@contextmanager
def open_book(config: Config) -> Iterator[Book]:
    """The accounts, to be asked and changed. Raises StoreError where a database that is there is silent."""
    file = FileBook(config.users_path)
    if not config.is_server and not config.database_path.exists():
        yield file
        return
    try:
        store = open_store(config)
    except Foreign:
        yield file
        return
    with closing(store):
        people = people_of(config, store)
        yield people if people.asked().are_kept else file


def people_of(config: Config, store: Store) -> People:
    """The accounts that a store's database keeps, or users.toml while that has no room for them."""
    return People(store, users.current(config.users_path), SystemClock())
