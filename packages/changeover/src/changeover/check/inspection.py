"""Everything that can be said of a plan without running it, with and without a database."""

from pathlib import Path

from changeover.check import writers_held
from changeover.check.consequence import LivingSchema
from changeover.check.load import check_file
from changeover.check.rules import check
from changeover.check.schema_copy import read_schema
from changeover.database.connect import opened
from changeover.database.where import Database
from changeover.plan import read
from changeover.problems import Problem


def inspect(path: Path, database: Database | None = None) -> list[Problem]:
    """The problems of a plan, as a document has them; with a database its scripts are tried on its schema.

    Raises DatabaseError for a database that cannot be read.
    """
    problems = check_file(path)
    if database is None:
        return problems
    parsed, _ = read.read_plan(path)
    if parsed is None:
        return problems
    with opened(database) as connection:
        schema = read_schema(connection, database)
    assert isinstance(schema, LivingSchema)
    tried = check(parsed, schema)
    others = [problem for problem in problems if problem not in tried]
    return [*others, *tried, *writers_held.held_rules(parsed, schema)]
