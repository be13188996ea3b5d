"""What stands on the list "handle or refuse" and is handled: tables, their rebuild, and what is written
meanwhile.

Each entry is carried out on two databases: online while the writes come, and at rest after the same writes.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.changeover.database.online.shapes import SWIFT, parsed

from changeover.database.connect import connect
from changeover.database.online.prepare import prepare, require_way_back
from changeover.database.online.rebuild import OnlineRebuild
from changeover.database.online.worker import Worker
from changeover.sql import rebuild


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: ``made`` makes and fills the database, ``new`` is the definition that ``table`` gets.

    ``columns`` get ``values``, and the way back gives ``back`` to the same columns of ``old``. ``objects``
    are made after the rename, there and back. ``meanwhile`` are scripts of writers.
    """

    made: str
    old: str
    new: str
    columns: str
    meanwhile: Sequence[str]
    values: str = ""
    back: str = ""
    objects: str = ""
    table: str = "t"
    after: Sequence[str] = ()
    """What is written after the swap; both definitions take it."""

    @property
    def forward(self) -> str:
        """The script of the change."""
        return self._script(self.new, self.values or self.columns)

    @property
    def backward(self) -> str:
        """The script of the way back."""
        return self._script(self.old, self.back or self.columns)

    def _script(self, definition: str, values: str) -> str:
        return (
            f"CREATE TABLE tmp_made {definition}; INSERT INTO tmp_made ({self.columns})"
            f" SELECT {values} FROM {self.table}; DROP TABLE {self.table};"
            f" ALTER TABLE tmp_made RENAME TO {self.table}; {self.objects}"
        )


def make(entry: Entry, path: Path) -> None:
    """The database of an entry."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(f"CREATE TABLE {entry.table} {entry.old}; {entry.made} {entry.objects}")


class Writer:
    """Writes a script to both databases whenever the rebuild lets go of the lock."""

    def __init__(self, entry: Entry, path: Path, oracle: Path) -> None:
        self.scripts = list(entry.meanwhile)
        self.connections = [sqlite3.connect(one, isolation_level=None, timeout=0) for one in (path, oracle)]
        for one in self.connections:
            one.execute("PRAGMA foreign_keys = ON")

    def hear(self, moment: str) -> None:
        """A boundary of the rebuild."""
        if moment == "committed" and self.scripts:
            self.write(self.scripts.pop(0))

    def write(self, sql: str) -> None:
        """The same script on both; it must end alike."""
        ends = [_done(one, sql) for one in self.connections]
        assert ends[0] == ends[1], sql

    def write_all(self) -> None:
        """What was not yet written is."""
        while self.scripts:
            self.write(self.scripts.pop(0))

    def close(self) -> None:
        """The connections are closed."""
        for one in self.connections:
            one.close()


def _done(connection: sqlite3.Connection, sql: str) -> str:
    try:
        connection.executescript(sql)
    except sqlite3.Error as error:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        return str(error)
    return ""


def there(entry: Entry, path: Path, writer: Writer) -> None:
    """Online, while it is written to."""
    with closing(connect(path)) as connection:
        change = prepare(connection, parsed(entry.forward))
        require_way_back(change, rebuild.read(parsed(entry.backward)))
        _run(connection, entry, writer).forward(change, lambda: None)


def and_back(entry: Entry, path: Path, writer: Writer) -> None:
    """Back, with what was written since."""
    with closing(connect(path)) as connection:
        way = rebuild.read(parsed(entry.backward))
        _run(connection, entry, writer).back(way, lambda: None, rebuild.read(parsed(entry.forward)))


def _run(connection: sqlite3.Connection, entry: Entry, writer: Writer) -> OnlineRebuild:
    worker = Worker(connection=connection, pace=SWIFT, rows=5, hook=writer.hear)
    name = entry.table.strip('"').replace('""', '"')
    return OnlineRebuild(worker=worker, table=name, content_sha256="entry")


def at_rest(entry: Entry, oracle: Path, target: Path) -> None:
    """The same script on a copy of the oracle, nobody writing."""
    with closing(sqlite3.connect(oracle)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
        copy.executescript(f"PRAGMA legacy_alter_table = ON; BEGIN; {entry.forward} COMMIT;")


def contents(path: Path) -> dict[str, object]:
    """Every table's rows by type and bytes, and every definition, but for changeover's own."""
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = lambda raw: raw.decode(errors="surrogateescape")
        schema = connection.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'changeover%'"
            " AND tbl_name NOT LIKE 'changeover%' ORDER BY 1, 2"
        ).fetchall()
        found: dict[str, object] = {"schema": schema}
        for kind, name, _, sql in schema:
            if kind == "table" and "VIRTUAL" not in (sql or ""):
                found[name] = _rows(connection, name)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    return found


def _rows(connection: sqlite3.Connection, name: str) -> list[str]:
    quoted = '"' + name.replace('"', '""') + '"'
    columns = [row[1].replace('"', '""') for row in connection.execute(f"PRAGMA table_xinfo({quoted})")]
    each = ", ".join(f'typeof("{one}"), "{one}"' for one in columns)
    return sorted(map(repr, connection.execute(f"SELECT {each} FROM {quoted}").fetchall()))
