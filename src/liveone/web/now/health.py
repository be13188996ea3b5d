"""Health of this server: answers within a time limit, whatever the database does, and says nothing secret.

Rule: 503 means that LiveOne does not do its work. A database that takes no writes for a moment, for example
during a migration, is no reason: readings wait and are written later. One that cannot take any, or has taken
none for a minute, is one.
"""

from collections.abc import Callable
from typing import Any

from anyio import CapacityLimiter, fail_after, to_thread

from liveone.store.database import Busy, Corrupt, Full, Held, ReadOnly, Retired, StoreError
from liveone.store.generations import NEWEST
from liveone.store.store import Query
from liveone.web.answers import plain
from liveone.web.services import Services

PATIENCE_S = 2.5
WRITE_EVERY_S = 10.0
"""A test write is made at most this often, as it takes the write lock for a moment."""

REFUSED_S = 60.0
"""After this time without a write, it is no longer just another writer that has not finished."""

LASTING = (ReadOnly, Full, Corrupt, Retired)


class HealthCheck:
    """One check at a time, in a thread of its own, so that a hanging database cannot occupy all threads."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._threads = CapacityLimiter(2)
        self._refusal: StoreError | None = None
        self._tried_s: float | None = None
        self._refused_since_s: float | None = None

    async def check(self) -> tuple[int, dict[str, Any]]:
        """``(status, body)``: 200 if the database answers and takes writes, else 503 with the reason.

        ``degraded`` is 200 too: a restart of the program would lose what it has in memory.
        """
        store = self._services.store
        body: dict[str, Any] = {
            "status": "ok",
            "database": "libsql" if "://" in store.database.label else "sqlite",
            "generation": store.generation_seen,
            "release": self._services.release,
            "role": self._services.role,
            "polls": list(self._services.collector_status().get("polled_systems", ())),
            "collector": self._collector(),
        }
        if self._services.notice:
            body["notice"] = self._services.notice
        problem = await self.away()
        if problem:
            return 503, body | {"status": "unavailable", "schema": None, "error": problem}
        applied = store.generation
        schema = {
            "applied": applied,
            "expected": NEWEST,
            "inSync": applied == NEWEST,
            "timeZones": store.keeps_zones,
            "accounts": store.shape.keeps_accounts,
            "sources": store.shape.keeps_sources,
            "points": store.shape.keeps_points,
            "secondSteps": store.shape.keeps_steps,
        }
        found = {"generation": applied, "schema": schema}
        await self._try_writing()
        reasons = self._reasons()
        if refused := self._refused():
            return 503, body | found | {"status": "unavailable", "error": refused, "reasons": reasons}
        if reasons:
            found |= {"status": "degraded", "reasons": reasons}
        return 200, body | found

    async def away(self) -> str:
        """Why the database cannot be read, so that no request can be answered; empty if it can."""
        return self._said(await self._asked(self._services.store.detect_again))

    async def _try_writing(self) -> None:
        now_s = self._services.clock.monotonic_s()
        if not self._services.writes or (
            self._tried_s is not None and now_s - self._tried_s < WRITE_EVERY_S and not self._refusal
        ):
            return
        store, self._tried_s = self._services.store, now_s
        self._refusal = await self._asked(lambda: store.write([Query("write_check")]))

    def _refused(self) -> str:
        """Why the answer is 503 although the database can be read; empty if it is not."""
        waits = self._services.collector_status().get("database_refuses")
        now_s = self._services.clock.monotonic_s()
        is_held = isinstance(self._refusal, Held) and not isinstance(self._refusal, Retired)
        if is_held or not (self._refusal or waits):
            self._refused_since_s = None
            return ""
        if self._refused_since_s is None:
            self._refused_since_s = now_s
        refused_s = now_s - self._refused_since_s
        if not isinstance(self._refusal, LASTING) and refused_s < REFUSED_S:
            return ""
        why = self._said(self._refusal) or "readings wait in the spool"
        return f"the database takes no writes: {why}"

    def _reasons(self) -> list[str]:
        """Why the collector is not well, without names of systems, because everybody may read this."""
        said = self._services.collector_status()
        found = []
        if said.get("spool_in_memory"):
            found.append("Readings are in memory only: the disk of the spool takes none.")
        if said.get("database_refuses"):
            found.append("The database takes no readings; they wait in the spool.")
        elif isinstance(self._refusal, Retired):
            found.append("Another database has taken this one's place.")
        elif isinstance(self._refusal, Held):
            found.append("A migration asks all writers to wait.")
        elif self._refusal:
            found.append("The database takes no writes.")
        if said.get("spool_held"):
            found.append("Readings are held that this generation of the database cannot hold.")
        return found

    def _collector(self) -> dict[str, Any]:
        """Numbers only, because sentences may name systems and everybody may read this."""
        said = self._services.collector_status()
        numbers = {key: value for key, value in said.items() if isinstance(value, int | float)}
        return numbers | {"problems": len(said.get("problems", ()))}

    async def _asked(self, call: Callable[[], object]) -> StoreError | None:
        """The database's error in a call, or None; Busy if it does not answer in time."""
        try:
            with fail_after(PATIENCE_S):
                await to_thread.run_sync(call, limiter=self._threads, abandon_on_cancel=True)
        except TimeoutError:
            return Busy(f"the database has not answered within {PATIENCE_S} s")
        except StoreError as error:
            return error
        return None

    def _said(self, error: StoreError | None) -> str:
        """The error in a sentence without files and addresses."""
        if error is None:
            return ""
        return plain(error).replace(self._services.store.database.label, "").replace("  ", " ").strip()
