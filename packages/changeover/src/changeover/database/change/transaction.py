"""Runs one script in one transaction: statement by statement, measured, interruptible, all or nothing.

Rule: foreign_keys and legacy_alter_table are set before BEGIN, since SQLite silently ignores the first inside
a transaction, and are read back. BEGIN IMMEDIATE takes the lock, and waits for it, once. If anything goes
wrong (a statement, a check, the deadline, a full disk, Ctrl-C) everything is rolled back, and the error says
where. Budgets use the monotonic clock, so a clock that jumps changes nothing.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from changeover.database.change import culprits
from changeover.database.change.guard import WriteGuard, watching
from changeover.database.connect import translation
from changeover.errors import BudgetExceeded, Busy, ChangeoverError, InvariantBroken, StepFailed
from changeover.plan.model import SqlStatement
from hrana.wire import Value

OPCODES_BETWEEN_LOOKS = 20_000
OUTPUT_ROWS_LIMIT = 10_000

Parameters = Mapping[str, str | int | float | bytes | Mapping[str, str] | None]


@dataclass(frozen=True, slots=True)
class ScriptWork:
    """A script with the settings it runs under.

    ``budget_s`` limits the seconds for which writers are held.
    """

    statements: tuple[SqlStatement, ...]
    parameters: Parameters
    foreign_keys: bool = False
    legacy_alter_table: bool = False
    lock_wait_s: float = 5.0
    budget_s: float | None = None


@dataclass(frozen=True, slots=True)
class Executed:
    """One statement that ran: rows it changed itself, rows with triggers and foreign keys, its output."""

    statement: SqlStatement
    rows: int
    rows_in_all: int
    output: tuple[tuple[object, ...], ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Measured:
    """What a transaction has cost: ``lock_wait_s`` until it had the lock, ``frozen_s`` while it held it."""

    executed: tuple[Executed, ...]
    lock_wait_s: float
    frozen_s: float

    @property
    def output(self) -> list[tuple[object, ...]]:
        """The rows that all statements printed, in order."""
        return [row for one in self.executed for row in one.output]

    @property
    def rows_in_all(self) -> int:
        """The number of rows changed by all statements, with triggers and foreign keys."""
        return sum(one.rows_in_all for one in self.executed)


@dataclass(frozen=True, slots=True)
class TransactionHooks:
    """Functions that are called inside the transaction.

    ``prepare`` runs right after BEGIN, ``verify`` after the last statement, ``record`` last before COMMIT.
    ``hook`` is called with the name of each boundary, in this order: before begin, begun, prepared, before
    and after statement 1, 2 and so on, verified, recorded, committed. ``progress`` is called with (statements
    done, statements in all, seconds).
    """

    prepare: Callable[[sqlite3.Connection], None] = lambda connection: None
    verify: Callable[[sqlite3.Connection], None] = lambda connection: None
    record: Callable[[sqlite3.Connection, Measured], None] = lambda connection, measured: None
    guard: WriteGuard | None = None
    hook: Callable[[str], None] = lambda moment: None
    progress: Callable[[int, int, float], None] = lambda done, total, seconds: None
    now: Callable[[], float] = time.monotonic


def bound(parameters: Parameters, names: tuple[str, ...]) -> dict[str, Value]:
    """The values for ``:names``; a map becomes a JSON object, read by ``json_each(:owner)``.

    Raises StepFailed for a name without a value: SQLite would bind NULL, or refuse without saying which.
    """
    missing = [name for name in names if name not in parameters]
    if missing:
        raise StepFailed(
            f"The script uses :{missing[0]}, which has no value.",
            hint=f"Declare `{missing[0]}` under `parameters:` and give it with --set {missing[0]}=...",
        )
    return {
        name: json.dumps(dict(value), sort_keys=True) if isinstance(value, Mapping) else value
        for name in names
        for value in (parameters[name],)
    }


def transact(connection: sqlite3.Connection, work: ScriptWork, hooks: TransactionHooks) -> Measured:
    """Run the script and the hooks in one transaction, and return what it cost.

    Raises Busy if the lock could not be taken within ``lock_wait_s``, BudgetExceeded past ``budget_s``,
    StepFailed if a statement fails, InvariantBroken for a write out of scope. The database is then as it was.
    """
    hooks.hook("before begin")
    with _settings(connection, work):
        lock_wait_s = _begin(connection, work, hooks)
        deadline = _Deadline(hooks.now, work.budget_s)
        try:
            # SQLite asks while it runs a statement, and a non-zero answer interrupts that
            # (https://sqlite.org/c3ref/progress_handler.html); between statements `require` asks.
            connection.set_progress_handler(deadline.passed, OPCODES_BETWEEN_LOOKS)
            measured = _inside(connection, work, hooks, lock_wait_s, deadline)
        except BaseException as error:
            connection.set_progress_handler(None, 0)
            _roll_back(connection)
            explained = _explained(error, deadline)
            if explained is error:
                raise
            raise explained from error
        finally:
            connection.set_progress_handler(None, 0)
    hooks.hook("committed")
    return measured


class _Deadline:
    """Interrupts SQLite past the budget; ``place`` is the statement that is running."""

    def __init__(self, now: Callable[[], float], budget_s: float | None) -> None:
        self.now, self.budget_s, self.started = now, budget_s, now()
        self.place: SqlStatement | None = None

    def elapsed_s(self) -> float:
        return self.now() - self.started

    def passed(self) -> int:
        return int(self.budget_s is not None and self.elapsed_s() > self.budget_s)

    def require(self) -> None:
        if self.passed():
            raise self.error()

    def error(self) -> BudgetExceeded:
        return BudgetExceeded(
            f"Writers would be held for longer than the budget of {self.budget_s:g} s; the script was"
            " interrupted after"
            f" {self.elapsed_s():.2f} s and everything was rolled back.",
            hint="Rehearse again to see what takes the time; then raise the budget, or choose a quieter"
            " hour.",
            position=self.place.position if self.place else None,
        )


def _inside(
    connection: sqlite3.Connection,
    work: ScriptWork,
    hooks: TransactionHooks,
    lock_wait_s: float,
    deadline: _Deadline,
) -> Measured:
    hooks.hook("begun")
    hooks.prepare(connection)
    hooks.hook("prepared")
    executed = []
    for number, statement in enumerate(work.statements, 1):
        hooks.hook(f"before statement {number}")
        deadline.place = statement
        deadline.require()
        executed.append(_execute(connection, statement, work, hooks))
        hooks.progress(number, len(work.statements), deadline.elapsed_s())
        hooks.hook(f"after statement {number}")
    # What the checks cost counts as well: writers wait for them, too.
    hooks.verify(connection)
    deadline.require()
    hooks.hook("verified")
    hooks.record(connection, Measured(tuple(executed), lock_wait_s, deadline.elapsed_s()))
    hooks.hook("recorded")
    deadline.require()
    connection.execute("COMMIT")
    return Measured(tuple(executed), lock_wait_s, deadline.elapsed_s())


def _execute(
    connection: sqlite3.Connection, statement: SqlStatement, work: ScriptWork, hooks: TransactionHooks
) -> Executed:
    values = bound(work.parameters, statement.parameters)
    started, changes = hooks.now(), connection.total_changes
    try:
        with watching(connection, hooks.guard):
            cursor = connection.execute(statement.text, values)
            output = tuple(cursor.fetchmany(OUTPUT_ROWS_LIMIT))
            # To its end: a query that is left open locks its tables against a later DROP.
            while cursor.fetchmany(OUTPUT_ROWS_LIMIT):
                pass
    except sqlite3.Error as error:
        rows = culprits.named(connection, culprits.Failed(statement.text, values, str(error)))
        raise _failed(statement, error, hooks.guard, rows) from error
    if not connection.in_transaction:
        raise StepFailed("The statement ended the transaction.", position=statement.position)
    rows_in_all = connection.total_changes - changes
    # sqlite3 says -1 for whatever changes no rows.
    return Executed(statement, max(cursor.rowcount, 0), rows_in_all, output, hooks.now() - started)


def _failed(
    statement: SqlStatement, error: sqlite3.Error, guard: WriteGuard | None, rows: str
) -> BaseException:
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    # These say something of the database or of our deadline, and nothing of the statement.
    if code in (sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CORRUPT):
        return error
    if guard is not None and guard.offence:
        return InvariantBroken(
            f"The statement {guard.offence}, which is not in the declared scope; it was refused and"
            " everything was"
            " rolled back.",
            hint="Mend the script, or add the table to `scope=` and rehearse again.",
            position=statement.position,
        )
    return StepFailed(
        f"The statement failed: {error}. Everything was rolled back.{rows}",
        hint="Mend the script and rehearse again; the database is as it was.",
        position=statement.position,
    )


def _begin(connection: sqlite3.Connection, work: ScriptWork, hooks: TransactionHooks) -> float:
    """Take the write lock; gives the seconds that took."""
    connection.execute(f"PRAGMA busy_timeout = {max(int(work.lock_wait_s * 1000), 1)}")
    started = hooks.now()
    try:
        # A plain BEGIN that has read asks for the write lock at its first write, and fails at once, without
        # waiting, where somebody committed in between: SQLITE_BUSY_SNAPSHOT
        # (https://sqlite.org/rescode.html#busy_snapshot).
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        found = translation(error, "The database")
        if isinstance(found, Busy):
            raise Busy(
                f"Another writer held the lock for all of the {work.lock_wait_s:g} s that may be waited for"
                " it; nothing"
                " was changed.",
                hint="Find the long transaction (an open shell, an import), end it, then `changeover"
                " resume`.",
            ) from error
        raise found from error
    return hooks.now() - started


def _roll_back(connection: sqlite3.Connection) -> None:
    # Some errors, such as a full disk, have rolled back already; ROLLBACK would then be an error of its own
    # (https://sqlite.org/lang_transaction.html).
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _explained(error: BaseException, deadline: _Deadline) -> BaseException:
    if isinstance(error, ChangeoverError) or not isinstance(error, sqlite3.Error):
        return error
    if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT and deadline.passed():
        return deadline.error()
    return translation(error, "The database")


@contextmanager
def _settings(connection: sqlite3.Connection, work: ScriptWork) -> Iterator[None]:
    """Two pragmas that must be set before the transaction; afterwards they are as they were."""
    wanted = {"foreign_keys": int(work.foreign_keys), "legacy_alter_table": int(work.legacy_alter_table)}
    before = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in wanted}
    try:
        for name, value in wanted.items():
            connection.execute(f"PRAGMA {name} = {value}")
            # Inside a transaction foreign_keys is a no-op without an error
            # (https://sqlite.org/pragma.html#pragma_foreign_keys).
            if connection.execute(f"PRAGMA {name}").fetchone()[0] != value:
                raise StepFailed(
                    f"The database does not take PRAGMA {name} = {value}; a transaction is open, or it is"
                    " not built in.",
                    hint="Use a connection of its own for the change.",
                )
        yield
    finally:
        for name, value in before.items():
            connection.execute(f"PRAGMA {name} = {value}")
