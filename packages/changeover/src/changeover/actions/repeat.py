"""Retries: a bounded number of times, a fixed time apart, never past the deadline."""

import time
from collections.abc import Callable

from changeover.actions.context import ActionContext, ActionDeadline, ActionResult
from changeover.errors import CheckFailed, Inconclusive
from changeover.plan.model import Retry


def repeated(
    retry: Retry, context: ActionContext, deadline: ActionDeadline, once: Callable[[], ActionResult]
) -> ActionResult:
    """The first result that is not a failed or inconclusive check, or the last failure.

    On a copy it is tried once: nobody writes there, so another try would find the same.
    """
    times = max(retry.times, 1) if context.living else 1
    for attempt in range(1, times + 1):
        try:
            return once()
        except (CheckFailed, Inconclusive):
            if attempt >= times or deadline.left_s() <= retry.every_s:
                raise
        time.sleep(retry.every_s)
    raise AssertionError("a loop of at least one round ends inside")
