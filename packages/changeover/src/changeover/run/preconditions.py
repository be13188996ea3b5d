"""The conditions under which a run may begin, go on or be taken back; each refusal says what to do.

Rule: this module only reads, so after a refusal the database is unchanged to the byte.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from changeover.actions.context import ActionContext
from changeover.actions.process import execute
from changeover.actions.sql import content_of
from changeover.actions.strategy import StrategyChoice, choices
from changeover.check import rules
from changeover.check.online_rules import no_online_on_server
from changeover.check.schema_copy import read_schema
from changeover.database import capabilities, ledger
from changeover.database.backup import space
from changeover.database.change import invariants, rows
from changeover.database.change.apply import schema_after
from changeover.database.connect import Connection, connect, translated
from changeover.database.schema import catalogue, fingerprint, meaning
from changeover.database.schema.catalogue import Schema
from changeover.database.where import Database, Server
from changeover.engine.entries import Ending, Entry, EntryKind, begun, ending
from changeover.engine.tasks import is_change
from changeover.errors import BadParameter, NothingToDo, PlanErrors, Refused, StepFailed, Undecided
from changeover.plan.model import Phase, Plan, SqlAction
from changeover.plan.params import BoundParameters
from changeover.problems import Severity
from changeover.run.addressed import addressed
from changeover.run.records import Record, Wanted, definitions_of, parameters_hash
from changeover.run.state_dir import StateDir
from changeover.sql.identifiers import identifier_key

CONTRACT_S = 60.0


def require_no_open_run(state: StateDir, plan: Plan, database: Database) -> None:
    """Raises Refused if an earlier run of this database has not come to its end."""
    newest = state.newest()
    if newest is None:
        return
    entries = state.entries(newest)
    if ending(entries) in (None, Ending.STOPPED, Ending.OPERATOR_NEEDED):
        title, named = begun(entries), addressed(plan, database)
        raise Refused(
            f"Run {newest} ({title.text('title') if title else ''}) has not come to its end.",
            hint=f"Finish it: changeover resume {named}. Or undo it: changeover rollback {named}."
            f" Or give it up: changeover abandon {named}. Why it stands: changeover status {named}.",
        )


def require_sound(plan: Plan, database: Database) -> None:
    """The plan fits the schema of this database. Raises PlanErrors, Unsuitable or DatabaseError."""
    if isinstance(database, Path):
        capabilities.probe(database.resolve().parent).require()
    with translated(database), closing(connect(database)) as connection:
        problems = rules.check(plan, read_schema(connection, database))
        faults = _before_faults(plan, connection)
    if isinstance(database, Server):
        problems += no_online_on_server(plan)
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if errors:
        raise PlanErrors(errors)
    if faults:
        raise Refused(
            "The schema is not the one that the plan starts from:\n" + "\n".join(f"- {f}" for f in faults),
            hint="This plan is for a database of another shape, or somebody changed this one.",
        )


def standing(plan: Plan, database: Database) -> ledger.LedgerState:
    """The changes of a plan compared with the database's ledger: which are in force and which are not."""
    with translated(database), closing(connect(database)) as connection:
        return ledger.standing(ledger.entries(connection), _contents(plan))


def _contents(plan: Plan) -> set[str]:
    """The hashes under which the ledger has the changes of a plan."""
    return {content_of(a) for a in plan.actions(Phase.EXECUTE) if isinstance(a, SqlAction) and a.changes}


def require_not_applied(plan: Plan, database: Database) -> None:
    """Raises NothingToDo if all changes of this plan are in force already."""
    wanted = _contents(plan)
    with translated(database), closing(connect(database)) as connection:
        found = ledger.entries(connection)
    if wanted and not ledger.standing(found, wanted).pending:
        run_id = next(e.run_id for e in reversed(found) if e.content_sha256 in wanted)
        raise NothingToDo(
            f"Everything that this plan changes is in force already (run {run_id}).",
            hint=f"Nothing is left to do. To take it back: changeover rollback {addressed(plan, database)}.",
        )


def strategies_for(plan: Plan, database: Database) -> tuple[StrategyChoice, ...]:
    """The strategy for each change whose strategy the plan leaves open, chosen by the number of rows."""
    with translated(database), closing(connect(database)) as connection:
        return choices(plan, connection, lambda table: _rows_of(connection, table))


def _rows_of(connection: Connection, name: str) -> int | None:
    table = catalogue.read_one(connection, name)
    return rows.count(connection, table.name) if table is not None and table.kind == "table" else None


def require_judges(plan: Plan, confirmed: frozenset[str], *, present: bool) -> None:
    """Raises Undecided if a box of Execute or After has to be judged and nobody is there to be asked.

    Boxes of Pre-flight are asked before anything is changed, so they alone raise nothing; but the error names
    them too, so that one more try is enough.
    """
    asked = {
        phase: [box for box in plan.boxes(phase) if box.is_judgement and box.id not in confirmed]
        for phase in (Phase.PREFLIGHT, Phase.EXECUTE, Phase.AFTER)
    }
    open_ones = [box for boxes in asked.values() for box in boxes]
    if (asked[Phase.EXECUTE] or asked[Phase.AFTER]) and not present:
        listed = "\n".join(f"- {box.text} (--confirm {box.id})" for box in open_ones)
        raise Undecided(
            f"A person must judge while the run is under way, and nobody can be asked here:\n{listed}",
            hint="Run it on a terminal, or say beforehand that you will see to it: --confirm ID.",
        )


def require_room(database: Database, record: Record) -> None:
    """Raises Full if the disk has less room than the rehearsal needed; a server's disk cannot be asked."""
    if isinstance(database, Path):
        space.require(database.resolve().parent, record.needed_bytes, purpose="The change (WAL and file)")


def wanted_record(state: StateDir, plan: Plan, database: Database, values: BoundParameters) -> Wanted:
    """What a rehearsal record must hold so that a run may rely on it."""
    with translated(database), closing(connect(database)) as connection:
        found, now = meaning.meanings(connection), fingerprint.fingerprint(connection)
    known = definitions_of(state, plan.sha256)
    differences = meaning.difference(known, found) if known is not None else ()
    return Wanted(plan.sha256, parameters_hash(plan, values), now, differences)


def require_same_plan(plan: Plan, entries: Sequence[Entry], plan_path: Path | None) -> None:
    """Raises Refused if the plan was edited since the run began."""
    first = begun(entries)
    if first is None or first.text("plan_sha256") == plan.sha256:
        return
    where = f" The plan as it was: {plan_path}." if plan_path else ""
    raise Refused(
        "The plan was edited since this run began, so nothing that was proven holds for it.",
        hint=f"Take the edit back, or use the copy that the run keeps.{where}",
    )


def require_same_schema(
    database: Database, entries: Sequence[Entry], run_id: str, *, or_later: bool = False
) -> None:
    """Raises Refused if somebody else changed the schema since this run left it.

    The schema when its rollback was mended counts too, and with ``or_later`` that which a later run left.
    """
    if schema_drifted(database, entries, run_id, or_later=or_later):
        raise Refused(
            f"Somebody else changed the schema since run {run_id} left it; it is no longer known what a step"
            " would do.",
            hint="Find out who. Undo that change and try again; write a way back for the schema as it is now"
            " (`changeover rollback --with MENDED.sql`); restore the backup that `changeover status`"
            " names, or give the run up where it stands: `changeover abandon`.",
        )


def schema_drifted(
    database: Database, entries: Sequence[Entry], run_id: str, *, or_later: bool = False
) -> bool:
    """Whether somebody else changed the schema since a run left it; see `require_same_schema`."""
    first = begun(entries)
    with translated(database), closing(connect(database)) as connection:
        now = fingerprint.fingerprint(connection)
        own = [entry for entry in ledger.entries(connection) if or_later or entry.run_id == run_id]
    left = own[-1].schema_after if own else first.text("schema_before") if first else now
    return now not in {left, *(one.text("schema") for one in entries if one.kind is EntryKind.MENDED)}


def is_additive(plan: Plan, database: Database) -> bool:
    """Whether the changes of a plan keep all that the old release may use."""
    statements = [
        statement
        for action in plan.actions(Phase.EXECUTE)
        if isinstance(action, SqlAction) and is_change(action)
        for statement in action.statements
    ]
    with translated(database), closing(connect(database)) as connection:
        before = catalogue.read(connection)
        try:
            after = schema_after(connection, statements, legacy_alter_table=True)
        except sqlite3.Error as error:
            raise StepFailed(f"A script does not fit the schema of {database}: {error}.") from error
    return _keeps(before, after)


def _keeps(before: Schema, after: Schema) -> bool:
    """Whether everything old is there, and an old INSERT can leave out every new column."""
    for name, old in before.tables.items():
        new = after.table(name)
        if new is None or any(new.column(column.name) is None for column in old.columns):
            return False
        known = {identifier_key(column.name) for column in old.columns}
        for column in new.columns:
            needed = column.not_null and column.default is None and not column.key and not column.generated
            if needed and identifier_key(column.name) not in known:
                return False
    return True


def contract_of(plan: Plan, context: ActionContext) -> Mapping[str, Sequence[str]] | None:
    """What the new release needs: as the plan says, or as its command prints. Raises BadParameter."""
    if plan.contract is None or plan.contract.command is None:
        return plan.contract.tables if plan.contract else None
    code, output = execute(plan.contract.command, context, CONTRACT_S)
    try:
        document = json.loads(output[output.index("{") : output.rindex("}") + 1])
        if code == 0:
            return {str(table): [str(name) for name in columns] for table, columns in document.items()}
    except (ValueError, AttributeError, TypeError):
        pass
    raise BadParameter(
        f"{plan.contract.position}: the contract command does not print"
        f' {{"table": ["column", ...]}}: it ended with {code} and said {context.hide(output)[-300:]!r}',
        hint=f"Run it by hand: {plan.contract.command}",
    )


def _before_faults(plan: Plan, connection: Connection) -> list[str]:
    if plan.schema is None or plan.schema.before is None:
        return []
    expected = meaning.of_script(plan.schema.before.text)
    return invariants.expected_schema(connection, expected)
