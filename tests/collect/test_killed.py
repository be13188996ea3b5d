"""kill -9 at many moments, with the database free and locked: nothing accepted is lost, none is twice."""

import os
import random
import sqlite3
import threading
import time
from pathlib import Path

from tests.collect.support import START_AT, new_store, times_in
from tests.programs import Program

from liveone.clock import SystemClock
from liveone.collect.polling.recorder import Recorder
from liveone.collect.queue.backlog import Backlog
from liveone.collect.queue.spool import Spool

ROUNDS = 15
LINES_BEFORE_KILL = 3
BETWEEN_ROUNDS = 1_000_000


def keep_locking(path: Path, stop: threading.Event) -> None:
    """Hold the write lock for 60 ms, leave it free for 60 ms, and so on."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=5)
    while not stop.is_set():
        connection.execute("BEGIN IMMEDIATE")
        time.sleep(0.06)
        connection.execute("ROLLBACK")
        time.sleep(0.06)
    connection.close()


def run_until_killed(database: Path, spool: Path, first: int, lives_s: float) -> list[tuple[int, bool]]:
    """What the child said was accepted: numbers, and whether they were spooled."""
    command = ["tests.collect.recording_child", str(database), str(spool), str(first)]
    with Path(os.devnull).open("w") as nowhere:
        child = Program(command, env=os.environ, stderr=nowhere)
    said = [child.stdout.readline() for _ in range(LINES_BEFORE_KILL)]
    time.sleep(lives_s)
    child.kill()
    said += child.stdout.readlines()
    child.wait()
    child.stdout.close()
    whole = [line.split() for line in said if line.endswith("\n")]
    return [(int(number), spooled == "1") for number, spooled in whole]


def test_killed_at_any_moment_nothing_accepted_is_lost_and_nothing_is_twice(tmp_path: Path) -> None:
    store = new_store(tmp_path / "data.db")
    moments, stop = random.Random(20250816), threading.Event()
    locker = threading.Thread(target=keep_locking, args=(tmp_path / "data.db", stop))
    locker.start()
    accepted: list[tuple[int, bool]] = []
    for turn in range(ROUNDS):
        lives_s = moments.uniform(0, 0.35)
        accepted += run_until_killed(tmp_path / "data.db", tmp_path / "spool", turn * BETWEEN_ROUNDS, lives_s)
    stop.set()
    locker.join()
    recorder = Recorder(store, Backlog(Spool(tmp_path / "spool")), SystemClock())
    recorder.drain()
    times = times_in(store)
    assert {START_AT + number for number, _ in accepted} <= set(times)
    assert len(times) == len(set(times))
    assert times == sorted(times), "in order, across all the kills"
    spooled = sum(spooled for _, spooled in accepted)
    assert min(spooled, len(accepted) - spooled) > 10, "both ways were taken"
    assert recorder.backlog.waiting == recorder.backlog.held == 0
    recorder.close()
    store.close()
