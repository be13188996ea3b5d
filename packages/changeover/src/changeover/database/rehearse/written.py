"""What a rehearsal wrote, as data: each row with its statement, and the tables that took nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class WriteKind(StrEnum):
    INSERTED = "inserted"
    UPDATED = "updated"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Write:
    """One statement that was carried out, and the row it wrote.

    ``beyond`` are the columns whose new value the table before the change refuses, ``name`` is the finding
    by which a plan accepts that; both are empty for an ordinary write.
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
    """A table that took no write at all, and why."""

    table: str
    reason: str

    def __str__(self) -> str:
        return f"{self.table}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Written:
    """All writes in order; tables of the scope that took none; tables beside it that took none.

    ``reached`` are the folded names of all tables that the statements may have written.
    """

    writes: tuple[Write, ...]
    untried: tuple[Untried, ...] = ()
    beside: tuple[Untried, ...] = ()
    reached: frozenset[str] = frozenset()

    def beyond(self) -> tuple[Write, ...]:
        """The writes that the schema before the change would have refused."""
        return tuple(write for write in self.writes if write.beyond)


NOTHING = Written(())
