"""Many databases in waves, side by side: which they are, what is done with each, what became of all.

Rule: after a wave with more failures than are allowed no other wave begins.
"""

import glob
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from changeover.database.backup.backup import is_backup
from changeover.database.local import label
from changeover.database.where import SERVER_SCHEMES, Database, database_of
from changeover.errors import BadParameter, ChangeoverError
from changeover.exits import Exit
from changeover.report import model, write
from changeover.run import records
from changeover.run.commands import Outcome, Settings
from changeover.run.records import Record
from changeover.run.runner import OperatorPrompt, Signals
from changeover.run.session import BoundPlan

NOTHING, NOT_BEGUN = "nothing to do", "not begun"


@dataclass(frozen=True, slots=True, kw_only=True)
class Many:
    """How many databases are changed. ``sample`` are rehearsed; a ``wave`` runs ``jobs`` at a time.

    ``max_failures``: more than that in all, and no other wave begins. ``on_result`` gets each result.
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
    on_result: Callable[["DatabaseResult"], None] = lambda result: None
    progress: Callable[[str], None] = lambda words: None


@dataclass(frozen=True, slots=True)
class DatabaseResult:
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
    """What became of all of them, as they were named; ``stopped`` says why not all of them were begun."""

    results: tuple[DatabaseResult, ...]
    rehearsals: tuple[Record, ...] = ()
    stopped: str = ""

    @property
    def exit_code(self) -> Exit:
        """The worst of them; what was not begun is a refusal."""
        return worst(one.exit_code for one in self.results)

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


def worst(codes: Iterable[Exit]) -> Exit:
    """What a command about many ends with, given what each of them ended with."""
    found = set(codes)
    return next((code for code in _WORST_FIRST if code in found), Exit.DONE)


def targets(named: Sequence[str]) -> tuple[Database, ...]:
    """The databases behind what was named: a pattern of files, a server's URL, or ``@file`` with one a line.

    Backups that changeover made beside them are none of them. Raises BadParameter for what names none, and
    for one file under two names.
    """
    found: dict[str, Database] = {}
    for text in named:
        one = [database_of(text, os.environ)] if text.startswith(SERVER_SCHEMES) else _listed(text)
        if not one:
            raise BadParameter(
                f"--each {text}: there is no such file.", hint="Quote the pattern: 'dir/*.db'."
            )
        found |= {label(database): database for database in one}
    _require_each_once(found.values())
    return tuple(found.values())


def _require_each_once(databases: Iterable[Database]) -> None:
    """No hard links: SQLite keeps a log for each name of a file, and the two know nothing of each other
    (https://sqlite.org/howtocorrupt.html, 2.5)."""
    names: dict[tuple[int, int], Path] = {}
    for path in databases:
        if isinstance(path, Path) and path.is_file():
            about = path.stat()
            first = names.setdefault((about.st_dev, about.st_ino), path)
            if first is not path:
                raise BadParameter(
                    f"--each: {first} and {path} are one file under two names (a hard link).",
                    hint="SQLite would damage it, whoever opens it by both. Name the one that the application"
                    " opens, by @FILE if need be.",
                )


def _listed(text: str) -> list[Database]:
    if text.startswith("@"):
        try:
            lines = Path(text[1:]).read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise BadParameter(f"--each {text}: {error}.", hint="Name a text file.") from error
        return list(targets([line.strip() for line in lines if line.strip() and not line.startswith("#")]))
    found = (Path(name) for name in sorted(glob.glob(text, recursive=True)))
    return [path for path in found if path.is_file() and not is_backup(path)]


def in_waves(
    databases: Sequence[Database],
    known: Mapping[int, DatabaseResult],
    act: Callable[[int], DatabaseResult],
    many: Many,
) -> tuple[tuple[DatabaseResult, ...], str]:
    """The results of all in their order, and why the rest was not begun (empty where all were).

    ``known`` holds those, by place, with which nothing is to do; ``act`` gets the place of each other one.
    """
    results = dict(known)
    for result in known.values():
        many.on_result(result)
    pending = [place for place in range(len(databases)) if place not in known]
    stopped = ""
    with ThreadPoolExecutor(max(many.jobs, 1), "changeover") as pool:
        for start in range(0, len(pending), many.wave):
            places = pending[start : start + many.wave]
            done = pool.map(lambda place: _one(databases[place], act, place, many), places)
            results |= zip(places, done, strict=True)
            stopped = _stop(results.values(), many)
            if stopped:
                break
    left_out = (DatabaseResult(label(one), NOT_BEGUN, Exit.REFUSED, stopped) for one in databases)
    return tuple(results.get(place, other) for place, other in enumerate(left_out)), stopped


def _stop(results: Iterable[DatabaseResult], many: Many) -> str:
    """Why no other wave begins; empty where one may."""
    failures = sum(one.failed for one in results)
    if many.signals.stop:
        return "a person stopped it"
    return f"{failures} failed, and {many.max_failures} may" if failures > many.max_failures else ""


def _one(database: Database, act: Callable[[int], DatabaseResult], place: int, many: Many) -> DatabaseResult:
    """One database, whatever happens to it."""
    started_s = time.monotonic()
    if many.signals.stop:
        return DatabaseResult(label(database), NOT_BEGUN, Exit.STOPPED, "a person stopped it")
    many.progress(f"{label(database)}: begun")
    try:
        result = act(place)
    except ChangeoverError as error:
        result = DatabaseResult(label(database), type(error).__name__, error.exit_code, str(error))
    except Exception as error:  # one database's surprise must not end the others
        message = f"unexpected {type(error).__name__}: {error}"
        result = DatabaseResult(label(database), type(error).__name__, Exit.FAILED, message)
    result = replace(result, seconds=round(time.monotonic() - started_s, 3))
    many.on_result(result)
    return result


def settings_of(work: BoundPlan, many: Many) -> Settings:
    """The settings of a session on one of the databases, which nobody looks on."""
    return Settings(
        who=many.who,
        state=work.state.path,
        max_age_s=many.max_age_s,
        prompt=OperatorPrompt(confirmed=many.confirmed),
        signals=many.signals,
    )


def result_of(work: BoundPlan, outcome: Outcome) -> DatabaseResult:
    """What became of a session; its report is written."""
    found = model.gather(work.state, work.database, work.plan, outcome.run_id)
    paths = write.write(found)
    failed = "\n".join(entry.text("message") for entry in outcome.failures)
    return DatabaseResult(
        label(work.database),
        outcome.ending.value,
        outcome.exit_code,
        failed or outcome.reason,
        outcome.run_id,
        frozen_s=found.frozen_s,
        backup=str(found.backup.get("path") or ""),
        report=str(paths[-1]),
    )
