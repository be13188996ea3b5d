"""changeover from Python: what the commands do, with typed results instead of words.

    from changeover import api
    record = api.rehearse("PLAN.md", "live.db")
    outcome = api.run("PLAN.md", "live.db", confirm=["people"])

Every function takes a plan's path, a database (a path or URL; None: the plan's own) and ``parameters`` (what
``--set`` gives). Secrets come from the environment. Raises `changeover.errors.ChangeoverError`s, each with a
message, a hint and an exit code; whatever happens inside a run is in its `Outcome`.
"""

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from changeover.database.where import Database, Server, database_of
from changeover.errors import BadParameter, NotRehearsed
from changeover.problems import Problem, Severity
from changeover.report import model, write
from changeover.run import commands as runs
from changeover.run import preconditions, records, rehearsal, session, status
from changeover.run.check import inspect
from changeover.run.commands import Outcome, Settings, this_person
from changeover.run.records import Record
from changeover.run.runner import OperatorPrompt
from changeover.run.session import BoundPlan
from changeover.run.status import DatabaseStatus

__all__ = [
    "Checked",
    "DatabaseStatus",
    "Outcome",
    "Record",
    "check",
    "finish",
    "prove",
    "rehearse",
    "resume",
    "rollback",
    "run",
    "standing",
]

Target = Database | str | None
Parameters = Mapping[str, str | Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in a plan; it may be rehearsed where it ``is_sound``."""

    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        """Those that stop a rehearsal or a run."""
        return tuple(one for one in self.problems if one.severity is Severity.ERROR)

    @property
    def is_sound(self) -> bool:
        """Whether there are no errors."""
        return not self.errors


def check(plan: str | Path, database: Target = None) -> Checked:
    """Everything that is wrong with a plan; with a database scripts are tried on its schema. Reads only."""
    return Checked(tuple(inspect(Path(plan), _database(database))))


def rehearse(
    plan: str | Path,
    database: Target = None,
    *,
    parameters: Parameters | None = None,
    state: Path | None = None,
    who: str = "",
) -> Record:
    """Prove a plan on a copy, there and back; `Record.passed`, and `Record.faults` that say why not."""
    with _begun(plan, database, parameters, state) as work:
        return _rehearsed(work, who)


def prove(
    plan: str | Path,
    database: Target = None,
    *,
    parameters: Parameters | None = None,
    state: Path | None = None,
    who: str = "",
) -> Record:
    """The last rehearsal, where it still proves a run of this plan; else a new one."""
    with _begun(plan, database, parameters, state) as work:
        wanted = preconditions.wanted_record(work.state, work.plan, work.database, work.values)
        try:
            return records.require(work.state, work.plan, wanted, now_at=Settings(who="").now_at())
        except NotRehearsed:
            return _rehearsed(work, who)


def run(
    plan: str | Path,
    database: Target = None,
    *,
    parameters: Parameters | None = None,
    state: Path | None = None,
    who: str = "",
    confirm: Collection[str] = (),
) -> Outcome:
    """Carry a rehearsed plan out, or take back what was begun; its report is written.

    Raises NotRehearsed, NothingToDo (all of it is in force already) and whatever else refuses it.
    """
    with _begun(plan, database, parameters, state) as work, _reported(work) as reported:
        return reported(runs.run(work.plan, work.values, work.database, _settings(work, who, confirm)))


class OfARun(Protocol):
    """One of the functions that go on with the newest run of a database."""

    def __call__(
        self,
        plan: str | Path | None = None,
        database: Target = None,
        *,
        state: Path | None = None,
        who: str = "",
        confirm: Collection[str] = (),
    ) -> Outcome:
        """Carry it out; the run's report is written."""


def _of_a_run(act: Callable[..., Outcome]) -> OfARun:
    def command(
        plan: str | Path | None = None,
        database: Target = None,
        *,
        state: Path | None = None,
        who: str = "",
        confirm: Collection[str] = (),
    ) -> Outcome:
        path = Path(plan) if plan is not None else None
        work = session.take_up(path, None, database=_database(database), state=state, sets=())
        with work.redacted(), _reported(work) as reported:
            settings = _settings(work, who, confirm)
            return reported(act(work.plan, work.values, work.database, settings, run_id=work.run_id))

    return command


resume = _of_a_run(runs.resume)
"""Go on with the newest run, which was killed or stopped."""
rollback = _of_a_run(runs.rollback)
"""Take the newest run back; what was written since stays."""
finish = _of_a_run(runs.finish)
"""Drop what the newest run keeps for a way back."""


def standing(
    plan: str | Path | None = None, database: Target = None, *, state: Path | None = None
) -> DatabaseStatus:
    """Where a database stands, why, and which commands lead on. Reads only."""
    path = Path(plan) if plan is not None else None
    where, folder, found = session.locate(path, database=_database(database), state=state, sets=())
    return status.look(folder, where, found)


@contextmanager
def _reported(work: BoundPlan) -> Iterator[Callable[[Outcome], Outcome]]:
    """Gives what writes the report of an outcome."""

    def reported(outcome: Outcome) -> Outcome:
        write.write(model.gather(work.state, work.database, work.plan, outcome.run_id))
        return outcome

    yield reported


@contextmanager
def _begun(
    plan: str | Path, database: Target, parameters: Parameters | None, state: Path | None
) -> Iterator[BoundPlan]:
    """A plan with its values; errors inside show no secrets."""
    sets: list[str] = []
    for name, value in (parameters or {}).items():
        entries = value.items() if isinstance(value, Mapping) else [("", value)]
        sets += [f"{name}.{key}={text}" if key else f"{name}={text}" for key, text in entries]
    parsed = session.read_sound(Path(plan))
    work = session.begin(parsed, database=_database(database), state=state, sets=sets)
    with work.redacted():
        yield work


def _rehearsed(work: BoundPlan, who: str) -> Record:
    return rehearsal.rehearse(
        work.plan, work.values, work.database, who=who or this_person(), state=work.state.path
    )


def _settings(work: BoundPlan, who: str, confirm: Collection[str]) -> Settings:
    boxes = {box.id for box in work.plan.boxes()}
    unknown = [name for name in confirm if name not in boxes]
    if unknown:
        raise BadParameter(
            f"The plan has no box {unknown[0]}.", hint=f"Boxes: {', '.join(sorted(boxes)) or 'none'}."
        )
    return Settings(
        who=who or this_person(), state=work.state.path, prompt=OperatorPrompt(confirmed=frozenset(confirm))
    )


def _database(database: Target) -> Database | None:
    if isinstance(database, str):
        return database_of(database, os.environ)
    assert database is None or isinstance(database, Path | Server)
    return database
