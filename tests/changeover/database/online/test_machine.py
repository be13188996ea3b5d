"""Whatever writers do and wherever the runner is killed: row by row what two oracles say.

One oracle is a second database that gets the same writes and is rebuilt at rest by the same script; the other
is sqlite-utils' `transform()` of a copy of it, which knows nothing of that script.
"""

import shutil
import sqlite3
import tempfile
from contextlib import closing, suppress
from pathlib import Path

import sqlite_utils
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.changeover.database.online import entries
from tests.changeover.database.online.entries import Entry
from tests.changeover.database.online.shapes import SWIFT, VALUES, parsed
from tests.sample import AT_LENGTH

from changeover.database.connect import connect
from changeover.database.online.prepare import prepare
from changeover.database.online.rebuild import OnlineRebuild
from changeover.database.online.worker import Worker
from changeover.sql import rebuild

ENTRY = Entry(
    made="",
    old="(id INTEGER PRIMARY KEY, u TEXT, v BLOB, w INTEGER NOT NULL DEFAULT 0)",
    new="(id INTEGER PRIMARY KEY, w TEXT NOT NULL DEFAULT 0, v BLOB, u TEXT)",
    columns="id, u, v, w",
    meanwhile=(),
    objects="CREATE UNIQUE INDEX t_u ON t (u); CREATE INDEX t_w ON t (w);",
)
IDS, NAMES = st.integers(1, 14), st.integers(1, 10).map(lambda n: f"'u{n}'") | st.just("NULL")
CLAUSES = st.sampled_from(["", "OR REPLACE", "OR IGNORE", "OR FAIL", "OR ABORT", "OR ROLLBACK"])
NUMBERS = st.sampled_from(["NULL", "0", "7", "-3"])
ROWS = st.tuples(IDS, NAMES, st.sampled_from(VALUES), NUMBERS).map(
    lambda row: f"({', '.join(map(str, row))})"
)
WHICH = IDS.map(lambda n: f"id = {n}") | NAMES.map(lambda u: f"u IS {u}") | IDS.map(lambda n: f"id > {n}")
INSERTS = st.builds(
    lambda clause, rows: f"INSERT {clause} INTO t (id, u, v, w) VALUES {', '.join(rows)};",
    CLAUSES,
    st.lists(ROWS, min_size=1, max_size=3),
)
CHANGES = st.one_of(
    INSERTS,
    st.builds(
        "INSERT INTO t (id, u, v, w) VALUES {} ON CONFLICT ({}) DO UPDATE SET id = excluded.id, v ="
        " excluded.v;".format,
        ROWS,
        st.sampled_from(["id", "u"]),
    ),
    st.builds("UPDATE {} t SET id = {} WHERE {};".format, CLAUSES, IDS, WHICH),
    st.builds("UPDATE {} t SET u = {}, w = {} WHERE {};".format, CLAUSES, NAMES, NUMBERS, WHICH),
    st.builds("DELETE FROM t WHERE {};".format, WHICH),
    st.builds(
        "UPDATE t SET u = 'free' WHERE u = {0}; UPDATE t SET u = {0} WHERE u = {1}; UPDATE t SET u = {1}"
        " WHERE u = 'free';".format,
        NAMES,
        NAMES,
    ),
)
WRITES = st.one_of(
    CHANGES,
    st.lists(CHANGES, min_size=2, max_size=4).map(lambda some: f"BEGIN; {' '.join(some)} COMMIT;"),
    st.builds("BEGIN; {} SAVEPOINT s; {} ROLLBACK TO s; {} COMMIT;".format, CHANGES, CHANGES, CHANGES),
    st.builds("BEGIN; {} ROLLBACK;".format, CHANGES),
    st.sampled_from(["PRAGMA recursive_triggers = ON;", "PRAGMA recursive_triggers = OFF;"]),
)


class Killed(BaseException):
    """The runner is gone; what was not committed is, too."""


class Rebuilt(RuleBasedStateMachine):
    """A table that is written to, and a runner that is killed and begun again, there and back."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
        self.path, self.oracle = self.folder / "t.db", self.folder / "oracle.db"

    @initialize(rows=st.lists(ROWS, max_size=12))
    def begin(self, rows: list[str]) -> None:
        """Some rows are there."""
        entries.make(ENTRY, self.path)
        shutil.copy(self.path, self.oracle)
        self.writer = entries.Writer(ENTRY, self.path, self.oracle)
        for row in rows:
            self.writer.write(f"INSERT OR IGNORE INTO t (id, u, v, w) VALUES {row};")

    @rule(script=WRITES)
    def write(self, script: str) -> None:
        """Somebody writes while nobody runs."""
        self.writer.write(script)

    @rule(boundaries=st.integers(1, 60), scripts=st.lists(WRITES, max_size=4))
    def killed(self, boundaries: int, scripts: list[str]) -> None:
        """The runner comes so far; somebody writes between its transactions."""
        with suppress(Killed):
            self._go(boundaries, scripts)

    @rule(scripts=st.lists(WRITES, max_size=6))
    def to_the_end(self, scripts: list[str]) -> None:
        """The runner comes to the end of its way, forth or back."""
        self._go(None, scripts)

    def _go(self, boundaries: int | None, scripts: list[str]) -> None:
        """As a command does it: what was swapped before it was killed is not done again."""
        left, self.writer.scripts = boundaries, list(scripts)
        swapped = self._state() in ("soak", "back", "discard")

        def hear(moment: str) -> None:
            nonlocal left
            if left is not None:
                left -= 1
                if left < 0:
                    raise Killed
            self.writer.hear(moment)

        with closing(connect(self.path)) as connection:
            run = OnlineRebuild(Worker(connection=connection, pace=SWIFT, rows=3, hook=hear), "t", "machine")
            if swapped:
                run.back(rebuild.read(parsed(ENTRY.backward)), lambda: None)
            else:
                run.forward(prepare(connection, parsed(ENTRY.forward)), lambda: None)

    def _state(self) -> str:
        with closing(sqlite3.connect(self.path)) as connection:
            if not connection.execute(
                "SELECT 1 FROM sqlite_schema WHERE name = 'changeover_online'"
            ).fetchone():
                return ""
            return str(
                next(iter(connection.execute("SELECT phase FROM changeover_online").fetchall()), [""])[0]
            )

    @invariant()
    def holds_what_was_written(self) -> None:
        """The rows are those that writers left, as the script makes them where it is in force."""
        if not self.oracle.exists():
            return
        self.writer.scripts.clear()
        found, wanted = entries.contents(self.path), entries.contents(self.oracle)
        if self._is_new():
            wanted = self._at_rest()
            assert found["t"] == self._transformed()
        assert found["t"] == wanted["t"]

    def _is_new(self) -> bool:
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute("SELECT name FROM pragma_table_info('t') WHERE cid = 1").fetchone() == (
                "w",
            )

    def _at_rest(self) -> dict[str, object]:
        rest = self.folder / "rest.db"
        rest.unlink(missing_ok=True)
        entries.at_rest(ENTRY, self.oracle, rest)
        return entries.contents(rest)

    def _transformed(self) -> object:
        """Rows as sqlite-utils makes them."""
        other = self.folder / "transformed.db"
        other.unlink(missing_ok=True)
        with closing(sqlite3.connect(self.oracle)) as source, closing(sqlite3.connect(other)) as copy:
            source.backup(copy)
            sqlite_utils.Database(copy)["t"].transform(types={"w": str}, column_order=("id", "w", "v", "u"))
        return entries.contents(other)["t"]

    def teardown(self) -> None:
        """The folder goes."""
        if self.oracle.exists():
            self.writer.close()
        shutil.rmtree(self.folder)


TestRebuilt = Rebuilt.TestCase
TestRebuilt.settings = settings(
    # A step takes 10 to 18 ms of processor time, so this is about a minute at length.
    max_examples=150 if AT_LENGTH else 8,
    stateful_step_count=25 if AT_LENGTH else 12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    # To shrink what was found takes minutes; `make length` does it.
    phases=list(Phase) if AT_LENGTH else (Phase.explicit, Phase.generate),
)
