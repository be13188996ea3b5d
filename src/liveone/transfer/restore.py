"""A backup made the database that LiveOne works on: a file, or a new database of a libSQL server.

In this order: the backup is proven; the new database is made, filled and compared row by row; the old one is
retired, so that no process writes to it any more; the settings name the new one. Rule: killed at any point,
the same command goes on where it was, and until the old one is retired LiveOne works on as before. Nothing
is destroyed: the old database stays as it is, a file that is replaced is kept beside.
"""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from changeover.database.server import admin
from changeover.database.where import ADMIN_TOKEN, ADMIN_URL, Server
from changeover.errors import ChangeoverError
from hrana import address
from hrana.address import is_server
from liveone.errors import BadInput, LiveOneError
from liveone.settings.config import Config
from liveone.settings.switch import name_database
from liveone.store import backup
from liveone.store.database import Database, Statement, StoreError, Unavailable
from liveone.store.exclusive_poller import exclusive_poller
from liveone.store.generations import MOVE_MARK, NEWEST, detect
from liveone.store.libsql.holds import retire
from liveone.store.sqlite import SqliteDatabase
from liveone.store.store import open_database, path_of
from liveone.transfer import move

NOTE = "_liveone_restored"
"""The table that says of which backup a server's database is made, from before its first row on."""
OLD_S = 8.0
"""So long the old server may take for one answer: it is often the reason for restoring."""

Hook = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class RestoreOrder:
    """What is to be done: ``source`` becomes ``target`` (a path or a server's URL), which ``config`` names
    then. ``environment`` has the address of the admin API, by which a namespace is made."""

    source: Path
    target: str
    config: Config
    target_token: str
    environment: Mapping[str, str]
    now_at: float
    switch: bool = True
    progress: move.Progress = field(default=lambda step, table, rows, rows_in_all: None)
    hook: Hook = field(default=lambda step: None)


@dataclass(frozen=True, slots=True)
class RestoreOutcome:
    """What was done. ``rows`` by table, as the target holds them of the backup.

    ``was_done``: an earlier run of the command had filled the target. ``replaced``: where the file that was
    there is kept. ``retired``: the old database, None where there is none; ``still_open``: why it may still
    be written to, empty where it may not. ``switched``: the settings name the target.
    """

    target: str
    sha256: str
    generation: int
    rows: dict[str, int]
    was_done: bool
    replaced: Path | None
    retired: str | None
    still_open: str
    switched: bool


def restore(order: RestoreOrder) -> RestoreOutcome:
    """Carry out an order. Raises BadInput, StoreError, ConfigError, MoveFailed; then run it again."""
    sha256 = backup.prove(order.source)
    generation, rows = backup.contents(order.source)
    _refuse_old(order.source, generation)
    order.hook("proven")
    was_done, replaced = _filled(order, sha256)
    order.hook("filled")
    retired, still_open = _retired(order) if order.switch else (None, "")
    order.hook("retired")
    switched = order.switch and _switched(order)
    order.hook("switched")
    return RestoreOutcome(
        target=order.target,
        sha256=sha256,
        generation=generation,
        rows=rows,
        was_done=was_done,
        replaced=replaced,
        retired=retired,
        still_open=still_open,
        switched=switched,
    )


def is_configured(order: RestoreOrder) -> bool:
    """Whether the target is the database that the settings name already."""
    config = order.config
    if is_server(order.target) != config.is_server:
        return False
    if not config.is_server:
        return path_of(order.target).resolve() == config.database_path
    return _place(order.target) == _place(config.database.url)


def _place(url: str) -> tuple[str, str]:
    found = address.parse(url)
    return found.origin.rstrip("/"), found.namespace


def _refuse_old(source: Path, generation: int) -> None:
    if generation > NEWEST:
        raise BadInput(f"{source} is of generation {generation}, and this release serves {NEWEST}")


def _filled(order: RestoreOrder, sha256: str) -> tuple[bool, Path | None]:
    """Whether the target had been filled before, and where a file that was there is kept."""
    if is_server(order.target):
        return _filled_server(order, sha256), None
    path = path_of(order.target)
    if path.exists() and path.samefile(order.source):
        raise BadInput(f"{path} is the backup itself", hint="Name the file that it is to become.")
    done = backup.restore(order.source, path, order.now_at)
    return False, done.replaced


def _filled_server(order: RestoreOrder, sha256: str) -> bool:
    _make_namespace(order)
    order.hook("made")
    with (
        closing(open_database(order.target, token=order.target_token)) as new,
        closing(SqliteDatabase(order.source)) as old,
    ):
        if _noted(new, order.source, sha256):
            return True
        order.hook("noted")
        move.move(old, new, progress=order.progress)
    return False


def _make_namespace(order: RestoreOrder) -> None:
    """Make the server's database where the admin API is named; otherwise it has to be there."""
    url, token = order.environment.get(ADMIN_URL, ""), order.environment.get(ADMIN_TOKEN, "")
    if not url:
        return
    try:
        admin.create(Server(order.target, "", url, token))
    except ChangeoverError as error:
        raise Unavailable(
            error.message, hint=f"Check {ADMIN_URL}; or make the database by hand and leave it out."
        ) from error


def _noted(target: Database, source: Path, sha256: str) -> bool:
    """Whether the target is whole already; notes in one that is empty what it will be. Raises BadInput."""
    asked = Statement("SELECT name FROM sqlite_schema WHERE type = 'table'")
    names = {str(name) for (name,) in target.read([asked], newest=True)[0]}
    if NOTE not in names:
        move.refuse_used(target)
        note = f"CREATE TABLE {NOTE} (sha256 TEXT NOT NULL)"
        target.write([Statement(note), Statement(f"INSERT INTO {NOTE} VALUES (?)", (sha256,))])
        return False
    noted = {str(row[0]) for row in target.read([Statement(f"SELECT sha256 FROM {NOTE}")], newest=True)[0]}
    if noted != {sha256}:
        raise BadInput(
            f"the target {target.label} was restored from another backup than {source}; nothing was changed",
            hint="Name a new database of the server: ?namespace=NAME",
        )
    return "systems" in names and MOVE_MARK not in names and bool(detect(target))


def _retired(order: RestoreOrder) -> tuple[str | None, str]:
    """The old database's name, and why it may still be written to (empty: it may not)."""
    config = order.config
    if is_configured(order):
        return None, ""
    if not config.is_server:
        return _file_left(config.database_path)
    try:
        with closing(
            open_database(config.database.url, token=config.secrets.database_token, timeout_s=OLD_S)
        ) as old:
            retire(old, order.target)
            return old.label, ""
    except StoreError as error:
        return config.database.url, str(error.args[0])


def _file_left(path: Path) -> tuple[str | None, str]:
    if not path.is_file():
        return None, ""
    try:
        with closing(open_database(path)) as database:
            polls = exclusive_poller(database)
    except LiveOneError:
        return str(path), ""
    return str(path), f"{polls[0]} polls it" if polls else ""


def _switched(order: RestoreOrder) -> bool:
    """Whether the settings name the target; not where there is no file, or the environment wins over it."""
    config = order.config
    if is_configured(order):
        return True
    if config.path is None or order.environment.get("LIVEONE_DATABASE_URL"):
        return False
    url = order.target if is_server(order.target) else str(path_of(order.target).resolve())
    keeps = config.is_server and is_server(url) and _place(url)[0] == _place(config.database.url)[0]
    name_database(config.path, url, keeps_replica=keeps)
    return True
