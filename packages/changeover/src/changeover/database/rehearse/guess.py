"""Finds a row for a table that has none to copy, one that passes the table's CHECKs.

Rule: no CHECK is understood. Literals of the CHECK, and shapes that applications use, are tried in an empty
copy of the table, and SQLite says which CHECK refuses. If nothing passes, the first guess stays, and the
rehearsal says that the table could not be tried.
"""

import re
from collections.abc import Collection, Iterator
from itertools import islice, product

from changeover.database.connect import Connection
from changeover.database.rehearse.empty_table import EmptyTable, empty_table
from changeover.database.rehearse.invent import MARK, invented
from changeover.database.rehearse.target import Values
from changeover.database.schema.catalogue import Table
from changeover.database.schema.definition import words_of
from changeover.sql.identifiers import identifier_key

Words = tuple[str, ...]
REFUSED = "CHECK constraint failed: "
TRIES_PER_CHECK = 2_000
LENGTH_MAX = 1_000
SHAPES = (
    0, 1, 0.5, "{}", "[]", "0", "a", "A", "2000-01-01", "2000-01-01 00:00:00", "2000-01-01T00:00:00Z",
    "00000000-0000-4000-8000-000000000000", "a@example.org", "http://example.org/", MARK.encode(),
)  # fmt: skip
"""Numbers, JSON, letters, dates, times, ids and addresses: what CHECKs of applications ask for."""


def row_for(connection: Connection, table: Table) -> Values:
    """A row for an empty table: first keys of parents, NULL where allowed, else what its CHECKs take."""
    first = invented(connection, table)
    with empty_table(table) as copy:
        return first if copy is None else _passing(copy, first)


def _passing(copy: EmptyTable, first: Values) -> Values:
    """The row with other values where a CHECK refuses it; unchanged if none pass."""
    row, refused = first, dict[str, Words]()
    while refusal := copy.refusal(row):
        refused[refusal] = _words_of(copy.table, refusal)
        together = tuple(word for words in refused.values() for word in words)
        mended = next(
            filter(None, (_mended(copy, row, w, refused) for w in (refused[refusal], together))), None
        )
        if mended is None:
            return first
        row = mended
    return row


def _mended(copy: EmptyTable, row: Values, words: Words, refused: Collection[str]) -> Values | None:
    """The row with other values in columns among ``words``, so that nothing in ``refused`` refuses it.

    Or None.
    """
    parents = {identifier_key(column) for key in copy.table.foreign_keys for column in key.columns}
    columns = [c for c in row if identifier_key(c) in words and identifier_key(c) not in parents]
    choices = [tuple(_values(row[column], words)) for column in columns]
    for values in islice(product(*choices), TRIES_PER_CHECK) if columns else ():
        tried = {**row, **dict(zip(columns, values, strict=True))}
        if copy.refusal(tried) not in refused:
            return tried
    return None


def _words_of(table: Table, refusal: str) -> Words:
    """The words of the CHECK that SQLite names by its name or text; those of all CHECKs if it names none."""
    said = refusal.partition(REFUSED)[2]
    checks = table.definition.checks
    if not said:  # A function in a CHECK failed: `malformed JSON`.
        return tuple(word for check in checks for word in check.words)
    named = {check.name: check.words for check in checks if check.name}
    return named.get(identifier_key(said)) or words_of(said)


def _values(old: object, words: Words) -> Iterator[object]:
    """Values for a column that a CHECK with these words is about, most likely ones first."""
    texts = [word[1:-1].replace("''", "'") for word in words if word.startswith("'")]
    numbers = [int(word) for word in words if word.isdecimal() and len(word) <= len(str(LENGTH_MAX))]
    found = [old, *texts, *map(_example, texts), *SHAPES]
    found += [number + step for number in numbers for step in (0, 1, -1, -2)]
    found += [one * length for length in numbers if length <= LENGTH_MAX for one in ("a", "0", b"\x00")]
    # Of the kind that stands there first: a JSON column of an application holds `{}` rather than 0.
    found.sort(key=lambda value: isinstance(value, str) is not isinstance(old, str))
    yield from {(type(value), value): value for value in found}.values()


def _example(pattern: str) -> str:
    """A text that matches a GLOB or LIKE pattern: ``[A-Z][0-9]-*`` gives ``A0-``, ``%@%`` gives ``a@a``."""
    return re.sub(r"\[\^?(.)[^\]]*+(?:\]|\Z)|[?%_]", lambda found: found[1] or "a", pattern).replace("*", "")
