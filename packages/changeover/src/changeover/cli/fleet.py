"""`--each`: one command on many databases, with one summary and, where it changes any, one report."""

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click

from changeover.cli.json_document import answer, error_answer, write_json
from changeover.cli.options import Command as Decorated
from changeover.database.local import label
from changeover.database.where import Database
from changeover.engine.entries import Command
from changeover.errors import BadParameter, ChangeoverError
from changeover.exits import Exit
from changeover.fleet import report
from changeover.fleet.again import again_each, stand_each
from changeover.fleet.run import run_each
from changeover.fleet.waves import DatabaseResult, Many, Summary, targets, worst
from changeover.plan.model import Plan
from changeover.run import session
from changeover.run.commands import this_person
from changeover.run.records import MAX_AGE_S
from changeover.run.runner import Signals
from changeover.run.state_dir import numbered
from changeover.run.status import DatabaseStatus

FOLDER = "changeover-each"

_EACH = click.option(
    "--each",
    multiple=True,
    metavar="PATTERN",
    help="Many databases: 'tenants/*.db', a server's URL, or @FILE with one a line.",
)
_JOBS = click.option("--jobs", default=4, show_default=True, help="With --each: so many side by side.")
_WAVE = click.option("--wave", default=10, show_default=True, help="With --each: so many, then a look.")
_MAX_FAILURES = click.option(
    "--max-failures", default=0, show_default=True, help="With --each: more, and it stops."
)
_SAMPLE = click.option("--sample", default=1, show_default=True, help="With --each: so many are rehearsed.")


def _with(*options: Callable[[Decorated], Decorated]) -> Callable[[Decorated], Decorated]:
    def decorate(command: Decorated) -> Decorated:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


run_options = _with(_EACH, _SAMPLE, _WAVE, _JOBS, _MAX_FAILURES)
"""How many databases a plan is run on, and how."""
each_options = _with(_EACH, _WAVE, _JOBS, _MAX_FAILURES)
"""How many databases are taken back or finished, and how."""
status_options = _with(_EACH, _JOBS)
"""How many databases are looked at."""


def do_each(command: Command, plan: Plan, options: dict[str, Any], *, json_: bool) -> NoReturn:
    """Carry a command out on all, tell, write the report; the command ends with the worst exit code."""
    _require_own_places(options)
    databases = targets(options["each"])
    signals = Signals()
    many = Many(
        who=options["who"] or this_person(),
        sets=options["sets"],
        confirmed=frozenset(options["confirm"]),
        sample=options.get("sample", 0),
        wave=options["wave"],
        jobs=options["jobs"],
        max_failures=options["max_failures"],
        max_age_s=options.get("max_age_s", MAX_AGE_S),
        signals=signals,
        on_result=_teller(len(databases), json_),
        progress=lambda words: None if json_ else click.echo(words),
    )
    with _stoppable(signals, many.who):
        if command is Command.RUN:
            summary = run_each(plan, databases, many)
        else:
            summary = again_each(command, plan, databases, many)
    title = plan.title if command is Command.RUN else f"{plan.title}: {command}"
    paths = report.write(summary, title, _folder(databases))
    if json_:
        write_json(_answer(command, summary, paths))
    else:
        click.echo(report.sentence(summary))
        click.echo(f"Report: {paths[-1]}")
    sys.exit(summary.exit_code)


def again(command: Command, plan: Path | None, options: dict[str, Any], *, json_: bool) -> NoReturn:
    """`rollback --each` and `finish --each`: the plan says which runs are meant."""
    if plan is None:
        raise BadParameter("With --each name the plan: it says which runs are meant.", hint="")
    if any(options.get(name) for name in ("run_id", "script", "undoes", "accept")):
        raise BadParameter(
            "--run, --with, --undoes and --accept are about one database.", hint="Name that one: --database."
        )
    do_each(command, session.read_sound(plan), options, json_=json_)


def show_each(plan: Path | None, options: dict[str, Any], *, json_: bool) -> NoReturn:
    """`status --each`: a line for each, then how many stand how."""
    _require_own_places(options)
    databases = targets(options["each"])
    found = stand_each(plan, databases, sets=options["sets"], jobs=options["jobs"])
    code = worst(one.exit_code if isinstance(one, ChangeoverError) else Exit.DONE for one in found)
    if json_:
        outcome = "done" if code is Exit.DONE else "not all done"
        databases_found = [_standing(database, one) for database, one in zip(databases, found, strict=True)]
        write_json(answer("status", outcome, code, databases=databases_found))
        sys.exit(code)
    counts: Counter[str] = Counter()
    for database, one in zip(databases, found, strict=True):
        outcome, *lines = _words(one)
        counts[outcome] += 1
        click.echo(f"{label(database)}: {outcome}")
        for line in lines:
            click.echo(f"  {line}")
    click.echo(", ".join(f"{count} {outcome}" for outcome, count in counts.most_common()) + ".")
    sys.exit(code)


def _standing(database: Database, one: DatabaseStatus | ChangeoverError) -> dict[str, Any]:
    if isinstance(one, ChangeoverError):
        return {"database": label(database), **error_answer("status", one)}
    return answer("status", one.outcome, Exit.DONE, **one.as_data())


def _words(one: DatabaseStatus | ChangeoverError) -> list[str]:
    """How a database stands; then why and what leads on, where it is not done or untouched."""
    if isinstance(one, ChangeoverError):
        return [type(one).__name__, *str(one).splitlines()]
    if one.outcome in ("done", "never run", "finished", "rolled back"):
        return [one.outcome]
    return [one.outcome, *one.reason.splitlines(), *one.advice]


def _require_own_places(options: dict[str, Any]) -> None:
    if options["database"] is not None or options["state"] is not None:
        raise BadParameter(
            "--each names the databases, and each has its state folder beside it.",
            hint="Leave --database and --state away.",
        )


def _answer(command: Command, summary: Summary, paths: tuple[Path, Path]) -> dict[str, Any]:
    found = [{**asdict(one), "exit_code": one.exit_code.value} for one in summary.results]
    outcome = "done" if summary.exit_code is Exit.DONE else "not all done"
    return answer(
        command.value,
        outcome,
        summary.exit_code,
        databases=found,
        stopped=summary.stopped,
        rehearsals=[record.id for record in summary.rehearsals],
        reports=[str(path) for path in paths],
    )


def _teller(count: int, json_: bool) -> Callable[[DatabaseResult], None]:
    done = 0

    def tell(result: DatabaseResult) -> None:
        nonlocal done
        done += 1
        if not json_:
            why = f": {_shortly(result.message)}" if result.failed and result.message else ""
            click.echo(f"[{done}/{count}] {result.database}: {result.outcome}{why}")

    return tell


def _shortly(message: str) -> str:
    """The first line, and what it announces: `The last rehearsal did not pass:`."""
    first, *more = message.splitlines()
    return f"{first} {more[0].removeprefix('- ')}" if first.endswith(":") and more else first


def _folder(databases: Sequence[Database]) -> Path:
    """Where the report goes: beside the files, or in the current folder where one is on a server."""
    files = [str(one.resolve().parent) for one in databases if isinstance(one, Path)]
    base = Path(os.path.commonpath(files)) if len(files) == len(databases) else Path.cwd()
    return base / FOLDER / numbered(base / FOLDER, time.time())


@contextmanager
def _stoppable(signals: Signals, who: str) -> Iterator[None]:
    """Ctrl-C and SIGTERM stop every run at its next safe point, and no other begins."""

    def stop(number: int, frame: FrameType | None) -> None:
        signals.stop = who
        click.echo("Stopping at the next safe point of each.", err=True)

    with session.stopped_by(stop):
        yield
