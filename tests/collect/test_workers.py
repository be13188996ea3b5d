"""Threads as awaitables: no more than are needed, and none that keeps a process alive."""

import asyncio
import subprocess
import sys
import threading

import pytest

from liveone.collect.workers import Workers

pytestmark = pytest.mark.anyio

NEVER_RETURNS = (
    "import asyncio, threading\nfrom liveone.collect.workers import Workers\n"
    "async def main(): Workers(1).submit(threading.Event().wait)\nasyncio.run(main())"
)


async def test_calls_made_one_after_another_share_one_thread() -> None:
    workers = Workers(16)
    for number in range(100):
        assert await workers.submit(lambda number=number: number) == number  # type: ignore[misc]
    assert workers.count == 1
    workers.close()


async def test_a_call_that_hangs_holds_its_own_thread_only_and_the_limit_holds() -> None:
    workers, gate = Workers(3), threading.Event()
    hanging = [workers.submit(gate.wait) for _ in range(2)]
    assert [await workers.submit(lambda: "through") for _ in range(5)] == ["through"] * 5
    waiting = [workers.submit(gate.wait) for _ in range(5)]
    assert workers.count == 3
    gate.set()
    assert await asyncio.gather(*hanging, *waiting) == [True] * 7
    workers.close()


async def test_what_a_call_raises_reaches_its_waiter() -> None:
    workers = Workers(1)
    with pytest.raises(ZeroDivisionError):
        await workers.submit(lambda: 1 // 0)
    workers.close()


def test_a_call_that_never_returns_does_not_keep_the_process_alive() -> None:
    subprocess.run([sys.executable, "-c", NEVER_RETURNS], check=True, timeout=10)
