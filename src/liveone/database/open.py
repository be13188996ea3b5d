"""The configured database, opened and made: where settings become a ``Database`` and a ``Store``."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from hrana.address import is_server
from hrana.tokens import is_read_only
from liveone.errors import ConfigError
from liveone.settings.config import SECRETS_NAME, Config, read_toml, require_private
from liveone.settings.watched import WatchedFile
from liveone.store import files
from liveone.store import store as stores
from liveone.store.database import Database
from liveone.store.libsql.create import create_tables
from liveone.store.libsql.driver import TIMEOUT_S
from liveone.store.store import Store


def open_database(config: Config, *, timeout_s: float = TIMEOUT_S) -> Database:
    """The configured database as it is, of whatever shape; ``timeout_s`` bounds each call to a server.

    Raises StoreError, ConfigError, BadInput.
    """
    if not config.is_server:
        return stores.open_database(config.database_path)
    _refuse_unknown_scheme(config.database.url)
    return stores.open_database(
        config.database.url,
        token=_token_of(config),
        replica_url=config.database.replica_url,
        timeout_s=timeout_s,
    )


def _token_of(config: Config) -> str | Callable[[], str]:
    """The database token; one that stands in the file of secrets is taken up anew when the file changes."""
    path, token = config.folder / SECRETS_NAME, config.secrets.database_token

    def kept(path: Path) -> str:
        require_private(path)
        return str(read_toml(path).get("database_token", ""))

    if not token or not path.is_file() or kept(path) != token:
        return token
    return WatchedFile(path, kept).current


def _refuse_unknown_scheme(url: str) -> None:
    if not is_server(url):
        raise ConfigError(
            f"database.url begins with {url.partition('://')[0]}://, which is no kind of database known here",
            hint="Give it a path, libsql://HOST, or http://HOST:PORT of a libSQL server.",
        )


def open_store(config: Config, *, served: bool = True, at_once: bool = True) -> Store:
    """The configured database as LiveOne's store; ``served`` false: also one that must be brought up first;
    ``at_once`` false: it is not asked before something is wanted of it.

    Raises StoreError, ConfigError, BadInput.
    """
    database = open_database(config)
    try:
        return Store(database, cadence_s=config.collect.cadence_s, served=served, at_once=at_once)
    except BaseException:
        database.close()
        raise


def create_database(config: Config) -> str:
    """Make the configured database, empty, of the newest generation; returns what it is called.

    Raises BadInput when there is something already, StoreError, ConfigError.
    """
    if not config.is_server:
        files.create(config.database_path)
        return str(config.database_path)
    with closing(open_database(config)) as database:
        create_tables(database)
        return database.label


def only_reads(config: Config) -> bool:
    """Whether this instance can show and not collect: its database token is for reading only."""
    return config.is_server and is_read_only(config.secrets.database_token)
