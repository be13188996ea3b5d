"""Faults of a plan, and the places where they are: data that every part of the document half speaks."""

from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a plan's source: file name as the plan writes it, line and column counted from 1."""

    file: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Severity(StrEnum):
    """An error stops `rehearse` and `run`; a warning is shown and recorded; a note says what was decided."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault of a plan: where, which rule (a stable slug such as ``duplicate-id``), what, how to mend it.

    ``would`` is what it would have done to the rows of a living database, where one was at hand.
    """

    position: Position
    rule: str
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR
    would: str = field(default="", compare=False)

    def __str__(self) -> str:
        head = f"{self.position}: {self.severity}: {self.message} [{self.rule}]"
        would = f"In this database {self.would}." if self.would else ""
        return "\n  ".join(filter(None, (head, would, self.hint)))
