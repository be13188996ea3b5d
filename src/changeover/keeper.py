"""Keeps a lease alive while a runner works, and says when it was lost.

Rule: the lease is prolonged three times in its length, by a connection of its own. A database that is busy is
asked again; a lease that is ours no longer stops the runner before its next write.
"""

import threading
from contextlib import closing
from pathlib import Path

from changeover.database import lease as leases
from changeover.database.connect import connect
from changeover.database.lease import Lease
from changeover.errors import ChangeoverError, LeaseLost


class Keeper:
    """Holds one lease between ``with`` and its end, and gives it back."""

    def __init__(self, database: Path, lease: Lease) -> None:
        self.database, self.lease = database, lease
        self.lost: LeaseLost | None = None
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    def start(self) -> "Keeper":
        """Begin to prolong it."""
        self._thread.start()
        return self

    def require(self) -> None:
        """Raises LeaseLost when the lease is not ours any more, or may have been taken while we slept."""
        if self.lost is not None:
            raise self.lost
        if self.lease.slept_past(leases.awake_s()):
            with closing(connect(self.database)) as connection:
                seen = leases.look(connection)
                if seen is None or seen.token != self.lease.token or seen.holder != self.lease.holder:
                    raise leases.lost(connection)
                leases.confirm(connection, self.lease)

    def release(self) -> None:
        """Stop prolonging it and give it back, if it is still ours."""
        self._done.set()
        self._thread.join()
        if self.lost is None:
            with closing(connect(self.database)) as connection:
                leases.release(connection, self.lease)

    def _keep(self) -> None:
        while not self._done.wait(self.lease.lasts_s / 3):
            try:
                with closing(connect(self.database, busy_timeout_s=self.lease.lasts_s / 3)) as connection:
                    leases.beat(connection, self.lease)
            except LeaseLost as error:
                self.lost = error
                return
            except ChangeoverError:
                continue
            except Exception:
                continue
