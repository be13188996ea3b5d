"""What a plan asks to be done and to be true: actions, the output and answers expected of them, gates.

Rule: data only, as in `changeover.plan.model`, which re-exports every name of this module.
"""

from dataclasses import dataclass
from enum import StrEnum

from changeover.problems import Position
from changeover.sql.text import SqlStatement


@dataclass(frozen=True, slots=True)
class Header:
    """One request header; ``value`` may hold ``${NAME}``."""

    name: str
    value: str


class Operator(StrEnum):
    EQUAL = "=="
    NOT_EQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="
    MATCHES = "~"
    EXISTS = "exists"


@dataclass(frozen=True, slots=True)
class JsonAssertion:
    """``.data.items[0].w >= 3``: a path into a JSON answer, an operator and a value.

    ``path`` is split: names are str, list indexes int. ``value`` is the JSON literal (a bare word is a
    text), or a text that may hold ``${NAME}``; None for ``exists``. ``text`` is the assertion as written.
    """

    path: tuple[str | int, ...]
    operator: Operator
    value: object
    text: str


class Match(StrEnum):
    """How output is compared with what is expected."""

    EXACT = "exact"
    UNORDERED = "unordered"
    REGEX = "regex"
    JSON = "json"
    NUMBER = "number"
    EMPTY = "empty"
    SOME = "some"


@dataclass(frozen=True, slots=True)
class Expect:
    """Expected output of an action.

    SQL rows stand as the sqlite3 shell prints them: one row a line, columns joined by ``|``, NULL empty.
    ``text`` for EXACT, UNORDERED, REGEX; ``assertions`` for JSON; ``operator`` and ``number`` for NUMBER.
    """

    match: Match
    position: Position
    text: str = ""
    assertions: tuple[JsonAssertion, ...] = ()
    operator: Operator | None = None
    number: float | None = None


class CheckOutcome(StrEnum):
    """What a check says of an application. INCONCLUSIVE: refused, timed out or 5xx to the last retry."""

    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    INCONCLUSIVE = "inconclusive"


class WhenInconclusive(StrEnum):
    """What to do when all retries of a check were inconclusive: fail (and roll back), ask, or go on."""

    FAIL = "fail"
    ASK = "ask"
    CONTINUE = "continue"


@dataclass(frozen=True, slots=True)
class Retry:
    """Try at most ``times`` times in all, ``every_s`` apart."""

    times: int = 1
    every_s: float = 1.0


class Rows(StrEnum):
    """What must be true of the rows of a table after an action, compared with before.

    UNCHANGED ``t=0``: not one row added, removed or different. KEPT ``t=*``: any row may be different,
    but the table has as many rows as before. AFFECTED ``t=n``: exactly n rows were added, removed or changed.
    ADDED ``t=+n`` / ``t=-n``: n rows more (fewer). AS_MANY_AS ``t=other``: as many rows afterwards as the
    table ``other`` has afterwards. ANY ``t=any``: declared, not checked.
    """

    UNCHANGED = "unchanged"
    KEPT = "kept"
    AFFECTED = "affected"
    ADDED = "added"
    AS_MANY_AS = "as many as"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class RowExpectation:
    """One word of ``rows="systems=* readings=0 user_systems=systems"``; ``count`` is signed for ADDED."""

    table: str
    rows: Rows
    count: int = 0
    other: str | None = None


class Strategy(StrEnum):
    """How a change is carried out; AUTO takes the cheapest that can do it."""

    AUTO = "auto"
    NATIVE = "native"
    BLOCKING = "blocking"
    ONLINE = "online"


class Part(StrEnum):
    """Which half of a release an action is; the order of the halves follows from ``Plan.order``."""

    DEPLOY = "deploy"
    MIGRATE = "migrate"


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request with what its answer must be. ``status`` None means 200."""

    method: str
    url: str
    headers: tuple[Header, ...] = ()
    body: str | None = None
    status: int | None = None
    assertions: tuple[JsonAssertion, ...] = ()


@dataclass(frozen=True, slots=True)
class Gate:
    """A condition that is asked again and again until it holds: a request, or a command that exits with 0.

    ``timeout_s`` None: as long as the step's budget lasts.
    """

    text: str
    request: Request | None = None
    command: str | None = None
    every_s: float = 0.5
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What every block that runs has.

    ``for_box`` is the id of the box that this action proves; ``undoes`` (rollback section only) the id of the
    action that it takes back: it runs only if that one was started. ``label`` is what to call it to a person.
    """

    id: str
    position: Position
    label: str
    for_box: str | None = None
    undoes: str | None = None
    expect: Expect | None = None
    timeout_s: float | None = None
    budget_s: float | None = None
    retry: Retry = Retry()
    part: Part | None = None


@dataclass(frozen=True, slots=True)
class IndexColumns:
    """An index as a plan names it: by its table and its columns in their order, all folded."""

    table: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlAction(Action):
    """A script for the database. ``changes`` False: every statement only reads, and it runs on a snapshot.

    A changing script runs in one transaction with the ledger row. ``scope`` names every table, existing
    before or after, that it may leave different; one that it makes and renames or drops again needs no name.
    ``derived_undo``: the engine derives the reverse (ADD COLUMN, CREATE TABLE, CREATE INDEX only). ``carry``:
    a table that is made anew keeps NOT NULL, indexes and triggers where they fit, but for indexes that
    ``without`` names. ``hold_s``: it is done online where one transaction is expected to hold writers for
    longer.
    """

    sql: str
    statements: tuple[SqlStatement, ...]
    changes: bool
    file: str | None = None
    scope: tuple[str, ...] = ()
    rows: tuple[RowExpectation, ...] = ()
    strategy: Strategy = Strategy.AUTO
    hold_s: float | None = None
    derived_undo: bool = False
    carry: bool = False
    without: tuple[IndexColumns, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellAction(Action):
    """A script for bash (``set -euo pipefail``), parameters in its environment under their own names.

    ``undo`` is a command that takes it back ("": declared that nothing needs to be); ``until`` a gate
    waited for after it; ``exit_code`` what it must end with. ``safe`` says that it
    changes nothing and may also run in a rehearsal.
    """

    script: str
    exit_code: int = 0
    undo: str | None = None
    until: Gate | None = None
    safe: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAction(Action):
    """Requests to the application, made in order; the worst outcome counts."""

    requests: tuple[Request, ...]
    when_inconclusive: WhenInconclusive = WhenInconclusive.FAIL


AnyAction = SqlAction | ShellAction | HttpAction
