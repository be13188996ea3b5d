"""Shows the committed state beside an open transaction, so that SQLite can compare rows with it.

Rule: the same file is attached a second time, read only. While we hold the write lock nobody commits, so the
second reader sees the database as it was at BEGIN. Measured: 1.3 million rows of 22 columns a second, against
0.2 million by checksums before and after. Only in WAL mode: in other modes a reader would block our own
COMMIT.
"""

import sqlite3
from pathlib import Path

from changeover.database.connect import MAPPED_BYTES

NAME = "changeover_committed"


def is_possible(connection: sqlite3.Connection) -> bool:
    """Whether the committed state can be read beside an open transaction."""
    return bool(connection.execute("PRAGMA main.journal_mode").fetchone()[0] == "wal")


def attach(connection: sqlite3.Connection) -> None:
    """Attach the committed state. Until `detach`, ``PRAGMA integrity_check`` without a schema reads both."""
    file = connection.execute("PRAGMA database_list").fetchone()[2]
    connection.execute(f"ATTACH ? AS {NAME}", (f"{Path(file).as_uri()}?mode=ro",))
    connection.execute(f"PRAGMA {NAME}.mmap_size = {MAPPED_BYTES}")


def detach(connection: sqlite3.Connection) -> None:
    """Detach it, outside a transaction; does nothing if it is not attached."""
    if any(name == NAME for _, name, _ in connection.execute("PRAGMA database_list").fetchall()):
        connection.execute(f"DETACH {NAME}")
