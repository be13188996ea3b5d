"""SQL of a plan: a query on one snapshot, or a change in one transaction with proof and ledger row."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from hashlib import sha256

from changeover.actions.checks import printed_text, require_rule, rule_of, shown
from changeover.actions.context import ActionContext, ActionDeadline, ActionResult
from changeover.actions.repeat import repeated
from changeover.database import ledger
from changeover.database.change.apply import Context, Migrated, PlannedChange, ProgressHooks, migrate
from changeover.database.change.rule import Rule
from changeover.database.change.undo import derive_undo, setting_aside
from changeover.database.connect import connect, translated
from changeover.database.ledger import Direction
from changeover.database.schema import carry, catalogue, spelling
from changeover.database.schema.meaning import Meanings
from changeover.database.server import hold
from changeover.database.server.remote import Remote
from changeover.errors import ChangeoverError
from changeover.plan.expect import as_output
from changeover.plan.model import RowExpectation, Rows, SqlAction, Strategy
from changeover.sql.text import SqlStatement
from hrana.errors import HranaError, OutcomeUnknown

OUTPUT_ROWS = 10_000
OPCODES_BETWEEN_LOOKS = 20_000
SENDING = ("judged", "begun", "waiting")
"""The boundaries at which a change on a server is about to be sent, for the first time or again."""

CLOCK_DECIDES = 0.0
"""No forecast refuses a change that is measured, and ended at its budget, right here: in a rehearsal."""

Hook = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """What a change is for. ``action`` is its id in the ledger, ``content_sha256`` of the forward script.

    ``budget_s`` None: it may take as long as it takes (a way back is not ended by a clock). ``rehearsed_s``
    is how long it held writers in the rehearsal; `CLOCK_DECIDES` in a rehearsal itself.
    """

    action: str
    direction: Direction
    content_sha256: str
    budget_s: float | None = None
    rehearsed_s: float | None = None
    expected: Meanings | None = None
    contract: dict[str, Sequence[str]] | None = None


def content_of(action: SqlAction) -> str:
    """The hash by which the ledger knows a script."""
    return sha256(action.sql.encode()).hexdigest()


def query(action: SqlAction, context: ActionContext, deadline: ActionDeadline) -> ActionResult:
    """Run the queries on one snapshot and hold their rows against what is expected."""
    return repeated(action.retry, context, deadline, lambda: _query_once(action, context, deadline))


def _query_once(action: SqlAction, context: ActionContext, deadline: ActionDeadline) -> ActionResult:
    own = ActionDeadline(deadline.limit, deadline.clock_s)
    own.ends_s = min(deadline.ends_s, deadline.clock_s() + deadline.within(action.timeout_s))
    with context.opened() as connection:
        rule = rule_of(action, context)
        if isinstance(connection, Remote):
            rows = _read_server(connection, action, rule, own)
        else:
            rows = _read_file(connection, action, rule, own)
    require_rule(action, rule, rows, context)
    return ActionResult(shown(as_output(rows), context), {"rows": len(rows)})


def _read_file(
    connection: sqlite3.Connection, action: SqlAction, rule: Rule, own: ActionDeadline
) -> list[tuple[object, ...]]:
    connection.execute("PRAGMA query_only = ON")
    connection.set_progress_handler(lambda: int(own.passed()), OPCODES_BETWEEN_LOOKS)
    connection.execute("BEGIN")
    try:
        return [
            row
            for one in rule.asked
            for row in connection.execute(one.sql, one.params).fetchmany(OUTPUT_ROWS)
        ]
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
            raise own.error(action.label, action.position) from error
        raise
    finally:
        connection.set_progress_handler(None, 0)
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        connection.execute("PRAGMA query_only = OFF")


def _read_server(
    connection: Remote, action: SqlAction, rule: Rule, own: ActionDeadline
) -> list[tuple[object, ...]]:
    try:
        found = connection.snapshot(rule.asked, within_s=own.left_s())
    except OutcomeUnknown as error:
        if own.passed():
            raise own.error(action.label, action.position) from error
        raise
    return [row for rows in found for row in rows[:OUTPUT_ROWS]]


def change(action: SqlAction, context: ActionContext, request: ChangeRequest) -> ActionResult:
    """Carry a changing script out: all of it, or nothing and an error that says why."""
    change = planned_change(action, context, request)
    change_context = Context(
        run_id=context.run_id,
        action=request.action,
        direction=request.direction,
        plan_sha256=context.plan.sha256,
        content_sha256=request.content_sha256,
        started_at=int(context.now_at()),
        who=context.who,
        lease=context.lease,
        expected=request.expected,
        contract=request.contract,
    )
    with context.opened() as connection, _writers_held(connection, context.hook) as hook:
        if request.direction is Direction.ROLLBACK:
            if action.carry:
                kept = carry.keeping_not_null(connection, change.statements)
                change = replace(change, statements=kept)
            before = ledger.rollback_details(connection, request.content_sha256)
            restored = spelling.restoring(connection, change, before.definitions)
            change = replace(change, statements=(*change.statements, *restored))
            change_context = replace(change_context, faults_before=before.faults)
        elif action.carry:
            carried = carry.carried(connection, change, action.without)
            accept = {**change.accept, **carried.left_out}
            change = replace(change, statements=carried.statements, accept=accept)
        hooks = ProgressHooks(hook=hook, progress=_progress(context))
        done = migrate(connection, change, change_context, depth=context.depth, hooks=hooks)
    return _result(context, done)


@contextmanager
def _writers_held(connection: sqlite3.Connection | Remote, hook: Hook) -> Iterator[Hook]:
    """On a server the application's writers step aside, from before the change is sent to its end."""
    if not isinstance(connection, Remote):
        yield hook
        return

    held = hold.Hold(connection)

    def heard(moment: str) -> None:
        if moment in SENDING:
            held.keep()
        hook(moment)

    try:
        yield heard
    finally:
        with suppress(ChangeoverError, HranaError):
            hold.give_back(connection)


def planned_change(action: SqlAction, context: ActionContext, request: ChangeRequest | None) -> PlannedChange:
    """What a plan says of a script; without a ``request`` nothing bounds how long it takes."""
    if context.among_new_rows:
        action = replace(action, rows=tuple(map(_uncounted, action.rows)), expect=None)
    return PlannedChange(
        statements=action.statements,
        scope=action.scope,
        rows=action.rows,
        parameters=context.bindable,
        strategy=action.strategy,
        foreign_keys=action.strategy is Strategy.NATIVE,
        budget_s=request.budget_s if request else None,
        rehearsed_s=request.rehearsed_s if request else None,
        lock_wait_s=action.timeout_s or 5.0,
        accept=context.plan.accept,
        prints=lambda rows: require_rule(action, rule_of(action, context), rows, context),
        printed=printed_text(action, context),
    )


def _uncounted(want: RowExpectation) -> RowExpectation:
    """The same without the number of rows that it expects."""
    return replace(want, rows=Rows.ANY) if want.rows in (Rows.ADDED, Rows.AFFECTED) else want


def take_back(
    action: SqlAction, context: ActionContext, request: ChangeRequest, forward: Sequence[SqlStatement]
) -> ActionResult:
    """Do the way back of ``forward``; what was written into things it only drops is set aside first."""
    with context.opened() as connection:
        statements = setting_aside(action.statements, catalogue.read(connection), forward)
    return change(replace(action, statements=statements), context, request)


def undo(action: SqlAction, context: ActionContext, request: ChangeRequest) -> ActionResult:
    """Carry out the reverse that follows from a script which only adds."""
    reverse = replace(action, statements=derive_undo(action.statements), rows=(), expect=None)
    return take_back(reverse, context, request, action.statements)


def was_done(context: ActionContext, action: str, direction: Direction) -> bool:
    """Whether this run committed that action: asked of the ledger in the database."""
    with translated(context.database), closing(connect(context.database)) as connection:
        return ledger.was_done(connection, context.run_id, action, direction)


def _progress(context: ActionContext) -> Callable[[int, int, float], None]:
    started = time.monotonic()

    def tell(done: int, total: int, seconds: float) -> None:
        part = done / total
        left_s = (time.monotonic() - started) * (1 - part) / part
        context.progress(part, left_s, f"statement {done} of {total}")

    return tell


def _result(context: ActionContext, done: Migrated) -> ActionResult:
    measured = done.measured
    output = as_output(measured.output)
    return ActionResult(
        shown(output, context),
        {
            "strategy": done.forecast.strategy.value,
            "predicted_s": round(done.forecast.seconds, 3),
            "frozen_s": round(measured.frozen_s, 6),
            "lock_wait_s": round(measured.lock_wait_s, 6),
            "rows_changed": measured.rows_in_all,
            "counts": {table: list(pair) for table, pair in done.counts.items()},
            "schema_before": done.schema_before,
            "schema_after": done.schema_after,
            "statements": [
                {"at": str(one.statement.position), "rows": one.rows_in_all, "seconds": round(one.seconds, 6)}
                for one in measured.executed
            ],
            "notes": list(done.notes),
            "accepted": dict(done.accepted),
        },
    )
