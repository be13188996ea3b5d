"""What is sent on, and how a receiver says no."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from liveone.errors import LiveOneError

Kind = Literal["reading", "day"]


@dataclass(frozen=True, slots=True)
class OutgoingItem:
    """A reading or a closed day. ``cursor`` (JSON) is where to go on after it; ``at`` its time, UTC epoch
    seconds, for a day its end; ``key`` the same each time it is sent; ``values`` what is known, by field."""

    cursor: Any
    kind: Kind
    system_id: int
    system_name: str
    at: int
    key: str
    values: Mapping[str, Any]


class NotNow(LiveOneError):
    """The receiver may take the same later: after ``retry_after_s``, where it says so."""

    retryable = True

    def __init__(self, message: str, *, hint: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s


class NotLikeThis(LiveOneError):
    """The receiver will never take this as it is: too much at once, or one of it is wrong."""


class Outlet(Protocol):
    """A receiver. ``most`` items are sent at once; items older than ``old_s`` are not sent any more."""

    name: str
    most: int
    old_s: float

    def send(self, items: Sequence[OutgoingItem]) -> None:
        """Returns when the receiver has them. Raises NotNow or NotLikeThis, in words without secrets."""
        ...

    def close(self) -> None:
        """Release connections, and end a call that waits."""
        ...
