"""Steps that are repeated for ever, whatever happens in one; each error is logged once."""

import logging
from collections.abc import Awaitable, Callable, Iterator
from enum import Enum

from liveone.clock import Clock
from liveone.errors import LiveOneError

AFTER_TROUBLE_S = 5.0


class Idle(Enum):
    """The result of a step that had nothing to do: it does not prove that the step works."""

    NOTHING_DUE = "nothing was due"


NOTHING_DUE = Idle.NOTHING_DUE

log = logging.getLogger(__name__)


class Steps:
    """The repeated steps of one collector, by name. Lives in one event loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._troubles: dict[str, str] = {}

    async def every(self, period_s: float, step: Callable[[], Awaitable[object]], name: str) -> None:
        """Repeat a step every ``period_s``, sooner after one that failed, for ever."""
        while True:
            works = await self._works(step, name)
            await self._clock.sleep(period_s if works else min(period_s, AFTER_TROUBLE_S))

    async def again(self, step: Callable[[], Awaitable[object]], name: str) -> None:
        """Repeat a step that waits by itself."""
        while True:
            if not await self._works(step, name):
                await self._clock.sleep(AFTER_TROUBLE_S)

    def problems(self) -> Iterator[str]:
        """A sentence for each step whose last attempt failed."""
        yield from (f"{step} fails: {text}" for step, text in list(self._troubles.items()))

    async def _works(self, step: Callable[[], Awaitable[object]], name: str) -> bool:
        try:
            done = await step()
        except Exception as error:
            self._note(name, error)
            return False
        if done is not NOTHING_DUE:
            self._clear(name)
        return name not in self._troubles

    def _note(self, step: str, error: Exception) -> None:
        if self._troubles.get(step) != str(error):
            log.error(
                "%s failed: %s", step, error, exc_info=None if isinstance(error, LiveOneError) else error
            )
        self._troubles[step] = str(error)

    def _clear(self, step: str) -> None:
        if self._troubles.pop(step, None) is not None:
            log.warning("%s works again", step)
