"""One changing script against one database: proven, guarded, checked, recorded - or not done at all.

Rule: inside the transaction the lease is confirmed, the rows before are taken, the script runs under the
guard, the invariants are asked and the ledger is written. The rehearsal calls this with Depth.THOROUGH on a
copy, production with Depth.SWIFT: the same code.
"""

import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from changeover.database import committed
from changeover.database.change import Change, Context
from changeover.database.guard import guard
from changeover.database.invariants import Depth
from changeover.database.proof import Proof, preview, schema_after
from changeover.database.strategies import Forecast
from changeover.database.transaction import Around, Measured, Work, transact

__all__ = ["Change", "Context", "Eyes", "Migrated", "migrate", "preview", "schema_after"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Eyes:
    """Who looks on: see `transaction.Around`."""

    hook: Callable[[str], None] = lambda moment: None
    progress: Callable[[int, int, float], None] = lambda done, total, seconds: None
    now: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Migrated:
    """What was done.

    ``counts`` holds rows before and after by table, ``notes`` what was not looked at, and why.
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
    proof = Proof(connection, change, context, depth)
    work = Work(
        change.statements,
        change.parameters,
        foreign_keys=change.foreign_keys,
        legacy_alter_table=proof.forecast.legacy_alter_table,
        lock_wait_s=change.lock_wait_s,
        budget_s=change.budget_s,
    )
    around = Around(
        prepare=proof.prepare,
        verify=proof.verify,
        record=proof.record,
        guard=guard(proof.before, change.scope),
        hook=eyes.hook,
        progress=eyes.progress,
        now=eyes.now,
    )
    try:
        measured = transact(connection, work, around)
    finally:
        committed.detach(connection)
    return Migrated(
        measured,
        proof.forecast,
        proof.print_before,
        proof.print_after,
        {
            name: (state.count, proof.after[name].count)
            for name, state in proof.states.items()
            if name in proof.after
        },
        tuple(proof.notes),
    )
