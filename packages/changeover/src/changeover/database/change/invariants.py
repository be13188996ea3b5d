"""How deeply a change is checked, whether its schema is the expected one, and whether a file is damaged.

Rules about rows are elsewhere: `standing` for any database, `contents` and `expected` for a plan.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from changeover.database.connect import Connection
from changeover.database.schema import catalogue, meaning
from changeover.database.schema.meaning import Meanings
from changeover.sql.identifiers import identifier_key, quoted

_BROKEN_RULE = re.compile(
    r"NULL value in |CHECK constraint failed in |non-unique entry in index "
    r"|(?:non-)?(?:NULL|INT|INTEGER|REAL|NUMERIC|TEXT|BLOB|numeric) value in "
)
"""Messages of SQLite's integrity_check about values; all others are about pages and indexes."""


class Depth(StrEnum):
    """THOROUGH reads everything (a rehearsal, where nobody waits); SWIFT holds writers for milliseconds.

    SCHEMA checks nothing that depends on rows: it is for an empty copy.
    """

    SCHEMA = "schema"
    SWIFT = "swift"
    THOROUGH = "thorough"


def integrity(connection: Connection, tables: Iterable[str] | None = None) -> list[str]:
    """Damage, rows missing from an index, and broken NOT NULL, CHECK and UNIQUE; of all tables, or of some.

    Measured: 90 MB a second, so a whole check is only for backups and rehearsals.
    """
    targets = [None] if tables is None else list(tables)
    sentences: list[str] = []
    for table in targets:
        pragma = (
            # Without a schema the PRAGMA reads every database that is attached, the committed state included.
            "PRAGMA main.integrity_check" if table is None else f"PRAGMA integrity_check({quoted(table)})"
        )
        sentences += [text for (text,) in connection.execute(pragma) if text != "ok"]
    return sentences


def is_broken_rule(fault: str) -> bool:
    """Whether a message of an integrity check is about a row that breaks a rule, and not about damage."""
    return _BROKEN_RULE.match(fault) is not None


def expected_schema(connection: Connection, expected: Meanings) -> list[str]:
    """Sentences on how the schema differs from the expected one, by meaning."""
    return list(meaning.difference(expected, meaning.meanings(connection)))


def of_schema(
    connection: Connection, expected: Meanings | None, needs: Mapping[str, Sequence[str]] | None
) -> list[str]:
    """Sentences on how the schema differs from ``expected``, and on what the release ``needs`` besides."""
    sentences = expected_schema(connection, expected) if expected is not None else []
    missing = contract(connection, needs) if needs is not None else []
    return [*sentences, *(f"the release needs more: {sentence}" for sentence in missing)]


def contract(connection: Connection, needs: Mapping[str, Sequence[str]]) -> list[str]:
    """The tables and columns that the application needs and that are missing; a view may replace a table."""
    found = catalogue.read(connection)
    sentences: list[str] = []
    for name, columns in needs.items():
        if found.table(name) is None and identifier_key(name) not in found.views:
            sentences.append(f"table {name} is missing")
            continue
        rows = connection.execute("SELECT name FROM pragma_table_xinfo(?)", (name,))
        present = {identifier_key(column) for (column,) in rows}
        sentences += [f"table {name} has no column {c}" for c in columns if identifier_key(c) not in present]
    return sentences
