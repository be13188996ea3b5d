"""The proof of one change: what is known before BEGIN, remembered at its start, and must hold at its end.

Rule: everything that can be known without holding writers is found out before BEGIN. While writers wait, what
is too much to be read twice is counted, and guarded (`guard`); the rehearsal has read it whole.
"""

import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from changeover.database import ledger
from changeover.database.change import (
    blast,
    committed_snapshot,
    expected,
    full_text,
    invariants,
    refusal,
    row_count_cache,
    rowids,
    rows,
    rule,
    script,
    sequences,
    standing,
)
from changeover.database.change import forecast as strategies
from changeover.database.change.forecast import Forecast
from changeover.database.change.invariants import Depth
from changeover.database.change.model import Change, Context
from changeover.database.change.rows import State
from changeover.database.change.rule import Rule
from changeover.database.change.transaction import Measured
from changeover.database.connect import Connection, opened
from changeover.database.findings import Finding, unaccepted
from changeover.database.lease import confirm, prolong
from changeover.database.schema import catalogue, fingerprint, references, spelling, weaker
from changeover.database.schema.catalogue import ForeignKey, Schema, Table
from changeover.database.schema.empty import empty_copy
from changeover.database.server.shadow import objects_of
from changeover.errors import Busy, InvariantBroken
from changeover.plan.model import RowExpectation, Rows, SqlStatement
from changeover.sql.identifiers import folded
from hrana.wire import Statement

SWIFT_CHECKSUM_ROWS = 10_000
SWIFT_EXPECTED_ROWS = 100_000
SWIFT_INTEGRITY_ROWS = 100_000
SWIFT_COUNT_S = 0.1


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
    source: Connection, statements: Sequence[SqlStatement], *, legacy_alter_table: bool
) -> Schema:
    """The schema that the script's CREATE, ALTER and DROP would leave."""
    with closing(empty_copy(source, legacy_alter_table=legacy_alter_table)) as scratch:
        for statement in statements:
            if script.changes_schema(statement):
                scratch.execute(statement.text, dict.fromkeys(statement.parameters))
        return catalogue.read(scratch)


class Proof:
    """The checks of one transaction, with what they remember from its beginning to its end."""

    def __init__(
        self, connection: sqlite3.Connection, change: Change, context: Context, depth: Depth
    ) -> None:
        self.change, self.context, self.depth = change, context, depth
        self.forecast, self.planned = preview(connection, change)
        strategies.require_affordable(
            self.forecast, budget_s=change.budget_s, wanted=change.strategy, rehearsed_s=change.rehearsed_s
        )
        self.before = catalogue.read(connection)
        self.print_before = self.print_after = fingerprint.fingerprint(connection)
        self.objects = objects_of(connection)
        self.scope = tuple(folded(table) for table in change.scope)
        self.small = {name for name in self.scope if self._is_small(connection, name)}
        self.skippable = _skippable(connection, self.before)
        swift = self._standing(self.before) if depth is Depth.SWIFT else []
        self.known = rule.remembered(connection, swift or standing.orphans(self.before, None, ()))
        self.tried = self._by_trying(connection, self.before)
        self.wanted = {folded(want.table): want for want in change.rows}
        self.states: dict[str, State] = {}
        self.after: dict[str, State] = {}
        self.notes: list[str] = []
        self.accepted = dict(change.accept)
        self.has_marks = False
        self.rowids: rowids.Remembered = {}
        self.watched = tuple(
            table for table in self.before.tables.values() if self._is_watched(connection, table)
        )
        self.relaxed = {folded(t.name) for t in self.watched if self._is_relaxed(connection, t)}
        beside = depth is Depth.THOROUGH and committed_snapshot.is_possible(connection)
        self.compared = {folded(t.name) for t in self.watched if beside and self._is_left_alone(t)}
        early = [t.name for t in self.watched] if depth is Depth.SWIFT else []
        self.tally = row_count_cache.count(connection, early)

    def prepare(self, connection: sqlite3.Connection) -> None:
        """The lease is ours, the schema is still the one that was judged; the rows as they are before."""
        if self.context.lease is not None:
            confirm(connection, self.context.lease)
        if fingerprint.fingerprint(connection) != self.print_before:
            raise InvariantBroken(
                "The schema changed between the check and the moment of the change; nothing was done.",
                hint="Somebody else migrates this database. Find out who, then rehearse again.",
            )
        early = self.tally.still_true(connection)
        self.states = {folded(t.name): self._take(connection, t, early.get(t.name)) for t in self.watched}
        if self.depth is Depth.THOROUGH:
            self.rowids = rowids.remembered(connection, self.before, self.planned, self.scope)
        self.has_marks = sequences.are_there(connection)
        if self.has_marks:
            _do(connection, [sequences.remembering(temporary=True)])

    def verify(self, connection: sqlite3.Connection) -> None:
        """Every invariant; faults that were there before the change are not held against it."""
        found = catalogue.read(connection)
        if self.has_marks:
            _do(connection, [*sequences.putting_back(found), Statement(f"DROP TABLE temp.{sequences.MARKS}")])
        self.after = {
            folded(table.name): self._take(connection, table)
            for table in found.tables.values()
            if folded(table.name) in self.states
        }
        sentences = [*self._row_faults(connection, found), *self._schema_faults(connection, found)]
        sentences += self._standing_faults(connection, found)
        tried = [one for one in self._by_trying(connection, found) if one not in self.tried]
        sentences += references.placed(self.objects, self.change.statements, tried)
        sentences += self._content_faults(connection)
        weak = [*self._findings(found), *rowids.moved(connection, found, self.rowids)]
        findings = unaccepted(weak, self.change.accept)
        if sentences or findings:
            raise refusal.broken(sentences, findings)

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
                details=ledger.accepting(self.accepted) | self._kept(connection).details(),
            ),
        )

    def _kept(self, connection: sqlite3.Connection) -> ledger.Kept:
        """What the way back needs to know; a way back itself has none."""
        if self.context.direction is not ledger.Direction.FORWARD:
            return ledger.Kept()
        return ledger.Kept(spelling.replaced(self.objects, objects_of(connection)), tuple(self.known))

    def _is_watched(self, connection: sqlite3.Connection, table: Table) -> bool:
        """Whether the rows of a table are counted while writers wait."""
        want = self.wanted.get(folded(table.name))
        if self.depth is Depth.THOROUGH or (want is not None and want.rows is not Rows.ANY):
            return True
        if want is not None:
            if rows.is_at_most(connection, table, SWIFT_EXPECTED_ROWS):
                return True
            self.notes.append(f"{table.name}: too large to count while writers wait; its plan says rows=any")
            return False
        if any(_counting_s(connection, table) <= SWIFT_COUNT_S for _ in range(2)):
            return True
        self.notes.append(
            f"{table.name}: too large to count while writers wait; guarded, and proven in rehearsal"
        )
        return False

    def _take(self, connection: sqlite3.Connection, table: Table, known: int | None = None) -> State:
        """The state of a table as far as it is asked for; ``known`` is its count, where that is known."""
        name = folded(table.name)
        want = self.wanted.get(name)
        counted = name in self.relaxed or name in self.compared or (want is None and name in self.scope)
        if counted or (want is not None and want.rows not in (Rows.UNCHANGED, Rows.AFFECTED)):
            return State(rows.count(connection, table.name) if known is None else known)
        shared = rows.shared_columns(self.before.tables[name], self.planned.table(name))
        return rows.take(connection, table, want, shared)

    def _is_relaxed(self, connection: sqlite3.Connection, table: Table) -> bool:
        """Whether the contents of a table are too many to be read twice while writers wait: it is counted."""
        name = folded(table.name)
        want = self.wanted.get(name)
        reads = want.rows in (Rows.UNCHANGED, Rows.AFFECTED) if want else name not in self.scope
        limit = SWIFT_EXPECTED_ROWS if want and name in self.scope else SWIFT_CHECKSUM_ROWS
        if self.depth is Depth.THOROUGH or not reads or rows.is_at_most(connection, table, limit):
            return False
        self.notes.append(
            f"{table.name}: counted and guarded while writers wait; contents proven in rehearsal"
        )
        return True

    def _row_faults(self, connection: sqlite3.Connection, found: Schema) -> list[str]:
        """Rows that are not as the plan expects them, and tables out of scope that were not left alone."""
        sentences = expected.without_table(self.wanted.values(), found)
        outside = [name for name in self.states if name not in self.scope and name not in self.wanted]
        asked = [
            *(expected.count(want) for name, want in self.wanted.items() if found.table(name)),
            *(expected.left_alone(self.before.tables[n].name, out_of_scope=True) for n in outside),
        ]
        _do(connection, [expected.making(temporary=True), *self._counts(connection, found)])
        sentences += rule.faults(connection, [one for one in asked if one is not None])
        connection.execute(f"DROP TABLE temp.{expected.COUNTS}")
        return sentences

    def _counts(self, connection: sqlite3.Connection, found: Schema) -> Iterator[Statement]:
        """Rows of the tables that were counted before, and of those that expectations speak of."""
        wanted = {name: want for name, want in self.wanted.items() if want.rows is not Rows.ANY}
        mentioned = {*wanted, *(folded(want.other) for want in wanted.values() if want.other)}
        after = rows.counts_of(connection, found, mentioned - self.after.keys())
        after |= {name: state.count for name, state in self.after.items()}
        return expected.known({name: state.count for name, state in self.states.items()}, after)

    def _is_left_alone(self, table: Table) -> bool:
        """Whether every row of a table must be what it was, and where it was."""
        name = folded(table.name)
        want = self.wanted.get(name)
        untouched = want is None or want.rows is Rows.UNCHANGED
        return untouched and name not in self.scope and table.has_rowid

    def _content_faults(self, connection: sqlite3.Connection) -> list[str]:
        """Tables that have the rows they should, but not the contents."""
        sentences = []
        for name in dict.fromkeys([*self.states, *self.wanted]):
            want, table = self.wanted.get(name), self.planned.table(name)
            outside = want is None and name not in self.scope
            if table is None or name in self.relaxed or name in self.compared or not (want or outside):
                continue
            before, after = self.states.get(name, State(0)), self.after.get(name, State(0))
            fault = rows.contents_fault(self._meant(name), before, after, out_of_scope=outside)
            sentences += [fault] if fault else []
        return sentences + self._differing(connection)

    def _meant(self, name: str) -> RowExpectation:
        """What is expected of a table; of one out of scope, that it is left alone."""
        return self.wanted.get(name) or RowExpectation(self.before.tables[name].name, Rows.UNCHANGED)

    def _differing(self, connection: sqlite3.Connection) -> list[str]:
        """Tables that should have been left alone and were not, though they have as many rows."""
        equal = [n for n in self.compared if n in self.after and self.states[n].count == self.after[n].count]
        if not equal:
            return []
        committed_snapshot.attach(connection)
        return rule.faults(connection, map(self._left_alone, sorted(equal)))

    def _left_alone(self, name: str) -> Rule:
        table = self.before.tables[name]
        columns = rows.shared_columns(table, self.planned.table(name))
        says = expected.differing(table.name, out_of_scope=name not in self.wanted)
        return committed_snapshot.unchanged(table, columns, self.after[name].count, says)

    def _schema_faults(self, connection: sqlite3.Connection, found: Schema) -> list[str]:
        sentences = []
        if self.context.expected is not None:
            sentences += invariants.expected_schema(connection, self.context.expected)
        if self.context.contract is not None:
            sentences += [
                f"the release needs more: {s}" for s in invariants.contract(connection, self.context.contract)
            ]
        return sentences

    def _findings(self, found: Schema) -> list[Finding]:
        """What is weaker or gone; a way back is held against the original as a whole, by its caller."""
        if self.context.expected is not None or self.context.direction is not ledger.Direction.FORWARD:
            return []
        return weaker.weaker(self.before, found, script.read(self.change.statements))

    def _is_small(self, connection: sqlite3.Connection, name: str) -> bool:
        table = self.before.table(name)
        return table is not None and rows.is_at_most(connection, table, SWIFT_INTEGRITY_ROWS)

    def _by_trying(self, connection: sqlite3.Connection, found: Schema) -> list[str]:
        """What only trying tells: views, triggers and, in a rehearsal, full-text indexes that do not work."""
        sentences = references.broken(connection)
        if self.depth is Depth.THOROUGH:
            sentences += full_text.faults(connection, found)
        return sentences

    def _standing(self, found: Schema) -> list[Rule]:
        """What must hold of any database, as far as it is asked."""
        if self.depth is Depth.THOROUGH:
            return standing.thorough(found, self.scope)
        return standing.swift(found, self.scope, self.small, self.skippable)

    def _standing_faults(self, connection: sqlite3.Connection, found: Schema) -> list[str]:
        """Faults that were not there before, or have more rows now; in sentences."""
        rules = self._standing(found)
        if not rule.faults(connection, rules):
            return []
        known = [*self.known, *self.context.faults_before, *self._known_outside(connection)]
        return rule.faults(connection, rules, known)

    def _known_outside(self, connection: sqlite3.Connection) -> list[str]:
        """What a rehearsal did not ask before, asked of the committed state by a second connection."""
        if self.depth is Depth.SWIFT:
            return []
        file = connection.execute("PRAGMA database_list").fetchone()[2]
        try:
            with opened(Path(file), busy_timeout_s=0.2) as outside:
                return rule.remembered(outside, self._standing(self.before))
        except Busy:
            return []


def _skippable(connection: sqlite3.Connection, found: Schema) -> tuple[ForeignKey, ...]:
    """Keys with few distinct values in an index."""
    return tuple(
        key
        for table, key in standing.leading(found)
        if connection.execute(standing.distinct_values(table, key)).fetchone()[0] <= standing.SKIP_LIMIT
    )


def _do(connection: sqlite3.Connection, statements: Iterable[Statement]) -> None:
    for one in statements:
        connection.execute(one.sql, one.params)


def _counting_s(connection: sqlite3.Connection, table: Table) -> float:
    started = time.monotonic()
    rows.count(connection, table.name)
    return time.monotonic() - started


def _size(connection: sqlite3.Connection, table: str) -> int:
    found = catalogue.read(connection).table(table)
    return rows.count(connection, found.name) if found is not None else 0
