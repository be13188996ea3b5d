"""The stage of `tests.migration.stage` with its database on a real libSQL server of its own."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.changeover.server.copying import copied
from tests.migration.stage import History, Stage, furnish
from tests.store.sqld import Sqld, scratch

from changeover.database.backup import backup
from changeover.database.connect import connect, opened
from changeover.database.where import Server
from liveone.simulate.run import make_portal

PAST = "past"


@dataclass
class ServerStage(Stage):
    """``namespace`` is the database's name there; ``admin``: changeover is told of the admin API."""

    sqld: Sqld = field(default=None)  # type: ignore[assignment]
    namespace: str = ""
    admin: bool = False
    replica_url: str = ""

    @property
    def server(self) -> Server:
        return Server(f"{self.sqld.url}?namespace={self.namespace}")

    @property
    def environment(self) -> dict[str, str]:
        found = {**super().environment, "LIVEONE_DATABASE_URL": self.server.url}
        if self.admin:
            found["CHANGEOVER_ADMIN_URL"] = f"http://127.0.0.1:{self.sqld.admin_port}"
        if self.replica_url:
            found["LIVEONE_REPLICA_URL"] = self.replica_url
        return found

    def ask(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        with opened(self.server) as connection:
            return connection.execute(sql, values).fetchall()

    def fetched(self) -> Path:
        """The database as it is now, as a file."""
        target = self.folder / "fetched.db"
        backup.copy(self.server, target)
        return target

    def blocked(self) -> tuple[bool, bool]:
        """Whether reads and writes are blocked on the server."""
        path = f"http://127.0.0.1:{self.sqld.admin_port}/v1/namespaces/{self.namespace}/config"
        found = self.sqld.http.get(path).json()
        return found["block_reads"], found["block_writes"]


@contextmanager
def server_of(past: History) -> Iterator[Sqld]:
    """A server that holds the history, to be forked for each test."""
    server = Sqld(scratch("migration"), "--max-active-namespaces", "50")
    try:
        server.start()
        server.admin("POST", f"namespaces/{PAST}/create", {})
        with closing(connect(Server(f"{server.url}?namespace={PAST}"))) as connection:
            connection.execute("SELECT 1")
        copied(past.database, Server(f"{server.url}?namespace={PAST}"))
        yield server
    finally:
        server.close()


@contextmanager
def set_up(
    folder: Path, past: History, sqld: Sqld, namespace: str, *, admin: bool = False
) -> Iterator[ServerStage]:
    """A fork of that history, its portal, and settings; LiveOne keeps its address and is not started yet."""
    folder.mkdir(parents=True, exist_ok=True)
    sqld.admin("POST", f"namespaces/{PAST}/fork/{namespace}")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with make_portal(past.options) as portal:
        stage = ServerStage(folder, portal, sqld=sqld, namespace=namespace, admin=admin)
        furnish(stage, past.options, database=stage.server.url, port=port)
        try:
            yield stage
        finally:
            stage.kill()
