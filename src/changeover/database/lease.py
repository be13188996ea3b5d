"""The lease in the database: a fencing token that a runner must still hold, inside the transaction, to write.

Rule: whoever takes the lease makes the token one higher, so a runner that was stopped, slept or hung finds a
token that is not its own and changes nothing. Time is measured by the clock that runs on while the machine
sleeps and that nobody can set (CLOCK_BOOTTIME, valid within one boot); a wall clock that jumps neither ends
nor prolongs a lease. A lease of another machine is never judged by its date: it is watched for as long as it
lasts.
"""

import time
from dataclasses import dataclass
from pathlib import Path

from changeover.database.connect import Connection
from changeover.database.lock import Holder
from changeover.errors import LeaseLost, Locked

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


def awake_s() -> float:
    """Seconds since the machine started, sleep included."""
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

    def slept_past(self, now_s: float) -> bool:
        """Whether so much time went by since the last beat that another runner may have begun."""
        return now_s - self.beaten_s > self.lasts_s


@dataclass(frozen=True, slots=True)
class Seen:
    """The lease as it stands in the database; ``holder`` None when it was given back."""

    token: int
    holder: Holder | None
    boot: str
    beaten_s: float
    beats: int
    lasts_s: float


def look(connection: Connection) -> Seen | None:
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
    return Seen(row[0], holder, row[5] or "", row[6] or 0.0, row[7], row[8])


def expired(seen: Seen, *, now_s: float, this_boot: str) -> bool | None:
    """Whether the lease has run out; None when that cannot be told from here (another machine)."""
    if seen.holder is None:
        return True
    if seen.boot and seen.boot == this_boot:
        return now_s - seen.beaten_s > seen.lasts_s
    return None


def acquire(
    connection: Connection, holder: Holder, *, lasts_s: float = 30.0, watched: Seen | None = None
) -> Lease:
    """Take the lease, with a new token. Raises Locked while another runner's lease lasts.

    ``watched`` is how the lease looked ``lasts_s`` ago (see `watch`): if nothing moved since, its holder is
    gone.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        lease = _take(connection, holder, lasts_s, watched)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return lease


def watch(connection: Connection) -> Seen | None:
    """Look at the lease for as long as it lasts; the last look if nothing moved in that time, else None."""
    first = look(connection)
    if first is None or first.holder is None:
        return first
    time.sleep(first.lasts_s)
    return first if look(connection) == first else None


def beat(connection: Connection, lease: Lease) -> None:
    """Prolong the lease, in a transaction of its own. Raises LeaseLost when it is ours no longer."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        confirm(connection, lease)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def confirm(connection: Connection, lease: Lease) -> None:
    """Inside a transaction that holds the write lock: the lease is still ours, and is prolonged.

    While the transaction lasts nobody can take it away, because taking it is a write. Raises LeaseLost.
    """
    now_s = awake_s()
    if lease.slept_past(now_s):
        raise LeaseLost(
            f"This runner slept for {now_s - lease.beaten_s:.0f} s and its lease lasts {lease.lasts_s:g} s;"
            " it writes"
            " nothing any more.",
            hint="Look at `changeover status`: if nobody else took over, `changeover resume` goes on.",
        )
    done = connection.execute(
        f"UPDATE {TABLE} SET beats = beats + 1, beaten_s = ? WHERE id = 1 AND token = ? AND run_id = ?",
        (now_s, lease.token, lease.holder.run_id),
    )
    if done.rowcount != 1:
        raise lost(connection)
    lease.beaten_s = now_s


def prolong(connection: Connection, lease: Lease) -> None:
    """Inside the transaction that `confirm` began: the lease lasts anew from now.

    However long that transaction took, nobody could take the lease away in it.
    """
    now_s = awake_s()
    connection.execute(f"UPDATE {TABLE} SET beaten_s = ? WHERE id = 1 AND token = ?", (now_s, lease.token))
    lease.beaten_s = now_s


def lost(connection: Connection) -> LeaseLost:
    """The error that says who has the lease now."""
    seen = look(connection)
    now = f"{seen.holder}" if seen and seen.holder else "nobody"
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


def _take(connection: Connection, holder: Holder, lasts_s: float, watched: Seen | None) -> Lease:
    connection.execute(_CREATE)
    seen, now_s = look(connection), awake_s()
    if seen is not None and not expired(seen, now_s=now_s, this_boot=boot()) and seen != watched:
        raise Locked(
            f"Another runner holds the lease: {seen.holder}.",
            hint=f"Its lease lasts {seen.lasts_s:g} s after its last sign of life; wait, or end that"
            " process.",
        )
    token = (seen.token if seen else 0) + 1
    connection.execute(
        f"INSERT OR REPLACE INTO {TABLE} (id, token, run_id, pid, host, since_at, boot, beaten_s, beats,"
        " lasts_s)"
        " VALUES (1, ?, ?, ?, ?, ?, ?, ?, 0, ?)",
        (token, holder.run_id, holder.pid, holder.host, holder.since_at, boot(), now_s, lasts_s),
    )
    return Lease(holder, token, lasts_s, now_s)
