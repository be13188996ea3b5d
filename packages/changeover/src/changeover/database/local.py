"""Where on this machine lies what belongs to a database: beside its file, or in a folder for one on a server.

Rule: what is derived from a server's URL is its host, port and namespace, in letters that every file system
takes.
"""

import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from changeover.database.where import Database, Server

STATE, LOCK = ".changeover", ".changeover-lock"
_UNSAFE = re.compile(r"[^A-Za-z0-9._]+")


def label(database: Database) -> str:
    """What to call a database in what is kept: its file with links resolved, or its URL."""
    return str(database) if isinstance(database, Server) else str(database.resolve())


def name(server: Server) -> str:
    """``127.0.0.1-8080-prod``, ``house-anna.turso.io``: a server's database as the name of a file."""
    split = urlsplit(server.url)
    namespace = dict(parse_qsl(split.query)).get("namespace", "")
    parts = (split.hostname or "", str(split.port or ""), split.path.strip("/"), namespace)
    return "-".join(_UNSAFE.sub("-", part) for part in parts if part)


def state_folder(database: Database, named: Path | None = None) -> Path:
    """``<database>.changeover`` beside the file, in the current folder for a server; or the one ``named``."""
    if named is not None:
        return named
    if isinstance(database, Server):
        return Path.cwd() / (name(database) + STATE)
    real = database.resolve()
    return real.with_name(real.name + STATE)


def lock_file(database: Database, state: Path | None = None) -> Path:
    """``<database>.changeover-lock`` beside the file; for a server ``<state folder>-lock``."""
    if isinstance(database, Server):
        folder = state_folder(database, state)
        return folder.with_name(folder.name + "-lock")
    real = database.resolve()
    return real.with_name(real.name + LOCK)


def backup_dir(database: Database, state: Path | None = None) -> Path:
    """Where backups go unless the plan says otherwise: beside the file, or beside the state folder."""
    if isinstance(database, Server):
        return state_folder(database, state).parent
    return database.resolve().parent
