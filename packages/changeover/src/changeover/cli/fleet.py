"""`run --each`: one plan on many databases, with one summary and one report."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any

import click

from changeover.cli.json_document import answer, write_json
from changeover.cli.options import Command
from changeover.database.where import Database
from changeover.errors import BadParameter
from changeover.exits import Exit
from changeover.fleet import report, waves
from changeover.fleet.waves import Many, Result, Summary
from changeover.plan.model import Plan
from changeover.run.commands import this_person
from changeover.run.runner import Signals
from changeover.run.state_dir import numbered

FOLDER = "changeover-each"


def each_options(command: Command) -> Command:
    """How many databases are run, and how."""
    for option in (
        click.option("--max-failures", default=0, show_default=True, help="With --each: more, and it stops."),
        click.option("--jobs", default=4, show_default=True, help="With --each: so many side by side."),
        click.option("--wave", default=10, show_default=True, help="With --each: so many, then a look."),
        click.option("--sample", default=1, show_default=True, help="With --each: so many are rehearsed."),
        click.option(
            "--each",
            multiple=True,
            metavar="PATTERN",
            help="Many databases: 'tenants/*.db', a server's URL, or @FILE with one a line.",
        ),
    ):
        command = option(command)
    return command


def run_each(plan: Plan, each: Sequence[str], options: dict[str, Any], *, json_: bool) -> None:
    """Run, tell, write the report; the command ends with the worst exit code."""
    if options["database"] is not None or options["state"] is not None:
        raise BadParameter(
            "--each names the databases, and each has its state folder beside it.",
            hint="Leave --database and --state away.",
        )
    databases = waves.targets(each)
    signals = Signals()
    many = Many(
        who=options["who"] or this_person(),
        sets=options["sets"],
        confirmed=frozenset(options["confirm"]),
        sample=options["sample"],
        wave=options["wave"],
        jobs=options["jobs"],
        max_failures=options["max_failures"],
        max_age_s=options["max_age_s"],
        signals=signals,
        told=_teller(len(databases), json_),
        progress=lambda words: None if json_ else click.echo(words),
    )
    with _stoppable(signals, many.who):
        summary = waves.run_each(plan, databases, many)
    folder = _folder(databases)
    paths = report.write(summary, plan.title, folder)
    if json_:
        write_json(_answer(summary, paths))
    else:
        click.echo(report.sentence(summary))
        click.echo(f"Report: {paths[-1]}")
    sys.exit(summary.exit_code)


def _answer(summary: Summary, paths: tuple[Path, Path]) -> dict[str, Any]:
    found = [{**asdict(one), "exit_code": one.exit_code.value} for one in summary.results]
    outcome = "done" if summary.exit_code is Exit.DONE else "not all done"
    return answer(
        "run",
        outcome,
        summary.exit_code,
        databases=found,
        stopped=summary.stopped,
        rehearsals=[record.id for record in summary.rehearsals],
        reports=[str(path) for path in paths],
    )


def _teller(count: int, json_: bool) -> Callable[[Result], None]:
    told = 0

    def tell(result: Result) -> None:
        nonlocal told
        told += 1
        if not json_:
            why = f": {result.message.splitlines()[0]}" if result.failed and result.message else ""
            click.echo(f"[{told}/{count}] {result.database}: {result.outcome}{why}")

    return tell


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

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
