"""What the bridges share: a plan is brought into force, whatever an attempt that was killed has left."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from changeover import api
from changeover.check.load import load_plan
from changeover.engine.entries import Ending
from changeover.errors import NothingToDo
from changeover.run import preconditions

CUT_OFF = "cut off"


def put_in_force(
    plan: str | Path, file: Path, *, parameters: Mapping[str, str] | None = None, confirm: Sequence[str] = ()
) -> api.Outcome | None:
    """Run a plan; where no rehearsal proves it, rehearse it first. None: it is in force already.

    A run of this plan that was killed is ended before, forward or back, as `changeover resume` does; one that
    came to its end meanwhile is this one's outcome. Raises ChangeoverErrors where it is refused.
    """
    standing, parsed = api.standing(plan, file), load_plan(Path(plan))
    if standing.outcome == CUT_OFF and standing.title == parsed.title:
        outcome = api.resume(plan, file, confirm=confirm)
        if outcome.ending is not Ending.ROLLED_BACK:
            return outcome
    try:
        preconditions.require_not_applied(parsed, file)
        api.prove(plan, file, parameters=parameters)
        return api.run(plan, file, parameters=parameters, confirm=confirm)
    except NothingToDo:
        return None


def failure(outcome: api.Outcome | None) -> str:
    """Why a plan is not in force (or not taken back), with where to read on; empty where all went well."""
    if outcome is None or not outcome.exit_code:
        return ""
    return f"{outcome.ending.value}: {outcome.reason}. Report: {outcome.folder}"
