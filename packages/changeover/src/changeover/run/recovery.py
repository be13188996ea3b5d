"""The ways out of a run that is stuck: mend its rollback, give it up, or put a backup back.

Rule: each command first says what it will do and leave. A mended script is rehearsed on today's data, what an
abandoned run leaves is listed, a backup is verified and the state before it is kept.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from changeover.database import ledger, lock
from changeover.database.backup.backup import is_of_another
from changeover.database.backup.restore import Restored, restore
from changeover.database.connect import opened
from changeover.database.local import backup_dir
from changeover.database.schema import catalogue
from changeover.database.schema.fingerprint import fingerprint
from changeover.database.where import Database, Server
from changeover.engine.entries import Command, Ending, Entry, EntryKind, begun
from changeover.engine.progress import fold
from changeover.engine.tasks import task_plan
from changeover.errors import Refused
from changeover.plan.model import Plan, ShellAction
from changeover.plan.params import BoundParameters
from changeover.plan.redaction import Redactor
from changeover.run import commands, mended_rollback
from changeover.run.commands import Outcome, Settings
from changeover.run.journal import NAME, Journal
from changeover.run.rehearsal import rehearse_way_back
from changeover.run.rehearsal_copy import Progress
from changeover.run.state_dir import StateDir, state_of
from changeover.run.status import backup_of
from changeover.sql.identifiers import is_engine, is_own


def roll_back_with(
    script: Path,
    plan: Plan,
    values: BoundParameters,
    database: Database,
    settings: Settings,
    *,
    run_id: str,
    undoes: str | None = None,
    accept: Mapping[str, str] | None = None,
    progress: Progress = lambda words, part, left_s: None,
) -> Outcome:
    """Take a run back with another script in place of the one that fails.

    The script is first rehearsed on a copy of the database as it is now, there and back, with new rows.
    ``accept`` maps findings of that which are intended, besides the plan's own, to their reasons. Raises
    Refused, with all that failed on the copy, before anything is changed, and BadParameter for a script
    without a statement.
    """
    state = state_of(database, settings.state)
    entries = state.entries(run_id)
    text, target = mended_rollback.read(script), mended_rollback.to_mend(plan, entries, undoes)
    mended = mended_rollback.amended(plan, target, text, script.name, accept or {})
    faults = rehearse_way_back(
        mended, values, database, entries, who=settings.who, state=settings.state, progress=progress
    )
    if faults:
        raise Refused(
            "On a copy of the database as it is now the mended way back does not pass:\n" + "\n".join(faults),
            hint="Mend the script, then try again; nothing was changed. What is meant so is accepted by name:"
            " --accept 'NAME=why'.",
        )
    name = mended_rollback.keep(state.run(run_id), entries, script, text)
    with opened(database) as connection:
        now = fingerprint(connection)
    mend = {"undoes": target, "file": name, "accepted": dict(accept or {}), "schema": now}
    mended = mended_rollback.amended(plan, target, text, name, accept or {})
    return commands.rollback(mended, values, database, settings, run_id=run_id, mend=mend)


def left_behind(plan: Plan, entries: Sequence[Entry], database: Database) -> list[str]:
    """What stays when a run is abandoned, one sentence each."""
    first = begun(entries)
    found = task_plan(plan, additive=bool(first and first.data.get("additive")))
    state = fold(entries)
    lines: list[str] = []
    for task in found.execute:
        known = state.of(task)
        if task.atomic and known.started and known.applied is not False:
            lines.append(
                f"{task.label} is in force." if known.applied else f"{task.label}: not known if it was done."
            )
        elif known.started and isinstance(_action(plan, task.subject), ShellAction):
            lines.append(f"{task.label} was begun, and is not taken back.")
    with opened(database) as connection:
        tables = catalogue.read(connection, own=True).tables.values()
        own = [one.name for one in tables if is_own(one.name) and not is_engine(one.name)]
        done = [entry for entry in ledger.entries(connection) if first and entry.run_id == first.text("run")]
    own = [name for name in own if not name.lower().startswith("sqlite_")]
    lines += [f"{name} stays: it was kept for the way back." for name in own]
    lines += [f"The ledger says: {one.action}, {one.direction}." for one in done]
    backup = backup_of(list(entries))
    return [*lines, *([f"The backup stays: {backup}."] if backup else [])]


def _action(plan: Plan, name: str) -> object:
    return next((action for action in plan.actions() if action.id == name), None)


def put_back(
    backup: Path,
    database: Database,
    settings: Settings,
    progress: Callable[[str, int, int, float | None], None] = lambda phase, done, total, left_s: None,
) -> Restored:
    """Replace a database by a backup while no runner works; no write gets lost without notice.

    The state before is kept beside the database. Raises Refused for a database on a server, Locked, Busy,
    Full, and Damaged if the backup is not whole, or is not the one that its run wrote.
    """
    if isinstance(database, Server):
        raise Refused(
            f"{database} is on a server, and a backup is put back there by its own tools.",
            hint="Load the file into a new namespace, and point the application at it.",
        )
    if is_of_another(backup, database):
        raise Refused(
            f"{backup.name} is a backup of another database than {database.name}, by its name.",
            hint="Choose one of this database: `changeover status` names the newest. If this one is meant,"
            " give it another name.",
        )
    state = state_of(database, settings.state)
    newest = state.newest()
    entries = state.entries(newest) if newest else []
    holder = lock.this_runner(newest or "restore", since_at=int(settings.now_at()))
    # A restore writes no lease, since the backup brings its own table of it: the lock file keeps runners out.
    with lock.take(database, holder, state=state.path):
        if newest:
            _tell(state, newest, settings, EntryKind.OPENED, command=Command.RESTORE.value, pid=os.getpid())
        done = restore(
            backup,
            database,
            now_at=int(settings.now_at()),
            keep_in=backup_dir(database, settings.state),
            expected_sha256=_hash_of(entries, backup),
            progress=progress,
            hook=settings.hook,
        )
        if newest:
            previous = f"; the state before is kept: {done.previous}" if done.previous else ""
            reason = f"{backup} was put back{previous}"
            _tell(state, newest, settings, EntryKind.ENDED, ending=Ending.RESTORED.value, reason=reason)
    return done


def _tell(state: StateDir, run_id: str, settings: Settings, kind: EntryKind, **data: object) -> None:
    path = state.run(run_id) / NAME
    with Journal(path, redactor=Redactor({}), now_at=settings.now_at) as journal:
        journal.add(kind, "", who=settings.who, **data)


def _hash_of(entries: Sequence[Entry], backup: Path) -> str | None:
    """The hash of a backup in the journal of its run; None if the journal does not know it."""
    for entry in entries:
        path = entry.text("path")
        if path and entry.text("sha256") and Path(path).resolve() == backup.resolve():
            return entry.text("sha256")
    return None
