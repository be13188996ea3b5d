"""A collector for hosts that call: made for one call, which polls every system once, and gone after it.

Rule: what a call accepted is in the database when it returns, or it says how much is lost and why.
"""

from collections.abc import Callable

from liveone.collect.loop import Collector
from liveone.collect.onlooker import Onlooker
from liveone.collect.poller import PollResult
from liveone.store.database import Unavailable

LOST_HINT = "They were tried twice and are gone with this call: there is no disk to keep them on. Call again."


class OnCall(Onlooker):
    """Polls when asked to. Calls share nothing, so each may come in an event loop of its own."""

    def __init__(self, make: Callable[[], Collector]) -> None:
        super().__init__()
        self._make = make

    async def poll_once(self) -> list[PollResult]:
        """As ``Collector.poll_once``. Raises Unavailable when readings are lost."""
        collector = self._make()
        try:
            results = await collector.poll_once()
        finally:
            await collector.stop()
        lost = collector.status().spool_in_memory
        if lost:
            raise Unavailable(f"{lost} readings are lost: {collector.refusal}", hint=LOST_HINT)
        return results
