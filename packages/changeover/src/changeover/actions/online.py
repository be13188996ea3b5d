"""A script carried out online: from the plan's words to `database.online`, and what came of it back into the
journal.

Rule: what a script means is proven by carrying it out at rest, on an empty copy in a check and on a copy of
the data in a rehearsal; then it is done online, in the rehearsal as in the run, and must lead to the same
schema.
"""

import sqlite3
import time
from collections.abc import Callable
from dataclasses import asdict, replace

from changeover.actions.context import ActionContext, ActionResult
from changeover.actions.sql import ChangeRequest, content_of
from changeover.database import ledger
from changeover.database.change.model import PlannedChange
from changeover.database.change.transaction import bound
from changeover.database.connect import Connection
from changeover.database.ledger import LedgerEntry
from changeover.database.online import state as states
from changeover.database.online.control import OnlineOrders
from changeover.database.online.follow import Tell
from changeover.database.online.prepare import OnlineChange, prepare, require_way_back
from changeover.database.online.rebuild import OnlineRebuild
from changeover.database.online.state import OnlinePhase
from changeover.database.online.worker import OnlinePace, Worker
from changeover.database.schema import carry
from changeover.database.schema.fingerprint import fingerprint
from changeover.database.server.remote import Remote
from changeover.errors import Interrupted, StepFailed, Unsuitable
from changeover.plan.model import Plan, SqlAction
from changeover.sql import rebuild
from changeover.words import format_duration

TELL_EVERY_S, KEEP_EVERY_S = 0.25, 1.0


def require(action: SqlAction, context: ActionContext) -> None:
    """The script, its way back and what is expected of the rows can be had online.

    Raises Unsuitable or StepFailed.
    """
    with context.opened() as connection:
        _prepared(action, context.plan, connection)


def hindrance(action: SqlAction, plan: Plan, connection: Connection) -> str:
    """Why this database has not what is needed to do a change online; empty where it has."""
    try:
        _prepared(action, plan, connection)
    except StepFailed as error:
        return error.message
    return ""


def change(action: SqlAction, context: ActionContext, request: ChangeRequest) -> ActionResult:
    """Make the table anew beside those who write, and swap it in; goes on where an earlier try was cut
    off.
    """
    with context.opened() as connection:
        change = _prepared(action, context.plan, connection)
        assert isinstance(connection, sqlite3.Connection)
        run = _run(connection, context, change.table, content_of(action), steered=True)
        before = fingerprint(connection)
        run.worker.values = bound(context.bindable, change.forward.parameters)
        run.forward(change, _recorder(run, context, request, before))
        return _result(run, before, fingerprint(connection), "copied and swapped in")


def take_back(
    action: SqlAction, undone: SqlAction, context: ActionContext, request: ChangeRequest
) -> ActionResult | None:
    """Take the change back with all that was written since; None where it was not made online."""
    with context.opened() as connection:
        content = content_of(undone)
        standing = next((one for one in states.read_all(connection) if one.content_sha256 == content), None)
        if standing is None and content in ledger.applied(ledger.entries(connection)):
            return None
        if standing is None:
            return ActionResult("nothing of it was there")
        assert isinstance(connection, sqlite3.Connection)
        script = rebuild.read(action.statements)
        run = _run(connection, context, standing.details["table"], content)
        run.worker.values = bound(context.bindable, script.parameters)
        before = fingerprint(connection)
        run.back(script, _recorder(run, context, request, before), rebuild.read(undone.statements))
        was_in_force = standing.phase in (OnlinePhase.SOAK, OnlinePhase.BACK)
        done = "swapped back" if was_in_force else "given up before the swap; the copy is deleted"
        return _result(run, before, fingerprint(connection), done)


def finish(action: SqlAction, context: ActionContext) -> ActionResult:
    """Delete the old table, in small steps."""
    with context.opened() as connection:
        found = [one for one in states.read_all(connection) if one.content_sha256 == content_of(action)]
        if not found:
            return ActionResult("nothing was kept")
        assert isinstance(connection, sqlite3.Connection)
        for one in found:
            _run(connection, context, one.details["table"], one.content_sha256).finish()
        return ActionResult("the old table is deleted", {"tables": [one.details["table"] for one in found]})


def abandon(context: ActionContext) -> None:
    """Of a run that is given up nothing is left behind: no trigger, no log, no table under a hidden name."""
    with context.opened() as connection:
        contents = {content_of(one) for one in context.plan.actions() if isinstance(one, SqlAction)}
        for one in states.read_all(connection):
            if one.content_sha256 in contents and isinstance(connection, sqlite3.Connection):
                _run(connection, context, one.details["table"], one.content_sha256).finish()


def clear(context: ActionContext) -> None:
    """Delete what a killed way back had not yet deleted."""
    with context.opened() as connection:
        if isinstance(connection, Remote):
            return
        for one in states.read_all(connection):
            if one.phase is OnlinePhase.DISCARD:
                _run(connection, context, one.details["table"], one.content_sha256).finish()


def _prepared(action: SqlAction, plan: Plan, connection: Connection) -> OnlineChange:
    try:
        statements = action.statements
        if action.carry:
            planned = PlannedChange(statements=statements, scope=action.scope)
            statements = carry.carried(connection, planned, action.without).statements
        change = prepare(connection, statements)
        ways = [one for one in plan.undo_of(action.id) if isinstance(one, SqlAction)]
        if len(ways) != 1:
            raise Unsuitable(f"{action.label} needs one script under Rollback with undoes={action.id}.")
        require_way_back(change, rebuild.read(ways[0].statements))
    except Unsuitable as error:
        raise StepFailed(error.message, hint=error.hint, position=action.position) from error
    return change


def _run(
    connection: sqlite3.Connection, context: ActionContext, table: str, content: str, *, steered: bool = False
) -> OnlineRebuild:
    """``steered``: what people ask of it counts; a way back neither pauses nor waits for an hour."""
    held_s = context.plan.writers_held_s
    pace = OnlinePace()
    if held_s is not None:
        pace = replace(pace, swap_s=held_s, hold_s=min(pace.hold_s, held_s / 2))
    if context.lease is None:
        pace = replace(pace, pause_s=0.0)

    def may_go_on() -> None:
        if context.stopped():
            raise Interrupted(
                f"{context.stopped()} stopped it.", hint="`changeover resume` goes on where it was."
            )
        if context.alarm():
            raise StepFailed(context.alarm())

    tell = _seldom(context)
    worker = Worker(
        connection=connection,
        lease=context.lease,
        pace=pace,
        hook=context.hook,
        may_go_on=may_go_on,
        orders=_heard(context, tell) if steered else OnlineOrders,
        say=lambda sentence: context.note({"what": sentence}),
    )
    return OnlineRebuild(worker=worker, table=table, content_sha256=content, progress=tell)


def _heard(context: ActionContext, tell: Tell) -> Callable[[], OnlineOrders]:
    """What people ask; every change of it is written down, and a pause is said while it lasts."""
    known = context.control.orders()

    def orders() -> OnlineOrders:
        nonlocal known
        found = context.control.orders()
        if found != known:
            context.note({"what": f"{found.who} asked: {found}"})
            known = found
        if found.paused:
            tell(None, None, f"paused by {found.who}; `changeover online resume` goes on")
        return found

    return orders


def _seldom(context: ActionContext) -> Tell:
    """People are told a few times a second, not after each of the small steps; `status` once a second."""
    last_s = kept_s = float("-inf")

    def sometimes(part: float | None, left_s: float | None, words: str) -> None:
        nonlocal last_s, kept_s
        now_s = time.monotonic()
        if now_s - last_s > TELL_EVERY_S:
            last_s = now_s
            context.progress(part, left_s, words)
        if now_s - kept_s > KEEP_EVERY_S:
            kept_s = now_s
            context.control.tell(part, left_s, words)

    return sometimes


def _recorder(
    run: OnlineRebuild, context: ActionContext, request: ChangeRequest, before: str
) -> Callable[[], None]:
    started_at = int(context.now_at())

    def record() -> None:
        worker = run.worker
        entry = LedgerEntry(
            run_id=context.run_id,
            action=request.action,
            direction=request.direction,
            plan_sha256=context.plan.sha256,
            content_sha256=request.content_sha256,
            schema_before=before,
            schema_after=fingerprint(worker.connection),
            started_at=started_at,
            who=context.who,
            frozen_ms=(time.monotonic() - worker.begun_s) * 1000,
            rows_changed=worker.measures.rows_copied + worker.measures.keys_followed,
            details={"strategy": "online", **ledger.accepting(context.plan.accept)},
        )
        ledger.add(worker.connection, entry)

    return record


def _result(run: OnlineRebuild, before: str, after: str, words: str) -> ActionResult:
    measures = run.worker.measures
    found = (
        f"{run.table}: {measures.rows_copied:,} rows copied, {measures.rows_verified:,} checked,"
        f" {measures.keys_followed:,} written meanwhile; {words}"
    )
    if measures.swap_s:
        found += f" in {format_duration(max(round(measures.swap_s, 4), 0.001))}"
    return ActionResult(
        found,
        {
            "strategy": "online",
            "frozen_s": round(measures.swap_s, 6),
            "longest_hold_s": round(measures.longest_hold_s, 6),
            "rows_changed": measures.rows_copied + measures.keys_followed,
            "schema_before": before,
            "schema_after": after,
            "online": asdict(measures),
        },
    )
