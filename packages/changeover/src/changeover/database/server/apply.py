"""One changing script against a database on a server: judged in its shadow, done by one request or not.

Rule: the proof is that of a file (`proof`), its questions put so that the server answers them inside the
transaction. Nothing holds a lock between two requests: a runner that dies leaves the old state or the new.
"""

import time
from collections.abc import Mapping, Sequence

from changeover.database import lease, ledger
from changeover.database.change import contents, counting, expected, full_text, sequences
from changeover.database.change.contents import Before
from changeover.database.change.expected import COUNTS
from changeover.database.change.forecast import Forecast
from changeover.database.change.invariants import Depth
from changeover.database.change.model import Context, Migrated, PlannedChange, ProgressHooks
from changeover.database.change.refusal import broken
from changeover.database.change.transaction import Measured, bound
from changeover.database.connect import translated
from changeover.database.schema import catalogue, fingerprint, spelling
from changeover.database.schema.catalogue import Schema
from changeover.database.schema.empty import afterwards
from changeover.database.server import printed, rules
from changeover.database.server.batch import CLOCK, SINCE, Batch, BatchResult, StatementFailed
from changeover.database.server.culprits import explained
from changeover.database.server.judge import (
    PreparedChange,
    ask_ahead,
    judge,
    note,
    require_swift,
    standing_rules,
)
from changeover.database.server.remote import Remote
from changeover.database.server.resolve import Attempt, Sending, resolve
from changeover.database.server.rowids import watched_in
from changeover.database.server.shadow import open_shadow, prepared
from changeover.errors import InvariantBroken, LeaseLost, Unsuitable
from changeover.sql.identifiers import identifier_key, quoted
from hrana.wire import WireStatement

COUNTED_ROWS = 5_000_000
ANSWER_S = 10.0
"""What a request gets beside the time of the change: the wait for the lock (5 s at most) and the way."""


def migrate_on_server(
    remote: Remote, change: PlannedChange, context: Context, depth: Depth, hooks: ProgressHooks
) -> Migrated:
    """Carry the change out, or raise and leave the database as it was; see `migrate`."""
    with translated(remote.label):
        hooks.hook("before judging")
        with open_shadow(remote) as shadow:
            found = judge(shadow, change, context, depth)
            require_swift(found)
            ask_ahead(found, remote)
            hooks.hook("judged")
            sending = Sending(
                lambda attempt: _batch(found, attempt), found.limit_s + ANSWER_S, change.lock_wait_s
            )
            started_s = time.monotonic()
            try:
                made = resolve(remote, context, sending, hooks.hook)
            except StatementFailed as error:
                raise explained(remote, found, error, within_s=sending.within_s) from error
            return _migrated(found, made, time.monotonic() - started_s)


def preview_of_server(remote: Remote, change: PlannedChange) -> tuple[Forecast, Schema]:
    """What the change would cost and the schema it would leave; see `migrate.preview`."""
    with translated(remote.label), open_shadow(remote) as shadow:
        forecast, _ = prepared(shadow, change)
        with afterwards(shadow.connection, change.statements) as after:
            return forecast, catalogue.read(after)


def _batch(found: PreparedChange, attempt: Attempt) -> Batch:
    """The whole change, from the fence to the ledger."""
    batch = Batch(found.limit_s, found.change.foreign_keys)
    batch.prepare()
    _fence(found, batch)
    before, after = _tables(found)
    made = _remember(found, batch, before)
    watched = watched_in(found)
    watched.remember(batch)
    batch.look()
    _run_script(found, batch)
    if sequences.MARKS in batch.scratch:
        batch.do(*sequences.putting_back(found.planned))
    batch.do(*expected.counting_after(before, after))
    batch.require(
        [
            *contents.demanded(found.asked, map(identifier_key, before), made),
            rules.schema_is(found.objects_after),
        ]
    )
    batch.require(standing_rules(found, found.planned), found.known)
    watched.require(batch)
    batch.judge(watched.broken)
    if found.change.printed is not None:
        batch.require([printed.as_expected(found.change.printed)])
        batch.judge(found.change.printed.refusal)
    # Last of the questions: one that fails calls the database damaged, and its words would hide all others.
    _try_indexes(found, batch)
    batch.ask(COUNTS, f"SELECT name, before, after FROM {COUNTS}")
    _record(found, batch, attempt)
    return batch


def _run_script(found: PreparedChange, batch: Batch) -> None:
    """The statements; what is expected of their output is kept where they print it."""
    queries = {query.place: query for query in found.printing}
    if found.change.printed is not None:
        batch.do(printed.making())
        batch.scratch.append(printed.PRINTED)
    for place, statement in enumerate(found.change.statements):
        values = bound(found.change.parameters, statement.parameters)
        batch.run(statement, values)
        if place in queries:
            batch.do(WireStatement(queries[place].capture(statement), values))
            batch.look()


def _try_indexes(found: PreparedChange, batch: Batch) -> None:
    """In a rehearsal: every full-text index matches its rows, if it did so before."""
    for check in full_text.checks(found.planned) if found.depth is Depth.THOROUGH else ():
        if check.table not in found.damaged:
            batch.attempt(check.sql, broken([check.fault]))


def _fence(found: PreparedChange, batch: Batch) -> None:
    """What lets the change begin: the lease, foreign keys as they are meant, the schema that was judged."""
    held, change = found.context.lease, found.change
    if held is not None:
        batch.require([rules.lease_is_ours(held)])
        batch.judge(lambda _: LeaseLost(""))
        # Without the token, since the rule before has just asked for it under the same lock.
        beat = f"UPDATE {lease.TABLE} SET beats = beats + 1 WHERE id = 1"
        batch.do(WireStatement(beat))
    batch.require([rules.foreign_keys_are(change.foreign_keys)])
    batch.judge(_disobeyed)
    batch.require([rules.schema_is(found.shadow.objects)])
    batch.judge(_another_schema)


def _remember(found: PreparedChange, batch: Batch, before: list[str]) -> dict[str, Before]:
    """Rows as they are: counts of all, copies of those whose contents are compared; by folded name."""
    batch.do(expected.making(temporary=False), *expected.counting_before(before))
    batch.scratch.append(COUNTS)
    made = contents.compared(
        found.asked,
        [found.shadow.schema.tables[identifier_key(name)] for name in before],
        lambda table, limit: found.depth is Depth.THOROUGH or (found.shadow.size(table.name) or 0) <= limit,
        lambda sentence: note(found, sentence),
        beside=False,
    )
    for copy in made.values():
        batch.do(*copy.making(temporary=False))
        batch.scratch.append(copy.source)
    if sequences.are_there(found.shadow.connection):
        batch.do(sequences.remembering(temporary=False))
        batch.scratch.append(sequences.MARKS)
    return made


def _tables(found: PreparedChange) -> tuple[list[str], list[str]]:
    """The tables to count before and after, in the spelling of each."""
    present, planned = found.shadow.schema, found.planned
    count_rule = counting.CountRule(
        found.depth,
        found.wanted,
        found.written,
        lambda table, limit: (found.shadow.size(table.name) or 0) <= limit,
        lambda table: (found.shadow.size(table.name) or 0) <= COUNTED_ROWS,
        lambda sentence: note(found, sentence),
    )
    before = [table.name for table in present.tables.values() if count_rule.is_counted(table)]
    mentioned = {*found.wanted, *(identifier_key(w.other) for w in found.change.rows if w.other)}
    counted_before = {identifier_key(name) for name in before}
    after = [
        table.name
        for name, table in planned.tables.items()
        if name in counted_before or (name in mentioned and name not in present.tables)
    ]
    return before, after


def _record(found: PreparedChange, batch: Batch, attempt: Attempt) -> None:
    """The ledger row, by the server's clock; then the lease lasts anew, and nothing of ours is left."""
    context = found.context
    entry = ledger.LedgerEntry(
        run_id=context.run_id,
        action=context.action,
        direction=context.direction,
        plan_sha256=context.plan_sha256,
        content_sha256=context.content_sha256,
        schema_before=fingerprint.fingerprint(found.shadow.connection),
        schema_after=found.print_after,
        started_at=context.started_at,
        who=context.who,
        lock_wait_ms=round(attempt.waited_s * 1000, 3),
        details={"attempt": attempt.id}
        | ledger.accepting(found.accepted)
        | _rollback_details(found).details(),
    )
    looks = f"FROM {CLOCK} WHERE changes IS NOT NULL"
    counts = f"(SELECT json_group_object(name, json_array(before, after)) FROM {COUNTS})"
    own = f" - (SELECT count(*) FROM {printed.PRINTED})" if printed.PRINTED in batch.scratch else ""
    measured = {
        "frozen_ms": f"round({SINCE} * 1000, 3)",
        # total_changes() counts the rows of the clock, too: one for each look but the last.
        "rows_changed": f"(SELECT max(changes) - min(changes) - count(*) + 1{own} {looks})",
        "details": f"json_set(:details, '$.counts', json({counts}))",
    }
    sql, values = ledger.insertion(entry, measured)
    batch.do(WireStatement(ledger.CREATE), WireStatement(sql, values))
    if context.lease is not None:
        prolonged = f"UPDATE {lease.TABLE} SET beaten_s = ? WHERE id = 1"
        batch.do(WireStatement(prolonged, (lease.awake_s(),)))
    batch.look()
    # Inside the transaction: our tables are ordinary ones, and nobody else ever sees them.
    batch.do(*(WireStatement(f"DROP TABLE {quoted(name)}") for name in batch.scratch))


def _rollback_details(found: PreparedChange) -> ledger.RollbackDetails:
    """What the way back needs to know; a way back itself has none."""
    if found.context.direction is not ledger.Direction.FORWARD:
        return ledger.RollbackDetails()
    return ledger.RollbackDetails(
        spelling.replaced(found.shadow.objects, found.objects_after), tuple(found.known)
    )


def _migrated(found: PreparedChange, made: BatchResult | ledger.LedgerEntry, request_s: float) -> Migrated:
    if isinstance(made, BatchResult):
        waited_s = made.waited_s()
        counts = _both(found, {name: (was, now) for name, was, now in made.named(COUNTS)})
        measured = Measured(made.executed(), waited_s, max(request_s - waited_s, 0.0))
        note(found, "writers were held for no longer than is said here: it is the time of the whole request")
    else:
        given = made.details.get("counts")
        counts = _both(found, given) if isinstance(given, dict) else {}
        measured = Measured((), made.lock_wait_ms / 1000, made.frozen_ms / 1000)
        note(found, "the server's answer was lost; that the change was done is known from the ledger")
    before = fingerprint.fingerprint(found.shadow.connection)
    return Migrated(
        measured, found.forecast, before, found.print_after, counts, tuple(found.notes), found.accepted
    )


def _both(found: PreparedChange, counts: Mapping[str, Sequence[int | None]]) -> dict[str, tuple[int, int]]:
    """Rows of the tables that are there before and after."""
    tables = found.shadow.schema.tables
    return {
        name: (was, now)
        for name, (was, now) in counts.items()
        if name in tables and was is not None and now is not None
    }


def _disobeyed(_: list[str]) -> Unsuitable:
    return Unsuitable(
        "The server does not do as it is told about foreign keys, so a table that is made anew could delete"
        " the rows that refer to it; nothing was changed.",
        hint="Change a copy of this database as a file, and move it to the server.",
    )


def _another_schema(sentences: list[str]) -> InvariantBroken:
    return InvariantBroken(
        "The schema changed between the check and the moment of the change; nothing was done:\n"
        + "\n".join(f"- {sentence}" for sentence in sentences),
        hint="Somebody else migrates this database. Find out who, then rehearse again.",
    )
