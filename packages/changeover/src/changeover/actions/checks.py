"""Expected output held against what was found, for every kind of action."""

from changeover.actions.context import Scene
from changeover.errors import CheckFailed
from changeover.plan.expect import difference
from changeover.plan.model import Action

SHOWN_CHARS = 4_000


def require_expected(action: Action, found: str, scene: Scene) -> None:
    """Raises CheckFailed, with expected and found, unless ``found`` is what the plan expects."""
    if action.expect is None:
        return
    problem = difference(action.expect, found, scene.values.expand, hide=scene.hide)
    if problem:
        raise CheckFailed(
            f"{action.label}: {scene.hide(problem)}",
            hint="Mend what was found, or the expectation if that is wrong.",
            position=action.expect.position,
        )


def shown(text: str, scene: Scene) -> str:
    """Output as it may be shown and kept: without secrets, its end when it is long."""
    text = scene.hide(text).rstrip("\n")
    return text if len(text) <= SHOWN_CHARS else f"...{text[-SHOWN_CHARS:]}"
