"""The root of changeover's error tree: every error says whether to retry and what the operator should do.

ChangeoverError                  exit  meaning for the database
├── PlanErrors                    2    nothing was touched: the plan is wrong, all its faults are listed
├── BadParameter                  2    nothing was touched: a parameter or secret is missing or wrong
├── Refused                       3    nothing was changed: a condition for starting does not hold
│   ├── NotRehearsed              8    no fresh rehearsal of this plan against this schema
│   ├── NothingToDo               0    all that the plan changes is in force already
│   ├── Locked                    3    another runner holds the lease (retryable)
│   ├── Unsuitable                3    this database, or this schema, cannot be changed in the way asked for
│   └── Undecided                 6    a person must judge a box or answer a question first
├── StepFailed                    4    a step did not do what the plan says; the run goes back
│   ├── CheckFailed               4    output or answer differs from what is expected
│   ├── InvariantBroken           4    the work would harm rows or tables that it must not touch
│   ├── BudgetExceeded            4    a step, a section or the whole took longer than it may
│   └── Inconclusive              4    a check could not be carried out, so nothing is known (retryable)
├── DatabaseError                 1    the database refused or failed
│   ├── Busy                      1    somebody else holds the write lock longer than we wait (retryable)
│   ├── Full                      1    no space left (retryable)
│   ├── Unavailable               1    the server does not serve us, or is out of reach (retryable)
│   ├── OutcomeUnknown            1    no answer came: done wholly, or not at all (retryable)
│   └── Damaged                   1    the file is not a whole SQLite database
├── Interrupted                   7    a person stopped work that can be gone on with (retryable)
└── LeaseLost                     5    this runner slept past its lease and must not write any more
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from changeover.exits import Exit

if TYPE_CHECKING:
    from changeover.problems import Position, Problem


class ChangeoverError(Exception):
    """An error that a stranger can act on.

    ``retryable`` answers "may the same call be made again and succeed?", ``hint`` "what should the
    operator do?", ``exit_code`` is what the command ends with. The text says what happened and where.
    """

    retryable = False
    exit_code: Exit = Exit.FAILED

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


class PlanErrors(ChangeoverError):
    """The plan cannot be used; ``problems`` holds every fault found, in the order of the document."""

    exit_code = Exit.WRONG

    def __init__(self, problems: Sequence["Problem"]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        noun = "problem" if count == 1 else "problems"
        super().__init__(
            "\n".join([*map(str, self.problems), f"{count} {noun} in the plan; nothing was run."])
        )


class BadParameter(ChangeoverError):
    """A parameter or a secret is missing, unknown or of the wrong form; secret values are never shown."""

    exit_code = Exit.WRONG


class Refused(ChangeoverError):
    """A condition for starting does not hold; nothing was changed."""

    exit_code = Exit.REFUSED


class NotRehearsed(Refused):
    """There is no fresh rehearsal record whose plan hash, schema fingerprint and parameters match."""

    exit_code = Exit.NOT_REHEARSED


class NothingToDo(Refused):
    """Everything that the plan changes is in force already: nothing was changed, and nothing has to be."""

    exit_code = Exit.DONE


class Locked(Refused):
    """Another runner holds the lease or the lock file."""

    retryable = True


class Unsuitable(Refused):
    """This backend or this schema cannot be changed in the way the plan asks for; the message says why."""


class Undecided(Refused):
    """A person must judge a box, or answer a question of the plan, before it may go on."""

    exit_code = Exit.UNDECIDED


class StepFailed(ChangeoverError):
    """A step did not do what the plan says. ``position`` is where the plan says it, when known."""

    exit_code = Exit.WENT_BACK

    def __init__(self, message: str, *, hint: str = "", position: "Position | None" = None) -> None:
        super().__init__(message, hint=hint)
        self.position = position

    def __str__(self) -> str:
        text = super().__str__()
        return f"{self.position}: {text}" if self.position else text


class CheckFailed(StepFailed):
    """Output or an answer differs from what the plan expects; the message holds expected and found."""


class InvariantBroken(StepFailed):
    """The work would harm what it must not touch: rows lost, a table out of scope changed, a broken key."""


class BudgetExceeded(StepFailed):
    """A step, a section or the whole plan took longer than it may."""


class Inconclusive(StepFailed):
    """A check could not be carried out (refused, timed out, 5xx): nothing is known."""

    retryable = True


class DatabaseError(ChangeoverError):
    """The database refused or failed; the message names the database without its secrets."""


class Busy(DatabaseError):
    """Somebody else holds the write lock longer than we wait."""

    retryable = True


class Full(DatabaseError):
    """No space left where the database, its WAL or its backup lives."""

    retryable = True


class Unavailable(DatabaseError):
    """The server cannot be reached, or refuses to serve us; nothing was done."""

    retryable = True


class OutcomeUnknown(DatabaseError):
    """A request was sent and no answer came: it was done wholly or not at all, and the ledger knows which."""

    retryable = True


class Damaged(DatabaseError):
    """The file is not a whole SQLite database."""


class Interrupted(ChangeoverError):
    """A person stopped work that is done in small steps; it is whole, and goes on where it was."""

    retryable = True
    exit_code = Exit.STOPPED


class LeaseLost(ChangeoverError):
    """This runner slept past its lease; another one may be at work, so it must not write any more."""

    exit_code = Exit.OPERATOR


@contextmanager
def concerning(what: str) -> Iterator[None]:
    """Whatever fails inside in a way that nobody foresaw says what it was about."""
    try:
        yield
    except ChangeoverError:
        raise
    except Exception as error:
        error.add_note(what)
        raise
