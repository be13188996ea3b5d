"""Why a statement failed on a server: the batch up to it once more, then the trial, then ROLLBACK.

Rule: a batch that failed is over, so the rows are looked for in one of its own. Writers wait for it no
longer than for the change itself, by the same clock, and it keeps nothing. The error names only what this
finds.
"""

import sqlite3

from changeover.database.change import culprits
from changeover.database.change.culprits import ROWS_MAX, Diagnosis, Failed
from changeover.database.change.transaction import bound
from changeover.database.schema import catalogue
from changeover.database.schema.empty import afterwards
from changeover.database.server.batch import Batch, StatementFailed
from changeover.database.server.judge import PreparedChange
from changeover.database.server.remote import Remote
from changeover.errors import StepFailed
from hrana.errors import HranaError


def explained(
    remote: Remote, found: PreparedChange, error: StatementFailed, *, within_s: float
) -> StepFailed:
    """The error, with the trigger and the rows because of which the statement broke a rule."""
    try:
        why = _why(remote, found, error, within_s) if error.breaks_a_rule else ""
    except (sqlite3.Error, HranaError):
        why = ""
    return StepFailed(f"{error.message}{why}", hint=error.hint, position=error.position)


def _why(remote: Remote, found: PreparedChange, error: StatementFailed, within_s: float) -> str:
    statements = found.change.statements
    place = statements.index(error.statement)
    values = bound(found.change.parameters, error.statement.parameters)
    with (
        afterwards(found.shadow.connection, statements[:place]) as here,
        afterwards(found.shadow.connection, statements[: place + 1]) as there,
    ):
        after = catalogue.read(there)

        def tried(trial: Diagnosis) -> list[str]:
            batch = Batch(found.limit_s, found.change.foreign_keys)
            batch.prepare()
            for one in statements[:place]:
                batch.run(one, bound(found.change.parameters, one.parameters))
            batch.do(*trial.statements)
            batch.look()
            rules = list(trial.rules(after))
            for rule in rules:
                batch.do(rule.beyond(()))
            answered = batch.try_out(remote, within_s=within_s)
            first = len(batch.steps) - len(rules)
            rows = (answered.rows(first + number)[: ROWS_MAX + 1] for number in range(len(rules)))
            return [rule.say(row) for rule, given in zip(rules, rows, strict=True) for row in given]

        failed = Failed(error.statement.text, values, error.said)
        return culprits.described(here, failed, tried, temporary=False)
