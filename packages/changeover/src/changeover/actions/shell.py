"""Shell scripts of a plan, the gates they wait for, and the commands that take them back."""

from changeover.actions.checks import require_expected, shown
from changeover.actions.context import ActionContext, ActionDeadline, ActionResult
from changeover.actions.gate import wait_for
from changeover.actions.process import execute
from changeover.actions.repeat import repeated
from changeover.engine.progress import COMMAND_ENDED
from changeover.errors import CheckFailed, StepFailed
from changeover.plan.model import ShellAction


def run(
    action: ShellAction, context: ActionContext, deadline: ActionDeadline, *, gate_only: bool = False
) -> ActionResult:
    """Run the script, then wait for its gate; ``gate_only`` when the script ended before a crash."""
    result = ActionResult("its command had ended before")
    if not gate_only:
        result = repeated(
            action.retry, context, deadline, lambda: _once(action, action.script, context, deadline)
        )
        context.note({"what": COMMAND_ENDED})
    if action.until is not None and context.living:
        waited_s = wait_for(action.until, context, deadline, action.position)
        return ActionResult(result.found, {**result.data, "waited_s": round(waited_s, 3)})
    return result


def take_back(action: ShellAction, context: ActionContext, deadline: ActionDeadline) -> ActionResult:
    """Run the command with which a script is taken back."""
    return _once(action, action.undo or "", context, deadline, expected=0)


def _once(
    action: ShellAction,
    script: str,
    context: ActionContext,
    deadline: ActionDeadline,
    expected: int | None = None,
) -> ActionResult:
    expected = action.exit_code if expected is None else expected
    limit_s = deadline.within(action.timeout_s)
    code, output = execute(script, context, limit_s)
    text = shown(output, context)
    if code is None:
        error = deadline.error(action.label, action.position)
        if deadline.passed():
            raise error
        raise StepFailed(
            f"{action.label} did not end within {action.timeout_s:g} s and was ended.{_said(text)}",
            hint="Raise timeout=, or find out what it waits for.",
            position=action.position,
        )
    if code != expected:
        raise CheckFailed(
            f"{action.label}: the command ended with {code} and should end with {expected}.{_said(text)}",
            hint="Run it by hand to see more.",
            position=action.position,
        )
    if expected == action.exit_code and script is action.script:
        require_expected(action, output, context)
    return ActionResult(text, {"exit_code": code})


def _said(text: str) -> str:
    return f" It said:\n{text}" if text else " It said nothing."
