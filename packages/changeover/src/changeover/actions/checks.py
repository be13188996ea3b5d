"""A plan's own checks as rules: expected output held against what was found, for every kind of action."""

from collections.abc import Sequence

from changeover.actions.context import ActionContext
from changeover.database.change.invariants import Depth
from changeover.database.change.model import PrintedText
from changeover.database.change.rule import OutputRule, Row
from changeover.database.change.transaction import bound
from changeover.errors import CheckFailed
from changeover.plan.expect import as_output, difference
from changeover.plan.model import Action, SqlAction
from hrana.wire import WireStatement

SHOWN_CHARS = 4_000


def rule_of(action: SqlAction, context: ActionContext) -> OutputRule:
    """The rule that the rows of an action's queries, as they are printed, are what the plan expects."""
    values = context.bindable
    asked = tuple(WireStatement(one.text, bound(values, one.parameters)) for one in action.statements)
    return OutputRule(asked, lambda rows: _difference(action, as_output(rows), context))


def require_rule(action: SqlAction, rule: OutputRule, rows: Sequence[Row], context: ActionContext) -> None:
    """Raises CheckFailed for rows that break the rule."""
    _require(action, rule.sentences(rows), context)


def printed_text(action: SqlAction, context: ActionContext) -> PrintedText | None:
    """What a changing script must print, for a server that judges it by itself; None: nothing is expected."""
    if action.expect is None or context.depth is Depth.SCHEMA:
        return None
    return PrintedText(
        action.expect,
        context.values.expand(action.expect.text),
        lambda found: _difference(action, found, context),
        lambda sentences: _refused(action, sentences, context),
    )


def require_expected(action: Action, found: str, context: ActionContext) -> None:
    """Raises CheckFailed, with expected and found, unless ``found`` is what the plan expects of its rows."""
    _require(action, list(filter(None, [_difference(action, found, context)])), context)


def _difference(action: Action, found: str, context: ActionContext) -> str:
    if action.expect is None or context.depth is Depth.SCHEMA:
        return ""
    return difference(action.expect, found, context.values.expand, hide=context.hide)


def _require(action: Action, sentences: Sequence[str], context: ActionContext) -> None:
    if sentences:
        raise _refused(action, sentences, context)


def _refused(action: Action, sentences: Sequence[str], context: ActionContext) -> CheckFailed:
    return CheckFailed(
        f"{action.label}: {context.hide(sentences[0])}",
        hint="Mend what was found, or the expectation if that is wrong.",
        position=action.expect.position if action.expect else action.position,
    )


def shown(text: str, context: ActionContext) -> str:
    """Output as it may be shown and kept: without secrets, its end when it is long."""
    text = context.hide(text).rstrip("\n")
    return text if len(text) <= SHOWN_CHARS else f"...{text[-SHOWN_CHARS:]}"
