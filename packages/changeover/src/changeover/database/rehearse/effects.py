"""What writes really did, row by row: triggers, cascades, counters and search indexes included.

Rule: the database is compared with itself before the writes, through a second view of the same file whose
snapshot is older. Only tables that the compiled statements may write are compared (the authorizer names
them, what triggers and foreign keys do included). Every row that differs is kept in a scratch file, as it was
and as it is, so that the working copy may go on being changed.
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
    """The rows of one table that the writes left different.

    ``key`` finds a row again in another database (empty: rows are only compared whole). ``was`` and ``now``
    are tables of the scratch file; a changed row stands in both, a new one in ``now`` only, and `ROW` numbers
    them. ``address`` are the columns by which the two go together; rowid stands there as `ADDRESS_ROWID`.
    """

    table: Table
    key: tuple[str, ...]
    address: tuple[str, ...]
    was: str
    now: str


@dataclass(slots=True)
class Effects:
    """Everything that the writes left different, by folded table name; ``scratch`` holds the rows.

    ``reached`` are the folded names of the tables that the statements may have written; None: any. ``schema``
    are those of all tables that there are.
    """

    scratch: Path
    reached: frozenset[str] | None = None
    touched: dict[str, Touched] = field(default_factory=dict)
    schema: frozenset[str] = frozenset()


ADDRESS_ROWID, ROW = "changeover_rowid", "changeover_row"


@contextmanager
def observed(path: Path, scratch: Path) -> Iterator[Effects]:
    """Whatever is committed to ``path`` by others inside is in the effects afterwards.

    ``scratch`` is made anew. The file must be in WAL mode, or the older snapshot would keep the writers out.
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
    """Every row of ``now`` that does not stand the same in another database of the same schema.

    Such a row of the other one stands in ``was``. ``scratch`` is made anew.
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
    """Keep the rows of ``names[0]`` that do not stand the same in ``names[1]`` as table ``names[2]``."""
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
