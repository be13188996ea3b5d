"""The systems that this process polls, and the right to poll each of them now.

Rule: a process polls a system only after it has claimed it in the database, a moment before. A process that
is alone on a file takes a file lock instead (``store.sole``) and writes nothing. Failure detection: a poller
is dead when its heartbeat counter has not changed for `lease_s` of our monotonic clock; wall clocks of
different hosts are never compared.

If the database does not answer, a poller goes on with its systems for ``safe_s``, because nobody takes over
before ``lease_s``. It goes on longer if nobody can have taken over: no other poller lived when the database
last answered, or the database refuses everybody (``store.outage``), or it answers reads and says so
(``look``).
"""

import logging
import os
import socket
import threading
import uuid
from collections.abc import Collection, Set
from dataclasses import dataclass, field

from liveone.clock import Clock
from liveone.collect.leases.lease_times import LeaseTimes
from liveone.domain.sharing import LastHeartbeat, Member, Turnover, turnover, watched
from liveone.store import leases
from liveone.store.database import SchemaChanged, StoreError
from liveone.store.exclusive_poller import ExclusiveLock, exclusive_lock, exclusive_poller
from liveone.store.leases import Board, Refusal, Taking
from liveone.store.outage import nobody_writes
from liveone.store.store import Store

log = logging.getLogger(__name__)
_NOT_RESUMED, _ALONE, _AMONG_OTHERS = "not resumed", "alone", "among others"
"""Whether the share continues that of the process's last run, and whether others polled then."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """The systems that may be polled now; ``refused`` says for the others why not, and for how long.

    ``is_blind``: the database has not answered for so long that another process may have taken over; a look
    may tell.
    """

    granted: Set[int] = frozenset()
    refused: dict[int, Refusal] = field(default_factory=dict)
    is_blind: bool = False


@dataclass(frozen=True, slots=True)
class _Moment:
    now_at: float
    monotonic_s: float


class PollingShare:
    """The share of one process. Safe to call from any thread.

    After ``leave`` it has no systems and no rights.
    """

    def __init__(self, store: Store, clock: Clock, times: LeaseTimes) -> None:
        self._store, self._clock, self.times = store, clock, times
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._id = uuid.uuid4().hex
        self._exclusive_lock: ExclusiveLock | None = exclusive_lock(store.database, self.name)
        self._renewing, self._noting = threading.Lock(), threading.Lock()
        self._has_tables = self._is_member = self._has_others = self._has_left = False
        self._seen: dict[str, LastHeartbeat] = {}
        self._answered: _Moment | None = None
        self._joined_s = 0.0
        self._resumed = _NOT_RESUMED
        self._claimed: dict[int, _Moment] = {}
        self._taken: dict[int, _Moment] = {}
        self._not_before: dict[int, float] = {}
        self._unsaid: Set[int] = frozenset()
        self.mine: Set[int] = frozenset()
        """The systems that this process polls, as far as it knows."""
        self.hurry = False
        """Whether ``renew`` has something to do before its time."""

    @property
    def is_alone(self) -> bool:
        """Whether no other process can be polling this database."""
        return self._exclusive_lock is not None and self._exclusive_lock.is_alone

    def resume(self, held: Set[int], *, was_alone: bool) -> None:
        """Go on with the systems of the last run of this process, while the database does not answer."""
        self._resumed = _ALONE if was_alone else _AMONG_OTHERS
        self.mine = frozenset(held)

    @property
    def has_others(self) -> bool:
        """Whether other pollers lived when the database last answered."""
        return self._has_others

    def renew(self, wanted: Set[int], busy: Set[int]) -> None:
        """Renew our heartbeat, and take and give systems.

        ``wanted`` are all systems, ``busy`` are being polled.

        Raises StoreError if the database does not answer; our systems stay as they are then.
        """
        with self._renewing:
            self.hurry = False
            if self._has_left:
                return
            if self._stays_alone(wanted):
                self.mine = frozenset(wanted)
            else:
                self._take_part(wanted, busy)

    def claim(self, system_ids: Set[int]) -> Claimed:
        """Claim systems of ours, to poll them now."""
        if self._has_left:
            return Claimed()
        asked, sent = system_ids & self.mine, self._moment()
        if self.is_alone:
            return self._claim_alone(asked, sent)
        try:
            granted, refused = leases.claim(self._store, (self._id, self.name), asked, self.times.pause_s)
        except SchemaChanged:
            self._has_tables, self.hurry = False, True
            return Claimed()
        except StoreError as error:
            return self.without_database(asked, error)
        # Counted from the sending: what the database said may be as old as that.
        self._answered = sent
        self._grant(granted, sent)
        lost = {key for key in asked - granted if key not in refused or refused[key].holder_id != self._id}
        with self._noting:
            self._unsaid = self._unsaid - granted
            self.mine = self.mine - lost
        self.hurry = self.hurry or bool(lost)
        return Claimed(granted, refused)

    def without_database(self, system_ids: Set[int], error: StoreError | None = None) -> Claimed:
        """The right to poll systems of ours if the database does not answer, or answers with ``error``."""
        sent, asked = self._moment(), system_ids & self.mine
        if self._is_safe(sent, error):
            early = self._just_taken(asked) | self._off_time(asked, error)
            granted = asked - early.keys()
            self._grant(granted, sent)
            with self._noting:
                self._unsaid = self._unsaid | granted
            return Claimed(granted, early)
        refused = {key: Refusal(self.times.renew_s) for key in system_ids}
        return Claimed(refused=refused, is_blind=self._answered is not None)

    def look(self, system_ids: Set[int]) -> Claimed:
        """The right to poll systems of ours if the database answers reads but no writes.

        A lease that it shows as ours was not taken over, so we go on with it. Raises StoreError.
        """
        sent = self._moment()
        held = leases.held_by(self._store, self._id)
        if self._has_left:
            return Claimed()
        with self._noting:
            asked = system_ids & self.mine
            self.mine = self.mine - (asked - held)
            early = self._just_taken(asked & held)
            granted = (asked & held) - early.keys()
            self._unsaid = self._unsaid | granted
        self._grant(granted, sent)
        return Claimed(granted, early)

    def is_fresh(self, system_id: int) -> bool:
        """Whether a claim of this system was granted so recently that it may be polled now."""
        granted = self._claimed.get(system_id)
        return granted is not None and self._elapsed_s(granted) <= self.times.fresh_s

    def has_rested(self, system_id: int) -> bool:
        """Whether this process has not polled a system within the pause."""
        granted = self._claimed.get(system_id)
        return granted is None or self._elapsed_s(granted) >= self.times.pause_s

    def visit(self, system_ids: Set[int]) -> Claimed:
        """Claim systems to poll once, without a share of them. Raises StoreError."""
        with self._renewing:
            return self._visit(system_ids)

    def _visit(self, system_ids: Set[int]) -> Claimed:
        if self._exclusive_lock is not None and not self._exclusive_lock.together():
            name, _ = exclusive_poller(self._store.database) or (None, 0)
            return Claimed(refused={key: Refusal(self.times.pause_s, name) for key in system_ids})
        sent, times = self._moment(), self.times
        try:
            self._make_tables()
            granted, refused = leases.visit(
                self._store, self._id, system_ids, pause_s=times.pause_s, dead_after_s=times.lease_s
            )
        except StoreError as error:
            if not nobody_writes(self._store.database, error):
                raise
            granted, refused = {key for key in system_ids if self.has_rested(key)}, {}
        finally:
            if self._exclusive_lock is not None:
                self._exclusive_lock.release()
        self._grant(granted, sent)
        return Claimed(granted, refused)

    def begin_job(self, name: str, lasts_s: float) -> bool:
        """Whether this process may do a job that only one may do; repeat it to go on.

        Raises StoreError.
        """
        if self._has_left:
            return False
        if self.is_alone:
            return True
        if self._exclusive_lock is not None and not self._is_member:
            if exclusive_poller(self._store.database):
                return False
            if not leases.are_kept(self._store):
                return True
        self._make_tables()
        return leases.begin_job(self._store, name, self._id, lasts_s)

    def leave(self) -> None:
        """Give everything back at once.

        If the database does not answer, others notice by our missing heartbeat.
        """
        self._has_left = True
        with self._renewing:
            self._hand_over()

    def _hand_over(self) -> None:
        try:
            if self._has_tables and not self.is_alone:
                leases.leave(self._store, self._id, self.mine, self._unsaid)
        except StoreError as error:
            log.warning("the other pollers take over in %.0f s: %s", self.times.lease_s, error)
        finally:
            self.mine = frozenset()
            if self._exclusive_lock is not None:
                self._exclusive_lock.close()

    def _stays_alone(self, wanted: Set[int]) -> bool:
        if self._exclusive_lock is None:
            return False
        if self._exclusive_lock.is_alone:
            if not leases.anybody(self._store):
                return True
            self._open_to_others(wanted)
            return False
        if self._has_others or not self._exclusive_lock.alone():
            return False
        if leases.are_kept(self._store):
            self._keep_distance(wanted)
            leases.clear(self._store)
        self._is_member = False
        return True

    def _keep_distance(self, wanted: Set[int]) -> None:
        """Wait for the pause: others, who are gone, may have polled a moment ago."""
        now_s = self._clock.monotonic_s()
        waits = leases.waits(self._store, wanted, self.times.pause_s)
        self._not_before = {key: now_s + min(wait_s, self.times.pause_s) for key, wait_s in waits.items()}

    def _open_to_others(self, wanted: Set[int]) -> None:
        """Stop being alone: write our leases before anybody else can take the systems."""
        self._beat()
        leases.take(self._store, self._id, wanted, Taking({}, cautious=True, by=self._id))
        assert self._exclusive_lock is not None
        self._exclusive_lock.together()

    def _take_part(self, wanted: Set[int], busy: Set[int]) -> None:
        sent = self._moment()
        board = self._beat()
        self._watch(board, sent)
        held = {poller: board.held.get(poller, frozenset()) & wanted for poller in self._living(sent)}
        free = wanted - frozenset().union(*held.values())
        members = [Member(poller, self._is_settled(poller, sent)) for poller in held]
        self._has_others = len(held) > 1
        moves = turnover(self._id, members, held, free, busy=busy)
        self._answered = sent
        self._turn_over(board, moves, wanted, set(held))

    def _turn_over(self, board: Board, moves: Turnover, wanted: Set[int], living: Set[str]) -> None:
        before = board.held.get(self._id, frozenset())
        going = set(moves.give) | (before - wanted)
        with self._noting:
            self.mine = (before & wanted) - going
        if going:
            leases.give(self._store, self._id, going, self._unsaid)
        may_take, is_sure = self._may_take()
        if moves.take and may_take:
            dead = {poller: beats for poller, beats in board.beats.items() if poller not in living}
            ago_s = self.times.lease_s - self.times.safe_s if is_sure else 0.0
            heard = {poller for poller in dead if self._seen[poller].was_heard}
            again_s = self.times.pause_s, self.times.again_s
            how = Taking(dead, cautious=not is_sure, polled_ago_s=ago_s, heard=heard, again_s=again_s)
            taken = leases.take(self._store, self._id, moves.take, how)
            self._taken.update(dict.fromkeys(taken, self._moment()))
            with self._noting:
                self.mine = self.mine | taken

    def _may_take(self) -> tuple[bool, bool]:
        """(may we take systems, is it certain that nobody polls the free ones).

        On a file, somebody may still be alone and not have noticed us; after ``lease_s`` they must have
        stopped.
        """
        if self._exclusive_lock is None or self._exclusive_lock.together():
            return True, True
        return self._clock.monotonic_s() - self._joined_s > self.times.lease_s, False

    def _beat(self) -> Board:
        self._make_tables()
        unsaid = {key: self._elapsed_s(self._claimed[key]) for key in self._unsaid}
        try:
            board = leases.beat(self._store, self._id, self.name, unsaid)
        except SchemaChanged:
            self._has_tables = False
            self._make_tables()
            board = leases.beat(self._store, self._id, self.name)
        with self._noting:
            self._unsaid = self._unsaid - unsaid.keys()
        if not self._is_member:
            self._is_member, self._joined_s = True, self._clock.monotonic_s()
        return board

    def _make_tables(self) -> None:
        if not self._has_tables:
            leases.make_tables(self._store)
            self._has_tables = True

    def _watch(self, board: Board, sent: _Moment) -> None:
        last = self._answered
        unbroken = last is not None and self._elapsed_s(last) <= self.times.lease_s / 2
        self._seen = watched(self._seen, board.beats, sent.monotonic_s, unbroken=unbroken)

    def _living(self, sent: _Moment) -> list[str]:
        alive = [
            poller
            for poller, seen in self._seen.items()
            if sent.monotonic_s - seen.since_s < self.times.lease_s
        ]
        return sorted({*alive, self._id})

    def _is_settled(self, poller: str, sent: _Moment) -> bool:
        seen = self._seen.get(poller)
        return seen is not None and sent.monotonic_s - seen.first_s >= self.times.lease_s

    def _claim_alone(self, asked: Set[int], sent: _Moment) -> Claimed:
        try:
            came = leases.anybody(self._store)
        except StoreError:
            came = False
        if came:
            self.hurry = True
            return Claimed(refused={key: Refusal(self.times.fresh_s) for key in asked})
        early = {key: self._not_before.pop(key, 0.0) - sent.monotonic_s for key in asked}
        refused = {key: Refusal(wait_s) for key, wait_s in early.items() if wait_s > 0}
        self._grant(asked - refused.keys(), sent)
        return Claimed(asked - refused.keys(), refused)

    def _is_safe(self, sent: _Moment, error: StoreError | None) -> bool:
        if self._answered is None:
            if self._resumed in (_NOT_RESUMED, _ALONE):
                return self._resumed == _ALONE
        elif self._elapsed_s(self._answered) <= self.times.safe_s or not self._has_others:
            return True
        return error is not None and nobody_writes(self._store.database, error)

    def _just_taken(self, system_ids: Set[int]) -> dict[int, Refusal]:
        """The systems that another process may have polled within the pause, for all that we know."""
        since_s = {key: self._elapsed_s(self._taken[key]) for key in system_ids if key in self._taken}
        pause_s = self.times.pause_s
        return {key: Refusal(pause_s - past_s) for key, past_s in since_s.items() if past_s < pause_s}

    def _off_time(self, system_ids: Set[int], error: StoreError | None) -> dict[int, Refusal]:
        """Our systems that we do not poll now, so that whoever takes over knows when they were polled."""
        if not self._has_others or (error is not None and nobody_writes(self._store.database, error)):
            return {}
        times = self.times
        since_s = {key: self._elapsed_s(self._claimed[key]) for key in system_ids if key in self._claimed}
        return {
            key: Refusal(times.pause_s - past_s if past_s < times.pause_s else times.renew_s)
            for key, past_s in since_s.items()
            if not times.pause_s <= past_s <= times.again_s
        }

    def _grant(self, system_ids: Collection[int], sent: _Moment) -> None:
        self._claimed.update(dict.fromkeys(system_ids, sent))
        for key in system_ids:
            self._taken.pop(key, None)

    def _moment(self) -> _Moment:
        return _Moment(self._clock.now_at(), self._clock.monotonic_s())

    def _elapsed_s(self, since: _Moment) -> float:
        """The larger difference of both clocks.

        The monotonic one stands still while a machine is suspended.
        """
        now = self._moment()
        return max(now.monotonic_s - since.monotonic_s, now.now_at - since.now_at)
