"""How the work shares the lock with writers who wait for it with SQLite's own patience."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from changeover.database.online.worker import OnlinePace, Worker

SLEEPS_MS = (1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50, 100)
"""What SQLite's busy handler sleeps between its tries (sqliteDefaultBusyCallback)."""


def looks_s(begun_s: float) -> Iterator[float]:
    """When a writer that came at that moment looks whether the lock is free."""
    yield begun_s
    for sleep_ms in SLEEPS_MS:
        begun_s += sleep_ms / 1000
        yield begun_s


@pytest.mark.parametrize("others", [False, True])
def test_whenever_a_writer_comes_it_soon_finds_the_lock_free(
    monkeypatch: pytest.MonkeyPatch, others: bool
) -> None:
    clock_s = 1000.0
    held: list[tuple[float, float]] = []

    def slept(seconds_s: float) -> None:
        nonlocal clock_s
        clock_s += seconds_s

    monkeypatch.setattr(time, "monotonic", lambda: clock_s)
    monkeypatch.setattr(time, "sleep", slept)
    pace = OnlinePace()
    held_s = pace.hold_s if others else pace.alone_hold_s
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        worker = Worker(connection=connection, pace=pace)
        for _ in range(60):
            with worker.chunk():
                held.append((clock_s, clock_s + held_s))
                clock_s += held_s
    first_s, last_s = held[0][0], held[-20][0]
    moments = [first_s + n * 0.0017 for n in range(int((last_s - first_s) / 0.0017))]
    waits_s = [
        next((look_s for look_s in looks_s(moment) if not any(a <= look_s < b for a, b in held)), 9e9)
        - moment
        for moment in moments
    ]
    assert max(waits_s) < 0.14
