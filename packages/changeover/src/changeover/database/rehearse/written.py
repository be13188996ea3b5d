"""What a rehearsal wrote, as data: each row with its statement, and the tables that took no write."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class WriteKind(StrEnum):
    INSERTED = "inserted"
    UPDATED = "updated"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Write:
    """One statement that was run, and the row that it wrote.

    ``beyond`` are the columns whose new value the old table refuses, ``name`` the finding by which a plan
    accepts that; both are empty for an ordinary write.
    """

    table: str
    kind: WriteKind
    sql: str
    parameters: tuple[object, ...]
    key: Mapping[str, object]
    beyond: tuple[str, ...] = ()
    name: str = ""
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        row = f"{self.table} {', '.join(f'{c} {v!r}' for c, v in self.key.items())}"
        given = ", ".join(f"{c} = {v!r}" for c, v in self.values.items())
        if not self.beyond:
            return f"{row}: {self.kind}{f' with {given}' if given else ''}"
        refused = "which the new schema takes and the old one refuses"
        return f"{row}: {self.kind} with {given}, {refused} [{self.name}]"


@dataclass(frozen=True, slots=True)
class Untried:
    """A table that took no write, and why."""

    table: str
    reason: str

    def __str__(self) -> str:
        return f"{self.table}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Written:
    """All writes in order, the tables of the scope that took none, and the neighbours that took none.

    ``reached`` are all tables (lower case) that the statements may have written.
    """

    writes: tuple[Write, ...]
    untried: tuple[Untried, ...] = ()
    beside: tuple[Untried, ...] = ()
    reached: frozenset[str] = frozenset()

    def beyond(self) -> tuple[Write, ...]:
        """The writes that the old schema would have refused."""
        return tuple(write for write in self.writes if write.beyond)


NOTHING = Written(())
