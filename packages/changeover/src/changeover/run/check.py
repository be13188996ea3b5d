"""Check: performs a plan on an empty copy of the schema, by the code that rehearses and runs it.

Rule: the copy has no rows, so nothing is checked that depends on rows. Commands and requests that act on the
world outside the database are not run.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from sqlite3 import Connection

from changeover.actions import sql, strategy
from changeover.actions.context import ActionContext
from changeover.actions.strategy import StrategyChoice
from changeover.check import writers_held
from changeover.check.consequence import LivingSchema
from changeover.check.lint import BeforeScript, Perform
from changeover.check.load import check_file
from changeover.check.online_rules import no_online_on_server
from changeover.check.rules import check
from changeover.check.schema_copy import read_schema
from changeover.database.change.invariants import Depth
from changeover.database.connect import opened
from changeover.database.schema import fingerprint, meaning
from changeover.database.where import Database, Server
from changeover.engine.tasks import Task, TaskPlan
from changeover.plan import read
from changeover.plan.model import Plan, SqlAction, Strategy
from changeover.plan.params import BoundParameters
from changeover.problems import Problem, Severity
from changeover.run.perform import Performer


def inspect(path: Path, database: Database | None = None) -> list[Problem]:
    """The problems of a plan, in the order of the document; with a database, it is tried on that schema.

    Raises DatabaseError if the database cannot be read.
    """
    problems = check_file(path, on_empty_copy)
    if database is None:
        return problems
    parsed, _ = read.read_plan(path)
    if parsed is None:
        return problems
    with opened(database) as connection:
        schema = read_schema(connection, database)
    assert isinstance(schema, LivingSchema)
    tried = check(parsed, schema, on_empty_copy)
    if isinstance(database, Server):
        tried += no_online_on_server(parsed)
    others = [problem for problem in problems if problem not in tried]
    chosen = _strategies(parsed, database, schema) if isinstance(database, Path) else ()
    decided = parsed.with_strategies(strategy.online(chosen))
    return [*others, *tried, *writers_held.held_rules(decided, schema), *_said(parsed, chosen)]


def _strategies(plan: Plan, database: Path, schema: LivingSchema) -> tuple[StrategyChoice, ...]:
    with opened(database) as connection:
        return strategy.choices(plan, connection, schema.size)


def _said(plan: Plan, chosen: Iterable[StrategyChoice]) -> Iterator[Problem]:
    """A note for each strategy that was chosen and that the script does not show by itself."""
    for one in chosen:
        if one.strategy == Strategy.ONLINE or not one.fits:
            yield Problem(plan.action(one.action).position, "strategy", str(one), severity=Severity.NOTE)


def on_empty_copy(plan: Plan, tasks: TaskPlan, copy: Connection) -> Perform:
    """The function that performs the tasks of a plan; ``copy`` has the schema before all of them."""
    performer = Performer(
        plan=plan,
        tasks=tasks,
        contract=lambda: plan.contract.tables if plan.contract else None,
        rehearsed_s=lambda task: sql.CLOCK_DECIDES,
        schema_before=fingerprint.fingerprint(copy),
        meanings_before=meaning.meanings(copy),
    )

    def perform(task: Task, blank: Connection, look: BeforeScript) -> None:
        context = ActionContext(
            plan=plan,
            values=_values(plan),
            database=Path(),
            folder=plan.path.resolve().parent,
            backup_dir=Path(),
            run_id="check",
            who="check",
            living=False,
            depth=Depth.SCHEMA,
            blank=blank,
            look=look,
        )
        performer.perform(task, context)

    return perform


def _values(plan: Plan) -> BoundParameters:
    """A value for every name that a script binds: an empty JSON object, which every function takes."""
    scripts = (action for action in plan.actions() if isinstance(action, SqlAction))
    names = {name for action in scripts for one in action.statements for name in one.parameters}
    return BoundParameters(dict.fromkeys(names, "{}"), frozenset())
