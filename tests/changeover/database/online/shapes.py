"""Tables of several shapes, what applications do to them, and the rebuild that each gets: the same on two
databases.

The oracle is a second database that gets the same writes, and whose table is rebuilt by the same script
while nobody writes.
"""

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from changeover.database.connect import connect
from changeover.database.online.prepare import prepare
from changeover.database.online.rebuild import OnlineRebuild
from changeover.database.online.worker import OnlinePace, Worker
from changeover.problems import Position
from changeover.sql import rebuild
from changeover.sql.text import SqlStatement, split

SWIFT = OnlinePace(most_rows=5, pause_s=0.0, swap_s=30.0, hold_s=1.0, alone_hold_s=1.0)
VALUES = (
    "'00123'",
    "'12'",
    "9007199254740993",
    "-0.0",
    "1e3",
    "x'00ff'",
    "CAST(x'ff41' AS TEXT)",
    "NULL",
    "''",
    "7",
)
"""Values that a careless copy changes: leading zeros, 2^53+1, minus zero, blobs, invalid UTF-8."""


@dataclass(frozen=True, slots=True)
class Shape:
    """``made`` makes the table t; ``keys`` are its key columns, ``unique`` a column with a unique key of
    its own.
    """

    name: str
    made: str
    forward: str
    back: str
    keys: tuple[str, ...]
    unique: str = "u"

    def key(self, draw: random.Random) -> tuple[str, ...]:
        """Values of the key, as SQL; few, so that they meet."""
        if self.keys == ("id",):
            return (str(draw.randrange(1, 40)),)
        if self.keys == ("k",):
            return (draw.choice(["NULL", f"'k{draw.randrange(25)}'", f"'K{draw.randrange(25)}'"]),)
        return (f"'{draw.choice('aAbB')}'", str(draw.randrange(12)))


def _rebuild(old: str, new: str, columns: str, values: str, following: str = "") -> tuple[str, str]:
    names = ", ".join(name.strip() for name in columns.split(","))
    forward = f"CREATE TABLE t_new {new}; INSERT INTO t_new ({names}) SELECT {values} FROM t; DROP TABLE t;"
    forward += f" ALTER TABLE t_new RENAME TO t; {following}"
    back = f"CREATE TABLE t_old {old}; INSERT INTO t_old ({names}) SELECT {names} FROM t; DROP TABLE t;"
    return forward, f"{back} ALTER TABLE t_old RENAME TO t; {following}"


def _shape(  # noqa: PLR0917
    name: str, old: str, new: str, columns: str, values: str, keys: tuple[str, ...], following: str
) -> Shape:
    forward, back = _rebuild(old, new, columns, values, following)
    parents = "CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO p VALUES (1), (2);"
    return Shape(name, f"{parents} CREATE TABLE t {old}; {following}", forward, back, keys)


_FOLLOWING = (
    "CREATE UNIQUE INDEX t_w ON t (w) WHERE w > 5; CREATE INDEX t_v ON t (v);"
    "CREATE TRIGGER t_again AFTER INSERT ON t WHEN NEW.w = 3 BEGIN UPDATE t SET w = 4 WHERE u = NEW.u; END"
)
SHAPES = (
    _shape(
        "rowid",
        "(id INTEGER PRIMARY KEY AUTOINCREMENT, u TEXT UNIQUE, v, w INTEGER, p INTEGER REFERENCES p (id)"
        " ON DELETE"
        " SET NULL, parent INTEGER REFERENCES t (id))",
        "(id INTEGER PRIMARY KEY AUTOINCREMENT, parent INTEGER CONSTRAINT up REFERENCES t (id), u TEXT NOT"
        " NULL UNIQUE,"
        " v, w INTEGER, more TEXT DEFAULT 'x', p INTEGER, FOREIGN KEY (p) REFERENCES p (id) ON DELETE SET"
        " NULL)",
        "id, u, v, w, p, parent",
        "id, t.u, v, w + 0, p, parent",
        ("id",),
        _FOLLOWING,
    ),
    _shape(
        "nullable key",
        "(k TEXT PRIMARY KEY, u TEXT UNIQUE, v, w INTEGER)",
        "(u TEXT UNIQUE, v BLOB, w INTEGER CHECK (w < 1000), k TEXT PRIMARY KEY)",
        "k, u, v, w",
        "k, u, v, w",
        ("k",),
        _FOLLOWING,
    ),
    _shape(
        "clustered",
        "(a TEXT COLLATE NOCASE, b INTEGER, u TEXT UNIQUE, v, w INTEGER, PRIMARY KEY (a, b)) WITHOUT ROWID",
        "(a TEXT COLLATE NOCASE NOT NULL, b INTEGER NOT NULL, u TEXT UNIQUE, v, w INTEGER, size GENERATED"
        " ALWAYS AS"
        " (length(v)), PRIMARY KEY (a, b))",
        "a, b, u, v, w",
        "a, b, u, v, w",
        ("a", "b"),
        _FOLLOWING,
    ),
    _shape(
        "another key",
        "(id INTEGER PRIMARY KEY, a TEXT NOT NULL, b INTEGER NOT NULL, u TEXT UNIQUE, v, w INTEGER, UNIQUE"
        " (a, b))",
        "(a TEXT NOT NULL, b INTEGER NOT NULL, u TEXT UNIQUE, v ANY, w INTEGER, PRIMARY KEY (a, b)) STRICT,"
        " WITHOUT ROWID",
        "a, b, u, v, w",
        "a, b, u, v, w",
        ("a", "b"),
        _FOLLOWING,
    ),
)


def parsed(sql: str) -> tuple[SqlStatement, ...]:
    """A script's statements."""
    return split(sql, Position("script.sql", 1))


def make(shape: Shape, path: Path, rows: int, seed: int) -> None:
    """A database with the table, filled by ``rows`` of the writes that applications make."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(shape.made)
        draw = random.Random(seed)
        for sql in writes(shape, draw, rows):
            do(connection, sql)
        columns = ", ".join((*shape.keys, "u", "v", "w"))
        for number in range(rows):
            values = ", ".join((*shape.key(draw), f"'u{number}'", draw.choice(VALUES), "1"))
            connection.execute(f"INSERT OR IGNORE INTO t ({columns}) VALUES ({values})")


def writes(shape: Shape, draw: random.Random, count: int) -> Iterator[str]:
    """Scripts that an application may run, each as one call."""
    columns = ", ".join((*shape.keys, "u", "v", "w"))
    match = " AND ".join(f"{key} IS {{}}" for key in shape.keys)

    def row() -> str:
        unique = f"'u{draw.randrange(40)}'"
        return f"({', '.join((*shape.key(draw), unique, draw.choice(VALUES), str(draw.randrange(20))))})"

    def one() -> str:
        return match.format(*shape.key(draw))

    for _ in range(count):
        clause = draw.choice(["", "", "OR REPLACE", "OR IGNORE", "OR FAIL", "OR ABORT"])
        rows = ", ".join(row() for _ in range(draw.choice([1, 1, 3])))
        changes = f"{shape.keys[0]} = {shape.key(draw)[0]}, u = 'u{draw.randrange(40)}'"
        insert = f"INSERT {clause} INTO t ({columns}) VALUES {rows};"
        swap = (
            f"BEGIN; CREATE TEMP TABLE two AS SELECT {', '.join(shape.keys)}, u FROM t WHERE u IS NOT NULL"
            f" ORDER BY u"
            f" LIMIT 2 OFFSET {draw.randrange(9)};"
            " UPDATE t SET u = 'swap ' || u WHERE u IN (SELECT u FROM two);"
            " UPDATE t SET u = (SELECT u FROM two WHERE 'swap ' || u <> t.u) WHERE u LIKE 'swap %'"
            " AND (SELECT count(*) FROM two) = 2; UPDATE t SET u = substr(u, 6) WHERE u LIKE 'swap %';"
            " DROP TABLE two; COMMIT;"
        )
        yield draw.choice(
            [
                insert,
                insert,
                f"INSERT INTO t ({columns}) VALUES {row()} ON CONFLICT (u) DO UPDATE SET v = excluded.v, w"
                f" = w + 1;",
                f"UPDATE {clause} t SET {changes} WHERE u = 'u{draw.randrange(40)}';",
                f"UPDATE t SET v = {draw.choice(VALUES)}, w = {draw.randrange(20)} WHERE u ="
                f" 'u{draw.randrange(40)}';",
                f"DELETE FROM t WHERE {one()};",
                f"DELETE FROM t WHERE u = 'u{draw.randrange(40)}';",
                f"BEGIN; {insert} SAVEPOINT s; DELETE FROM t; ROLLBACK TO s; UPDATE t SET w = w WHERE"
                f" {one()}; COMMIT;",
                f"BEGIN; DELETE FROM t WHERE {one()}; {insert} ROLLBACK;",
                f"PRAGMA recursive_triggers = {draw.choice(['ON', 'OFF'])};",
                f"UPDATE OR IGNORE t SET w = (w + 7) % 15 WHERE u = 'u{draw.randrange(40)}';",
                swap,
            ]
        )


def do(connection: sqlite3.Connection, sql: str) -> str:
    """Run one script as an application does that gives up what fails; the error's words, empty without
    one.
    """
    try:
        connection.executescript(sql)
    except sqlite3.Error as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        with suppress(sqlite3.Error):
            connection.execute("DROP TABLE IF EXISTS temp.two")
        return str(error)
    return ""


def contents(path: Path, *, columns: str = "*") -> list[tuple[object, ...]]:
    """Every row of t by type and bytes, in an order that says nothing."""
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = bytes
        names = [row[1].decode() for row in connection.execute("PRAGMA table_xinfo(t)")]
        chosen = names if columns == "*" else columns.split(", ")
        each = ", ".join(f"typeof({name}), {name}" for name in chosen)
        return sorted(connection.execute(f"SELECT {each} FROM t").fetchall(), key=repr)


def definitions(path: Path) -> list[tuple[object, ...]]:
    """The schema but for changeover's state table."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema").fetchall()
    return sorted((row for row in rows if "changeover_online" not in (row[1], row[2])), key=repr)


def rebuild_offline(shape: Shape, path: Path) -> None:
    """The oracle's way: the script as it stands, nobody writing."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA legacy_alter_table = ON")
        connection.executescript(f"BEGIN; {shape.forward}; COMMIT;")


def online(path: Path, shape: Shape, hook: Callable[[str], None] = lambda moment: None) -> OnlineRebuild:
    """A rebuild of ``shape``, in chunks of a few rows."""
    worker = Worker(connection=connect(path), pace=SWIFT, rows=5, hook=hook)
    return OnlineRebuild(worker=worker, table="t", content_sha256=shape.name)


def forward(run: OnlineRebuild, shape: Shape) -> None:
    """Forward, from wherever it stands."""
    with closing(run.worker.connection) as connection:
        run.forward(prepare(connection, parsed(shape.forward)), lambda: None)


def back(run: OnlineRebuild, shape: Shape) -> None:
    """Back, from wherever it stands."""
    with closing(run.worker.connection):
        run.back(rebuild.read(parsed(shape.back)), lambda: None)
