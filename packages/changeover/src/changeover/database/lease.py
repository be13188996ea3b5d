"""The lease in the database: a fencing token that a runner must still hold, inside the transaction, to write.

Rule: whoever takes the lease makes the token one higher, so a runner that was stopped, slept or hung finds
a token that is not its own and changes nothing. Time is measured by the clock that runs on while the
machine sleeps and that nobody can set (CLOCK_BOOTTIME, valid within one boot); a wall clock that jumps
neither ends nor prolongs a lease. The age of a lease of another machine cannot be known: it has expired
when its heartbeat counter did not change for the length of the lease.
"""

import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from changeover.database.connect import Connection
from changeover.database.lock import Holder
from changeover.errors import LeaseLost, Locked
from hrana.errors import OutcomeUnknown

TABLE = "changeover_state"

_CREATE = f"""CREATE TABLE IF NOT EXISTS {TABLE} (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  token INTEGER NOT NULL,
  run_id TEXT,
  pid INTEGER,
  host TEXT,
  since_at INTEGER,
  boot TEXT,
  beaten_s REAL,
  beats INTEGER NOT NULL DEFAULT 0,
  lasts_s REAL NOT NULL DEFAULT 0
)"""

_TAKE = f"""INSERT INTO {TABLE}
  (id, token, run_id, pid, host, since_at, boot, beaten_s, beats, lasts_s)
  VALUES (1, ?, ?, ?, ?, ?, ?, ?, 0, ?)
ON CONFLICT (id) DO UPDATE SET
  token = excluded.token, run_id = excluded.run_id, pid = excluded.pid, host = excluded.host,
  since_at = excluded.since_at, boot = excluded.boot, beaten_s = excluded.beaten_s, beats = 0,
  lasts_s = excluded.lasts_s
WHERE token = ? AND beats = ? AND run_id IS ?"""
TRIES = 3


def awake_s() -> float:
    """Seconds since the machine started, sleep included."""
    # CLOCK_MONOTONIC stands still while a laptop sleeps, and a lease runs out all the same.
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def boot() -> str:
    """Which start of which machine this is; two processes with one answer share `awake_s`."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


@dataclass(slots=True)
class Lease:
    """A lease that this process took: its token, how long it lasts without a beat, and the last beat."""

    holder: Holder
    token: int
    lasts_s: float
    beaten_s: float
    changing: Lock = field(default_factory=Lock, init=False, repr=False, compare=False)
    """Held while the token, here and in the database, may differ."""

    def slept_past(self, now_s: float) -> bool:
        """Whether so much time went by since the last beat that another runner may have begun."""
        return now_s - self.beaten_s > self.lasts_s


@dataclass(frozen=True, slots=True)
class LeaseSnapshot:
    """The lease as it stands in the database; ``holder`` None when it was given back."""

    token: int
    holder: Holder | None
    boot: str
    beaten_s: float
    beats: int
    lasts_s: float


def look(connection: Connection) -> LeaseSnapshot | None:
    """The lease, or None when this database never had one."""
    exists = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (TABLE,)).fetchone()
    row = (
        exists
        and connection.execute(
            f"SELECT token, run_id, pid, host, since_at, boot, beaten_s, beats, lasts_s FROM {TABLE} WHERE"
            " id = 1"
        ).fetchone()
    )
    if not row:
        return None
    holder = Holder(row[1], row[2], row[3], row[4]) if row[1] is not None else None
    return LeaseSnapshot(row[0], holder, row[5] or "", row[6] or 0.0, row[7], row[8])


def expired(snapshot: LeaseSnapshot, *, now_s: float, this_boot: str) -> bool | None:
    """Whether the lease has run out; None when that cannot be told from here (another machine)."""
    if snapshot.holder is None:
        return True
    # `beaten_s` counts from the start of a machine: it says nothing to another machine, or after a restart.
    if snapshot.boot and snapshot.boot == this_boot:
        return now_s - snapshot.beaten_s > snapshot.lasts_s
    return None


def acquire(
    connection: Connection, holder: Holder, *, lasts_s: float = 30.0, watched: LeaseSnapshot | None = None
) -> Lease:
    """Take the lease, with a new token. Raises Locked while another runner's lease lasts.

    ``watched`` is how the lease looked ``lasts_s`` ago (see `watch`): if nothing moved since, its holder is
    gone. It is taken by one statement, and only as it was seen: whoever else takes it at the same moment, one
    of the two finds it changed and looks again.
    """
    for _ in range(TRIES):
        snapshot, now_s = look(connection), awake_s()
        if (
            snapshot is not None
            and not expired(snapshot, now_s=now_s, this_boot=boot())
            and snapshot != watched
        ):
            raise _held(snapshot)
        lease = Lease(holder, (snapshot.token if snapshot else 0) + 1, lasts_s, now_s)
        if _taken(connection, lease, snapshot):
            return lease
    raise Locked("Others take the lease at this very moment.", hint="Wait a moment, then try again.")


def watch(connection: Connection) -> LeaseSnapshot | None:
    """Look at the lease for as long as it lasts; the last look if nothing moved in that time, else None."""
    first = look(connection)
    if first is None or first.holder is None:
        return first
    time.sleep(first.lasts_s)
    return first if look(connection) == first else None


def beat(connection: Connection, lease: Lease) -> None:
    """Prolong the lease, by one statement. Raises LeaseLost when it is ours no longer."""
    with lease.changing:
        confirm(connection, lease)


def confirm(connection: Connection, lease: Lease) -> None:
    """The lease is still ours, and is prolonged: by one statement, alone or inside a transaction.

    While that transaction lasts nobody can take it away, because taking it is a write. Raises LeaseLost.
    """
    now_s = awake_s()
    require_awake(lease, now_s)
    done = connection.execute(
        f"UPDATE {TABLE} SET beats = beats + 1, beaten_s = ? WHERE id = 1 AND token = ? AND run_id = ?",
        (now_s, lease.token, lease.holder.run_id),
    )
    if done.rowcount != 1:
        raise lost(connection)
    lease.beaten_s = now_s


def require_awake(lease: Lease, now_s: float) -> None:
    """Raises LeaseLost when so much time went by since the last beat that others may be at work."""
    if lease.slept_past(now_s):
        raise LeaseLost(
            f"This runner slept for {now_s - lease.beaten_s:.0f} s and its lease lasts {lease.lasts_s:g} s;"
            " it writes"
            " nothing any more.",
            hint="Look at `changeover status`: if nobody else took over, `changeover resume` goes on.",
        )


def renew(connection: Connection, lease: Lease) -> None:
    """Make the token one higher: what was sent under the old one, and is not done yet, will never be done.

    May be called again after an error. Raises LeaseLost when the lease is ours no longer.
    """
    with lease.changing:
        now_s, new = awake_s(), lease.token + 1
        lost_answer: OutcomeUnknown | None = None
        try:
            connection.execute(
                f"UPDATE {TABLE} SET token = ?, beats = beats + 1, beaten_s = ?"
                " WHERE id = 1 AND token = ? AND run_id = ?",
                (new, now_s, lease.token, lease.holder.run_id),
            )
        # The answer was lost, not necessarily the write: only reading the row tells.
        except OutcomeUnknown as error:
            lost_answer = error
        snapshot = look(connection)
        if lost_answer and snapshot and (snapshot.token, snapshot.holder) == (lease.token, lease.holder):
            raise lost_answer
        if snapshot is None or (snapshot.token, snapshot.holder) != (new, lease.holder):
            raise lost(connection)
        lease.token, lease.beaten_s = new, now_s


def prolong(connection: Connection, lease: Lease) -> None:
    """Inside the transaction that `confirm` began: the lease lasts anew from now.

    However long that transaction took, nobody could take the lease away in it.
    """
    now_s = awake_s()
    connection.execute(f"UPDATE {TABLE} SET beaten_s = ? WHERE id = 1 AND token = ?", (now_s, lease.token))
    lease.beaten_s = now_s


def lost(connection: Connection) -> LeaseLost:
    """The error that says who has the lease now."""
    snapshot = look(connection)
    now = f"{snapshot.holder}" if snapshot and snapshot.holder else "nobody"
    return LeaseLost(
        f"The lease of this runner was taken over; now it is held by {now}. This runner writes nothing any"
        " more.",
        hint="Let the other runner finish; `changeover status` shows where it stands.",
    )


def release(connection: Connection, lease: Lease) -> None:
    """Give the lease back if it is still ours; the token stays, so it can never be ours again."""
    connection.execute(
        f"UPDATE {TABLE} SET run_id = NULL, pid = NULL, host = NULL WHERE id = 1 AND token = ?",
        (lease.token,),
    )


def _held(snapshot: LeaseSnapshot) -> Locked:
    return Locked(
        f"Another runner holds the lease: {snapshot.holder}.",
        hint=f"Its lease lasts {snapshot.lasts_s:g} s after its last sign of life; wait, or end that"
        " process.",
    )


def _taken(connection: Connection, lease: Lease, snapshot: LeaseSnapshot | None) -> bool:
    """Whether the lease is ours now; not when it is no longer as it was ``snapshot``."""
    if snapshot is None:
        connection.execute(_CREATE)
    holder = lease.holder
    new = (lease.token, holder.run_id, holder.pid, holder.host, holder.since_at, boot(), lease.beaten_s)
    was = (
        (snapshot.token, snapshot.beats, snapshot.holder.run_id if snapshot.holder else None)
        if snapshot
        # Matches no row: where somebody else was the first to insert one, our UPDATE changes nothing.
        else (-1, -1, None)
    )
    try:
        # A compare-and-swap: the WHERE of the upsert sees the row as it is now, under the write lock.
        return connection.execute(_TAKE, (*new, lease.lasts_s, *was)).rowcount == 1
    except OutcomeUnknown:
        found = look(connection)
        # The token is new and the run's own name stands beside it: nobody else can have written this row.
        if found is None or (found.token, found.holder) != (lease.token, holder):
            raise
        return True
