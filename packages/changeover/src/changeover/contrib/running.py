"""What the bridges share: a plan is brought into force, whatever an attempt that was killed has left."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from changeover import api
from changeover.check.load import load_plan
from changeover.engine.entries import Ending
from changeover.errors import ChangeoverError, NothingToDo
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


def carry_out(act: Callable[[], api.Outcome | None], kind: type[Exception]) -> None:
    """Bring a plan into force, or take it back; where that is refused or fails, raise an error of that kind.

    It is the one that the caller's own command prints without a traceback; it says where to read on.
    """
    try:
        outcome = act()
    except ChangeoverError as error:
        raise kind(str(error)) from error
    if outcome is not None and outcome.exit_code:
        raise kind(f"{outcome.ending.value}: {outcome.reason}. Report: {outcome.folder}")
