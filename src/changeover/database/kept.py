"""Tables that a change keeps for its rollback (``changeover_...``), and how `finish` gets rid of them gently.

Rule: a DROP of a big table would hold writers for half a second a million rows, so its rows go first, in
short transactions with a pause between them; killed half-way, the next `drop` goes on.
"""

import sqlite3
import time
from collections.abc import Callable

from changeover.database import rows, schema
from changeover.database.names import is_engine, is_own, listed, quoted
from changeover.errors import Unsuitable

CHUNK_ROWS = 5_000
PAUSE_S = 0.005


def tables(connection: sqlite3.Connection) -> dict[str, int]:
    """The kept tables with their rows."""
    found = schema.read(connection, own=True).tables.values()
    names = [table.name for table in found if is_own(table.name) and not is_engine(table.name)]
    return {name: rows.count(connection, name) for name in names}


def drop(
    connection: sqlite3.Connection,
    name: str,
    *,
    chunk_rows: int = CHUNK_ROWS,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> float:
    """Empty a kept table in chunks and drop it; the longest time, in seconds, that writers were held.

    Raises Unsuitable for a table that is not kept by changeover.
    """
    table = schema.read(connection, own=True).table(name)
    if table is None or not is_own(name) or is_engine(name):
        raise Unsuitable(f"{name} is not a table that changeover keeps for a rollback.")
    total, done, longest_s = rows.count(connection, name), 0, 0.0
    columns = listed(table.key) if table.without_rowid else "rowid"
    chunk = f"SELECT {columns} FROM {quoted(name)} LIMIT {chunk_rows}"
    connection.execute("PRAGMA foreign_keys = OFF")
    while done < total:
        started = time.monotonic()
        gone = connection.execute(f"DELETE FROM {quoted(name)} WHERE ({columns}) IN ({chunk})").rowcount
        longest_s = max(longest_s, time.monotonic() - started)
        done += gone
        progress(done, total)
        if not gone:
            break
        time.sleep(PAUSE_S)
    started = time.monotonic()
    connection.execute(f"DROP TABLE {quoted(name)}")
    return max(longest_s, time.monotonic() - started)
