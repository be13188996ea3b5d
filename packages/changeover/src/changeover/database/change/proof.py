"""The proof of one change: what is found out before BEGIN, remembered at its start, and must hold at its end.

Rule: all that can be known without holding writers is found out before BEGIN. While writers wait, tables that
are too large to be compared are counted and guarded (`guard`); the rehearsal compared them whole.
"""

import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from changeover.database import ledger
from changeover.database.change import (
    blast,
    committed_snapshot,
    contents,
    counting,
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
from changeover.database.change.contents import Asked
from changeover.database.change.forecast import Forecast
from changeover.database.change.invariants import Depth
from changeover.database.change.model import Context, PlannedChange
from changeover.database.change.rule import FaultRule
from changeover.database.change.transaction import Measured
from changeover.database.connect import Connection, opened
from changeover.database.findings import Finding, unaccepted
from changeover.database.lease import confirm, prolong
from changeover.database.schema import catalogue, fingerprint, references, spelling, weaker
from changeover.database.schema.catalogue import ForeignKey, Schema, Table
from changeover.database.schema.empty import afterwards
from changeover.database.server.shadow import objects_of
from changeover.errors import Busy, InvariantBroken
from changeover.plan.model import Rows, SqlStatement
from changeover.sql.identifiers import identifier_key
from hrana.wire import WireStatement

SWIFT_INTEGRITY_ROWS = 100_000
SWIFT_COUNT_S = 0.1


def preview(connection: sqlite3.Connection, change: PlannedChange) -> tuple[Forecast, Schema]:
    """The forecast of a change and the schema it would leave; proves the scope. Reads only."""
    forecast, planned, _ = _foreseen(connection, change)
    return forecast, planned


def _foreseen(
    connection: sqlite3.Connection, change: PlannedChange
) -> tuple[Forecast, Schema, frozenset[str]]:
    """As `preview`, with the tables that the script can write, all of them in scope."""
    forecast = strategies.forecast(change.statements, lambda table: _size(connection, table))
    effects = blast.require_scope(
        connection,
        change.statements,
        change.scope,
        foreign_keys=change.foreign_keys,
        legacy_alter_table=forecast.legacy_alter_table,
    )
    planned = schema_after(connection, change.statements, legacy_alter_table=forecast.legacy_alter_table)
    return forecast, planned, blast.tables_of(effects)


def schema_after(
    source: Connection, statements: Sequence[SqlStatement], *, legacy_alter_table: bool
) -> Schema:
    """The schema that CREATE, ALTER and DROP of a script would leave."""
    with afterwards(source, statements, legacy_alter_table=legacy_alter_table) as scratch:
        return catalogue.read(scratch)


class Proof:
    """The checks of one transaction, with what they remember from its beginning to its end."""

    def __init__(
        self, connection: sqlite3.Connection, change: PlannedChange, context: Context, depth: Depth
    ) -> None:
        self.change, self.context, self.depth = change, context, depth
        # First: what is found out below is true of this schema, and `prepare` asks for it under the lock.
        self.print_before = self.print_after = fingerprint.fingerprint(connection)
        self.forecast, self.planned, written = _foreseen(connection, change)
        strategies.require_affordable(
            self.forecast, budget_s=change.budget_s, wanted=change.strategy, rehearsed_s=change.rehearsed_s
        )
        self.before = catalogue.read(connection)
        self.objects = objects_of(connection)
        self.scope = tuple(identifier_key(table) for table in change.scope)
        self.small = {name for name in self.scope if self._is_small(connection, name)}
        self.skippable = _skippable(connection, self.before)
        swift = self._standing(self.before) if depth is Depth.SWIFT else []
        self.known = rule.remembered(connection, swift or standing.orphans(self.before, None, ()))
        self.tried = self._by_trying(connection, self.before)
        self.wanted = {identifier_key(want.table): want for want in change.rows}
        self.counts: dict[str, int] = {}
        self.after: dict[str, int] = {}
        self.notes: list[str] = []
        self.accepted = dict(change.accept)
        self.has_marks = False
        count_rule = counting.CountRule(
            depth,
            self.wanted,
            written,
            lambda table, limit: rows.is_at_most(connection, table, limit),
            lambda table: _is_counted_in_time(connection, table),
            self.notes.append,
        )
        self.watched = tuple(filter(count_rule.is_counted, self.before.tables.values()))
        self.beside = committed_snapshot.is_possible(connection)
        rebuilt = tuple(map(identifier_key, self.forecast.rebuilt))
        self.asked = Asked(self.before, self.planned, self.wanted, self.scope, rebuilt)
        self.compared = contents.compared(
            self.asked,
            self.watched,
            lambda table, limit: depth is Depth.THOROUGH or rows.is_at_most(connection, table, limit),
            self.notes.append,
            beside=self.beside,
        )
        watched = rowids.watched(self.before, self.planned, self.scope, beside=self.beside)
        self.rowids = list(watched) if depth is Depth.THOROUGH else []
        self.remembered = [*self.compared.values(), *(one.before for one in self.rowids)]
        early = [t.name for t in self.watched] if depth is Depth.SWIFT else []
        self.row_counts = row_count_cache.count(connection, early)

    def prepare(self, connection: sqlite3.Connection) -> None:
        """After BEGIN: the lease is ours, the schema is still the one that was judged; remember the rows."""
        if self.context.lease is not None:
            confirm(connection, self.context.lease)
        if fingerprint.fingerprint(connection) != self.print_before:
            raise InvariantBroken(
                "The schema changed between the check and the moment of the change; nothing was done.",
                hint="Somebody else migrates this database. Find out who, then rehearse again.",
            )
        # Counted before BEGIN, and still true if nobody committed since: then nobody waits for a count.
        early = self.row_counts.still_true(connection)
        counts = ((t.name, early.get(t.name)) for t in self.watched)
        self.counts = {
            identifier_key(name): rows.count(connection, name) if known is None else known
            for name, known in counts
        }
        for one in () if self.beside else self.remembered:
            _do(connection, one.making(temporary=True))
        self.has_marks = sequences.are_there(connection)
        if self.has_marks:
            _do(connection, [sequences.remembering(temporary=True)])

    def verify(self, connection: sqlite3.Connection) -> None:
        """Before COMMIT: check every invariant; faults from before the change do not count."""
        found = catalogue.read(connection)
        if self.has_marks:
            _do(
                connection,
                [*sequences.putting_back(found), WireStatement(f"DROP TABLE temp.{sequences.MARKS}")],
            )
        self.after = rows.counts_of(connection, found, self.counts)
        # Before the committed state is attached: a check that names no schema would read both.
        standing_faults = self._standing_faults(connection, found)
        if self.beside and self.remembered:
            committed_snapshot.attach(connection)
        sentences = self._row_faults(connection, found)
        sentences += invariants.of_schema(connection, self.context.expected, self.context.contract)
        sentences += standing_faults
        tried = [one for one in self._by_trying(connection, found) if one not in self.tried]
        sentences += references.placed(self.objects, self.change.statements, tried)
        weak = [*self._findings(found), *rowids.moved(connection, self.rowids)]
        _do(
            connection,
            [WireStatement(f"DROP TABLE temp.{one.source}") for one in self.remembered if one.copied],
        )
        findings = unaccepted(weak, self.change.accept)
        if sentences or findings:
            raise refusal.broken(sentences, findings)

    def record(self, connection: sqlite3.Connection, measured: Measured) -> None:
        """Judge what the script printed, then write the ledger row, in the same transaction."""
        # Whatever may still refuse the change comes before the row that says it was made.
        self.change.prints(measured.output)
        self.print_after = fingerprint.fingerprint(connection)
        context = self.context
        if context.lease is not None:
            prolong(connection, context.lease)
        ledger.add(
            connection,
            ledger.LedgerEntry(
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
                details=ledger.accepting(self.accepted) | self._rollback_details(connection).details(),
            ),
        )

    def _rollback_details(self, connection: sqlite3.Connection) -> ledger.RollbackDetails:
        """What the rollback will need to know; empty for a change that is a rollback itself."""
        if self.context.direction is not ledger.Direction.FORWARD:
            return ledger.RollbackDetails()
        return ledger.RollbackDetails(
            spelling.replaced(self.objects, objects_of(connection)), tuple(self.known)
        )

    def _row_faults(self, connection: sqlite3.Connection, found: Schema) -> list[str]:
        """Sentences for rows that are not as the plan expects, and for tables out of scope that changed."""
        sentences = expected.without_table(self.wanted.values(), found)
        if self.depth is Depth.SCHEMA:
            return sentences
        _do(connection, [expected.making(temporary=True), *self._counts(connection, found)])
        sentences += rule.faults(connection, contents.demanded(self.asked, self.counts, self.compared))
        connection.execute(f"DROP TABLE temp.{expected.COUNTS}")
        return sentences

    def _counts(self, connection: sqlite3.Connection, found: Schema) -> Iterator[WireStatement]:
        """Statements that store the counts of tables counted before, and of those with an expectation."""
        wanted = {name: want for name, want in self.wanted.items() if want.rows is not Rows.ANY}
        mentioned = {*wanted, *(identifier_key(want.other) for want in wanted.values() if want.other)}
        # A table that was there and was not counted needs no count: the script cannot write it.
        after = rows.counts_of(connection, found, mentioned - self.before.tables.keys())
        return expected.known(self.counts, after | self.after)

    def _findings(self, found: Schema) -> list[Finding]:
        """What is weaker or gone; none for a rollback, whose caller compares it with the original."""
        if self.context.expected is not None or self.context.direction is ledger.Direction.ROLLBACK:
            return []
        return weaker.weaker(self.before, found, script.read(self.change.statements))

    def _is_small(self, connection: sqlite3.Connection, name: str) -> bool:
        table = self.before.table(name)
        return table is not None and rows.is_at_most(connection, table, SWIFT_INTEGRITY_ROWS)

    def _by_trying(self, connection: sqlite3.Connection, found: Schema) -> list[str]:
        """Sentences for views, triggers and (in a rehearsal) full-text indexes that do not work."""
        sentences = references.broken(connection)
        if self.depth is Depth.THOROUGH:
            sentences += full_text.faults(connection, found)
        return sentences

    def _standing(self, found: Schema) -> list[FaultRule]:
        """The rules that hold of any database, as far as ``depth`` asks for them."""
        if self.depth is Depth.SCHEMA:
            return []
        if self.depth is Depth.THOROUGH:
            return standing.thorough(found, self.scope)
        return standing.swift(found, self.scope, self.small, self.skippable)

    def _standing_faults(self, connection: sqlite3.Connection, found: Schema) -> list[str]:
        """Sentences for faults that were not there before, or concern more rows now."""
        rules = self._standing(found)
        if not rule.faults(connection, rules):
            return []
        known = [*self.known, *self.context.faults_before, *self._known_outside(connection)]
        return rule.faults(connection, rules, known)

    def _known_outside(self, connection: sqlite3.Connection) -> list[str]:
        """Faults of the committed state, by a second connection, where a rehearsal did not ask before."""
        if self.depth is Depth.SWIFT:
            return []
        file = connection.execute("PRAGMA database_list").fetchone()[2]
        try:
            # In WAL mode a second reader sees the committed state beside our transaction; with a
            # rollback journal it may find the file locked by us, and then there is nothing known.
            with opened(Path(file), busy_timeout_s=0.2) as outside:
                return rule.remembered(outside, self._standing(self.before))
        except Busy:
            return []


def _skippable(connection: sqlite3.Connection, found: Schema) -> tuple[ForeignKey, ...]:
    """The foreign keys with few distinct values in an index."""
    return tuple(
        key
        for table, key in standing.leading(found)
        if connection.execute(standing.distinct_values(table, key)).fetchone()[0] <= standing.SKIP_LIMIT
    )


def _do(connection: sqlite3.Connection, statements: Iterable[WireStatement]) -> None:
    for one in statements:
        connection.execute(one.sql, one.params)


def _is_counted_in_time(connection: sqlite3.Connection, table: Table) -> bool:
    # Twice: the first time may read from the disk, the second from memory, as while writers wait.
    return any(_counting_s(connection, table) <= SWIFT_COUNT_S for _ in range(2))


def _counting_s(connection: sqlite3.Connection, table: Table) -> float:
    started = time.monotonic()
    rows.count(connection, table.name)
    return time.monotonic() - started


def _size(connection: sqlite3.Connection, table: str) -> int:
    found = catalogue.read_one(connection, table)
    return rows.count(connection, found.name) if found is not None else 0
