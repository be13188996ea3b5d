"""Is this server well? Answers within a bound, whatever the database does; says nothing secret."""

from typing import Any

from anyio import CapacityLimiter, fail_after, to_thread

from liveone.store.database import StoreError
from liveone.store.generations import NEWEST
from liveone.store.store import Store
from liveone.web.answers import plain
from liveone.web.services import Services

PATIENCE_S = 2.5


class HealthCheck:
    """One check at a time, in a thread of its own, so that a hanging database cannot take all threads."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._threads = CapacityLimiter(2)

    async def check(self) -> tuple[int, dict[str, Any]]:
        """``(status, body)``: 200 when the database answers, else 503 with the reason.

        ``degraded`` is 200 too: to start the program again would lose what it has in memory.
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
        problem = await self._problem(store)
        if problem:
            return 503, body | {"status": "unavailable", "schema": None, "error": problem}
        applied = store.generation
        schema = {
            "applied": applied,
            "expected": NEWEST,
            "inSync": applied == NEWEST,
            "timeZones": store.keeps_zones,
        }
        found = {"generation": applied, "schema": schema}
        if reasons := self._reasons():
            found |= {"status": "degraded", "reasons": reasons}
        return 200, body | found

    def _reasons(self) -> list[str]:
        """Why the collector is not well, in words that name no system: this is open to all."""
        said = self._services.collector_status()
        found = []
        if said.get("spool_in_memory"):
            found.append("Readings are in memory only: the disk of the spool takes none.")
        if said.get("database_refuses"):
            found.append("The database takes no readings; they wait in the spool.")
        if said.get("spool_held"):
            found.append("Readings are held that this generation of the database cannot hold.")
        return found

    def _collector(self) -> dict[str, Any]:
        """Numbers only: what is wrong in words may name systems, and this is open to all."""
        said = self._services.collector_status()
        numbers = {key: value for key, value in said.items() if isinstance(value, int | float)}
        return numbers | {"problems": len(said.get("problems", ()))}

    async def _problem(self, store: Store) -> str:
        try:
            with fail_after(PATIENCE_S):
                await to_thread.run_sync(store.detect_again, limiter=self._threads, abandon_on_cancel=True)
        except TimeoutError:
            return f"the database has not answered within {PATIENCE_S} s"
        except StoreError as error:
            return plain(error).replace(store.database.label, "").replace("  ", " ").strip()
        return ""
