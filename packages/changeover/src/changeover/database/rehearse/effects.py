"""What writes really changed, row by row, by triggers, cascades, counters and search indexes too.

Rule: the database is compared with itself before the writes, through a second connection to the file with an
older snapshot. Only tables that the compiled statements may write are compared (the authorizer names them).
Every row that differs is kept in a scratch file, before and after, because the working copy goes on being
changed.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from changeover.database.connect import connect, translated
from changeover.database.rehearse.identity import address_of, is_rowid, key_of, same_value
from changeover.database.schema import catalogue as schema
from changeover.database.schema.catalogue import Table
from changeover.errors import concerning
from changeover.sql.identifiers import identifier_key, quoted


@dataclass(frozen=True, slots=True)
class Touched:
    """The rows of one table that the writes changed.

    ``key`` finds a row in another database; if it is empty, rows are only compared whole. ``was`` and ``now``
    are tables of the scratch file: a changed row is in both, a new one in ``now`` only, and `ROW` numbers
    them. ``address`` are the columns that join the two; a rowid is stored there as `ADDRESS_ROWID`.
    """

    table: Table
    key: tuple[str, ...]
    address: tuple[str, ...]
    was: str
    now: str


@dataclass(slots=True)
class Effects:
    """All that the writes changed, by table in lower case; ``scratch`` is the file that holds the rows.

    ``reached`` are the tables that the statements may have written (None: any), ``schema`` the definitions of
    all tables.
    """

    scratch: Path
    reached: frozenset[str] | None = None
    touched: dict[str, Touched] = field(default_factory=dict)
    schema: frozenset[str] = frozenset()


ADDRESS_ROWID, ROW = "changeover_rowid", "changeover_row"


@contextmanager
def observed(path: Path, scratch: Path) -> Iterator[Effects]:
    """All that others commit to ``path`` inside is in the effects afterwards.

    ``scratch`` is made anew. The file must be in WAL mode, or the older snapshot would block the writers.
    """
    scratch.unlink(missing_ok=True)
    effects = Effects(scratch)
    with translated(path), closing(connect(path)) as connection:
        # The same file twice: each attachment has a snapshot of its own.
        connection.execute("ATTACH ? AS earlier", (str(path.resolve()),))
        connection.execute("ATTACH ? AS scratch", (str(scratch),))
        connection.execute("BEGIN")
        # BEGIN alone takes no snapshot (https://sqlite.org/lang_transaction.html): the
        # first read of `earlier` does. `main` is read after the writes, and is newer.
        connection.execute("SELECT count(*) FROM earlier.sqlite_schema").fetchone()
        yield effects
        _keep(connection, effects)
        connection.execute("COMMIT")


def between(now: Path, other: Path, scratch: Path) -> Effects:
    """Every row of ``now`` that is not the same in ``other``, a database of the same schema.

    The row of ``other`` is in ``was``. ``scratch`` is made anew.
    """
    scratch.unlink(missing_ok=True)
    effects = Effects(scratch)
    with translated(now), closing(connect(now)) as connection:
        connection.execute("ATTACH ? AS earlier", (str(other.resolve()),))
        connection.execute("ATTACH ? AS scratch", (str(scratch),))
        _keep(connection, effects)
    return effects


def _keep(connection: sqlite3.Connection, effects: Effects) -> None:
    found = schema.read(connection)
    effects.schema = frozenset(found.tables)
    for number, table in enumerate(found.tables.values()):
        if effects.reached is None or identifier_key(table.name) in effects.reached:
            with concerning(f"table {table.name}"):
                touched = _touched(connection, table, number)
            effects.touched |= {identifier_key(table.name): touched} if touched else {}


def _touched(connection: sqlite3.Connection, table: Table, number: int) -> Touched | None:
    address = address_of(connection, table)
    if not address or not table.holds_rows:
        return None
    was, now = f"was_{number}", f"now_{number}"
    counts = [
        _differing(connection, table, address, (one, other, target))
        for one, other, target in (("earlier", "main", was), ("main", "earlier", now))
    ]
    if not any(counts):
        return None
    named = (ADDRESS_ROWID,) if is_rowid(table, address) else address
    return Touched(table, key_of(connection, table), named, was, now)


def _differing(
    connection: sqlite3.Connection, table: Table, address: tuple[str, ...], names: tuple[str, str, str]
) -> int:
    """Store the rows of ``names[0]`` that are not the same in ``names[1]``, as table ``names[2]``.

    Gives how many.
    """
    one, other, target = names
    name = quoted(table.name)
    # The first condition finds the row by the index of the key, the second is exact where it folds case.
    found = " AND ".join(f"b.{quoted(c)} IS a.{quoted(c)}" for c in address)
    same = " AND ".join(same_value(table, c) for c in table.stored) or "1"
    kept = [f"row_number() OVER () AS {ROW}", *(f"a.{quoted(c)}" for c in table.stored)]
    kept += [f"a.{table.rowid} AS {ADDRESS_ROWID}"] if is_rowid(table, address) else []
    connection.execute(
        f"CREATE TABLE scratch.{target} AS SELECT {', '.join(kept)}"
        f" FROM {one}.{name} AS a"
        f" WHERE NOT EXISTS (SELECT 1 FROM {other}.{name} AS b WHERE {found} AND {same})"
    )
    return int(connection.execute(f"SELECT count(*) FROM scratch.{target}").fetchone()[0])
