"""What a plan must fulfil for ``strategy=online``: script and rollback each rebuild one table.

Rule: only the plan's text is looked at; `actions.online` checks what needs the schema.
"""

from collections.abc import Iterator

from changeover.engine.tasks import is_online
from changeover.errors import Unsuitable
from changeover.plan.model import Phase, Plan, Rows, SqlAction
from changeover.problems import Problem
from changeover.sql import rebuild
from changeover.sql.identifiers import identifier_key

RULE = "online"


def online_rules(plan: Plan) -> Iterator[Problem]:
    """The problems of all scripts of Execute that are to be done online."""
    for action in plan.actions(Phase.EXECUTE):
        if isinstance(action, SqlAction) and is_online(action):
            yield from of_action(plan, action)


def no_online_on_server(plan: Plan) -> Iterator[Problem]:
    """A problem for each online script, if the database is a libSQL server: it cannot be done there."""
    for action in plan.actions(Phase.EXECUTE):
        if is_online(action):
            yield Problem(action.position, RULE, rebuild.NOT_ON_SERVERS, rebuild.ON_SERVERS_INSTEAD)


def of_action(plan: Plan, action: SqlAction) -> Iterator[Problem]:
    """The problems that the plan's text shows of one script that is to be done online."""
    ways = plan.undo_of(action.id)
    if len(ways) != 1 or not isinstance(ways[0], SqlAction):
        message = f"{action.label} is done online, so its way back is one sql block; it has {len(ways)}"
        yield Problem(action.position, RULE, message, f"write it under Rollback with undoes={action.id}")
    for one in (action, *ways):
        if not isinstance(one, SqlAction) or not one.statements:
            continue
        try:
            found = rebuild.read(one.statements)
        except Unsuitable as error:
            yield Problem(one.position, RULE, error.message, error.hint)
            continue
        if one is action:
            yield from _rows(action, found.table)


def _rows(action: SqlAction, table: str) -> Iterator[Problem]:
    for one in action.rows:
        same = identifier_key(one.table) == identifier_key(table)
        if same and one.rows not in (Rows.KEPT, Rows.ANY):
            message = f"rows= says of {table} what cannot be promised while others write"
            hint = f'write rows="{table}=*": each row has its image, which is checked before the swap'
            yield Problem(action.position, RULE, message, hint)
