"""Several shares of four systems on one store and one clock, which stands still unless told."""

from tests.collect.support import ManualClock

from liveone.collect.leases.lease_times import times_for
from liveone.collect.leases.polling_share import PollingShare
from liveone.store.database import Statement
from liveone.store.store import Store

ALL = {1, 2, 3, 4}
TIMES = times_for(60)
NOTHING: set[int] = set()


class Crew:
    """Whoever joins and has not left."""

    def __init__(self, store: Store) -> None:
        self.store, self.clock = store, ManualClock()
        self.shares: list[PollingShare] = []

    def join(self) -> PollingShare:
        share = PollingShare(self.store, self.clock, TIMES)
        share.name = f"p{len(self.shares)}"
        self.shares.append(share)
        return share

    def pair(self) -> tuple[PollingShare, PollingShare]:
        """Two that share evenly, by leases."""
        first, second = self.join(), self.join()
        for share in (first, second):
            share.renew(ALL, NOTHING)
        self.pass_s(60, first, second)
        assert (len(first.mine), len(second.mine)) == (2, 2)
        return first, second

    def leave(self, share: PollingShare) -> None:
        self.shares.remove(share)
        share.leave()

    def pass_s(self, seconds_s: float, *awake: PollingShare) -> None:
        """Time passes; those awake renew every ten seconds."""
        for _ in range(round(seconds_s / 10)):
            self.clock.elapsed_s += 10
            self.clock.wall_at += 10
            for share in awake:
                share.renew(ALL, NOTHING)


def back(store: Store, seconds_s: float) -> None:
    """Let time pass for the polls that the database knows of."""
    store.database.write([Statement(f"UPDATE _liveone_leases SET polled_at = polled_at - {seconds_s}")])
