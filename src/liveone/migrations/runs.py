"""Which runs a command of `liveone upgrade` means, where one upgrade ran several plans.

Rule: an upgrade goes back as it came, newest plan first; what is kept for going back is given up together.
"""

import json
from collections.abc import Sequence

from changeover.engine.entries import Ending, begun, ending
from changeover.run.state_dir import StateDir, write_whole

GONE = (Ending.ROLLED_BACK, Ending.REFUSED)
FILE = "upgrade.json"
"""Beside the runs: those of the newest upgrade, in order."""


def remember(state: StateDir, run_ids: Sequence[str]) -> None:
    """Note which runs one upgrade was made of."""
    write_whole(state.path / FILE, json.dumps({"runs": list(run_ids)}))


def standing(state: StateDir) -> list[str]:
    """The runs of which anything is in force, newest first."""
    return [run for run in reversed(state.run_ids()) if ending(state.entries(run)) not in GONE]


def last_upgrade(state: StateDir) -> list[str]:
    """The runs in force that the newest upgrade was made of, newest first; else the newest run in force."""
    found, path = standing(state), state.path / FILE
    known = set(json.loads(path.read_text(encoding="utf-8"))["runs"]) if path.is_file() else set()
    return [run for run in found if run in known] if known.intersection(found[:1]) else found[:1]


def done(state: StateDir) -> list[str]:
    """The runs that are done and still have a way back, oldest first."""
    return [run for run in state.run_ids() if ending(state.entries(run)) is Ending.DONE]


def title(state: StateDir, run_id: str) -> str:
    """What the plan of a run is called."""
    first = begun(state.entries(run_id))
    return first.text("title") if first else ""
