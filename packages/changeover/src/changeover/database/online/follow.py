"""An image brought to what its table is: copied, followed by the log, and held against it.

An image is always exact but for the keys in the log. Before a row is put into it, every row whose key is in
the log is taken out of it: so two rows that swapped a unique value never meet, however far apart they
changed.
"""

import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from changeover.database.online import state as states
from changeover.database.online.growth import GrowthWatch
from changeover.database.online.image_table import (
    PREFIX,
    ImageTable,
    WalkOrder,
    making_walk,
    next_place,
    step,
)
from changeover.database.online.state import OnlinePhase
from changeover.database.online.worker import AGAIN, Worker
from changeover.errors import InvariantBroken, StepFailed
from changeover.sql.identifiers import quoted

CATCH_UP_ROUNDS = 2_000
Tell = Callable[[float | None, float | None, str], None]
"""(part done, seconds left, words)"""


@dataclass(frozen=True, slots=True)
class Follower:
    """Works on the image of one table."""

    worker: Worker
    table: str
    progress: Tell

    def copy(self, image: ImageTable) -> None:
        """Copy chunk by chunk; the cursor and what was written meanwhile move in the same transactions."""
        worker, started, before = (
            self.worker,
            time.monotonic(),
            states.required(self.worker.connection, self.table).rows_copied,
        )
        copied, done, watch = before, False, GrowthWatch(worker.pace)
        total = states.required(worker.connection, self.table).rows_total
        while not done:
            with worker.chunk():
                if self.follow(image, up_to_cursor=True):
                    count, done = self._copy_chunk(image)
                    copied += count
                    worker.measures.rows_copied += count
                    phase = {"phase": OnlinePhase.VERIFY} if done else {}
                    worker.run(*states.update(self.table, rows_copied=copied, **phase))
            if not done and watch.is_due(copied, total):
                left = self._left_to_copy(image)
                total = copied + left
                if said := watch.see(self.table, left):
                    worker.say(said)
            total = max(total, copied)
            rate = (copied - before) / max(time.monotonic() - started, 1e-6)
            self.progress(
                min(copied / max(total, 1), 1.0),
                (total - copied) / rate if rate else None,
                f"{copied:,} of about {total:,} rows of {self.table} copied, {rate:,.0f} rows/s",
            )

    def follow(self, image: ImageTable, *, up_to_cursor: bool, most: int | None = None) -> bool:
        """Bring the rows whose keys are in the log into the image, in a transaction; whether the log is
        empty now.

        A long log takes several: first all its rows are taken out of the image, and only then put back.
        """
        worker, log = self.worker, quoted(image.capture.log)
        lowest, highest = worker.connection.execute(
            f"SELECT coalesce(min({PREFIX}seq), 1), coalesce(max({PREFIX}seq), 0) FROM {log}"
        ).fetchone()
        if highest == 0:
            worker.follows(0)
            return True
        worker.others_are_here()
        forgotten = states.required(self.worker.connection, self.table).forgotten_to
        worker.follows(highest - lowest + 1 + max(highest - max(forgotten, lowest - 1), 0))
        rows = most or max(worker.rows, 1)
        if forgotten < highest:
            high = min(highest, max(forgotten, lowest - 1) + rows)
            worker.run(image.forget(), {"low": max(forgotten, lowest - 1), "high": high})
            forgotten = high
        # No row is put back while another whose key is logged is
        # still in the image: that one may hold the same unique value.
        if forgotten < highest:
            worker.run(*states.update(self.table, forgotten_to=forgotten))
            return False
        high = min(highest, lowest - 1 + rows)
        span = {"low": lowest - 1, "high": high}
        worker.run(image.forget(), span)
        self._put(image, image.logged_rows(up_to_cursor=up_to_cursor), span)
        worker.run(image.delete_log(), {"high": high})
        worker.measures.keys_followed += high - lowest + 1
        # An empty log counts from 1 again.
        worker.run(*states.update(self.table, forgotten_to=0 if high == highest else forgotten))
        return bool(high == highest)

    def catch_up(self, image: ImageTable) -> None:
        # Bounded: each round takes the lock, and writers that
        # are faster than that would keep it busy for ever.
        for _ in range(CATCH_UP_ROUNDS):
            with self.worker.chunk():
                empty = self.follow(image, up_to_cursor=False)
            if empty:
                return
            self.progress(None, None, f"following what is written to {self.table}")
        raise StepFailed(
            f"{self.table} is written to faster than the copy can follow.",
            hint=f"Nothing but the copy was written. Slow its writers down, or {AGAIN} at a quieter hour.",
        )

    def verify(self, image: ImageTable) -> None:
        """Every row has its image and every image its row, on snapshots, but for keys in the log."""
        total = states.required(self.worker.connection, self.table).rows_copied
        self.walk(image, image.table, image.live, image.wrong, total)
        self.walk(image, image.name, image.stored, image.left_over, total)

    def walk(
        self, image: ImageTable, table: str, address: WalkOrder, question: Callable[..., str], total: int
    ) -> None:
        """Ask a question of a table, chunk by chunk, each on a snapshot of its own: none pins the WAL for
        long.
        """
        worker = self.worker
        self._temporary_walk(image, address)
        first, looked, followed_at = True, 0, time.monotonic()
        # In WAL mode readers hold nobody up: the small chunks of busy hours would only make it slow.
        rows, worker.rows = worker.rows, min(max(worker.rows, 1_000), worker.pace.most_rows)
        while True:
            begun = time.monotonic()
            # Deferred: the first read begins the snapshot, and in WAL mode no writer is held up. The
            # walk's place is in a TEMP table, another file, so that moving it needs no lock here.
            worker.connection.execute("BEGIN")
            try:
                place = next_place(table, image.walk, address, first=first)
                if worker.run(place, {"rows": worker.rows}).rowcount < 1:
                    break
                found = worker.run(question(first=first)).fetchall()
                looked += worker.rows
                for sql in step(image.walk):
                    worker.run(sql)
            finally:
                # Not ROLLBACK, which would take back the walk's place.
                worker.connection.execute("COMMIT")
            if found:
                raise _differing(image, found)
            first = False
            worker.adapt(time.monotonic() - begun, 2 * worker.hold_s)
            self.progress(min(looked / max(total, 1), 1.0), None, f"{table}: {looked:,} rows checked")
            # Every row that differs is looked for in the whole log, which must not grow while this goes on.
            if time.monotonic() - followed_at > 10 * worker.hold_s:
                looked_at, worker.rows = worker.rows, rows
                with worker.chunk():
                    self.follow(image, up_to_cursor=False)
                rows, worker.rows, followed_at = worker.rows, looked_at, time.monotonic()
        worker.rows = rows
        worker.measures.rows_verified += looked
        worker.run(f"DROP TABLE temp.{quoted(image.walk)}")

    def _copy_chunk(self, image: ImageTable) -> tuple[int, bool]:
        """How many rows were copied, and whether those were the last."""
        worker = self.worker
        walk = quoted(image.walk)
        first = not worker.connection.execute(f"SELECT 1 FROM {walk} WHERE {PREFIX}place = 0").fetchone()
        found = worker.run(image.next_place(first=first), {"rows": worker.rows})
        if found.rowcount < 1:
            worker.run(f"DROP TABLE {walk}")
            return 0, True
        count = self._put(image, image.chunk(first=first), {})
        for sql in step(image.walk):
            worker.run(sql)
        return count, False

    def _left_to_copy(self, image: ImageTable) -> int:
        """How many rows lie beyond the cursor; counted on a snapshot, nobody waits."""
        walk = quoted(image.walk)
        first = not self.worker.connection.execute(f"SELECT 1 FROM {walk} WHERE {PREFIX}place = 0").fetchone()
        return int(self.worker.connection.execute(image.left_to_copy(first=first)).fetchone()[0])

    def _put(self, image: ImageTable, rows: str, values: Mapping[str, object]) -> int:
        """How many rows were put into the image. Raises StepFailed that names the first that cannot be."""
        try:
            return self.worker.run(image.put(rows), values).rowcount
        except sqlite3.Error as error:
            if not _is_of_a_row(error):
                raise
            raise StepFailed(
                f"{image.table}: {self._refused(image, rows, values)} cannot be held by the other definition:"
                f" {error}.",
                hint=f"Mend the row, the value that the script gives or the definition, then {AGAIN};"
                " nothing but the copy was written.",
            ) from error

    def _refused(self, image: ImageTable, rows: str, values: Mapping[str, object]) -> str:
        """The first row that cannot be put into the image, by its key; tried one by one, and undone with
        the transaction.
        """
        connection, bound = self.worker.connection, {**self.worker.values, **values}
        names = [one.live for one in image.capture.key]
        for found in connection.execute(image.addresses(rows), bound).fetchall():
            address = {f"{PREFIX}a{n}": value for n, value in enumerate(found[len(names) :])}
            try:
                connection.execute(image.put(image.row()), {**bound, **address})
            except sqlite3.Error as error:
                if not _is_of_a_row(error):
                    raise
                return f"the row with {_shown(names, found)}"
        return "a row"

    def _temporary_walk(self, image: ImageTable, address: WalkOrder) -> None:
        self.worker.run(f"DROP TABLE IF EXISTS temp.{quoted(image.walk)}")
        self.worker.run(making_walk(image.walk, address, temporary=True))


def _is_of_a_row(error: sqlite3.Error) -> bool:
    """A value that a constraint refuses, or of which no expression can be worked out."""
    if isinstance(error, sqlite3.IntegrityError | sqlite3.DataError):
        return True
    # A function's own refusal, such as "malformed JSON", has only the general code.
    return getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_ERROR


def _shown(names: Sequence[str], values: Sequence[object]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in zip(names, values, strict=False))


def _differing(image: ImageTable, found: Sequence[Sequence[str]]) -> InvariantBroken:
    keys = "; ".join(", ".join(row) for row in found)
    names = ", ".join(one.live for one in image.capture.key)
    return InvariantBroken(
        f"{image.name} is not what {image.table} should have become; the first rows that differ"
        f" ({names}):"
        f" {keys}.",
        hint="Nothing but the copy was written. Did VACUUM run meanwhile, or did somebody drop a trigger"
        " changeover_...? Then run again; otherwise please report it.",
    )
