"""Steps that fail are made again soon, and what is wrong is said once."""

import asyncio

import pytest
from tests.collect.support import ManualClock

from liveone.collect.steps import AFTER_TROUBLE_S, Steps
from liveone.errors import LiveOneError

pytestmark = pytest.mark.anyio


class Chore:
    """Fails as long as ``error`` is set; waits by itself when it is given a clock."""

    def __init__(self, clock: ManualClock | None = None) -> None:
        self.made, self._clock = 0, clock
        self.error: LiveOneError | None = None

    async def __call__(self) -> None:
        self.made += 1
        if self.error is not None:
            raise self.error
        if self._clock is not None:
            await self._clock.sleep(1)


@pytest.mark.parametrize("waits", [False, True])
async def test_a_step_that_fails_is_made_again_soon_and_told_of_once(
    waits: bool, caplog: pytest.LogCaptureFixture
) -> None:
    clock = ManualClock()
    steps, chore = Steps(clock), Chore(clock if waits else None)
    chore.error = LiveOneError("The disk is full.")
    running = asyncio.create_task(
        steps.again(chore, "sweeping") if waits else steps.every(60, chore, "sweeping")
    )
    await asyncio.sleep(0)
    await clock.advance(3 * AFTER_TROUBLE_S)
    assert chore.made == 4
    assert list(steps.problems()) == ["sweeping fails: The disk is full."]
    assert [record.getMessage() for record in caplog.records] == ["sweeping failed: The disk is full."]
    chore.error = LiveOneError("The disk is gone.")
    await clock.advance(AFTER_TROUBLE_S)
    chore.error = None
    await clock.advance(AFTER_TROUBLE_S + 1)
    assert not list(steps.problems())
    assert [record.getMessage() for record in caplog.records][1:] == [
        "sweeping failed: The disk is gone.",
        "sweeping works again",
    ]
    made = chore.made
    await clock.advance(58)
    assert chore.made - made == (58 if waits else 0)
    running.cancel()
