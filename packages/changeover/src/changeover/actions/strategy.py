"""How a change is carried out where its plan leaves that open: by whatever does the least work and still
holds writers for no longer than the plan allows.

Rule: decided once, from the rows that are there when the plan is rehearsed; the run does what was rehearsed.
A change of the catalogue, or of rows in place, stays what it is. A rebuild is done in one transaction where
that is expected to fit within `hold` of its block, else of `writers-held`, else online where it can be.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from changeover.actions.online import hindrance
from changeover.check.online_rules import of_action
from changeover.database.change import forecast
from changeover.database.change.forecast import Forecast, Kind
from changeover.database.connect import Connection
from changeover.engine.tasks import is_change, is_online
from changeover.errors import Unsuitable
from changeover.plan.model import Phase, Plan, SqlAction, Strategy
from changeover.sql import rebuild
from changeover.sql.identifiers import identifier_key
from changeover.words import format_duration

RowsOf = Callable[[str], int | None]


@dataclass(frozen=True, slots=True)
class StrategyChoice:
    """``strategy`` in words (metadata, native, blocking, online) for the action of that id, and why.

    ``fits``: it is expected to hold writers for no longer than the plan allows.
    """

    action: str
    strategy: str
    why: str
    fits: bool = True

    def __str__(self) -> str:
        return f"{self.action}: {self.strategy}, because {self.why}"


def choices(plan: Plan, connection: Connection, rows_of: RowsOf) -> tuple[StrategyChoice, ...]:
    """What is chosen for each change of Execute whose strategy is left open."""
    found: list[StrategyChoice] = []
    for action in plan.actions(Phase.EXECUTE):
        if isinstance(action, SqlAction) and is_change(action) and action.strategy is Strategy.AUTO:
            found.append(_choice(plan.with_strategies(online(found)), action, connection, rows_of))
    return tuple(found)


def online(chosen: Iterable[StrategyChoice]) -> dict[str, str]:
    """Those that are to be done online, as `Plan.with_strategies` takes them: the rest stays left open."""
    return {one.action: one.strategy for one in chosen if one.strategy == Strategy.ONLINE}


def _choice(plan: Plan, action: SqlAction, connection: Connection, rows_of: RowsOf) -> StrategyChoice:
    found = forecast.forecast(action.statements, rows_of)
    at_rest = _at_rest(found)
    limit_s = plan.writers_held_s if action.hold_s is None else action.hold_s
    if limit_s is None:
        return StrategyChoice(action.id, at_rest, "the plan does not say `writers-held`")
    name = "writers-held" if action.hold_s is None else "hold"
    held = f"about {found.certain_s:.2g} s; {name} is {format_duration(limit_s)}"
    if found.certain_s <= limit_s:
        return StrategyChoice(action.id, at_rest, f"it is expected to hold writers for {held}")
    reason = _not_online(plan, action, connection)
    if reason:
        why = (
            f"it cannot be done online: {reason} It is expected to hold writers for {held};"
            " the rehearsal measures that"
        )
        return StrategyChoice(action.id, at_rest, why, fits=False)
    return StrategyChoice(action.id, Strategy.ONLINE, f"in one transaction it would hold writers for {held}")


def _at_rest(found: Forecast) -> str:
    if found.rebuilt:
        return Strategy.BLOCKING.value
    catalogue_only = all(cost.kind in (Kind.METADATA, Kind.READ) for cost in found.costs)
    return "metadata" if catalogue_only else Strategy.NATIVE.value


def _not_online(plan: Plan, action: SqlAction, connection: Connection) -> str:
    """Why a change cannot be made online, as a sentence; empty where it can."""
    for problem in of_action(plan, action):
        return f"{problem.message.rstrip('.')}."
    others = {identifier_key(name) for name in _made_online(plan)}
    try:
        if identifier_key(rebuild.read(action.statements).table) in others:
            return "another block of the plan makes the same table anew online."
    except Unsuitable as error:
        return error.message
    return hindrance(action, plan, connection)


def _made_online(plan: Plan) -> Iterator[str]:
    for action in plan.actions(Phase.EXECUTE):
        if isinstance(action, SqlAction) and is_online(action) and rebuild.is_rebuild(action.statements):
            yield rebuild.read(action.statements).table
