"""`run --each`: rehearsed on a sample, then run in waves.

Rule: what is in force already is left alone, what was killed is gone on with.
"""

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from changeover.database.backup.backup import size_of
from changeover.database.connect import opened
from changeover.database.local import label
from changeover.database.schema import fingerprint
from changeover.database.where import Database
from changeover.engine.entries import Ending, ending
from changeover.errors import ChangeoverError, NothingToDo, NotRehearsed
from changeover.exits import Exit
from changeover.fleet.waves import NOTHING, DatabaseResult, Many, Summary, in_waves, result_of, settings_of
from changeover.plan.model import Plan
from changeover.run import commands, preconditions, records, rehearsal, session
from changeover.run.commands import Outcome
from changeover.run.records import Record
from changeover.run.session import BoundPlan
from changeover.run.state_dir import numbered
from changeover.words import counted


def run_each(plan: Plan, databases: Sequence[Database], many: Many) -> Summary:
    """Run a plan on every database that it is not in force on yet.

    Raises NotRehearsed when the sample does not pass, PlanErrors, BadParameter; nothing was begun then.
    """
    works = [session.begin(plan, database=one, state=None, sets=many.sets) for one in databases]
    known = {place: done for place, work in enumerate(works) if (done := _in_force(work))}
    fresh = [work for place, work in enumerate(works) if place not in known and not _is_open(work)]
    proofs = _prove(fresh, many, is_first=not known)
    lender = _Lender(proofs)

    def act(place: int) -> DatabaseResult:
        with works[place].redacted():
            return result_of(works[place], _run(works[place], lender, many))

    results, stopped = in_waves(databases, known, act, many)
    return Summary(results, tuple(proofs), stopped)


def _run(work: BoundPlan, lender: "_Lender", many: Many) -> Outcome:
    settings, newest = settings_of(work, many), work.state.newest()
    if newest is not None and _is_open(work):
        again = session.take_up(work.plan.path, newest, database=work.database, state=None, sets=())
        return commands.resume(again.plan, again.values, again.database, settings, run_id=newest)
    lender.lend(work)
    return commands.run(work.plan, work.values, work.database, settings)


def _in_force(work: BoundPlan) -> DatabaseResult | None:
    """The result for a database on which nothing is to do; None where something is."""
    if _is_open(work):
        return None
    try:
        preconditions.require_not_applied(work.plan, work.database)
    except NothingToDo as error:
        return DatabaseResult(label(work.database), NOTHING, Exit.DONE, error.message)
    except ChangeoverError:
        return None
    return None


def _is_open(work: BoundPlan) -> bool:
    """Whether the newest run of a database was killed or stopped."""
    newest = work.state.newest()
    return newest is not None and ending(work.state.entries(newest)) in (None, Ending.STOPPED)


def _prove(works: Sequence[BoundPlan], many: Many, *, is_first: bool) -> list[Record]:
    """Rehearsals of a sample of each schema that there is: a rehearsal proves a schema, and no other.

    Raises NotRehearsed when the schema that most of them have does not pass (``is_first``: the plan is in
    force on none of them yet); with another only its own wait.
    """
    groups: dict[str, list[BoundPlan]] = {}
    for work in works:
        with suppress(ChangeoverError):  # One that cannot be read says so in its turn.
            groups.setdefault(_schema(work), []).append(work)
    found: list[Record] = []
    for place, group in enumerate(sorted(groups.values(), key=len, reverse=True)):
        try:
            found += [_proven(work, len(group), many) for work in _sampled(group, many.sample)]
        except ChangeoverError:
            if place == 0 and is_first:
                raise
    return found


def _proven(work: BoundPlan, count: int, many: Many) -> Record:
    many.progress(f"rehearsing on {label(work.database)}, for {counted(count, 'database')}")
    with work.redacted():
        record = _proof(work, many)
    if record.passed:
        return record
    faults = "\n".join(f"- {fault}" for fault in record.faults)
    raise NotRehearsed(
        f"On {label(work.database)} the rehearsal did not pass:\n{faults}", hint="Nothing was begun."
    )


def _sampled(works: Sequence[BoundPlan], wanted: int) -> list[BoundPlan]:
    """So many of them, the first and the last among them, the others evenly between."""
    count = min(max(wanted, 1), len(works))
    places = {round(number * (len(works) - 1) / max(count - 1, 1)) for number in range(count)}
    return [works[place] for place in sorted(places)]


def _schema(work: BoundPlan) -> str:
    with opened(work.database) as connection:
        return fingerprint.fingerprint(connection)


def _proof(work: BoundPlan, many: Many) -> Record:
    wanted = preconditions.wanted_record(work.state, work.plan, work.database, work.values)
    try:
        return records.require(work.state, work.plan, wanted, now_at=time.time(), max_age_s=many.max_age_s)
    except NotRehearsed:
        return rehearsal.rehearse(work.plan, work.values, work.database, who=many.who, state=work.state.path)


class _Lender:
    """Gives a database the proof that another one of the very same schema has, where it has none itself.

    What was measured there says nothing of this one's size, so times are not lent, and disk is scaled.
    """

    def __init__(self, proofs: Sequence[Record]) -> None:
        self.proofs = {record.schema_before: record for record in proofs}
        self._writing = threading.Lock()

    def lend(self, work: BoundPlan) -> None:
        """Keep the record of another database beside this one; `run` judges it as any other."""
        schema = _schema(work)
        record = self.proofs.get(schema)
        own = [one for one in records.records(work.state) if one.plan_sha256 == work.plan.sha256]
        if record is None or any(one.schema_before == schema and one.passed for one in own[-1:]):
            return
        size = size_of(work.database)
        needed = record.needed_bytes * size // max(record.database_bytes, 1)
        lent = replace(
            record,
            id=numbered(work.state.rehearsals, record.at),
            place=f"{record.place}; of another database of the same schema",
            on_its_engine=False,
            database_bytes=size,
            needed_bytes=max(needed, size),
        )
        with self._writing:
            records.save(work.state, lent)
