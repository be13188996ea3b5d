"""How a command that is advised names its plan, so that it works as it is printed.

Rule: pure but for the environment, which says whether the plan's own `database:` line is enough.
"""

import os
import shlex
from pathlib import Path

from changeover.database.local import label
from changeover.database.where import Database
from changeover.plan.model import Plan
from changeover.plan.variables import NAME


def addressed(plan: Plan, database: Database) -> str:
    """``PLAN.md``, or ``PLAN.md --database live.db`` where the database was only said by ``--set``."""
    return f"{plan.path}{place(plan, database)}"


def place(plan: Plan, database: Database) -> str:
    """The ``--database`` that a plan needs; empty where it knows its database without."""
    known = {one.name: one for one in plan.parameters}
    for name in NAME.findall(plan.database):
        parameter = known.get(name)
        variable = (parameter.env if parameter else None) or name
        if not os.environ.get(variable) and not (parameter and parameter.default):
            return f" --database {shlex.quote(_shown(database))}"
    return ""


def _shown(database: Database) -> str:
    """A file as it was named, where it still is that from here; else its full path."""
    if isinstance(database, Path) and database.exists():
        return str(database)
    return label(database)
