"""A rule: SQL that must select nothing, and the sentences for what it selects; for files and servers alike.

Rule: a `FaultRule` selects (a, b, c) for everything that breaks it. ``a`` names the fault, the same before
and after a change; ``c`` is the number of rows it concerns, or NULL. A fault that was there before with as
many rows does not count: a change may repair faults, and must add none. An `OutputRule` compares what a
script printed with what the plan expects.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from changeover.database.connect import Connection
from hrana.wire import WireStatement

Row = Sequence[Any]
Fault = tuple[Any, Any, Any]
FAULTS_MAX = 10
"""How many faults of one rule are reported."""


class Rule(Protocol):
    """What must hold; `sentences` says what is wrong with the rows that ``asked`` selects, if anything."""

    @property
    def asked(self) -> tuple[WireStatement, ...]: ...

    def sentences(self, rows: Sequence[Row]) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class OutputRule:
    """``differs`` describes the difference to what is expected; empty if there is none."""

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
        """The one statement that selects what breaks the rule."""
        return (WireStatement(self.sql, self.params),)

    def sentences(self, rows: Sequence[Row]) -> list[str]:
        """A sentence for each of the first `FAULTS_MAX` faults."""
        return [self.say((a, b, c)) for a, b, c in rows[:FAULTS_MAX]]

    def remembering(self) -> WireStatement:
        """The statement that selects the faults in the form that `beyond` is given."""
        return WireStatement(f"SELECT json_array(a, c) FROM ({self.sql})", self.params)

    def beyond(self, known: Sequence[str]) -> WireStatement:
        """The statement that selects the faults without those ``known`` with at least as many rows."""
        if not known:
            return WireStatement(f"SELECT a, b, c FROM ({self.sql})", self.params)
        sql = (
            f"SELECT a, b, c FROM ({self.sql}) WHERE NOT EXISTS (SELECT 1 FROM json_each(?)"
            " WHERE value ->> 0 = a AND coalesce(value ->> 1, 0) >= coalesce(c, 0))"
        )
        return WireStatement(sql, (*self.params, f"[{','.join(known)}]"))


def faults(connection: Connection, rules: Iterable[FaultRule], known: Sequence[str] = ()) -> list[str]:
    """Sentences for what breaks the rules, `FAULTS_MAX` of each at most."""
    return [sentence for rule in rules for sentence in _of_rule(connection, rule, known)]


def remembered(connection: Connection, rules: Iterable[FaultRule]) -> list[str]:
    """What breaks the rules now, in the form for `FaultRule.beyond`."""
    asked = (rule.remembering() for rule in rules)
    return [str(text) for one in asked for (text,) in connection.execute(one.sql, one.params).fetchall()]


def _of_rule(connection: Connection, rule: FaultRule, known: Sequence[str]) -> list[str]:
    asked = rule.beyond(known)
    return rule.sentences(connection.execute(asked.sql, asked.params).fetchmany(FAULTS_MAX))
