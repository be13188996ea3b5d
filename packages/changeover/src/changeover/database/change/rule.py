"""A rule: SQL that selects what breaks it, with a sentence. A file asks it in its transaction, a server in
its batch.

Rule: a rule selects (a, b, c) for everything that breaks it, and nothing when all is well. ``a`` names the
fault, the same before and after a change; ``c`` is how many rows it concerns, NULL where that says nothing.
A fault that was there before with as many rows is not held against a change: it may repair, and add none.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from changeover.database.connect import Connection
from hrana.wire import Statement

Fault = tuple[Any, Any, Any]
FAULTS_MAX = 10
"""How many faults of one rule are told."""


@dataclass(frozen=True, slots=True)
class Rule:
    """``say`` makes a sentence of a fault."""

    sql: str
    say: Callable[[Fault], str]
    params: tuple[Any, ...] = ()

    def remembering(self) -> Statement:
        """What gives its faults as they are told to `beyond`."""
        return Statement(f"SELECT json_array(a, c) FROM ({self.sql})", self.params)

    def beyond(self, known: Sequence[str]) -> Statement:
        """Its faults, without those that are ``known`` with at least as many rows."""
        if not known:
            return Statement(f"SELECT a, b, c FROM ({self.sql})", self.params)
        sql = (
            f"SELECT a, b, c FROM ({self.sql}) WHERE NOT EXISTS (SELECT 1 FROM json_each(?)"
            " WHERE value ->> 0 = a AND coalesce(value ->> 1, 0) >= coalesce(c, 0))"
        )
        return Statement(sql, (*self.params, f"[{','.join(known)}]"))


def faults(connection: Connection, rules: Iterable[Rule], known: Sequence[str] = ()) -> list[str]:
    """What breaks the rules, in sentences, ten of each."""
    return [sentence for rule in rules for sentence in _of_rule(connection, rule, known)]


def remembered(connection: Connection, rules: Iterable[Rule]) -> list[str]:
    """What breaks the rules now, for `Rule.beyond`."""
    asked = (rule.remembering() for rule in rules)
    return [str(text) for one in asked for (text,) in connection.execute(one.sql, one.params).fetchall()]


def _of_rule(connection: Connection, rule: Rule, known: Sequence[str]) -> Iterator[str]:
    asked = rule.beyond(known)
    for fault in connection.execute(asked.sql, asked.params).fetchmany(FAULTS_MAX):
        yield rule.say(fault)
