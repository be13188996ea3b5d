"""What an action has at hand while it runs, what it hands back, and how long it may take."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from changeover.database.change.invariants import Depth
from changeover.database.change.transaction import Parameters
from changeover.database.connect import opened, translated
from changeover.database.lease import Lease
from changeover.database.online.control import OnlineControl
from changeover.database.server.remote import Remote
from changeover.database.where import Database
from changeover.engine.limits import Limit
from changeover.errors import BudgetExceeded
from changeover.plan.model import Plan, SqlAction
from changeover.plan.params import BoundParameters
from changeover.problems import Position

LONGEST_S = 3600.0
"""Nothing is waited for longer than this, whatever a plan leaves open."""


@dataclass(frozen=True, slots=True)
class ActionResult:
    """What an action found. ``found`` is for people, without secrets; ``data`` goes into the journal.

    ``listed`` says why it was not done but only listed; empty where it was done.
    """

    found: str = ""
    data: Mapping[str, object] = field(default_factory=dict)
    listed: str = ""


class ActionDeadline:
    """The moment at which an action must have ended; None: `LONGEST_S` from now."""

    def __init__(self, limit: Limit | None, clock_s: Callable[[], float] = time.monotonic) -> None:
        self.limit, self.clock_s = limit, clock_s
        self.ends_s = clock_s() + (limit.seconds if limit else LONGEST_S)

    def left_s(self) -> float:
        """Seconds left, never below 0."""
        return max(self.ends_s - self.clock_s(), 0.0)

    def within(self, seconds: float | None) -> float:
        """The shorter of ``seconds`` and what is left."""
        return self.left_s() if seconds is None else min(seconds, self.left_s())

    def passed(self) -> bool:
        """Whether the time is up."""
        return self.left_s() <= 0

    def error(self, what: str, position: Position | None = None) -> BudgetExceeded:
        """The error that says whose limit was reached while doing ``what``."""
        name = self.limit.name if self.limit else f"nothing may take longer than {LONGEST_S:g} s"
        return BudgetExceeded(
            f"{what} was ended because its time was up: {name}.",
            hint="Rehearse to see what takes the time; then raise the limit, or choose a quieter hour.",
            position=position,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionContext:
    """Where an action takes place.

    ``note`` writes to the journal while it runs, ``progress`` tells people (part done 0..1 or None, seconds
    left or None, words), ``hook`` hears the boundaries of statements, ``ask`` asks a person yes or no (None:
    nobody is there; ``confirmed`` are boxes judged beforehand), ``alarm`` says why waiting makes no sense any
    more; ``stopped`` is who wants work that can be gone on with to stop. ``folder`` is where scripts run,
    ``backup_dir`` where backups go unless the plan says otherwise. ``lease`` None: a copy that nobody else
    uses. ``living`` False: what acts on the world outside the database is listed and not done, and nothing is
    waited for, because nobody else writes there.

    ``control`` is where people steer what works online, and are told how far it has come.

    ``among_new_rows``: a rehearsal wrote rows of its own, so numbers of rows in the plan, and what a script
    should print, are not asked: they are about those that were there.

    ``blank`` is the schema without rows, in memory, and stands in for ``database`` in a check: no command is
    done then. ``look`` gets each script right before it is carried out.
    """

    plan: Plan
    values: BoundParameters
    database: Database
    folder: Path
    backup_dir: Path
    run_id: str
    who: str
    now_at: Callable[[], float] = time.time
    lease: Lease | None = None
    living: bool = True
    among_new_rows: bool = False
    depth: Depth = Depth.SWIFT
    hook: Callable[[str], None] = lambda moment: None
    note: Callable[[Mapping[str, object]], None] = lambda data: None
    progress: Callable[[float | None, float | None, str], None] = lambda part, left_s, words: None
    ask: Callable[[str, str], bool | None] = lambda name, question: None
    confirmed: frozenset[str] = frozenset()
    alarm: Callable[[], str] = lambda: ""
    stopped: Callable[[], str] = lambda: ""
    control: OnlineControl = field(default_factory=OnlineControl)
    blank: sqlite3.Connection | None = None
    look: Callable[[SqlAction], None] = lambda action: None

    @property
    def bindable(self) -> Parameters:
        """What a script may bind: the plan's parameters, and how its changes are done."""
        return {**self.plan.strategies(), **self.values.values}

    @contextmanager
    def opened(self) -> Iterator[sqlite3.Connection | Remote]:
        """The database, with errors of `sqlite3` and of the server turned into ours."""
        if self.blank is None:
            with opened(self.database) as connection:
                yield connection
        else:
            with translated("The empty copy"):
                yield self.blank

    def hide(self, text: str) -> str:
        """The text without this run's secrets."""
        return self.values.redactor.hide(text)
