"""Steers an online rebuild from another terminal: pause, go on, work slower, swap later."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from datetime import time as clock

from changeover.database.online.control import OnlineControl, OnlineOrders
from changeover.engine.entries import Ending, ending
from changeover.engine.tasks import is_online
from changeover.errors import BadParameter, Refused
from changeover.plan.model import Phase
from changeover.run.session import BoundPlan


def steer(work: BoundPlan, change: Callable[[OnlineOrders], OnlineOrders]) -> OnlineOrders:
    """Change the orders of the newest run, and give the new ones. Raises Refused if the run has ended."""
    name = work.plan.path
    if not any(is_online(action) for action in work.plan.actions(Phase.EXECUTE)):
        raise Refused("Nothing of this run is done online, so there is nothing to steer.")
    ended = ending(work.state.entries(work.run_id))
    if ended not in (None, Ending.STOPPED):
        raise Refused(f"Run {work.run_id} has ended: {ended}.", hint=f"See `changeover status {name}`.")
    control = OnlineControl(work.state.run(work.run_id))
    control.ask(change(control.orders()))
    return control.orders()


def moment(text: str, now_at: float | None = None) -> float:
    """The next time that local clocks show ``HH:MM``, or an ISO date and time, as UTC epoch seconds.

    Raises BadParameter for anything else, and for a time that has passed.
    """
    now = datetime.fromtimestamp(time.time() if now_at is None else now_at).astimezone()
    try:
        if len(text) > len("HH:MM"):
            found = datetime.fromisoformat(text).astimezone()
        else:
            found = datetime.combine(now.date(), clock.fromisoformat(text)).astimezone()
            found += timedelta(days=found <= now)
    except ValueError:
        raise BadParameter(f"{text!r} is no time.", hint="Write 03:00, or 2026-12-01T03:00.") from None
    if found <= now:
        raise BadParameter(f"{text} has gone by.", hint="Write --now to swap as soon as it is ready.")
    return found.timestamp()
