"""Heartbeat: renews a lease while a runner works, and notices when it was lost.

Rule: a connection of its own renews the lease every third of its length. If the database is busy it tries
again; if another runner took the lease, this runner stops before its next write.
"""

import os
import socket
import threading
from contextlib import suppress

from changeover.database import lease as leases
from changeover.database.connect import opened
from changeover.database.lease import Lease
from changeover.database.lock import Holder, state_of
from changeover.database.where import Database
from changeover.errors import ChangeoverError, LeaseLost, Locked


class LeaseHeartbeat:
    """Renews one lease inside a ``with`` block, and gives it back at the end."""

    def __init__(self, database: Database, lease: Lease) -> None:
        self.database, self.lease = database, lease
        self.lost: LeaseLost | None = None
        self._paused = False
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    def start(self) -> "LeaseHeartbeat":
        """Start to renew it."""
        self._thread.start()
        return self

    def require(self) -> None:
        """Raises LeaseLost if the lease is not ours any more, or may have been taken while we slept."""
        if self.lost is not None:
            raise self.lost
        if not self._paused and self.lease.slept_past(leases.awake_s()):
            with opened(self.database) as connection:
                leases.beat(connection, self.lease)

    def hear(self, moment: str) -> None:
        """Called at each boundary: inside a write transaction, nobody can take or renew the lease."""
        if moment == "begun":
            self._paused = True
        elif moment == "committed":
            self.go_on()

    def go_on(self) -> None:
        """Called after the transaction.

        However long that was, the process was not suspended: whether the lease is ours, the token says.
        """
        if self._paused:
            self.lease.beaten_s = leases.awake_s()
            self._paused = False

    def release(self) -> None:
        """Stop renewing it, and give it back if it is still ours."""
        self._done.set()
        self._thread.join()
        if self.lost is None:
            with suppress(ChangeoverError), opened(self.database, busy_timeout_s=1.0) as connection:
                leases.release(connection, self.lease)

    def _keep(self) -> None:
        # A third: one heartbeat may fail, and the next one is still in time.
        while not self._done.wait(self.lease.lasts_s / 3):
            # Our own transaction holds the write lock: a beat would wait for ourselves.
            if self._paused:
                continue
            try:
                with opened(self.database, busy_timeout_s=self.lease.lasts_s / 3) as connection:
                    leases.beat(connection, self.lease)
            except LeaseLost as error:
                self.lost = error
                return
            # Busy or out of reach: the next beat tries again, and
            # `require` stops the runner once the lease has run out.
            except ChangeoverError:
                continue


def take_lease(database: Database, holder: Holder, lasts_s: float) -> leases.Lease:
    """Take the lease of the database.

    We hold the lock file, so a holder on this machine whose process has ended is gone. Raises Locked if a
    living runner, here or elsewhere, holds the lease.
    """
    with opened(database) as connection:
        snapshot = leases.look(connection)
        gone = snapshot is not None and snapshot.holder is not None and _is_gone(snapshot.holder)
        try:
            return leases.acquire(connection, holder, lasts_s=lasts_s, watched=snapshot if gone else None)
        except Locked:
            watched = leases.watch(connection)
            if watched is None:
                raise
            return leases.acquire(connection, holder, lasts_s=lasts_s, watched=watched)


def _is_gone(holder: Holder) -> bool:
    """Whether nobody can be at work under that name.

    The process has ended, or it is an earlier session of ours.
    """
    return state_of(holder) == " (gone)" or (holder.pid, holder.host) == (os.getpid(), socket.gethostname())
