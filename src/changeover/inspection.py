"""Everything that can be said of a plan without running it, with and without a database."""

from pathlib import Path

from changeover import held, load
from changeover.consequence import LivingSchema
from changeover.database.connect import opened
from changeover.database.where import Database
from changeover.problems import Problem
from changeover.rules import check
from changeover.tables import read_schema


def inspect(path: Path, database: Database | None = None) -> list[Problem]:
    """The problems of a plan, as a document has them; with a database its scripts are tried on its schema.

    Raises DatabaseError for a database that cannot be read.
    """
    problems = load.check_file(path)
    if database is None:
        return problems
    parsed, _ = load.read_plan(path)
    if parsed is None:
        return problems
    with opened(database) as connection:
        schema = read_schema(connection, database)
    assert isinstance(schema, LivingSchema)
    tried = check(parsed, schema)
    others = [problem for problem in problems if problem not in tried]
    return [*others, *tried, *held.held_rules(parsed, schema)]
