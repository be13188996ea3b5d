"""One table by itself, empty and in memory, to ask which rows its own rules refuse."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass

from changeover.database import application
from changeover.database.schema.catalogue import Table
from changeover.sql.identifiers import listed, quoted


@dataclass(frozen=True, slots=True)
class EmptyTable:
    table: Table
    scratch: sqlite3.Connection

    def refusal(self, row: Mapping[str, object]) -> str:
        """SQLite's message if the table refuses the row; empty if it takes it."""
        marks = ", ".join("?" for _ in row)
        sql = f"INSERT INTO {quoted(self.table.name)} ({listed(tuple(row))}) VALUES ({marks})"
        self.scratch.execute("BEGIN")
        try:
            self.scratch.execute(sql, tuple(row.values()))
        except (sqlite3.Error, OverflowError) as error:
            return str(error) or type(error).__name__
        finally:
            self.scratch.execute("ROLLBACK")
        return ""


@contextmanager
def empty_table(table: Table) -> Iterator[EmptyTable | None]:
    """The table without its triggers and parents; None if its definition needs something that is missing."""
    with closing(application.equip(sqlite3.connect(":memory:", isolation_level=None))) as scratch:
        try:
            scratch.execute(table.sql)
            for index in table.indexes:
                if index.unique and index.sql:
                    scratch.execute(index.sql)
        except sqlite3.Error:
            yield None
            return
        yield EmptyTable(table, scratch)
