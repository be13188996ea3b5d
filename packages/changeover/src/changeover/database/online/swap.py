"""The exchange of two tables under one name: table, indexes and triggers, in the transaction that is open.

Rule: nothing here takes longer for a larger table. With ``legacy_alter_table`` on and foreign keys off,
RENAME leaves alone what others say of the name. An index cannot be renamed by SQL, and a hidden table has no
foreign keys, so that it stands in nobody's way: both are edited in ``sqlite_schema``, which changes no row
of any table (https://sqlite.org/lang_altertable.html, "Making Other Kinds Of Table Schema Changes").
"""

from collections.abc import Iterable, Sequence

from changeover.database.online.prepare import NamedObject
from changeover.database.online.worker import Worker
from changeover.errors import InvariantBroken
from changeover.sql import rebuild as script
from changeover.sql.identifiers import is_own, quoted

Side = tuple[Sequence[NamedObject], str]
"""The objects of a table as they are in force, and the prefix of their names while they are not."""


def exchange(worker: Worker, table: str, leaving: Side, arriving: Side, autoincrement: bool) -> None:
    """The table that is in force goes under its hidden name, and the hidden one takes its place."""
    gone, away = leaving
    come, hidden = arriving
    # Triggers stay with a table that is renamed
    # (https://sqlite.org/lang_altertable.html), and the arriving table needs their names.
    for name in _of(gone, "trigger"):
        worker.run(f"DROP TRIGGER {quoted(name)}")
    worker.run(f"ALTER TABLE {quoted(table)} RENAME TO {quoted(away + table)}")
    worker.run(f"ALTER TABLE {quoted(hidden + table)} RENAME TO {quoted(table)}")
    worker.run("PRAGMA writable_schema = ON")
    try:
        for kind, name, sql in gone:
            if kind == "table":
                bare = script.with_names(script.without_references(sql), away + table)
                _edit(worker, "table", away + table, away + table, bare)
            elif kind == "index":
                _edit(worker, "index", name, away + name, script.with_names(sql, away + name, away + table))
        for kind, name, sql in come:
            if kind == "table":
                _edit(worker, "table", table, table, sql)
            elif kind == "index":
                _edit(worker, "index", hidden + name, name, sql)
    finally:
        # Anew from the edited text, and never writable again.
        worker.run("PRAGMA writable_schema = RESET")
    if autoincrement:
        _carry_sequence(worker, table, away + table, come)
    for kind, _, sql in come:
        if kind == "trigger":
            worker.run(sql)
    _require(worker, table, come)


def _edit(worker: Worker, kind: str, name: str, new_name: str, sql: str) -> None:
    done = worker.run(
        "UPDATE sqlite_schema SET name = ?, sql = ? WHERE type = ? AND name = ? COLLATE NOCASE",
        (new_name, sql, kind, name),
    )
    # A wrong edit of sqlite_schema can corrupt the database
    # (https://sqlite.org/pragma.html#pragma_writable_schema).
    if done.rowcount != 1:
        raise InvariantBroken(
            f"The {kind} {name} is not there any more; somebody changed the schema meanwhile."
        )


def _carry_sequence(worker: Worker, table: str, away: str, come: Iterable[NamedObject]) -> None:
    """No id that was ever given is given again."""
    counts = any(kind == "table" and "AUTOINCREMENT" in sql.upper() for kind, _, sql in come)
    # RENAME takes each table's mark along: what the arriving one brought counts only the rows of its own.
    known = "(SELECT max(seq) FROM sqlite_sequence WHERE name IN (?, ?))"
    done = worker.run(f"UPDATE sqlite_sequence SET seq = {known} WHERE name = ?", (table, away, table))
    if counts and done.rowcount < 1:
        worker.run(
            "INSERT INTO sqlite_sequence (name, seq) SELECT ?, seq FROM sqlite_sequence WHERE name = ?",
            (table, away),
        )


def _require(worker: Worker, table: str, come: Iterable[NamedObject]) -> None:
    """The table, its indexes and triggers are there word by word."""
    rows = worker.connection.execute(
        "SELECT type, name, sql FROM sqlite_schema WHERE tbl_name = ? COLLATE NOCASE AND sql IS NOT NULL",
        (table,),
    ).fetchall()
    there = {tuple(row) for row in rows if not is_own(row[1])}
    if there != set(come):
        raise InvariantBroken(
            f"After the swap {table} would not be what it should be; everything was rolled back."
        )


def _of(objects: Iterable[NamedObject], kind: str) -> list[str]:
    return [name for found, name, _ in objects if found == kind]
