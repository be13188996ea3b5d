"""Generation 1 as other tools spelled it: the same tables and rows in other words, with what was left beside.

A `Spelling` says how a tool writes: drizzle-kit (back-quotes, lower case, DEFAULT before NOT NULL, foreign
keys as clauses of their own), drizzle-kit after it made a table anew (its name in double quotes), the shell
of Turso, hands that used ALTER.
"""

import random
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from liveone.store.sql import schema_path

Words = tuple[str, str]
NOW, UNIX, FUNCTION = "DEFAULT CURRENT_TIMESTAMP", "DEFAULT (unixepoch())", "DEFAULT (strftime('%s', 'now'))"
OFFSETS = ("integer DEFAULT 10 NOT NULL", "INTEGER DEFAULT 10", "INTEGER NOT NULL DEFAULT 10")
ORPHANS = """
INSERT INTO readings ({readings}) SELECT {orphaned} FROM readings ORDER BY id LIMIT 7;
UPDATE readings SET inverter_time = inverter_time + 1 WHERE system_id = 77;
INSERT INTO readings_agg_5m (system_id, interval_end, sample_count) VALUES (77, 1755310800, 5), (78, 300, 0);
INSERT INTO readings_agg_1d (system_id, day) VALUES ('77', '2025-08-16'), ('78', '2025-08-17');
INSERT INTO polling_status (system_id, last_error) VALUES (77, 'gone'), (78, NULL);
"""
BACKUP = "CREATE TABLE readings_duplicates_backup AS SELECT * FROM readings WHERE id % 100 = 0"


@dataclass(frozen=True, kw_only=True)
class Spelling:
    """How a tool writes a schema; ``seed`` shuffles the columns, ``beside`` runs after all is made."""

    quotes: Words = ("`", "`")
    space: str = "\n\t"
    type_case: Callable[[str], str] = str.lower
    default_first: bool = True
    stamps: str = UNIX
    stamp_type: str = "INTEGER"
    offset: str | None = OFFSETS[0]
    constraints_apart: bool = True
    inline_unique: bool = False
    made_anew: bool = False
    seed: int | None = None
    indexes: bool = True
    beside: Sequence[str] = field(default_factory=tuple)


LAYOUTS: dict[str, Spelling] = {
    "drizzle": Spelling(
        stamps=NOW,
        beside=(
            BACKUP,
            "CREATE TABLE `__drizzle_migrations` (id SERIAL PRIMARY KEY, hash text NOT NULL)",
            "CREATE INDEX `polling_status_updated_idx` ON `polling_status` (`updated_at`)",
        ),
    ),
    "drizzle, made anew": Spelling(
        made_anew=True,
        seed=5,
        beside=("CREATE UNIQUE INDEX `polling_status_system_id_unique` ON `polling_status` (`system_id`)",),
    ),
    "turso shell": Spelling(
        quotes=("", ""),
        space=" ",
        type_case=str.upper,
        default_first=False,
        stamps=FUNCTION,
        offset=OFFSETS[1],
        constraints_apart=False,
        inline_unique=True,
        beside=(
            BACKUP,
            "CREATE VIEW newest AS SELECT system_id, max(inverter_time) AS at FROM readings GROUP BY 1",
        ),
    ),
    "by hand": Spelling(
        quotes=("[", "]"),
        space="\n    -- a column\n    ",
        type_case=str.title,
        offset=OFFSETS[2],
        seed=11,
        stamps=NOW,
        beside=(
            "CREATE UNIQUE INDEX [one system a number] ON [systems] ([user_id], [system_number])",
            "CREATE INDEX [systems of] ON [systems] ([created_at] DESC)",
            "CREATE TABLE [notes] ([at] TEXT, [what] TEXT, UNIQUE ([at]))",
            "INSERT INTO [notes] VALUES ('2025-09-01', 'new inverter')",
        ),
    ),
    "another shell": Spelling(
        quotes=('"', '"'),
        space=" ",
        type_case=str.upper,
        offset=None,
        constraints_apart=True,
        inline_unique=True,
        seed=3,
        indexes=False,
    ),
}


def random_spelling(seed: int) -> Spelling:
    """Some spelling that no tool has thought of yet."""
    dice = random.Random(seed)
    return Spelling(
        quotes=dice.choice([("", ""), ("`", "`"), ('"', '"'), ("[", "]")]),
        space=dice.choice(["\n\t", " ", "\n  /* ; */ "]),
        type_case=dice.choice([str.lower, str.upper, str.title]),
        default_first=dice.random() < 0.5,
        stamps=dice.choice([NOW, UNIX, FUNCTION]),
        stamp_type=dice.choice(["INTEGER", "TEXT", "DATETIME"]),
        offset=dice.choice([*OFFSETS, None]),
        constraints_apart=dice.random() < 0.5,
        inline_unique=dice.random() < 0.5,
        made_anew=dice.random() < 0.5,
        seed=dice.randrange(1000),
        indexes=dice.random() < 0.5,
        beside=dice.choice([(), (BACKUP,)]),
    )


def respell(source: Path, target: Path, spelling: Spelling, *, orphans: bool = True) -> Path:
    """The rows of a database of generation 1 in other words; ``orphans``: some without a system."""
    with closing(sqlite3.connect(target, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("ATTACH ? AS old", (str(source),))
        connection.execute("BEGIN")
        for table in tables():
            for statement in statements(table, spelling):
                connection.execute(statement)
            names = ", ".join(c.name for c in columns(table))
            single = table == "polling_status" and any("UNIQUE" in each for each in spelling.beside)
            once = "GROUP BY system_id HAVING min(id)" if single else "ORDER BY id"
            connection.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM old.{table} {once}")
        sequences = "SELECT name, seq FROM old.sqlite_sequence"
        connection.execute("DELETE FROM sqlite_sequence")
        connection.execute(f"INSERT INTO sqlite_sequence (name, seq) {sequences}")
        for statement in spelling.beside:
            connection.execute(statement)
        connection.execute("COMMIT")
        if orphans:
            _orphan(connection)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return target


def schema_of(path: Path) -> list[tuple[object, ...]]:
    """Every definition of the application, word by word; what changeover keeps is left out."""
    with closing(sqlite3.connect(path, timeout=10)) as connection:
        rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY 1, 2")
        return [row for row in rows if not row[2].startswith(("changeover_", "_liveone_", "sqlite_"))]


def rows_of(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """All rows of the application's tables, columns by name."""
    found = {}
    for kind, name, *_ in schema_of(path):
        if kind == "table":
            with closing(sqlite3.connect(path, timeout=10)) as connection:
                found[str(name)] = connection.execute(f'SELECT * FROM "{name}"').fetchall()
    return found


def tell(path: Path, sql: str) -> None:
    """One statement of somebody's own."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(sql)


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    not_null: bool
    default: str | None


def tables() -> tuple[str, ...]:
    """The tables of generation 1, parents first."""
    return ("systems", "readings", "readings_agg_5m", "readings_agg_1d", "polling_status")


def columns(table: str) -> list[Column]:
    """The columns of a table of generation 1."""
    with closing(_reference()) as connection:
        rows = connection.execute(
            f'SELECT name, type, "notnull", dflt_value FROM pragma_table_info({table!r})'
        )
        return [Column(name, type_, bool(required), default) for name, type_, required, default in rows]


def statements(table: str, spelling: Spelling) -> list[str]:
    """What makes one table with its indexes in that spelling."""
    found = columns(table)
    if spelling.seed is not None:
        found[1:] = random.Random(spelling.seed).sample(found[1:], len(found) - 1)
    added = [c for c in found if c.name == "timezone_offset" and spelling.offset is not None]
    q, (opening, closing_) = _quoting(spelling), ("`", "`") if spelling.made_anew else spelling.quotes
    items = [_column(column, spelling, table) for column in found if column not in added]
    items += _constraints(table, spelling)
    separator = f",{spelling.space}"
    made = f"__new_{table}" if spelling.made_anew else table
    body = f"{spelling.space}{separator.join(items)}\n"
    found_sql = [f"CREATE TABLE {opening}{made}{closing_} ({body})"]
    if spelling.made_anew:
        found_sql.append(f"ALTER TABLE {q(made)} RENAME TO {q(table)}")
    found_sql += [f"ALTER TABLE {q(table)} ADD {q(c.name)} {spelling.offset}" for c in added]
    return found_sql + _indexes(table, spelling)


def _column(column: Column, spelling: Spelling, table: str) -> str:
    q = _quoting(spelling)
    if column.name == "id":
        return f"{q('id')} {spelling.type_case('integer')} PRIMARY KEY AUTOINCREMENT NOT NULL"
    default = f"DEFAULT {column.default}" if column.default is not None else ""
    kind = column.type
    if column.name in ("created_at", "updated_at"):
        default, kind = spelling.stamps, spelling.stamp_type
    clauses = [default, "NOT NULL" if column.not_null else ""]
    clauses = clauses if spelling.default_first else clauses[::-1]
    if (
        column.name == "system_id"
        and not spelling.constraints_apart
        and table in ("readings", "polling_status")
    ):
        clauses.append(f"references {q('systems')}({q('id')}) on delete cascade on update no action")
    return " ".join([q(column.name), spelling.type_case(kind), *filter(None, clauses)])


def _constraints(table: str, spelling: Spelling) -> list[str]:
    q, found = _quoting(spelling), []
    if spelling.inline_unique:
        found += [f"UNIQUE ({', '.join(map(q, names))})" for unique, names in _index_list(table) if unique]
    if spelling.constraints_apart and table in ("readings", "polling_status"):
        found.append(
            f"FOREIGN KEY ({q('system_id')}) REFERENCES {q('systems')}({q('id')})"
            " ON UPDATE no action ON DELETE cascade"
        )
    return found


def _indexes(table: str, spelling: Spelling) -> list[str]:
    q = _quoting(spelling)
    return [
        f"CREATE {'UNIQUE ' if unique else ''}INDEX {q('_'.join((table, *names, 'idx')))} ON {q(table)}"
        f" ({','.join(map(q, names))})"
        for unique, names in _index_list(table)
        if (not spelling.inline_unique if unique else spelling.indexes)
    ]


def _index_list(table: str) -> list[tuple[bool, list[str]]]:
    """The indexes of generation 1; one that a unique key covers goes under its name, so it is left out."""
    with closing(_reference()) as connection:
        found: dict[tuple[str, ...], bool] = {}
        for name, unique in connection.execute(f'SELECT name, "unique" FROM pragma_index_list({table!r})'):
            key = tuple(c for (c,) in connection.execute(f"SELECT name FROM pragma_index_info({name!r})"))
            found[key] = found.get(key, False) or bool(unique)
        return [(unique, list(key)) for key, unique in found.items()]


def _orphan(connection: sqlite3.Connection) -> None:
    names = [c.name for c in columns("readings") if c.name != "id"]
    orphaned = [{"system_id": "77", "inverter_time": "inverter_time"}.get(name, name) for name in names]
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.executescript(ORPHANS.format(readings=", ".join(names), orphaned=", ".join(orphaned)))


def _quoting(spelling: Spelling) -> Callable[[str], str]:
    opening, closing_ = spelling.quotes
    return lambda name: f"{opening}{name}{closing_}"


def _reference() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.executescript(schema_path(1).read_text())
    return connection
