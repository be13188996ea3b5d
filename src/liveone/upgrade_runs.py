"""Which runs a command of `liveone upgrade` means, where several plans were run one after the other.

Rule: plans go back as they came, the newest first and one at a time; what was kept for the way back of any of
them is given up together.
"""

from changeover.entries import Ending, begun, ending
from changeover.folders import State

GONE = (Ending.ROLLED_BACK, Ending.REFUSED)


def newest_standing(state: State) -> str | None:
    """The newest run of which anything is in force; None where there is none."""
    return next((run for run in reversed(state.run_ids()) if ending(state.entries(run)) not in GONE), None)


def done(state: State) -> list[str]:
    """The runs that are done and still have a way back, oldest first."""
    return [run for run in state.run_ids() if ending(state.entries(run)) is Ending.DONE]


def title(state: State, run_id: str) -> str:
    """What the plan of a run is called."""
    first = begun(state.entries(run_id))
    return first.text("title") if first else ""
