"""A gate: a condition asked again and again until it holds, or the time is up."""

import time

from changeover.actions import http
from changeover.actions.context import ActionContext, ActionDeadline
from changeover.actions.process import execute
from changeover.errors import Inconclusive, StepFailed
from changeover.plan.model import CheckOutcome, Gate
from changeover.problems import Position

GATE_S = 300.0
SHORTEST_S = 0.1
"""With less time left it is not asked again: the answer would only be that there was no time for one."""


def wait_for(gate: Gate, context: ActionContext, deadline: ActionDeadline, position: Position) -> float:
    """Seconds waited until the gate held. Raises BudgetExceeded or Inconclusive with what was last found."""
    started = time.monotonic()
    longest_s = gate.timeout_s if gate.timeout_s is not None else GATE_S
    unasked = reason = "it was not asked"
    while True:
        waited_s = time.monotonic() - started
        left_s = min(longest_s - waited_s, deadline.left_s())
        if left_s <= (0 if reason is unasked else SHORTEST_S):
            break
        if context.alarm():
            raise StepFailed(f"Waiting for `{gate.text}` was given up: {context.alarm()}", position=position)
        context.progress(None, left_s, f"waiting until {gate.text}")
        reason = _asked(gate, context, left_s)
        if not reason:
            return time.monotonic() - started
        time.sleep(min(gate.every_s, max(left_s, 0.0)))
    message = f"The gate `{context.hide(gate.text)}` did not open within {waited_s:.1f} s; last: {reason}"
    raise Inconclusive(
        message, hint="Look at the application's own log: did the new release start?", position=position
    )


def _asked(gate: Gate, context: ActionContext, left_s: float) -> str:
    """Nothing when the gate is open, else why not."""
    if gate.request is not None:
        with http.client() as session:
            answer = http.ask(session, gate.request, context.values, timeout_s=min(left_s, http.REQUEST_S))
        return "" if answer.outcome is CheckOutcome.HEALTHY else context.hide(answer.reason)
    code, output = execute(gate.command or "", context, left_s)
    return "" if code == 0 else f"the command ended with {code}: {context.hide(output)[-200:]}"
