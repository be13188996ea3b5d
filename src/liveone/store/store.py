"""A database together with what is known of it: its generation and the cadence of its readings.

Rule: a migration may happen underneath at any moment. A statement that meets a changed schema makes
the store detect the generation again and repeat the call, a few times: one plan may follow another at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from hrana.address import is_server
from liveone.store.database import BulkInsert, Database, Row, SchemaChanged, Statement, Value, WriteResult
from liveone.store.files import refuse_unusable
from liveone.store.generations import SchemaShape, detect
from liveone.store.libsql.driver import TIMEOUT_S, LibsqlDatabase
from liveone.store.sql import query
from liveone.store.sqlite import SqliteDatabase

DEFAULT_CADENCE_S = 60
SCHEMA_CHANGES = 3
"""How many may come in the way of one call."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Query:
    """A named query with its parameters, by position; ``columns`` fills ``{columns}`` in its text."""

    name: str
    params: Sequence[Value] = ()
    columns: str = ""


class Store:
    """Runs named queries in the variant of the database's generation. Safe to call from any thread.

    Raises Foreign when the database is of no generation that this release serves: at once, or with
    ``at_once`` false from the first call that needs to know. Until then the database is not asked.
    ``served`` false takes the first weeks' generation too, of which little more than rows can be counted.
    """

    def __init__(
        self,
        database: Database,
        *,
        cadence_s: int = DEFAULT_CADENCE_S,
        at_once: bool = True,
        served: bool = True,
    ) -> None:
        self.database = database
        self.cadence_s = cadence_s
        self._served = served
        self._shape = detect(database, served=served) if at_once else None

    @property
    def generation(self) -> int:
        """The database's generation, as last detected."""
        return self._known().generation

    @property
    def generation_seen(self) -> int | None:
        """As ``generation``, without asking the database: None when it has never answered."""
        return self._shape.generation if self._shape else None

    @property
    def holds_partial(self) -> bool:
        """Whether a reading with absent measurements can be stored."""
        return self._known().holds_partial

    @property
    def shape(self) -> SchemaShape:
        """The database's shape, as last detected."""
        return self._known()

    @property
    def keeps_zones(self) -> bool:
        """Whether a system's time zone can be stored, as last detected."""
        return self._known().keeps_zones

    def detect_again(self) -> SchemaShape:
        """Look at the schema anew, for example after a migration. Raises Foreign."""
        shape = self._shape = detect(self.database, served=self._served)
        return shape

    def read(self, name: str, *params: Value) -> list[Row]:
        """The rows of one named query."""
        return self.snapshot([Query(name, params)])[0]

    def snapshot(self, queries: Sequence[Query]) -> list[list[Row]]:
        """The rows of each query, all from one snapshot."""
        return self.snapshot_for(lambda shape: queries)

    def snapshot_for(self, asked: Callable[[SchemaShape], Sequence[Query]]) -> list[list[Row]]:
        """As ``snapshot``, of the queries that fit the database's shape; they are chosen anew where a plan
        changed it meanwhile."""

        def read() -> list[list[Row]]:
            statements = [self._statement(each) for each in asked(self._known())]
            return self.database.read(statements) if statements else []

        return self._passing_over(read)

    def read_newest(self, name: str, *params: Value) -> list[Row]:
        """As ``read``, never from a replica."""
        (rows,) = self._passing_over(
            lambda: self.database.read([self._statement(Query(name, params))], newest=True)
        )
        return rows

    def write(self, steps: Sequence[Query | BulkInsert]) -> list[WriteResult]:
        """Apply all steps in one transaction, or none."""
        return self._passing_over(lambda: self.database.write([self._step(each) for each in steps]))

    def close(self) -> None:
        """Release the database."""
        self.database.close()

    def _known(self) -> SchemaShape:
        return self._shape or self.detect_again()

    def _passing_over(self, call: Callable[[], T]) -> T:
        for _ in range(SCHEMA_CHANGES):
            try:
                return call()
            except SchemaChanged:
                self.detect_again()
        return call()

    def _step(self, step: Query | BulkInsert) -> Statement | BulkInsert:
        return step if isinstance(step, BulkInsert) else self._statement(step)

    def _statement(self, asked: Query) -> Statement:
        text = query(asked.name, self.generation)
        return Statement(text.replace("{columns}", asked.columns) if asked.columns else text, asked.params)


def open_store(
    url: str | Path,
    *,
    cadence_s: int = DEFAULT_CADENCE_S,
    busy_timeout_s: float = 2.0,
    token: str | Callable[[], str] = "",
    replica_url: str = "",
    served: bool = True,
) -> Store:
    """Open an existing LiveOne database, as ``open_database`` does. Nothing is written by opening.

    ``served`` false: also one that must be brought up before it can be served.
    Raises Unavailable (missing, a folder, out of reach), Foreign (empty or of another shape), Corrupt,
    ReadOnly, and BadInput for a URL that is none.
    """
    database = open_database(url, busy_timeout_s=busy_timeout_s, token=token, replica_url=replica_url)
    try:
        return Store(database, cadence_s=cadence_s, served=served)
    except BaseException:
        database.close()
        raise


def open_database(
    url: str | Path,
    *,
    busy_timeout_s: float = 2.0,
    token: str | Callable[[], str] = "",
    replica_url: str = "",
    timeout_s: float = TIMEOUT_S,
) -> Database:
    """The database a URL names, of whatever shape: ``libsql://``, ``http(s)://`` a server, all else a file.

    ``token``, ``replica_url`` and ``timeout_s`` are for servers, ``busy_timeout_s`` for files.
    """
    if is_server(str(url)):
        return LibsqlDatabase(str(url), token=token, replica_url=replica_url, timeout_s=timeout_s)
    path = path_of(url)
    refuse_unusable(path)
    return SqliteDatabase(path, busy_timeout_s=busy_timeout_s)


def path_of(url: str | Path) -> Path:
    """The file that a database URL names: ``data.db``, ``sqlite:data.db``, ``sqlite:///srv/data.db``."""
    text = str(url)
    for prefix in ("sqlite:", "file:"):
        if text.startswith(prefix):
            text = text.removeprefix(prefix)
            return Path("/" + text.lstrip("/")) if text.startswith("/") else Path(text)
    return Path(text)
