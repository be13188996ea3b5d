"""The club of `tests.changeover.run`, its database on a real libSQL server; forks make it anew."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

from tests.changeover.run import club as files
from tests.changeover.run import killing
from tests.changeover.server.copying import copied
from tests.store.proxy import Proxy
from tests.store.sqld import Sqld

from changeover.check.load import load_plan
from changeover.database.backup import backup
from changeover.database.connect import opened
from changeover.database.rehearse.compare import compare
from changeover.database.where import Server
from changeover.engine.entries import Ending
from changeover.plan import params
from changeover.plan.model import Plan
from changeover.run import commands
from changeover.run.records import Record
from changeover.run.rehearsal import rehearse
from changeover.run.state_dir import StateDir, state_of
from hrana.client import Client

PLACE, TEMPLATE = "club", "template"
Hook = Callable[[str], None]


@dataclass(frozen=True)
class ServerClub:
    """A folder with the plan and the state of its runs, and a server with the database.

    ``through``: the network on the way there, where a test cuts it.
    """

    folder: Path
    sqld: Sqld
    token: str = ""
    with_admin: bool = False
    through: Proxy | None = None

    @property
    def database(self) -> Server:
        admin = f"http://127.0.0.1:{self.sqld.admin_port}" if self.with_admin else ""
        port = self.through.port if self.through else self.sqld.port
        return Server(f"http://127.0.0.1:{port}?namespace={PLACE}", self.token, admin)

    @property
    def original(self) -> Path:
        """The database as it was at the beginning, a file that is never touched."""
        return self.folder / "original.db"

    @property
    def state(self) -> StateDir:
        return state_of(self.database, self.folder / "state")

    def plan(self) -> Plan:
        return _plan(self.folder / "PLAN.md", (self.folder / "undo.sql").read_text())

    def values(self) -> params.BoundParameters:
        return params.bind(self.plan(), [f"database={self.database}"], {})

    def settings(self, **more: Any) -> commands.Settings:
        return files.settings(state=self.state.path, **more)

    def rehearse(self) -> Record:
        return rehearse(self.plan(), self.values(), self.database, who="tests", state=self.state.path)

    def start(self, **more: Any) -> commands.Outcome:
        return commands.run(self.plan(), self.values(), self.database, self.settings(**more))

    def again(self, command: str, **more: Any) -> commands.Outcome:
        run_id = self.state.newest()
        assert run_id is not None
        act = {"resume": commands.resume, "rollback": commands.rollback, "finish": commands.finish}[command]
        return act(self.plan(), self.values(), self.database, self.settings(**more), run_id=run_id)

    def fetched(self) -> Path:
        """The database as it is now, as a file."""
        target = self.folder / "fetched.db"
        backup.copy(self.database, target)
        return target


@cache
def _plan(path: Path, undo: str) -> Plan:
    """Read once; hundreds of runs have the same."""
    return load_plan(path)


@contextmanager
def made(
    folder: Path, sqld: Sqld, *, with_admin: bool = False, token: str = "", **parts: str
) -> Iterator[ServerClub]:
    """A club with its plan, alone on a server; all its databases are gone at the end."""
    files.make(folder, **parts)
    one = ServerClub(folder, sqld, token, with_admin)
    before = set(databases(sqld))
    sqld.admin("POST", f"namespaces/{PLACE}/create", {})
    copied(one.original, one.database)
    sqld.admin("POST", f"namespaces/{PLACE}/fork/{TEMPLATE}")
    try:
        yield one
    finally:
        for name in set(databases(sqld)) - before:
            gone(sqld, name)


def databases(sqld: Sqld) -> list[str]:
    """The names of all databases of a server."""
    return sorted(path.name for path in (sqld.folder / "dbs").glob("*"))


def keep(one: ServerClub, place: Path, namespace: str) -> Path:
    """Remember how a club stands now: its folder there, its database in that namespace."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(one.folder, place)
    gone(one.sqld, namespace)
    one.sqld.admin("POST", f"namespaces/{PLACE}/fork/{namespace}")
    return place


def fresh(one: ServerClub, kept: Path, namespace: str) -> ServerClub:
    """The club as it was kept, in the same place as always."""
    shutil.rmtree(one.folder)
    shutil.copytree(kept, one.folder)
    gone(one.sqld, PLACE)
    one.sqld.admin("POST", f"namespaces/{namespace}/fork/{PLACE}")
    return one


def gone(sqld: Sqld, namespace: str) -> None:
    """Delete a database that may not be there."""
    url = f"http://127.0.0.1:{sqld.admin_port}/v1/namespaces/{namespace}"
    assert sqld.http.request("DELETE", url, json={}).status_code in (200, 404)


@contextmanager
def requests_heard(hook: Hook) -> Iterator[None]:
    """``hook`` hears every request to the database, before it is sent and after its answer came."""
    pipeline, cursor = Client.pipeline, Client.cursor

    def heard(self: Client, *given: Any) -> Any:
        hook("before request")
        answer = pipeline(self, *given)
        hook("after request")
        return answer

    def streamed(self: Client, *given: Any, **named: Any) -> Any:
        hook("before request")
        yield from cursor(self, *given, **named)
        hook("after request")

    with mock.patch.object(Client, "pipeline", heard), mock.patch.object(Client, "cursor", streamed):
        yield


Act = Callable[[ServerClub, Hook], commands.Outcome]


def acting(command: str) -> Act:
    """A command of a run as something to be killed."""

    def act(one: ServerClub, hook: Hook) -> commands.Outcome:
        with requests_heard(hook):
            return one.start(hook=hook) if command == "run" else one.again(command, hook=hook)

    return act


def oracle(one: ServerClub, target: Path) -> Path:
    """What the database must be after the change: the same scripts, run by hand on a file."""
    return killing.migrated_offline(one.original, target)


def require_equal(expected: Path, one: ServerClub) -> None:
    """Schema and every row."""
    difference = compare(expected, one.fetched())
    assert difference.equal, str(difference)


def require_whole_and_free(one: ServerClub) -> None:
    """No damage, no key broken, no lock left behind, no writes blocked, and old or new whole."""
    with opened(one.database) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("SELECT count(*) FROM visits").fetchone() == (20,)
        connection.execute("UPDATE prices SET cents = cents WHERE id = 1")
    assert blocks(one) == (False, False)


def blocks(one: ServerClub) -> tuple[bool, bool]:
    """Whether reads and writes of the club are blocked on the server."""
    url = f"http://127.0.0.1:{one.sqld.admin_port}/v1/namespaces/{PLACE}/config"
    found = one.sqld.http.get(url).json()
    return found["block_reads"], found["block_writes"]


def require_done(one: ServerClub, outcome: commands.Outcome, expected: Path) -> None:
    assert outcome.ending is Ending.DONE, (outcome.reason, outcome.failures)
    require_equal(expected, one)


def require_undone(one: ServerClub, outcome: commands.Outcome) -> None:
    assert outcome.ending is Ending.ROLLED_BACK, (outcome.reason, outcome.failures)
    require_equal(one.original, one)
