"""The phases of an online rebuild: init, copy, verify, swap; and back, or finish.

Rule: each begins where the state in the database says, so that it may be called again after whatever
happened.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from changeover.database.online import state as states
from changeover.database.online import swap
from changeover.database.online.follow import Follower, Tell
from changeover.database.online.image_table import (
    WALK,
    Capture,
    ImageTable,
    KeyColumn,
)
from changeover.database.online.keep import SetAside, left_out
from changeover.database.online.prepare import NEW, OLD, NamedObject, OnlineChange, address_of, way_back
from changeover.database.online.state import OnlinePhase, OnlineState
from changeover.database.online.worker import AGAIN, Worker
from changeover.database.schema import catalogue
from changeover.errors import BudgetExceeded, InvariantBroken, Unsuitable
from changeover.sql.identifiers import quoted
from changeover.sql.rebuild import TableRebuild
from changeover.words import counted

NEARLY_EMPTY = 50
"""So few keys in the log are followed within the swap itself."""
Record = Callable[[], None]
"""Writes the ledger's row, inside the transaction of the swap."""


@dataclass(slots=True)
class OnlineRebuild:
    """One table's rebuild. ``progress`` hears (part done, seconds left, words)."""

    worker: Worker
    table: str
    content_sha256: str
    progress: Tell = lambda part, left_s, words: None

    @property
    def follower(self) -> Follower:
        """What brings the image up to the table."""
        return Follower(self.worker, self.table, self.progress)

    def forward(self, change: OnlineChange, record: Record) -> None:
        """To the new definition. Raises what stopped it; called again it goes on, `back` takes it back."""
        with self.worker.session():
            standing = self._standing()
            if standing is not None and standing.phase is OnlinePhase.DISCARD:
                self._discard(standing)
                standing = None
            if standing is not None and standing.phase in (OnlinePhase.SOAK, OnlinePhase.BACK):
                raise Unsuitable(
                    f"{self.table} still keeps its old rows from an earlier change.",
                    hint="Finish that run first (`changeover finish`), or take it back.",
                )
            if standing is not None and not self._is_same(standing, change):
                self._give_up(lambda: None)
                standing = None
            if standing is None:
                self._init(change)
            if states.required(self.worker.connection, self.table).phase is OnlinePhase.COPY:
                self.follower.copy(change.forward)
            self.follower.verify(change.forward)
            self._wait_for_the_hour(change.forward)
            self._swap(change.forward, lambda: self._swapped(change, record), self._followed_to_the_end)

    def back(self, way: TableRebuild, record: Record, there: TableRebuild | None = None) -> None:
        """To the old definition, with every row as it is now; or, before the swap, away with all of it.

        ``way`` is the script of the way back, ``there`` that of the change. Values of columns that the way
        back does not read are set aside in a table ``changeover_kept_...``.
        """
        with self.worker.session():
            standing = self._standing()
            if standing is None:
                return
            if standing.phase in (OnlinePhase.COPY, OnlinePhase.VERIFY):
                self._give_up(record)
            elif standing.phase in (OnlinePhase.SOAK, OnlinePhase.BACK):
                self._return(standing, way, record, there)
            else:
                self._discard(standing)

    def finish(self) -> None:
        """Give up the way back, or what was not swapped: what is hidden is deleted in small steps."""
        with self.worker.session():
            standing = self._standing()
            if standing is None:
                return
            if standing.phase in (OnlinePhase.COPY, OnlinePhase.VERIFY):
                self._give_up(lambda: None)
                return
            if standing.phase in (OnlinePhase.SOAK, OnlinePhase.BACK):
                with self.worker.transaction():
                    self._drop_triggers(standing)
                    self._to_discard(standing, OLD)
                standing = states.required(self.worker.connection, self.table)
            if standing.phase is OnlinePhase.DISCARD:
                self._discard(standing)

    def _standing(self) -> OnlineState | None:
        return states.read(self.worker.connection, self.table)

    def _is_same(self, standing: OnlineState, change: OnlineChange) -> bool:
        """Whether what was begun can be gone on with: the same script, from the same definitions."""
        return standing.content_sha256 == self.content_sha256 and standing.details == _details(change)

    def _init(self, change: OnlineChange) -> None:
        worker, name = self.worker, quoted(self.table)
        # Outside the transaction: a count of a large table may
        # take seconds, and is only an estimate for people.
        total = worker.connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
        with worker.transaction():
            worker.run(states.CREATE)
            for sql in (*change.making, *change.forward.capture.making(), change.forward.making_walk()):
                worker.run(sql)
            worker.run(*states.insertion(self.table, self.content_sha256, total, _details(change)))

    def _wait_for_the_hour(self, image: ImageTable) -> None:
        """The swap is put off until the hour, or the word, that people asked for; writes are followed."""
        worker, log = self.worker, quoted(image.capture.log)
        while reason := worker.orders().swap_waits_for(time.time()):
            self.progress(None, None, f"{self.table} is copied and checked; the swap waits for {reason}")
            if worker.connection.execute(f"SELECT 1 FROM {log} LIMIT 1").fetchone():
                self.follower.catch_up(image)
            worker.idle()

    def _swap(self, image: ImageTable, do: Callable[[], None], follow: Callable[[ImageTable], None]) -> None:
        """Follow what is written until hardly anything is left; then swap in one transaction under a
        deadline.
        """
        worker, pace = self.worker, self.worker.pace
        for tried in range(1, pace.swap_tries + 1):
            self.follower.catch_up(image)
            begun = time.monotonic()
            try:
                with worker.transaction(within_s=pace.swap_s):
                    # The wait for the lock is no part of the swap,
                    # so it is counted anew once the lock is ours.
                    begun = time.monotonic()
                    follow(image)
                    do()
            except BudgetExceeded:
                self.progress(
                    None, None, f"the swap of {self.table} took longer than {pace.swap_s:g} s; again"
                )
                # Longer each time, so that a burst of writes is
                # over and the log short when it is tried again.
                time.sleep(min(0.05 * tried, 2.0))
                continue
            worker.measures.swap_s, worker.measures.swap_tries = time.monotonic() - begun, tried
            return
        raise BudgetExceeded(
            f"The swap of {self.table} was tried {pace.swap_tries} times and never took less than"
            f" {pace.swap_s:g} s.",
            hint=f"Nothing but the copy was written. Try it at a quieter hour: {AGAIN}; or allow more by"
            " `writers-held`.",
        )

    def _followed_to_the_end(self, image: ImageTable) -> None:
        """Inside the swap: the log is empty afterwards, or the swap is put off."""
        # Writers wait from here on: what is left to follow
        # must be few rows, whatever the pace allows otherwise.
        if not self.follower.follow(image, up_to_cursor=False, most=NEARLY_EMPTY):
            raise BudgetExceeded("too many rows were written at the last moment")

    def _swapped(self, change: OnlineChange, record: Record) -> None:
        worker = self.worker
        self._require_followed(change.forward.capture)
        for sql in (*change.forward.capture.dropping(), f"DROP TABLE {quoted(change.forward.capture.log)}"):
            worker.run(sql)
        swap.exchange(worker, change.table, (change.before, OLD), (change.after, NEW), change.autoincrement)
        for sql in change.backward.making():
            worker.run(sql)
        worker.run(*states.update(self.table, phase=OnlinePhase.SOAK, forgotten_to=0))
        record()

    def _require_followed(self, capture: Capture) -> None:
        """Every trigger that follows the table is there: the check was before, and a swap may wait."""
        listed = self.worker.connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        there = {name for (name,) in listed}
        gone = [name for name, _ in capture.triggers() if name not in there]
        if gone:
            raise InvariantBroken(
                f"The trigger {gone[0]} is gone: what was written to {self.table} since is not in its copy."
            )

    def _return(
        self, standing: OnlineState, way: TableRebuild, record: Record, there: TableRebuild | None
    ) -> None:
        """Rows written since the swap go into the old table; then it takes its place again."""
        worker, details = self.worker, standing.details
        key = tuple(KeyColumn(**one) for one in details["key"])
        image = way_back(worker.connection, key, way)
        live = catalogue.read_one(worker.connection, self.table)
        kept = list(left_out(live, image, way, there)) if live is not None else []
        if standing.phase is OnlinePhase.SOAK:
            with worker.transaction():
                worker.run(*states.update(self.table, phase=OnlinePhase.BACK))
        self.follower.catch_up(image)
        self.follower.walk(image, image.table, image.live, image.missing, standing.rows_copied)
        self.follower.walk(image, image.name, image.stored, image.left_over, standing.rows_copied)

        def do() -> None:
            # Asked again under the lock: the hour of the swap may be days after the last check.
            self._require_followed(image.capture)
            for sql in (*image.capture.dropping(), f"DROP TABLE {quoted(image.capture.log)}"):
                worker.run(sql)
            for one in kept:
                worker.run(one.making)
            before, after = (_named(details[name]) for name in ("before", "after"))
            swap.exchange(worker, self.table, (after, NEW), (before, OLD), details["autoincrement"])
            self._to_discard(standing, NEW, keep=[asdict(one) for one in kept])
            record()

        self._swap(image, do, self._followed_to_the_end)
        self._discard(states.required(self.worker.connection, self.table))

    def _give_up(self, record: Record) -> None:
        """Before the swap: nobody follows any more, and what was copied is deleted."""
        standing = states.required(self.worker.connection, self.table)
        with self.worker.transaction():
            self._drop_triggers(standing)
            self._to_discard(standing, NEW)
            record()
        self._discard(states.required(self.worker.connection, self.table))

    def _drop_triggers(self, standing: OnlineState) -> None:
        for name in standing.details["triggers"]:
            self.worker.run(f"DROP TRIGGER IF EXISTS {quoted(name)}")

    def _to_discard(self, standing: OnlineState, prefix: str, keep: Sequence[Mapping[str, str]] = ()) -> None:
        details = {**standing.details, "discard": prefix + standing.details["table"], "keep": list(keep)}
        self.worker.run(*states.update(self.table, phase=OnlinePhase.DISCARD, details=json.dumps(details)))

    def _discard(self, standing: OnlineState) -> None:
        """Delete what is hidden in small steps, and drop it once it is empty: DROP of a full table
        freezes.
        """
        worker, table = self.worker, standing.details["table"]
        names = [standing.details["discard"], Capture(table, (), ()).log]
        found = [one for name in names if (one := catalogue.read_one(worker.connection, name)) is not None]
        for one in found:
            columns = address_of(one).columns
            listed = ", ".join(quoted(column) for column in columns)
            address = f"({listed})" if len(columns) > 1 else listed
            chosen = f"{address} IN (SELECT {listed} FROM {quoted(one.name)} ORDER BY {listed} LIMIT :rows)"
            keep = standing.details["keep"] if one.name == standing.details["discard"] else ()
            deleted = 0
            while True:
                with worker.chunk():
                    for kept in keep:
                        worker.run(SetAside(**kept).filling(one.name, chosen), {"rows": worker.rows})
                    count = worker.run(
                        f"DELETE FROM {quoted(one.name)} WHERE {chosen}", {"rows": worker.rows}
                    ).rowcount
                deleted += count
                if count < 1:
                    break
                self.progress(None, None, f"{counted(deleted, 'row')} that nobody needs any more deleted")
        with worker.transaction():
            for one in found:
                worker.run(f"DROP TABLE {quoted(one.name)}")
            self._drop_empty(standing)
            # With its schema: a walk of this connection has a TEMP
            # table of the same name, which SQLite finds first.
            worker.run(f"DROP TABLE IF EXISTS main.{quoted(WALK + table)}")
            worker.run(*states.deletion(table))

    def _drop_empty(self, standing: OnlineState) -> None:
        """Of what was set aside, tables into which nothing came."""
        for kept in standing.details.get("keep", ()):
            name = quoted(kept["name"])
            if not self.worker.connection.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone():
                self.worker.run(f"DROP TABLE {name}")


def _details(change: OnlineChange) -> dict[str, Any]:
    """What the state keeps of a change, as it will be read again."""
    triggers = (*change.forward.capture.triggers(), *change.backward.triggers())
    found = {
        "table": change.table,
        "before": change.before,
        "after": change.after,
        "key": [asdict(one) for one in change.backward.key],
        "triggers": list(dict.fromkeys(name for name, _ in triggers)),
        "autoincrement": change.autoincrement,
    }
    return dict(json.loads(json.dumps(found)))


def _named(objects: Sequence[Sequence[str]]) -> tuple[NamedObject, ...]:
    return tuple((kind, name, sql) for kind, name, sql in objects)
