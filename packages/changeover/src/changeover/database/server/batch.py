"""A change as one conditional batch: BEGIN IMMEDIATE to COMMIT by one request, each step if the last did.

Rule: nothing is asked from here while writers wait. Whatever must hold is a rule whose faults are put into
a table, shown, and refused by a CHECK: so a fault undoes everything, and comes back in words. The server's
own clock, looked at after every statement, ends a change that takes too long in the same way.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from changeover.database.change.rule import FAULTS_MAX, Fault, FaultRule
from changeover.database.change.transaction import OUTPUT_ROWS_LIMIT, Executed
from changeover.database.connect import translation
from changeover.database.server.remote import Remote
from changeover.errors import BudgetExceeded, ChangeoverError, InvariantBroken, StepFailed
from changeover.plan.model import SqlStatement
from hrana import errors, wire
from hrana.wire import Json, WireStatement

FAULTS, VERDICT, CLOCK = "changeover_now_faults", "changeover_now_verdict", "changeover_now_clock"
# 2440587.5 is the Julian day of 1970. unixepoch('subsec') would say the
# same, and needs SQLite 3.42 (https://sqlite.org/lang_datefunc.html).
NOW_S = "(julianday('now') - 2440587.5) * 86400.0"
SINCE = f"({NOW_S} - (SELECT began FROM {CLOCK} WHERE began IS NOT NULL))"
PREFIX = "SQLite error: "
ENFORCE = "PRAGMA foreign_keys = {}"
"""A server heeds it before BEGIN, for the one request. Its default is ON; `legacy_alter_table` it refuses."""
_PREPARED = (
    f"CREATE TABLE {FAULTS} (place INTEGER, a, b, c)",
    f"CREATE TABLE {VERDICT} (faults INTEGER CONSTRAINT changeover_refuses CHECK (faults = 0))",
)
_NOT_THE_SCRIPTS = (errors.Waiting, errors.Unserved, errors.Full, errors.Damaged, errors.ReadOnly)
"""Refusals of a statement that say something of the server, and nothing of the statement."""


class StatementFailed(StepFailed):
    """``statement`` of the script was refused; ``said`` is the database's own word for why."""

    def __init__(self, statement: SqlStatement, refusal: errors.Refused) -> None:
        said = refusal.said.removeprefix(PREFIX)
        super().__init__(
            f"The statement failed: {said}. Everything was rolled back.",
            hint="Mend the script and rehearse again; the database is as it was.",
            position=statement.position,
        )
        self.statement, self.said = statement, said
        self.breaks_a_rule = isinstance(refusal, errors.ConstraintFailed) or self.said == "datatype mismatch"


@dataclass(frozen=True, slots=True)
class BatchStep:
    """One statement of the batch.

    ``script``: a statement of the plan's; ``refusal``: a verdict on faults; ``damage``: what it means when
    this fails as if the database were damaged.
    """

    statement: WireStatement
    script: SqlStatement | None = None
    refusal: Callable[[list[str]], ChangeoverError] | None = None
    damage: ChangeoverError | None = None
    is_clock: bool = False


@dataclass(slots=True)
class Batch:
    """The steps of a change. ``limit_s`` bounds how long writers may be held, by the server's clock."""

    limit_s: float
    foreign_keys: bool
    steps: list[BatchStep] = field(default_factory=list)
    scratch: list[str] = field(default_factory=lambda: [FAULTS, VERDICT, CLOCK])
    asked: dict[str, int] = field(default_factory=dict)
    _rules: list[FaultRule] = field(default_factory=list)

    def prepare(self) -> None:
        """What everything else needs; the clock starts."""
        limit = f"CONSTRAINT changeover_deadline CHECK (elapsed_s <= {self.limit_s!r})"
        clock = f"CREATE TABLE {CLOCK} (began REAL, elapsed_s REAL {limit}, changes INTEGER, place INTEGER)"
        start = f"INSERT INTO {CLOCK} (began, elapsed_s) VALUES ({NOW_S}, 0) RETURNING began"
        self.do(WireStatement(clock), WireStatement(start), *map(WireStatement, _PREPARED))

    def do(self, *statements: WireStatement) -> None:
        """Statements of changeover's own."""
        self.steps += [BatchStep(one) for one in statements]

    def ask(self, name: str, sql: str) -> None:
        """A question whose rows the answer holds under a name."""
        self.asked[name] = len(self.steps)
        self.do(WireStatement(sql))

    def run(self, statement: SqlStatement, values: dict[str, Any]) -> None:
        """A statement of the script, and a look at the clock."""
        self.steps.append(BatchStep(WireStatement(statement.text, values), script=statement))
        self.look(statement)

    def look(self, statement: SqlStatement | None = None) -> None:
        """Look at the clock: past the limit everything is rolled back."""
        sql = (
            f"INSERT INTO {CLOCK} (elapsed_s, changes, place) VALUES ({SINCE}, total_changes(), ?)"
            " RETURNING elapsed_s, changes"
        )
        self.steps.append(BatchStep(WireStatement(sql, (len(self.steps),)), script=statement, is_clock=True))

    def require(self, rules: Sequence[FaultRule], known: Sequence[str] = ()) -> None:
        """Note whatever breaks the rules; ``known`` faults count for nothing."""
        for place, rule in enumerate(rules, len(self._rules)):
            asked = rule.beyond(known)
            sql = f"INSERT INTO {FAULTS} SELECT {place}, a, b, c FROM ({asked.sql}) LIMIT {FAULTS_MAX}"
            self.do(WireStatement(sql, asked.params))
        self._rules += rules

    def attempt(self, sql: str, damage: ChangeoverError) -> None:
        """A statement that writes nothing, and fails as if the database were damaged where that is meant."""
        self.steps.append(BatchStep(WireStatement(sql), damage=damage))

    def judge(self, refusal: Callable[[list[str]], ChangeoverError]) -> None:
        """Nothing was noted so far, or ``refusal`` of the sentences."""
        # Shown in a step before the verdict: what a step that fails would have said is lost with it.
        self.do(WireStatement(f"SELECT place, a, b, c FROM {FAULTS}"))
        verdict = WireStatement(f"INSERT INTO {VERDICT} SELECT count(*) FROM {FAULTS}")
        self.steps.append(BatchStep(verdict, refusal=refusal))

    def send(self, remote: Remote, *, within_s: float) -> "BatchResult":
        """Carry it out, all or nothing, by one request.

        Raises the error of ours for the first step that failed; HranaErrors for what happened to the request.
        """
        answered = self._answered(remote, within_s, "COMMIT")
        for place, error in enumerate(answered.result["step_errors"]):
            if error is not None:
                raise self._explained(place - answered.offset, errors.refused(error, remote.label), answered)
        return answered

    def try_out(self, remote: Remote, *, within_s: float) -> "BatchResult":
        """What the steps give, as far as they come; nothing of it is kept. Raises HranaErrors."""
        return self._answered(remote, within_s, "ROLLBACK")

    def _answered(self, remote: Remote, within_s: float, end: str) -> "BatchResult":
        enforced = wire.statement(WireStatement(ENFORCE.format("ON" if self.foreign_keys else "OFF")))
        # Before BEGIN, so that the wait for the lock can be told from the time for which it was held.
        asked = wire.statement(WireStatement(f"SELECT {NOW_S}"))
        before = (enforced, asked)
        stmts = [wire.statement(step.statement) for step in self.steps]
        steps = wire.transaction("BEGIN IMMEDIATE", stmts, before=before, end=end)
        return BatchResult(self, remote.batch(steps, within_s=within_s), len(before) + 1)

    def _explained(
        self, place: int, error: errors.Refused, answered: "BatchResult"
    ) -> ChangeoverError | errors.Refused:
        damage = self.steps[place].damage if 0 <= place < len(self.steps) else None
        if damage is not None and isinstance(error, errors.Damaged):
            return damage
        if place < 0 or isinstance(error, _NOT_THE_SCRIPTS):
            return error
        if place >= len(self.steps):
            return InvariantBroken(
                f"COMMIT was refused, and everything was rolled back: {error.said}.",
                hint="A deferred rule is broken (a foreign key). Mend the script and rehearse again.",
            )
        step = self.steps[place]
        # SQLite says which CHECK it was by the name of the constraint.
        if step.is_clock and "changeover_deadline" in error.said:
            return self._too_long(step.script)
        if step.refusal is not None:
            return step.refusal(self._sentences(answered.rows(place - 1)))
        if step.script is not None:
            return StatementFailed(step.script, error)
        return translation(error, "The database")

    def _sentences(self, faults: Sequence[tuple[Any, ...]]) -> list[str]:
        found = (self._rules[place].say(_fault(rest)) for place, *rest in faults)
        return list(dict.fromkeys(found))

    def _too_long(self, after: SqlStatement | None) -> BudgetExceeded:
        return BudgetExceeded(
            f"Writers would be held for longer than {self.limit_s:g} s; everything was rolled back.",
            hint="A server gives its lock away after 5 s, so a change there must be well below that. Rehearse"
            " again to see what takes the time, or make it in smaller steps.",
            position=after.position if after else None,
        )


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What the steps of a batch gave; ``offset`` steps come before its first."""

    batch: Batch
    result: Json
    offset: int

    def rows(self, place: int) -> list[tuple[Any, ...]]:
        """The rows of a step that ran."""
        given = self.result["step_results"][place + self.offset]
        return list(wire.answer(given).rows) if given is not None else []

    def named(self, name: str) -> list[tuple[Any, ...]]:
        """The rows of a question."""
        return self.rows(self.batch.asked[name])

    def waited_s(self) -> float:
        """How long BEGIN waited for the lock, by the server's clock."""
        asked, began = self.rows(-2)[0][0], self.rows(1)[0][0]
        return max(float(began) - float(asked), 0.0)

    def executed(self) -> tuple[Executed, ...]:
        """The statements of the script with their rows and times."""
        found, was_s, was_changes = [], 0.0, 0
        for place, step in enumerate(self.batch.steps):
            if not step.is_clock:
                continue
            now_s, changes = self.rows(place)[0]
            if step.script is not None:
                answer = wire.answer(self.result["step_results"][place - 1 + self.offset])
                found.append(
                    Executed(
                        step.script,
                        answer.changes,
                        changes - was_changes - 1,
                        tuple(answer.rows[:OUTPUT_ROWS_LIMIT]),
                        max(now_s - was_s, 0.0),
                    )
                )
            was_s, was_changes = now_s, changes
        return tuple(found)


def _fault(rest: Sequence[Any]) -> Fault:
    a, b, c = rest
    return a, b, c
