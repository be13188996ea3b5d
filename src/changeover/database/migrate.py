"""One changing script against one database: proven, guarded, checked, recorded - or not done at all.

Rule: everything that can be known without holding writers is found out before BEGIN; inside the transaction
the lease is confirmed, the rows before are taken, the script runs under the guard, the invariants are asked
and the ledger is written. The rehearsal calls this with Depth.THOROUGH on a copy, production with
Depth.SWIFT: the same code.
"""

import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from changeover.database import blast, fingerprint, invariants, ledger, rows, schema, sequences, strategies
from changeover.database.fingerprint import Definitions
from changeover.database.guard import guard
from changeover.database.invariants import Depth
from changeover.database.lease import Lease, confirm, prolong
from changeover.database.names import folded
from changeover.database.rows import State
from changeover.database.schema import Schema, Table
from changeover.database.sequences import Sequences
from changeover.database.strategies import Forecast
from changeover.database.transaction import Around, Measured, Parameters, Work, transact
from changeover.errors import InvariantBroken
from changeover.plan import RowExpectation, Rows, SqlStatement, Strategy

SWIFT_CHECKSUM_ROWS = 10_000
SWIFT_INTEGRITY_ROWS = 100_000
SWIFT_COUNT_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a plan says of a script.

    ``foreign_keys`` on is for scripts that mean their cascades; off by default. ``rehearsed_s`` is the freeze
    that the rehearsal measured; without it a forecast decides what the budget can bear.
    """

    statements: tuple[SqlStatement, ...]
    scope: tuple[str, ...]
    rows: tuple[RowExpectation, ...] = ()
    parameters: Parameters = field(default_factory=dict)
    strategy: Strategy = Strategy.AUTO
    foreign_keys: bool = False
    budget_s: float | None = None
    rehearsed_s: float | None = None
    lock_wait_s: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Who does it and what for: the ledger's words, the lease (None: a copy nobody else uses), the demands.

    ``expected`` is the schema that must be there afterwards, ``contract`` what the new release needs of it.
    """

    run_id: str
    action: str
    direction: ledger.Direction
    plan_sha256: str
    content_sha256: str
    started_at: int
    who: str
    lease: Lease | None = None
    expected: Definitions | None = None
    contract: Mapping[str, Sequence[str]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Eyes:
    """Who looks on: see `transaction.Around`."""

    hook: Callable[[str], None] = lambda moment: None
    progress: Callable[[int, int, float], None] = lambda done, total, seconds: None
    now: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Migrated:
    """What was done. ``counts`` holds rows before and after by table.

    ``notes`` what was not looked at, and why.
    """

    measured: Measured
    forecast: Forecast
    schema_before: str
    schema_after: str
    counts: Mapping[str, tuple[int, int]]
    notes: tuple[str, ...]


def migrate(
    connection: sqlite3.Connection,
    change: Change,
    context: Context,
    *,
    depth: Depth,
    eyes: Eyes | None = None,
) -> Migrated:
    """Carry the change out, or raise and leave the database as it was.

    Raises InvariantBroken (scope, rows, keys, schema, contract), Unsuitable (needs another strategy),
    StepFailed, BudgetExceeded, Busy, Full, LeaseLost.
    """
    eyes = eyes or Eyes()
    inside = _Inside(connection, change, context, depth)
    work = Work(
        change.statements,
        change.parameters,
        foreign_keys=change.foreign_keys,
        legacy_alter_table=inside.forecast.legacy_alter_table,
        lock_wait_s=change.lock_wait_s,
        budget_s=change.budget_s,
    )
    around = Around(
        prepare=inside.prepare,
        verify=inside.verify,
        record=inside.record,
        guard=guard(inside.before, change.scope),
        hook=eyes.hook,
        progress=eyes.progress,
        now=eyes.now,
    )
    measured = transact(connection, work, around)
    return Migrated(
        measured,
        inside.forecast,
        inside.print_before,
        inside.print_after,
        {
            name: (state.count, inside.after[name].count)
            for name, state in inside.states.items()
            if name in inside.after
        },
        tuple(inside.notes),
    )


def preview(connection: sqlite3.Connection, change: Change) -> tuple[Forecast, Schema]:
    """What the change would cost and the schema it would leave; proves the scope. Reads only."""
    forecast = strategies.forecast(change.statements, lambda table: _size(connection, table))
    blast.require_scope(
        connection,
        change.statements,
        change.scope,
        foreign_keys=change.foreign_keys,
        legacy_alter_table=forecast.legacy_alter_table,
    )
    return forecast, schema_after(
        connection, change.statements, legacy_alter_table=forecast.legacy_alter_table
    )


def schema_after(
    source: sqlite3.Connection, statements: Sequence[SqlStatement], *, legacy_alter_table: bool
) -> Schema:
    """The schema that the script's CREATE, ALTER and DROP would leave."""
    with closing(blast.empty_copy(source)) as scratch:
        scratch.execute(f"PRAGMA legacy_alter_table = {int(legacy_alter_table)}")
        for statement in statements:
            if fingerprint.tokens(statement.text)[:1] and _first(statement) in blast.CHANGES_SCHEMA:
                scratch.execute(statement.text, dict.fromkeys(statement.parameters))
        return schema.read(scratch)


class _Inside:
    """The checks of one transaction, with what they remember from its beginning to its end."""

    def __init__(
        self, connection: sqlite3.Connection, change: Change, context: Context, depth: Depth
    ) -> None:
        self.change, self.context, self.depth = change, context, depth
        self.forecast, self.planned = preview(connection, change)
        strategies.require_affordable(
            self.forecast, budget_s=change.budget_s, wanted=change.strategy, rehearsed_s=change.rehearsed_s
        )
        self.before = schema.read(connection)
        self.print_before = self.print_after = fingerprint.fingerprint(connection)
        self.scope = tuple(folded(table) for table in change.scope)
        self.wanted = {folded(want.table): want for want in change.rows}
        self.states: dict[str, State] = {}
        self.after: dict[str, State] = {}
        self.notes: list[str] = []
        self.known = frozenset(self._standing_faults(connection))
        self.sequences: Sequences = {}
        self.watched = tuple(
            table for table in self.before.tables.values() if self._is_watched(connection, table)
        )

    def prepare(self, connection: sqlite3.Connection) -> None:
        """The lease is ours, the schema is still the one that was judged; the rows as they are before."""
        if self.context.lease is not None:
            confirm(connection, self.context.lease)
        if fingerprint.fingerprint(connection) != self.print_before:
            raise InvariantBroken(
                "The schema changed between the check and the moment of the change; nothing was done.",
                hint="Somebody else migrates this database. Find out who, then rehearse again.",
            )
        self.states = {folded(table.name): self._take(connection, table) for table in self.watched}
        self.sequences = sequences.read(connection)

    def verify(self, connection: sqlite3.Connection) -> None:
        """Every invariant; faults that were there before the change are not held against it."""
        sequences.put_back(connection, self.sequences)
        found = schema.read(connection)
        self.after = {
            folded(table.name): self._take(connection, table)
            for table in found.tables.values()
            if folded(table.name) in self.states
        }
        sentences = [*self._row_faults(connection, found), *self._schema_faults(connection, found)]
        sentences += [fault for fault in self._standing_faults(connection) if fault not in self.known]
        if sentences:
            raise InvariantBroken(
                "The change would break what must hold; everything was rolled back:\n"
                + "\n".join(f"- {sentence}" for sentence in dict.fromkeys(sentences)),
                hint="Mend the script (or the expectation, if that is wrong) and rehearse again.",
            )

    def record(self, connection: sqlite3.Connection, measured: Measured) -> None:
        """The ledger row, in the same transaction."""
        self.print_after = fingerprint.fingerprint(connection)
        context = self.context
        if context.lease is not None:
            prolong(connection, context.lease)
        ledger.add(
            connection,
            ledger.Entry(
                run_id=context.run_id,
                action=context.action,
                direction=context.direction,
                plan_sha256=context.plan_sha256,
                content_sha256=context.content_sha256,
                schema_before=self.print_before,
                schema_after=self.print_after,
                started_at=context.started_at,
                who=context.who,
                lock_wait_ms=round(measured.lock_wait_s * 1000, 3),
                frozen_ms=round(measured.frozen_s * 1000, 3),
                rows_changed=measured.rows_in_all,
            ),
        )

    def _is_watched(self, connection: sqlite3.Connection, table: Table) -> bool:
        """Whether the rows of a table can be counted while writers wait.

        Counting now also warms the cache.
        """
        if folded(table.name) in self.wanted or self.depth is Depth.THOROUGH:
            return True
        started = time.monotonic()
        rows.count(connection, table.name)
        if time.monotonic() - started <= SWIFT_COUNT_S:
            return True
        self.notes.append(
            f"{table.name}: too large to count while writers wait; guarded, and proven in rehearsal"
        )
        return False

    def _take(self, connection: sqlite3.Connection, table: Table) -> State:
        name = folded(table.name)
        want = self.wanted.get(name)
        if want is None and name in self.scope:
            return State(rows.count(connection, table.name))
        old = self.before.tables[name]
        shared = rows.shared_columns(old, self.planned.table(name))
        if (
            want is None
            and self.depth is Depth.SWIFT
            and rows.size_hint(connection, table) > SWIFT_CHECKSUM_ROWS
        ):
            note = f"{table.name}: counted and guarded while writers wait; contents proven in rehearsal"
            self.notes += [note] if note not in self.notes else []
            return State(rows.count(connection, table.name))
        return rows.take(connection, table, want, shared)

    def _row_faults(self, connection: sqlite3.Connection, found: Schema) -> list[str]:
        mentioned = {*self.wanted, *(folded(want.other) for want in self.wanted.values() if want.other)}
        counts = rows.counts_of(connection, found, mentioned)
        sentences = []
        for name, want in self.wanted.items():
            if found.table(name) is None:
                sentences.append(f"{want.table}: rows were expected, but there would be no such table")
                continue
            before = self.states.get(name, State(0))
            after = self.after.get(name) or State(counts[name])
            fault = rows.broken(want, before, after, counts)
            sentences += [fault] if fault else []
        for name, state in self.states.items():
            if name not in self.scope and name not in self.wanted:
                sentences += self._outside_fault(name, state)
        return sentences

    def _outside_fault(self, name: str, before: State) -> list[str]:
        after = self.after.get(name, State(0))
        fault = rows.broken(RowExpectation(self.before.tables[name].name, Rows.UNCHANGED), before, after, {})
        return [f"{fault} (out of scope)"] if fault else []

    def _schema_faults(self, connection: sqlite3.Connection, found: Schema) -> list[str]:
        sentences = []
        if self.context.expected is not None:
            sentences += invariants.expected_schema(connection, self.context.expected)
        else:
            sentences += invariants.lost(self.before, found, self.forecast.rebuilt)
        if self.context.contract is not None:
            sentences += [
                f"the release needs more: {s}" for s in invariants.contract(connection, self.context.contract)
            ]
        return sentences

    def _standing_faults(self, connection: sqlite3.Connection) -> list[str]:
        present = schema.read(connection)
        written = [table for table in self.scope if present.table(table) is not None]
        if self.depth is Depth.THOROUGH:
            return [
                *invariants.foreign_keys(connection),
                *invariants.unique_keys(connection, written),
                *invariants.integrity(connection),
                *invariants.broken_references(connection),
            ]
        small = [name for name in written if _size(connection, name) <= SWIFT_INTEGRITY_ROWS]
        return [
            *invariants.foreign_keys(connection, self.scope),
            *invariants.unique_keys(connection, small),
            *invariants.integrity(connection, small),
            *invariants.broken_references(connection),
        ]


def _size(connection: sqlite3.Connection, table: str) -> int:
    found = schema.read(connection).table(table)
    return rows.size_hint(connection, found) if found is not None else 0


def _first(statement: SqlStatement) -> str:
    return fingerprint.tokens(statement.text)[0]
