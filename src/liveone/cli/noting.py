"""What commands enter in the audit log: who works at a command line has no name here."""

from contextlib import closing

from liveone.accounts import audit
from liveone.cli.account_book import people_of
from liveone.clock import SystemClock
from liveone.database.open import open_store
from liveone.settings.config import Config
from liveone.store.database import StoreError
from liveone.store.store import Store

WHO = "command line"


def note(config: Config, store: Store, what: str, about: str) -> None:
    """Enter what was done in a store; nothing where its database keeps no log."""
    audit.note(people_of(config, store), WHO, what, about, now_at=SystemClock().now_at())


def note_in_database(config: Config, what: str, about: str) -> None:
    """As ``note``, in the settings' database; one that cannot be asked keeps no command from its end."""
    try:
        with closing(open_store(config)) as store:
            note(config, store, what, about)
    except StoreError:
        return
