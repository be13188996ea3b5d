"""The seam to a database that speaks SQLite's SQL: an embedded file, or a libSQL server.

StoreError
├── Busy              somebody holds the lock, or the server asks to wait (retryable)
│   └── Held          a migration asks all writers to wait: keep what you have, come back (retryable)
│       └── Retired   another database has taken its place: it takes no writes any more
├── Unavailable       the server or file cannot be reached just now (retryable)
│   └── OutcomeUnknown   a write was sent and no answer came: it was applied, or not (retryable)
├── SchemaChanged     a statement met a table or column that is not there (retryable once)
├── ConstraintFailed  the rows offered break a rule of the schema
├── CannotHold        this generation has no room for what was offered
├── Full              no space left
├── ReadOnly          the database cannot be written
├── Corrupt           the file is damaged
└── Foreign           not a LiveOne database; the message holds the exact difference
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from liveone.errors import LiveOneError

Value = int | float | str | bytes | None
Row = tuple[Value, ...]


class StoreError(LiveOneError):
    """The database refused, failed or is not what it should be.

    ``step`` is the place of the statement that failed among those of a write, where that is known.
    """

    step: int | None = None


class Busy(StoreError):
    """Somebody else holds the write lock longer than we wait."""

    retryable = True


class Held(Busy):
    """A migration is changing the schema and asks all writers to wait for it; it ends by itself."""


class Retired(Held):
    """Another database has taken this one's place: it is read, and takes no writes until it is reopened."""


class Unavailable(StoreError):
    """The database cannot be reached just now."""

    retryable = True


class OutcomeUnknown(Unavailable):
    """A request was sent and no answer came. A write was applied wholly or not at all; send it again."""


class SchemaChanged(StoreError):
    """A statement met a table or a column that is not there: detect the generation again, repeat once."""

    retryable = True


class ConstraintFailed(StoreError):
    """The rows offered break a rule of the schema."""


class CannotHold(StoreError):
    """This generation of the database has no room for what was offered; a newer one has."""


class Full(StoreError):
    """No space left where the database lives."""

    retryable = True


class ReadOnly(StoreError):
    """The database, its folder or our token allows no writing."""


class Corrupt(StoreError):
    """The file is damaged."""


class Foreign(StoreError):
    """Not a LiveOne database; nothing was written to it."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement with its parameters, by position."""

    sql: str
    params: Sequence[Value] = ()


@dataclass(frozen=True, slots=True)
class BulkInsert:
    """Many rows for one table. Rows that conflict with existing ones are ignored, never replaced.

    Drivers choose their fastest form (``executemany`` in a file, one JSON parameter on a server).
    """

    table: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Value]]


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What one statement of a write gave: rows (RETURNING or SELECT) and the number of rows changed."""

    rows: list[Row]
    changes: int


class Database(Protocol):
    """Two calls: read a snapshot, write all or nothing. Safe to call from any thread."""

    label: str
    """What to call this database in messages: path or URL, never a secret."""

    def read(self, statements: Sequence[Statement], *, newest: bool = False) -> list[list[Row]]:
        """The rows of each statement, all from one snapshot; ``newest``: never from a replica."""
        ...

    def columns(self, statement: Statement) -> tuple[str, ...]:
        """The names of the columns that a query gives; it is not carried out. Empty where that is unknown."""
        ...

    def stream(self, statements: Sequence[Statement]) -> Iterator[tuple[int, list[Row]]]:
        """Like ``read``, for more rows than memory holds: pieces of (place of the statement, some of its
        rows), in order, all from one snapshot. A statement without rows gives no piece. Close it, or read
        it to its end.
        """
        ...

    def write(self, statements: Sequence[Statement | BulkInsert]) -> list[WriteResult]:
        """Apply all statements in one transaction, or none. Returns one Result a statement."""
        ...

    def change_token(self) -> int:
        """A number that differs after anybody has committed; cheap enough to ask ten times a second."""
        ...

    def close(self) -> None:
        """Release connections; the object is not usable afterwards."""
        ...
