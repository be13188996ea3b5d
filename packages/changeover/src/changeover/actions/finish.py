"""A change of the Finish section: big tables that it drops are emptied in chunks before its transaction.

Rule: dropping a table of a million rows holds writers for half a second, deleting them a few at a time for
milliseconds. Only what the script drops and speaks of nowhere else is emptied, after its scope was proven.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from changeover.actions import sql
from changeover.actions.context import ActionContext, ActionResult
from changeover.database.change import emptying, rows, script
from changeover.database.change.apply import preview
from changeover.database.change.emptying import ChunkPace, Emptied
from changeover.database.connect import Connection
from changeover.database.schema import catalogue
from changeover.database.schema.catalogue import Schema, Table
from changeover.database.server.remote import Remote
from changeover.plan.model import SqlAction
from changeover.sql.identifiers import identifier_key
from changeover.sql.text import SqlStatement

CHUNK_S = 0.02


def carry_out(action: SqlAction, context: ActionContext, request: sql.ChangeRequest) -> ActionResult:
    """Empty what the script drops, then carry it out in one transaction; says what each table took."""
    emptied, notes = _empty_dropped(action, context) if context.blank is None else ([], [])
    done = sql.change(action, context, request)
    said = "\n".join(map(str, emptied))
    data = dict(done.data) | {
        "emptied": [{"table": e.table, "rows": e.rows, "longest_s": round(e.longest_s, 6)} for e in emptied],
        "notes": [*notes, *_listed(done.data.get("notes"))],
    }
    return replace(done, found="\n".join(filter(None, [said, done.found])), data=data)


def _empty_dropped(action: SqlAction, context: ActionContext) -> tuple[list[Emptied], list[str]]:
    emptied: list[Emptied] = []
    notes: list[str] = []
    with context.opened() as connection:
        schema = catalogue.read(connection, own=True)
        big = list(_big(connection, schema, action.statements))
        if not big:
            return [], []
        preview(connection, sql.planned_change(action, context, None))
        for table in big:
            reason = emptying.hindrance(table, schema, on_server=isinstance(connection, Remote))
            if reason:
                notes.append(f"{table.name}: dropped in one piece, because {reason}")
                continue
            found = emptying.empty(
                connection,
                table,
                lease=context.lease,
                pace=_pace(context, action),
                hook=context.hook,
                progress=_progress(context, table.name),
            )
            emptied.append(found)
    return emptied, notes


def _big(connection: Connection, schema: Schema, statements: tuple[SqlStatement, ...]) -> Iterator[Table]:
    """The tables that the script drops and says nothing else of, with more rows than one chunk."""
    words = [script.words_in_main(statement.text) for statement in statements]
    for place, one in enumerate(words):
        if one[:2] != ("drop", "table"):
            continue
        table = schema.table(script.named(one, "table"))
        others = (other for at, other in enumerate(words) if at != place)
        if table is None or any(identifier_key(table.name) in other for other in others):
            continue
        if not rows.is_at_most(connection, table, emptying.ROWS_FIRST):
            yield table


def _pace(context: ActionContext, action: SqlAction) -> ChunkPace:
    """A third of what the plan lets writers be held for, at most `CHUNK_S`; nobody else writes to a copy."""
    held_s = context.plan.writers_held_s
    return ChunkPace(
        chunk_s=CHUNK_S if held_s is None else min(CHUNK_S, held_s / 3),
        pause_s=0.005 if context.living else 0.0,
        rest=2.0 if context.living else 0.0,
        lock_wait_s=action.timeout_s or 5.0,
    )


def _progress(context: ActionContext, table: str) -> Callable[[int, int], None]:
    started = time.monotonic()

    def tell(done: int, total: int) -> None:
        part = min(done / total, 1.0) if total else 1.0
        left_s = (time.monotonic() - started) * (1 - part) / part if part else None
        context.progress(part, left_s, f"{table}: {done:,} of {total:,} rows deleted")

    return tell


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []
