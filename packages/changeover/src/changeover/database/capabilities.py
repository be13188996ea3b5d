"""What the database engine at hand really does, tried on canary tables in a file of its own, never assumed.

Rule: every fact is an experiment. Of a libSQL server nothing is probed: what a change relies on is demanded
inside its transaction (`demands`).
"""

import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from changeover.errors import Unsuitable

MINIMUM = (3, 37, 0)
"""STRICT, and pragma_table_list, came with it."""


@dataclass(frozen=True, slots=True)
class Backend:
    """Facts about an engine that a change relies on.

    ``rename_keeps_others``: with legacy_alter_table on, and foreign keys off, RENAME leaves the references of
    other tables alone (a rebuild needs that); ``ddl_is_transactional``: CREATE and DROP are rolled back.
    """

    engine: str
    version: str
    rename_keeps_others: bool
    ddl_is_transactional: bool
    authorizer: bool
    one_step_backup: bool

    def require(self) -> None:
        """Raises Unsuitable, with all reasons, when the blocking strategy cannot be trusted here."""
        reasons = [
            reason
            for holds, reason in (
                (self.ddl_is_transactional, "CREATE and DROP TABLE are not rolled back"),
                (self.rename_keeps_others, "RENAME rewrites other tables' references whatever the setting"),
                (self.authorizer, "the engine does not say what a statement may write"),
                (self.one_step_backup, "a database in use cannot be copied in one step"),
                (sqlite3.sqlite_version_info >= MINIMUM, f"SQLite {self.version} is older than 3.37"),
            )
            if not holds
        ]
        if reasons:
            raise Unsuitable(
                f"{self.engine} {self.version} cannot carry a migration: {'; '.join(reasons)}.",
                hint="Run changeover with a Python whose sqlite3 module uses SQLite 3.37 or newer.",
            )


def probe(folder: Path | None = None) -> Backend:
    """Try everything in a scratch folder inside ``folder`` (None: the system's); about 20 ms."""
    with tempfile.TemporaryDirectory(prefix="changeover-probe-", dir=folder) as scratch:
        path = Path(scratch) / "canary.db"

        def tried(experiment: Callable[[sqlite3.Connection], bool]) -> bool:
            path.unlink(missing_ok=True)
            with closing(sqlite3.connect(path, isolation_level=None)) as connection:
                try:
                    return experiment(connection)
                except sqlite3.Error:
                    return False

        return Backend(
            engine="SQLite",
            version=sqlite3.sqlite_version,
            rename_keeps_others=tried(lambda c: _reference_after_rename(c) == "t"),
            ddl_is_transactional=tried(_ddl_is_transactional),
            authorizer=tried(_authorizer),
            one_step_backup=tried(_one_step_backup),
        )


def _family(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY)")
    connection.execute("CREATE TABLE child (t_id INTEGER REFERENCES t(id) ON DELETE CASCADE)")
    connection.execute("INSERT INTO t VALUES (1)")
    connection.execute("INSERT INTO child VALUES (1)")


def _reference_after_rename(connection: sqlite3.Connection) -> str:
    _family(connection)
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("PRAGMA legacy_alter_table = ON")
    connection.execute("ALTER TABLE t RENAME TO t_old")
    parent: str = connection.execute("PRAGMA foreign_key_list(child)").fetchone()[2]
    return parent


def _ddl_is_transactional(connection: sqlite3.Connection) -> bool:
    _family(connection)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("DROP TABLE child")
    connection.execute("CREATE TABLE made (x)")
    connection.execute("ROLLBACK")
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    return names == {"t", "child"}


def _authorizer(connection: sqlite3.Connection) -> bool:
    _family(connection)
    connection.execute("PRAGMA foreign_keys = ON")
    seen: set[str] = set()

    def note(action: int, one: str | None, *_: str | None) -> int:
        if action == sqlite3.SQLITE_DELETE and one:
            seen.add(one)
        return sqlite3.SQLITE_OK

    connection.set_authorizer(note)
    connection.execute("EXPLAIN DELETE FROM t").fetchall()
    connection.set_authorizer(None)
    return {"t", "child"} <= seen


def _one_step_backup(connection: sqlite3.Connection) -> bool:
    _family(connection)
    with closing(sqlite3.connect(":memory:")) as copy:
        connection.backup(copy, pages=-1)
        rows: int = copy.execute("SELECT count(*) FROM child").fetchone()[0]
    return rows == 1
