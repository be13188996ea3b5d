"""`rollback --each`, `finish --each`, `status --each`: the newest run of every one of many databases.

Rule: what the command would come to already is left alone; whatever else refuses it alone refuses it here.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from changeover.database.local import label
from changeover.database.where import Database
from changeover.engine.entries import Command, Ending, begun, ending
from changeover.errors import ChangeoverError
from changeover.exits import Exit
from changeover.fleet.waves import NOTHING, DatabaseResult, Many, Summary, in_waves, result_of, settings_of
from changeover.plan.model import Plan
from changeover.run import commands, preconditions, session, status
from changeover.run.commands import Outcome
from changeover.run.state_dir import state_of
from changeover.run.status import DatabaseStatus

_ACTS: Mapping[Command, Callable[..., Outcome]] = {
    Command.ROLLBACK: commands.rollback,
    Command.FINISH: commands.finish,
}
_WISHED = {
    Command.ROLLBACK: (Ending.ROLLED_BACK, Ending.REFUSED, Ending.RESTORED),
    Command.FINISH: (Ending.FINISHED,),
}
"""How a run has ended with which nothing is to do."""


def again_each(command: Command, plan: Plan, databases: Sequence[Database], many: Many) -> Summary:
    """Take the newest run of each database back, or finish it."""

    def act(place: int) -> DatabaseResult:
        database = databases[place]
        work = session.take_up(plan.path, None, database=database, state=None, sets=many.sets)
        with work.redacted():
            outcome = _ACTS[command](
                work.plan, work.values, work.database, settings_of(work, many), run_id=work.run_id
            )
            return result_of(work, outcome)

    known = {
        place: done
        for place, database in enumerate(databases)
        if (done := _as_wished(command, plan, database))
    }
    results, stopped = in_waves(databases, known, act, many)
    return Summary(results, (), stopped)


def _as_wished(command: Command, plan: Plan, database: Database) -> DatabaseResult | None:
    """The result for a database with which nothing is to do; None where something is, or nobody can say."""
    state = state_of(database, None)
    newest = state.newest()
    if newest is None:
        try:
            there = preconditions.standing(plan, database).applied
        except ChangeoverError:
            return None
        return (
            None
            if there
            else DatabaseResult(label(database), NOTHING, Exit.DONE, "the plan was never run on it")
        )
    entries = state.entries(newest)
    first, how = begun(entries), ending(entries)
    if how not in _WISHED[command] or first is None or first.text("plan_sha256") != plan.sha256:
        return None
    return DatabaseResult(label(database), NOTHING, Exit.DONE, f"its run has ended already: {how}", newest)


def stand_each(
    plan: Path | None, databases: Sequence[Database], *, sets: Sequence[str], jobs: int
) -> list[DatabaseStatus | ChangeoverError]:
    """Where each database stands, or why that cannot be said. Reads only."""

    def look(database: Database) -> DatabaseStatus | ChangeoverError:
        try:
            where, state, found = session.locate(plan, database=database, state=None, sets=sets)
            return status.look(state, where, found)
        except ChangeoverError as error:
            return error

    with ThreadPoolExecutor(max(jobs, 1), "changeover") as pool:
        return list(pool.map(look, databases))
