"""The new rows of a rehearsal: written as an application would, and looked for after the rollback.

Rule: only rows that were written after the change show what the rollback does with such rows.
"""

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from changeover.database.change import script
from changeover.database.change.undo import derive_undo
from changeover.database.connect import connect
from changeover.database.findings import Finding, unaccepted, way_past
from changeover.database.rehearse import judge, script_values, writes
from changeover.database.rehearse.effects import Effects, observed
from changeover.database.rehearse.later_values import RoundTrip, lost_later
from changeover.database.rehearse.replay import replay
from changeover.database.rehearse.written import NOTHING, Written
from changeover.database.schema.definition import words_of
from changeover.errors import ChangeoverError, InvariantBroken
from changeover.plan.model import Phase, Plan, SqlAction, SqlStatement
from changeover.run.rehearsal_copy import RehearsalRun


@dataclass(slots=True)
class Trial:
    """The new rows of one rehearsal; ``original`` is the database before the change, without them."""

    rehearsal: RehearsalRun
    original: Path
    written: Written = NOTHING
    forward: tuple[SqlAction, ...] = ()
    effects: Effects = field(init=False)
    seen: judge.AfterRollback = field(init=False)

    def write(self, forward: Iterable[SqlAction]) -> None:
        """Write what an application might write after these changes."""
        rehearsal, made = self.rehearsal, tuple(forward)
        self.forward = made
        back = [one for one in rehearsal.plan.actions(Phase.ROLLBACK) if isinstance(one, SqlAction)]
        rehearsal.progress("writing new rows, as the application would", None, None)
        place = rehearsal.local()
        with closing(connect(place)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        with observed(place, rehearsal.folder / "effects.db") as self.effects:
            self.written = writes.write(
                place,
                {table for action in made for table in action.scope},
                original=self.original,
                spared=rehearsal.plan.accept,
                said=script_values.read(
                    [one for action in made for one in action.statements],
                    [one for action in back for one in action.statements],
                ),
            )
            self.effects.reached = self.written.reached
        if rehearsal.fork is not None:
            replay(rehearsal.fork, self.written)
        rehearsal.new_writes = len(self.written.writes)
        rehearsal.notes += [f"no new rows to keep: {one}" for one in self.written.beside]
        rehearsal.judge(
            [
                Finding(
                    f"{one.table}.untried",
                    f"No row of {one.table} could be written to try the way back: {one.reason}.",
                )
                for one in self.written.untried
            ],
            "The rehearsal could not try every table of the scope:",
        )

    def look_back(self) -> None:
        """Note what the rollback made of the new rows; `look_again` judges it."""
        self.rehearsal.progress("comparing with the original and the new rows", None, None)
        self.seen = judge.after_rollback(self.original, self.written, self.effects, self.rehearsal.local())
        self.rehearsal.rows_compared = self.seen.comparison.rows

    def look_again(self) -> None:
        """Require each new row after the rollback, or after going forward once more, or set aside."""
        verdict = judge.after_forward(self.seen, self.rehearsal.local())
        self.rehearsal.notes += verdict.notes
        self.rehearsal.new_writes -= verdict.set_aside
        self.rehearsal.judge(
            [replace(one, sentence=one.sentence + self._filled(one.name)) for one in verdict.findings],
            "After the rollback the database is not the original plus what was written since:",
        )

    def _filled(self, name: str) -> str:
        """A note if a trigger of the change fills a column: the value may be meant to go with the change."""
        table, _, column = name.partition(".")
        for statement in (statement for action in self.forward for statement in action.statements):
            words = words_of(statement.text)
            is_trigger = "trigger" in words[:3] and "begin" in words
            if is_trigger and {table, column} <= set(words[words.index("begin") :]):
                made = script.named(words, "trigger")
                return f" (trigger {made}, which the change makes, fills it: accept it if only that does)"
        return ""

    def look_ahead(self, changes: Sequence[SqlAction]) -> None:
        """Report values that nobody has written yet, and that the change and its rollback would alter."""
        plan = self.rehearsal.plan
        forward = [statement for one in changes for statement in one.statements]
        back = [statement for one in reversed(changes) for statement in _undo(plan, one)]
        values = {**plan.strategies(), **self.rehearsal.values.values}
        trip = RoundTrip(forward, back, values)
        scope = dict.fromkeys(table for one in changes for table in one.scope)
        with closing(connect(self.original)) as connection:
            found = unaccepted(lost_later(connection, scope, trip), plan.accept)
        self.rehearsal.notes += [f"a value that no row has yet would not survive: {one}" for one in found]

    def explain(self, error: ChangeoverError) -> InvariantBroken:
        """An error of the rollback, with the rows that the rehearsal had written."""
        names = [write.name for write in self.written.beyond()]
        return InvariantBroken(
            f"{error.message}\nThe rehearsal itself had written, as the application may after the change:\n"
            f"{judge.describe_writes(self.written)}",
            hint=f"The way back must have a place for such rows. {error.hint}{way_past(names)}",
        )


def _undo(plan: Plan, change: SqlAction) -> Sequence[SqlStatement]:
    """The statements that take a change back."""
    if change.derived_undo:
        return derive_undo(change.statements)
    undos = (one for one in plan.undo_of(change.id) if isinstance(one, SqlAction))
    return [statement for one in undos for statement in one.statements]
