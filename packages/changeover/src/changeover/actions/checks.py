"""A plan's own checks as rules: expected output held against what was found, for every kind of action."""

from collections.abc import Sequence

from changeover.actions.context import ActionContext
from changeover.database.change.invariants import Depth
from changeover.database.change.rule import OutputRule, Row
from changeover.database.change.transaction import bound
from changeover.errors import CheckFailed
from changeover.plan.expect import as_output, difference
from changeover.plan.model import Action, SqlAction
from hrana.wire import WireStatement

SHOWN_CHARS = 4_000


def rule_of(action: SqlAction, scene: ActionContext) -> OutputRule:
    """The rule that the rows of an action's queries, as they are printed, are what the plan expects."""
    values = scene.values.values
    asked = tuple(WireStatement(one.text, bound(values, one.parameters)) for one in action.statements)
    return OutputRule(asked, lambda rows: _difference(action, as_output(rows), scene))


def require_rule(action: SqlAction, rule: OutputRule, rows: Sequence[Row], scene: ActionContext) -> None:
    """Raises CheckFailed for rows that break the rule."""
    _require(action, rule.told(rows), scene)


def require_expected(action: Action, found: str, scene: ActionContext) -> None:
    """Raises CheckFailed, with expected and found, unless ``found`` is what the plan expects of its rows."""
    _require(action, list(filter(None, [_difference(action, found, scene)])), scene)


def _difference(action: Action, found: str, scene: ActionContext) -> str:
    if action.expect is None or scene.depth is Depth.SCHEMA:
        return ""
    return difference(action.expect, found, scene.values.expand, hide=scene.hide)


def _require(action: Action, told: Sequence[str], scene: ActionContext) -> None:
    if told:
        raise CheckFailed(
            f"{action.label}: {scene.hide(told[0])}",
            hint="Mend what was found, or the expectation if that is wrong.",
            position=action.expect.position if action.expect else action.position,
        )


def shown(text: str, scene: ActionContext) -> str:
    """Output as it may be shown and kept: without secrets, its end when it is long."""
    text = scene.hide(text).rstrip("\n")
    return text if len(text) <= SHOWN_CHARS else f"...{text[-SHOWN_CHARS:]}"
