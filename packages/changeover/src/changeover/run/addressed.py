"""Names a plan in a command that the user is advised to type, so that the command works as printed.

Rule: pure, but for the environment, which tells whether the plan's ``database:`` line is enough.
"""

import os
import shlex
from pathlib import Path

from changeover.database.local import label
from changeover.database.where import Database
from changeover.plan.model import Plan
from changeover.plan.variables import NAME


def addressed(plan: Plan, database: Database) -> str:
    """``PLAN.md``, or ``PLAN.md --database live.db`` if only ``--set`` named the database."""
    return f"{plan.path}{place(plan, database)}"


def place(plan: Plan, database: Database) -> str:
    """The ``--database`` option that a plan needs; empty if the plan names its database itself."""
    known = {one.name: one for one in plan.parameters}
    for name in NAME.findall(plan.database):
        parameter = known.get(name)
        variable = (parameter.env if parameter else None) or name
        if not os.environ.get(variable) and not (parameter and parameter.default):
            return f" --database {shlex.quote(_shown(database))}"
    return ""


def _shown(database: Database) -> str:
    """A file as the user named it, if that is still right from here; else its full path."""
    if isinstance(database, Path) and database.exists():
        return str(database)
    return label(database)
