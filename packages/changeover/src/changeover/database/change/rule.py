"""A rule: SQL, and what its rows say. A file asks it in its transaction, a server in its batch.

Rule: a `FaultRule` selects (a, b, c) for everything that breaks it, and nothing when all is well. ``a`` names
the fault, the same before and after a change; ``c`` is how many rows it concerns, NULL where that says
nothing. A fault that was there before with as many rows is not held against a change: it may repair, and add
none. An `OutputRule` is a plan's own check: its rows, as they are printed, are what the plan expects.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from changeover.database.connect import Connection
from hrana.wire import WireStatement

Row = Sequence[Any]
Fault = tuple[Any, Any, Any]
FAULTS_MAX = 10
"""How many faults of one rule are told."""


class Rule(Protocol):
    """What must hold: `sentences` says what the rows are that ``asked`` gives; nothing when all is well."""

    @property
    def asked(self) -> tuple[WireStatement, ...]: ...

    def sentences(self, rows: Sequence[Row]) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class OutputRule:
    """``differs`` gives the difference to what is expected, in words; empty when there is none."""

    asked: tuple[WireStatement, ...]
    differs: Callable[[Sequence[Row]], str]

    def sentences(self, rows: Sequence[Row]) -> list[str]:
        """The difference, if there is one."""
        return list(filter(None, [self.differs(rows)]))


@dataclass(frozen=True, slots=True)
class FaultRule:
    """``say`` makes a sentence of a fault."""

    sql: str
    say: Callable[[Fault], str]
    params: tuple[Any, ...] = ()

    @property
    def asked(self) -> tuple[WireStatement, ...]:
        """The one statement that selects what breaks it."""
        return (WireStatement(self.sql, self.params),)

    def sentences(self, rows: Sequence[Row]) -> list[str]:
        """A sentence for each of the first faults."""
        return [self.say((a, b, c)) for a, b, c in rows[:FAULTS_MAX]]

    def remembering(self) -> WireStatement:
        """What gives its faults as they are told to `beyond`."""
        return WireStatement(f"SELECT json_array(a, c) FROM ({self.sql})", self.params)

    def beyond(self, known: Sequence[str]) -> WireStatement:
        """Its faults, without those that are ``known`` with at least as many rows."""
        if not known:
            return WireStatement(f"SELECT a, b, c FROM ({self.sql})", self.params)
        sql = (
            f"SELECT a, b, c FROM ({self.sql}) WHERE NOT EXISTS (SELECT 1 FROM json_each(?)"
            " WHERE value ->> 0 = a AND coalesce(value ->> 1, 0) >= coalesce(c, 0))"
        )
        return WireStatement(sql, (*self.params, f"[{','.join(known)}]"))


def faults(connection: Connection, rules: Iterable[FaultRule], known: Sequence[str] = ()) -> list[str]:
    """What breaks the rules, in sentences, ten of each."""
    return [sentence for rule in rules for sentence in _of_rule(connection, rule, known)]


def remembered(connection: Connection, rules: Iterable[FaultRule]) -> list[str]:
    """What breaks the rules now, for `FaultRule.beyond`."""
    asked = (rule.remembering() for rule in rules)
    return [str(text) for one in asked for (text,) in connection.execute(one.sql, one.params).fetchall()]


def _of_rule(connection: Connection, rule: FaultRule, known: Sequence[str]) -> list[str]:
    asked = rule.beyond(known)
    return rule.sentences(connection.execute(asked.sql, asked.params).fetchmany(FAULTS_MAX))
