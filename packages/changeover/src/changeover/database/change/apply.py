"""Makes one change to a database: foresees it, runs it in a transaction, proves it, records it; or raises.

Rule: inside the transaction the lease is confirmed, the rows before are remembered, the script runs under the
guard, the invariants are checked and the ledger row is written. The rehearsal calls this with Depth.THOROUGH
on a copy, production with Depth.SWIFT: the same code.
"""

import sqlite3

from changeover.database.change import committed_snapshot
from changeover.database.change.forecast import Forecast
from changeover.database.change.guard import guard
from changeover.database.change.invariants import Depth
from changeover.database.change.model import Context, Migrated, PlannedChange, ProgressHooks
from changeover.database.change.proof import Proof, schema_after
from changeover.database.change.proof import preview as preview_of_file
from changeover.database.change.transaction import ScriptWork, TransactionHooks, transact
from changeover.database.schema.catalogue import Schema
from changeover.database.server.apply import migrate_on_server, preview_of_server
from changeover.database.server.remote import Remote

__all__ = ["Context", "Migrated", "PlannedChange", "ProgressHooks", "migrate", "preview", "schema_after"]


def preview(connection: sqlite3.Connection | Remote, change: PlannedChange) -> tuple[Forecast, Schema]:
    """The forecast of a change and the schema it would leave; proves the scope. Reads only."""
    if isinstance(connection, Remote):
        return preview_of_server(connection, change)
    return preview_of_file(connection, change)


def migrate(
    connection: sqlite3.Connection | Remote,
    change: PlannedChange,
    context: Context,
    *,
    depth: Depth,
    hooks: ProgressHooks | None = None,
) -> Migrated:
    """Make the change and commit it, or raise and leave the database as it was.

    Raises InvariantBroken (scope, rows, keys, schema, contract), Unsuitable (it needs another strategy),
    StepFailed, BudgetExceeded, Busy, Full, LeaseLost.
    """
    hooks = hooks or ProgressHooks()
    if isinstance(connection, Remote):
        return migrate_on_server(connection, change, context, depth, hooks)
    proof = Proof(connection, change, context, depth)
    work = ScriptWork(
        change.statements,
        change.parameters,
        foreign_keys=change.foreign_keys,
        legacy_alter_table=proof.forecast.legacy_alter_table,
        lock_wait_s=change.lock_wait_s,
        budget_s=change.budget_s,
    )
    transaction_hooks = TransactionHooks(
        prepare=proof.prepare,
        verify=proof.verify,
        record=proof.record,
        guard=guard(proof.before, change.scope),
        hook=hooks.hook,
        progress=hooks.progress,
        now=hooks.now,
    )
    try:
        measured = transact(connection, work, transaction_hooks)
    finally:
        # Only now: DETACH fails while a transaction is open (https://sqlite.org/lang_detach.html).
        committed_snapshot.detach(connection)
    return Migrated(
        measured,
        proof.forecast,
        proof.print_before,
        proof.print_after,
        {name: (count, proof.after[name]) for name, count in proof.counts.items() if name in proof.after},
        tuple(proof.notes),
        proof.accepted,
    )
