"""Short transactions: how long each may hold the lock, how long others get it in between, how big the WAL
grows.

Rule: the lease is confirmed inside every transaction, so a runner that was stopped for longer than its lease
changes nothing. Between two transactions the lock is let go for some milliseconds, and every few for longer:
the busy handler of another connection sleeps up to 25 ms in its first 100 ms, later up to 100 ms, and where
no free moment is that long it may miss each of many short ones.
"""

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from changeover.database import lease as leases
from changeover.database.chunks import next_size
from changeover.database.connect import translation
from changeover.database.lease import Lease
from changeover.database.online.control import OnlineOrders
from changeover.database.wal import WalThrottle
from changeover.errors import BudgetExceeded, Busy, Full
from changeover.words import megabytes

OPCODES_BETWEEN_LOOKS = 1_000
STRETCH_MOST = 8.0
"""A chunk that writers outrun may be so many times as long and as large as usual, within `swap_s`."""
ALONE_AFTER_S = 1.0
"""Nobody wrote and nobody held the lock for this long: the chunks may be larger."""

SLOWEST_S = 10.0
"""However slow the work is asked to be, it lets go of the lock for no longer than this."""

AGAIN = "give the same command again"
"""What fails turns a run, and the copy is deleted; a way back that fails is asked for again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlinePace:
    """How considerate the work is. ``hold_s`` is the aim for one transaction, ``alone_hold_s`` while nobody
    writes.

    ``most_rows`` bounds a chunk. ``pause_s`` is the least time between two transactions (0: nobody else is
    here); once they held the lock for ``rest_after_s`` in sum it is ``rest_s``. ``swap_s`` bounds
    the swap, which is tried ``swap_tries`` times. Above ``wal_bytes`` the work waits for the log to be moved
    into the file, at most ``wal_wait_s``; with less than ``free_bytes`` on the disk, at most ``room_wait_s``.
    Every ``look_s`` it looks whether what it waits for has come, every ``growth_s`` whether it gets on; it
    ends where it does not for ``growth_looks`` times in a row.
    """

    hold_s: float = 0.02
    alone_hold_s: float = 0.08
    most_rows: int = 50_000
    pause_s: float = 0.005
    rest_after_s: float = 0.06
    rest_s: float = 0.03
    lock_wait_s: float = 30.0
    swap_s: float = 0.1
    swap_tries: int = 60
    wal_bytes: int = 48_000_000
    wal_wait_s: float = 60.0
    free_bytes: int = 64_000_000
    room_wait_s: float = 600.0
    look_s: float = 0.25
    growth_s: float = 10.0
    growth_looks: int = 30


@dataclass(slots=True, kw_only=True)
class Measures:
    """What the work cost others: the longest hold of the lock (s), the swap's (s), its tries, the largest
    WAL.
    """

    longest_hold_s: float = 0.0
    swap_s: float = 0.0
    swap_tries: int = 0
    wal_bytes: int = 0
    rows_copied: int = 0
    keys_followed: int = 0
    rows_verified: int = 0


@dataclass(slots=True, kw_only=True)
class Worker:
    """One connection at work. ``values`` are bound to the names in the mappings; ``lease`` None: nobody else
    is here.

    ``hook`` hears every boundary of a statement; ``may_go_on`` is asked between two transactions, and raises
    where the work is to stop; ``orders`` says what people ask of it; ``say`` tells them what it noticed.
    """

    connection: sqlite3.Connection
    lease: Lease | None = None
    pace: OnlinePace = field(default_factory=OnlinePace)
    values: Mapping[str, Any] = field(default_factory=dict)
    hook: Callable[[str], None] = lambda moment: None
    may_go_on: Callable[[], None] = lambda: None
    orders: Callable[[], OnlineOrders] = OnlineOrders
    say: Callable[[str], None] = lambda sentence: None
    measures: Measures = field(default_factory=Measures)
    rows: int = 200
    begun_s: float = field(default=0.0, init=False)
    """When the transaction that is open got the lock, by the monotonic clock."""
    _others_at: float = field(default=float("-inf"), init=False)
    _waited_s: float = field(default=0.0, init=False)
    _held_s: float = field(default=0.0, init=False)
    _unrested_s: float = field(default=0.0, init=False)
    _commit_s: float = field(default=0.0, init=False)
    _usual_commit_s: float = field(default=0.0, init=False)
    _to_follow: int = field(default=0, init=False)
    _stretch: float = field(default=1.0, init=False)
    _room_seen_s: float = field(default=float("-inf"), init=False)
    _throttle: WalThrottle = field(init=False)

    def __post_init__(self) -> None:
        self._throttle = WalThrottle(self.pace.wal_bytes, self.pace.wal_wait_s)

    @contextmanager
    def session(self) -> Iterator[None]:
        """The settings of the work, as they were before afterwards: SQLite ignores them inside a
        transaction.
        """
        settings = {"foreign_keys": 0, "legacy_alter_table": 1}
        before = {name: self._pragma(name) for name in settings}
        text = self.connection.text_factory
        self.connection.text_factory = lambda raw: raw.decode(errors="replace")
        try:
            for name, value in settings.items():
                self.connection.execute(f"PRAGMA {name} = {value}")
            yield
        finally:
            for name, value in before.items():
                self.connection.execute(f"PRAGMA {name} = {value}")
            self.connection.text_factory = text

    def run(self, sql: str, values: Mapping[str, Any] | tuple[Any, ...] = ()) -> sqlite3.Cursor:
        """One statement, with a boundary before it."""
        self.hook("online: next statement")
        if isinstance(values, Mapping):
            values = {**self.values, **values}
        return self.connection.execute(sql, values)

    @contextmanager
    def transaction(self, *, within_s: float | None = None) -> Iterator[None]:
        """A write transaction under the lease; interrupted and undone once it takes longer than
        ``within_s``.
        """
        self.connection.execute(f"PRAGMA busy_timeout = {int(self.pace.lock_wait_s * 1000)}")
        asked = time.monotonic()
        try:
            self.connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            found = translation(error, "The database")
            if not isinstance(found, Busy):
                raise found from error
            raise Busy(
                f"Another writer held the lock for all of {self.pace.lock_wait_s:g} s.",
                hint=f"Find the long transaction (an open shell, an import) and end it; then {AGAIN}.",
            ) from error
        begun = self.begun_s = time.monotonic()
        self._waited_s = begun - asked
        try:
            self.hook("begun")
            if within_s is not None:
                ends = begun + within_s
                self.connection.set_progress_handler(
                    lambda: int(time.monotonic() > ends), OPCODES_BETWEEN_LOOKS
                )
            if self.lease is not None:
                # Under the lock: confirmed before it, the lease could be lost while we wait for the lock.
                leases.confirm(self.connection, self.lease)
            yield
            self.hook("online: before commit")
            self.connection.set_progress_handler(None, 0)
            # The handler is asked every so many opcodes only; a hook, or our own Python, it does not see.
            if within_s is not None and time.monotonic() > ends:
                raise BudgetExceeded(f"It took longer than {within_s:g} s.")
            committing = time.monotonic()
            self.connection.execute("COMMIT")
            # The lesser of two: one that met another's work says nothing of the disk.
            last_s, self._commit_s = self._commit_s, time.monotonic() - committing
            self._usual_commit_s = min(last_s, self._commit_s)
        except BaseException as error:
            self.connection.set_progress_handler(None, 0)
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
                raise BudgetExceeded(f"It took longer than {within_s:g} s.") from error
            raise
        held_s = time.monotonic() - begun
        self.measures.longest_hold_s = max(self.measures.longest_hold_s, held_s)
        self.hook("committed")

    @contextmanager
    def chunk(self) -> Iterator[None]:
        """A transaction of at most ``rows`` rows, whose number follows from how long it took; then a
        pause.
        """
        started = time.monotonic()
        with self.transaction():
            yield
        held_s = self._held_s = time.monotonic() - started - self._waited_s
        self._unrested_s += held_s
        # A wait for the lock means that somebody else had it.
        if self._waited_s > self.pace.pause_s / 5:
            self.others_are_here()
        self.adapt(held_s, self.hold_s, fixed_s=min(self._usual_commit_s, self.pace.swap_s / 2))
        self.pause()

    def adapt(self, taken_s: float, aim_s: float, *, fixed_s: float = 0.0) -> None:
        """Take more rows at a time, or fewer, so that a chunk takes as long as it should."""
        most = int(self.pace.most_rows * self._stretch)
        self.rows = next_size(self.rows, taken_s, aim_s, most, fixed_s=fixed_s)

    def follows(self, left: int) -> None:
        """A chunk begins, and so many rows must be taken out of the image or put into it first.

        More than at the last one: writers are faster. Then chunks become longer, until they are overtaken.
        """
        if left > self._to_follow > 0 and left > self.rows:
            self._stretch = min(2 * self._stretch, STRETCH_MOST)
        elif left < self.rows / 2:
            self._stretch = max(self._stretch / 2, 1.0)
        self._to_follow = left

    def others_are_here(self) -> None:
        """Somebody else writes: chunks are small from now on."""
        if time.monotonic() - self._others_at > ALONE_AFTER_S:
            self.rows = max(int(self.rows * self.pace.hold_s / self.pace.alone_hold_s), 1)
        self._others_at = time.monotonic()

    @property
    def hold_s(self) -> float:
        """How long a transaction should hold the lock now."""
        alone = time.monotonic() - self._others_at > ALONE_AFTER_S
        hold_s = self.pace.alone_hold_s if alone else self.pace.hold_s
        return max(hold_s, min(hold_s * self._stretch, self.pace.swap_s))

    def pause(self) -> None:
        """Let others have the lock, and the log be moved into the file."""
        self.may_go_on()
        self._wait_while_paused()
        time.sleep(self._pause_s())
        # Only between transactions: a connection that writes cannot move its own log.
        self._wait_for_checkpoint()
        self._wait_for_room()

    def idle(self) -> None:
        """Wait a little, where there is nothing to do but to look again."""
        time.sleep(self.pace.look_s)
        self.may_go_on()

    def _wait_while_paused(self) -> None:
        while self.orders().paused:
            self.idle()

    def _pause_s(self) -> float:
        # Others get the lock for about as long as they just held it.
        usual_s = min(max(self.pace.pause_s, self._waited_s), 10 * self.pace.pause_s)
        if self.pace.pause_s and self._unrested_s >= self.pace.rest_after_s:
            usual_s = max(usual_s, self.pace.rest_s)
        if usual_s >= self.pace.rest_s:
            self._unrested_s = 0.0
        share = min(max(self.orders().pace, 0.001), 1.0)
        return max(usual_s, min(self._held_s * (1 / share - 1), SLOWEST_S))

    def _wait_for_checkpoint(self) -> None:
        self._throttle.wait(self.connection)
        self.measures.wal_bytes = self._throttle.largest_bytes

    def _wait_for_room(self) -> None:
        """What the application writes must still find room on the disk. Raises Full where none comes."""
        if time.monotonic() - self._room_seen_s < self.pace.look_s:
            return
        since_s, mentioned = time.monotonic(), False
        while (free := self._free_bytes()) < self.pace.free_bytes:
            if not mentioned:
                self.say(f"only {megabytes(free)} are free on the disk; the copy waits until there is more")
            mentioned = True
            if time.monotonic() - since_s > self.pace.room_wait_s:
                raise Full(
                    f"Only {megabytes(free)} are free on the disk, for {self.pace.room_wait_s:g} s already.",
                    hint="Make room, then run it again.",
                )
            self.idle()
        self._room_seen_s = time.monotonic()

    def _free_bytes(self) -> int:
        file = self._file()
        return shutil.disk_usage(Path(file).parent).free if file else self.pace.free_bytes

    def _file(self) -> str:
        return str(self.connection.execute("PRAGMA database_list").fetchone()[2])

    def _pragma(self, name: str) -> int:
        return int(self.connection.execute(f"PRAGMA {name}").fetchone()[0])
