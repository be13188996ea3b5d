"""One plan, many databases: rehearsed on a sample, then run in waves, side by side, each with its own state.

Rule: a database is never worse off than with `run` alone. What is in force already is left alone, what was
killed is gone on with, so the same command again goes on where it was stopped. After a wave with more
failures than are allowed no other wave begins.
"""

import glob
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from changeover.database.backup.backup import is_backup, size_of
from changeover.database.connect import opened
from changeover.database.local import label
from changeover.database.schema import fingerprint
from changeover.database.where import SERVER_SCHEMES, Database, database_of
from changeover.engine.entries import Ending, ending
from changeover.errors import BadParameter, ChangeoverError, NothingToDo, NotRehearsed
from changeover.exits import Exit
from changeover.plan.model import Plan
from changeover.report import model, write
from changeover.run import commands, preconditions, records, rehearsal, session
from changeover.run.commands import Outcome, Settings
from changeover.run.records import Record
from changeover.run.runner import Desk, Signals
from changeover.run.session import Work
from changeover.run.state_dir import numbered
from changeover.sql.identifiers import counted

NOTHING, NOT_BEGUN = "nothing to do", "not begun"


@dataclass(frozen=True, slots=True, kw_only=True)
class Many:
    """How many databases are changed. ``sample`` are rehearsed; a ``wave`` runs ``jobs`` at a time.

    ``max_failures``: more than that in all, and no other wave begins. ``told`` hears each result as it comes.
    """

    who: str
    sets: Sequence[str] = ()
    confirmed: frozenset[str] = frozenset()
    sample: int = 1
    wave: int = 10
    jobs: int = 4
    max_failures: int = 0
    max_age_s: float = records.MAX_AGE_S
    signals: Signals = field(default_factory=Signals)
    told: Callable[["Result"], None] = lambda result: None
    progress: Callable[[str], None] = lambda words: None


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one database. ``outcome`` is an `Ending`, `NOTHING`, `NOT_BEGUN` or an error's name."""

    database: str
    outcome: str
    exit_code: Exit
    message: str = ""
    run_id: str = ""
    seconds: float = 0.0
    frozen_s: float = 0.0
    backup: str = ""
    report: str = ""

    @property
    def failed(self) -> bool:
        """Whether it counts as a failure; what was not begun does not."""
        return self.exit_code is not Exit.DONE and self.outcome != NOT_BEGUN


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of all of them, as they were named; ``stopped`` says why not all of them were run."""

    results: tuple[Result, ...]
    rehearsals: tuple[Record, ...] = ()
    stopped: str = ""

    @property
    def exit_code(self) -> Exit:
        """The worst of them; what was not begun is a refusal."""
        found = {one.exit_code for one in self.results}
        return next((code for code in _WORST_FIRST if code in found), Exit.DONE)

    def count(self, outcome: str) -> int:
        """How many ended so."""
        return sum(one.outcome == outcome for one in self.results)


_WORST_FIRST = (
    Exit.OPERATOR,
    Exit.FAILED,
    Exit.WENT_BACK,
    Exit.WRONG,
    Exit.UNDECIDED,
    Exit.NOT_REHEARSED,
    Exit.STOPPED,
    Exit.REFUSED,
)


def targets(named: Sequence[str]) -> tuple[Database, ...]:
    """The databases behind what was named: a pattern of files, a server's URL, or ``@file`` with one a line.

    Backups that changeover made beside them are none of them. Raises BadParameter for what names none.
    """
    found: dict[str, Database] = {}
    for text in named:
        one = [database_of(text, os.environ)] if text.startswith(SERVER_SCHEMES) else _listed(text)
        if not one:
            raise BadParameter(
                f"--each {text}: there is no such file.", hint="Quote the pattern: 'dir/*.db'."
            )
        found |= {label(database): database for database in one}
    return tuple(found.values())


def _listed(text: str) -> list[Database]:
    if text.startswith("@"):
        lines = Path(text[1:]).read_text("utf-8").splitlines()
        return list(targets([line.strip() for line in lines if line.strip() and not line.startswith("#")]))
    found = (Path(name) for name in sorted(glob.glob(text, recursive=True)))
    return [path for path in found if path.is_file() and not is_backup(path)]


def run_each(plan: Plan, databases: Sequence[Database], many: Many) -> Summary:
    """Run a plan on every database that it is not in force on yet.

    Raises NotRehearsed when the sample does not pass, PlanErrors, BadParameter; nothing was begun then.
    """
    works = [session.begin(plan, database=one, state=None, sets=many.sets) for one in databases]
    results: dict[int, Result] = {}
    pending: list[int] = []
    for place, work in enumerate(works):
        done = _in_force(work)
        if done is None:
            pending.append(place)
        else:
            results[place] = done
            many.told(done)
    fresh = [works[place] for place in pending if not _is_open(work=works[place])]
    proofs = _prove(fresh, many)
    stopped = _waves(works, pending, results, _Lender(proofs), many)
    ordered = (
        results.get(place) or Result(label(work.database), NOT_BEGUN, Exit.REFUSED, stopped)
        for place, work in enumerate(works)
    )
    return Summary(tuple(ordered), tuple(proofs), stopped)


def _waves(
    works: Sequence[Work], pending: Sequence[int], results: dict[int, Result], lender: "_Lender", many: Many
) -> str:
    """Run the waves; why the rest was not begun, empty where all were."""
    with ThreadPoolExecutor(max(many.jobs, 1), "changeover") as pool:
        for start in range(0, len(pending), many.wave):
            places = pending[start : start + many.wave]
            for place, result in zip(
                places, pool.map(lambda place: _one(works[place], lender, many), places), strict=True
            ):
                results[place] = result
            failures = sum(one.failed for one in results.values())
            if many.signals.stop:
                return "a person stopped it"
            if failures > many.max_failures:
                return f"{failures} failed, and {many.max_failures} may"
    return ""


def _one(work: Work, lender: "_Lender", many: Many) -> Result:
    """One database, whatever happens to it."""
    started_s = time.monotonic()
    if many.signals.stop:
        return Result(label(work.database), NOT_BEGUN, Exit.STOPPED, "a person stopped it")
    many.progress(f"{label(work.database)}: begun")
    try:
        with work.redacted():
            result = _result(work, _run(work, lender, many))
    except ChangeoverError as error:
        result = Result(label(work.database), type(error).__name__, error.exit_code, str(error))
    except Exception as error:  # one database's surprise must not end the others
        message = f"unexpected {type(error).__name__}: {error}"
        result = Result(label(work.database), type(error).__name__, Exit.FAILED, message)
    result = replace(result, seconds=round(time.monotonic() - started_s, 3))
    many.told(result)
    return result


def _run(work: Work, lender: "_Lender", many: Many) -> Outcome:
    settings = Settings(
        who=many.who,
        state=work.state.path,
        max_age_s=many.max_age_s,
        desk=Desk(confirmed=many.confirmed),
        signals=many.signals,
    )
    newest = work.state.newest()
    if newest is not None and _is_open(work=work):
        again = session.take_up(work.plan.path, newest, database=work.database, state=None, sets=())
        return commands.resume(again.plan, again.values, again.database, settings, run_id=newest)
    lender.lend(work)
    return commands.run(work.plan, work.values, work.database, settings)


def _result(work: Work, outcome: Outcome) -> Result:
    found = model.gather(work.state, work.database, work.plan, outcome.run_id)
    paths = write.write(found)
    failed = "\n".join(entry.text("message") for entry in outcome.failures)
    return Result(
        label(work.database),
        outcome.ending.value,
        outcome.exit_code,
        failed or outcome.reason,
        outcome.run_id,
        frozen_s=found.frozen_s,
        backup=str(found.backup.get("path") or ""),
        report=str(paths[-1]),
    )


def _in_force(work: Work) -> Result | None:
    """The result for a database on which nothing is to do; None where something is."""
    if _is_open(work=work):
        return None
    try:
        preconditions.require_not_applied(work.plan, work.database)
    except NothingToDo as error:
        return Result(label(work.database), NOTHING, Exit.DONE, error.message)
    except ChangeoverError:
        return None
    return None


def _is_open(*, work: Work) -> bool:
    """Whether the newest run of a database was killed or stopped."""
    newest = work.state.newest()
    return newest is not None and ending(work.state.entries(newest)) in (None, Ending.STOPPED)


def _prove(works: Sequence[Work], many: Many) -> list[Record]:
    """Rehearsals of a sample of each schema that there is: a rehearsal proves a schema, and no other.

    Raises NotRehearsed when the schema that most of them have does not pass; with another only its own wait.
    """
    groups: dict[str, list[Work]] = {}
    for work in works:
        groups.setdefault(_schema(work), []).append(work)
    found: list[Record] = []
    for place, group in enumerate(sorted(groups.values(), key=len, reverse=True)):
        try:
            found += [_proven(work, len(group), many) for work in _sampled(group, many.sample)]
        except ChangeoverError:
            if place == 0:
                raise
    return found


def _proven(work: Work, count: int, many: Many) -> Record:
    many.progress(f"rehearsing on {label(work.database)}, for {counted(count, 'database')}")
    with work.redacted():
        record = _proof(work, many)
    if record.passed:
        return record
    faults = "\n".join(f"- {fault}" for fault in record.faults)
    raise NotRehearsed(
        f"On {label(work.database)} the rehearsal did not pass:\n{faults}", hint="Nothing was begun."
    )


def _sampled(works: Sequence[Work], wanted: int) -> list[Work]:
    """So many of them, the first and the last among them, the others evenly between."""
    count = min(max(wanted, 1), len(works))
    places = {round(number * (len(works) - 1) / max(count - 1, 1)) for number in range(count)}
    return [works[place] for place in sorted(places)]


def _schema(work: Work) -> str:
    with opened(work.database) as connection:
        return fingerprint.fingerprint(connection)


def _proof(work: Work, many: Many) -> Record:
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

    def lend(self, work: Work) -> None:
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
