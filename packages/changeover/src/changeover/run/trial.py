"""New rows on the stage of a rehearsal: written as an application would, and looked for wherever they may be.

Rule: what a way back does with rows that were written after the change is only known when it has met some.
"""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from changeover.database.connect import connect
from changeover.database.findings import Finding, way_past
from changeover.database.rehearse import invent, judge, writes
from changeover.database.rehearse.effects import Effects, observed
from changeover.database.rehearse.replay import replay
from changeover.database.rehearse.written import NOTHING, Written
from changeover.errors import ChangeoverError, InvariantBroken
from changeover.plan.model import Phase, SqlAction
from changeover.run.rehearsal_copy import RehearsalRun


@dataclass(slots=True)
class Trial:
    """New rows of one rehearsal. ``original`` is the database before the change, without them."""

    rehearsal: RehearsalRun
    original: Path
    written: Written = NOTHING
    effects: Effects = field(init=False)
    seen: judge.AfterRollback = field(init=False)

    def write(self, forward: Iterable[SqlAction]) -> None:
        """What an application might write after those changes, so that the way back has something to keep."""
        rehearsal, made = self.rehearsal, tuple(forward)
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
                computed=invent.computed_columns(one for action in made for one in action.statements),
                mentioned=invent.literals(one for action in back for one in action.statements),
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
        """Look at what the way back made of the new rows; `look_again` judges it."""
        self.rehearsal.progress("comparing with the original and the new rows", None, None)
        self.seen = judge.after_rollback(self.original, self.written, self.effects, self.rehearsal.local())
        self.rehearsal.rows_compared = self.seen.comparison.rows

    def look_again(self) -> None:
        """Every new row is there after the way back, or after going forward once more, or set aside."""
        verdict = judge.after_forward(self.seen, self.rehearsal.local())
        self.rehearsal.notes += verdict.notes
        self.rehearsal.new_writes -= verdict.set_aside
        self.rehearsal.judge(
            verdict.findings,
            "After the rollback the database is not the original plus what was written since:",
        )

    def explain(self, error: ChangeoverError) -> InvariantBroken:
        """An error of the way back, with the rows that the rehearsal itself had written."""
        names = [write.name for write in self.written.beyond()]
        return InvariantBroken(
            f"{error.message}\nThe rehearsal itself had written, as the application may after the change:\n"
            f"{judge.describe_writes(self.written)}",
            hint=f"The way back must have a place for such rows. {error.hint}{way_past(names)}",
        )
