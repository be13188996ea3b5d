"""Why somebody could not sign in elsewhere."""

from enum import StrEnum

from liveone.errors import LiveOneError


class SignInProblem(StrEnum):
    """What the page of the sign-in says; the log has the rest."""

    AWAY = "away"
    FLOW = "flow"
    REFUSED = "refused"
    INVALID = "invalid"
    UNKNOWN = "unknown"
    DISABLED = "disabled"
    TAKEN = "taken"
    LINK = "link"
    NO_ROOM = "noRoom"
    BUSY = "busy"


class SignInFailed(LiveOneError):
    """Nobody was let in; ``problem`` is what the person is told, the text is for the log."""

    def __init__(self, problem: SignInProblem, detail: str) -> None:
        super().__init__(detail)
        self.problem = problem
