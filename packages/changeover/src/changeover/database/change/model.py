"""The data of a change, shared by files and servers: what is asked, for whom, and what was done."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from changeover.database import ledger
from changeover.database.change.forecast import Forecast
from changeover.database.change.rule import Row
from changeover.database.change.transaction import Measured, Parameters
from changeover.database.lease import Lease
from changeover.database.schema.meaning import Meanings
from changeover.errors import ChangeoverError
from changeover.plan.actions import Expect
from changeover.plan.model import RowExpectation, SqlStatement, Strategy


@dataclass(frozen=True, slots=True)
class PrintedText:
    """What a script must print: ``wanted``, with values of parameters, secrets included.

    ``say`` describes the difference to what was printed, ``refusal`` makes the error of it.
    """

    expect: Expect
    wanted: str
    say: Callable[[str], str]
    refusal: Callable[[list[str]], ChangeoverError]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedChange:
    """What a plan says of a script.

    ``foreign_keys`` on is for scripts that want their cascades; the default is off. ``rehearsed_s`` is how
    long the rehearsal held writers; without it a forecast decides whether the budget is enough. ``accept``
    gives the reason for each finding, by name, that is intended (`weaker`); the ledger keeps all of them.
    Before COMMIT ``prints`` is called with what the script printed on a file, and raises if the plan expects
    something else; a server judges ``printed`` itself. None: nothing is expected.
    """

    statements: tuple[SqlStatement, ...]
    scope: tuple[str, ...]
    rows: tuple[RowExpectation, ...] = ()
    parameters: Parameters = field(default_factory=dict)
    strategy: Strategy = Strategy.AUTO
    foreign_keys: bool = False
    budget_s: float | None = None
    rehearsed_s: float | None = None
    lock_wait_s: float = 5.0
    accept: Mapping[str, str] = field(default_factory=dict)
    prints: Callable[[Sequence[Row]], None] = lambda rows: None
    printed: PrintedText | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """For whom a change is made: the texts of the ledger row, the lease (None.

    A private copy), and what must hold.

    ``expected`` is the schema that must be there afterwards, ``contract`` what the new release needs of it.
    ``faults_before`` were in the database before the run, so a rollback may bring them back.
    """

    run_id: str
    action: str
    direction: ledger.Direction
    plan_sha256: str
    content_sha256: str
    started_at: int
    who: str
    lease: Lease | None = None
    expected: Meanings | None = None
    contract: Mapping[str, Sequence[str]] | None = None
    faults_before: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressHooks:
    """Called while a change is made; see `transaction.TransactionHooks`."""

    hook: Callable[[str], None] = lambda moment: None
    progress: Callable[[int, int, float], None] = lambda done, total, seconds: None
    now: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Migrated:
    """What was done.

    ``counts`` has the rows before and after by table, ``notes`` what was not checked and why, ``accepted``
    the plan's reason for each finding, by name, of what is weaker or gone.
    """

    measured: Measured
    forecast: Forecast
    schema_before: str
    schema_after: str
    counts: Mapping[str, tuple[int, int]]
    notes: tuple[str, ...]
    accepted: Mapping[str, str] = field(default_factory=dict)
