"""The `changeover` command.

Exit codes: 0 done - 1 the database failed - 2 the plan or a parameter is wrong - 3 refused, nothing was
changed - 4 a check failed and the run went back - 5 an operator is needed - 6 a person must judge first - 7
stopped.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from changeover import __version__, load, rehearsal, session, status
from changeover.adopt import adopt as adopt_runbook
from changeover.adopt import read_runbook
from changeover.attributes import parse_duration
from changeover.database.connect import opened
from changeover.database.names import counted
from changeover.database.space import megabytes
from changeover.database.where import Database, database_of
from changeover.display import SIGNS, planned, seconds
from changeover.errors import ChangeoverError, PlanErrors
from changeover.problems import Problem, Severity
from changeover.records import Record
from changeover.report import page, write
from changeover.rules import check as check_rules
from changeover.run import Outcome, finish, resume, rollback, this_person
from changeover.run import run as run_plan
from changeover.tables import read_schema

Command = TypeVar("Command", bound=Callable[..., Any])

EXIT_CODES = """\b
Exit codes
  0  done
  1  the database refused or failed; it is whole
  2  the plan, or a parameter, is wrong; nothing was touched
  3  refused; nothing was changed
  4  a step failed, and everything was taken back
  5  an operator is needed: the way back fails, or the lease was lost
  6  a person must judge a box first (--confirm)
  7  a person stopped it; `resume` goes on
"""


@click.group(epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="changeover")
def main() -> None:
    """Carry out a production SQLite migration from an executable Markdown plan.

    \b
    The order of the night:  check - rehearse - run - (rollback) - finish
    Something was killed:    status, then resume or rollback
    """


class _Database(click.ParamType[Database]):
    """A path, or a server's URL; its token comes from the environment."""

    name = "PATH_OR_URL"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Database:
        try:
            return database_of(value, os.environ)
        except ChangeoverError as error:
            self.fail(f"{error.message} {error.hint}", param, ctx)


DATABASE = _Database()


def as_json(command: Command) -> Command:
    """``--json``: one JSON document, or events, on stdout."""
    return click.option("--json", "json_", is_flag=True, help="Write JSON to stdout.")(command)


def placed(command: Command) -> Command:
    """``--state`` and ``--database``: where things are, when not where they usually are."""
    for option in (
        click.option("--state", type=click.Path(path_type=Path), help="Folder of runs and rehearsals."),
        click.option(
            "--database", type=DATABASE, help="The database, instead of the plan's: a path or a URL."
        ),
        click.option("--set", "sets", multiple=True, metavar="NAME=VALUE", help="A parameter of the plan."),
    ):
        command = option(command)
    return command


def judged(command: Command) -> Command:
    """``--confirm`` and ``--who``: what a person says, and which person."""
    for option in (
        click.option("--confirm", multiple=True, metavar="ID", help="You have judged this box: yes."),
        click.option("--who", help="Who is at work; recorded. Default: user@host."),
    ):
        command = option(command)
    return command


def with_exit_codes(command: Command) -> Command:
    """Errors of ours end the command in words, with their exit code."""

    @wraps(command)
    def wrapped(*args: Any, **options: Any) -> Any:
        with told(bool(options.get("json_"))):
            return command(*args, **options)

    return wrapped  # type: ignore[return-value]


PLAN = click.argument("plan", type=click.Path(path_type=Path))


@main.command()
@PLAN
@click.option("--database", type=DATABASE, help="Try the scripts on its schema; read only.")
@as_json
@with_exit_codes
def check(plan: Path, database: Database | None, json_: bool) -> None:
    """Read a plan and list everything that is wrong with it. Needs no database."""
    problems = load.check_file(plan)
    if database is not None:
        parsed, _ = load.read_plan(plan)
        with opened(database) as connection:
            schema = read_schema(connection, database)
        tried = check_rules(parsed, schema) if parsed else []
        problems = [problem for problem in problems if problem not in tried] + tried
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if json_:
        write_json({"problems": [_problem(one) for one in problems], "errors": len(errors)})
    else:
        for problem in problems:
            click.echo(str(problem))
        warnings = len(problems) - len(errors)
        click.echo(f"{counted(len(errors), 'error')}, {counted(warnings, 'warning')}.")
    sys.exit(PlanErrors.exit_code if errors else 0)


@main.command()
@click.argument("runbook", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Where the plan goes. Default: stdout.")
@as_json
@with_exit_codes
def adopt(runbook: Path, output: Path | None, json_: bool) -> None:
    """Turn an ordinary prose runbook into a plan; lists what was inferred and what you must decide."""
    folder = output.parent if output else runbook.parent
    name = output.name if output else "PLAN.md"
    made = adopt_runbook(read_runbook(runbook.read_bytes()), folder=folder, name=name)
    if output is not None:
        output.write_text(made.plan_text, "utf-8")
    if json_:
        write_json(
            {
                "plan": made.plan_text,
                "inferred": [asdict(one) for one in made.inferred],
                "decisions": [_problem(one) for one in made.decisions],
            }
        )
        return
    if output is None:
        click.echo(made.plan_text, nl=False)
    for one in made.inferred:
        click.echo(f"{runbook.name}:{one.line}: {one.text}", err=True)
    for decision in made.decisions:
        click.echo(str(decision), err=True)
    click.echo(f"{len(made.inferred)} inferred, {len(made.decisions)} to decide.", err=True)


@main.command()
@PLAN
@placed
@click.option("--who", help="Who is at work; recorded. Default: user@host.")
@as_json
@with_exit_codes
def rehearse(plan: Path, who: str | None, json_: bool, **place: Any) -> None:
    """Prove a plan on a copy of the real data, there and back. Production is only read."""
    parsed = session.read_sound(plan)
    work = session.begin(parsed, **place)
    with session.rehearsal_progress(json_) as progress, work.redacted():
        record = rehearsal.rehearse(
            parsed,
            work.values,
            work.database,
            who=who or this_person(),
            state=place["state"],
            progress=progress,
        )
    if json_:
        write_json({**asdict(record), "passed": record.passed})
    else:
        _tell_record(record)
    sys.exit(0 if record.passed else 4)


@main.command()
@PLAN
@placed
@judged
@click.option("--rehearse", "first", is_flag=True, help="Rehearse now, then run if that passes.")
@click.option("--rehearsal-max-age", default="7d", show_default=True, help="How old a rehearsal may be.")
@as_json
@with_exit_codes
def run(plan: Path, first: bool, rehearsal_max_age: str, json_: bool, **options: Any) -> None:
    """Carry a rehearsed plan out. Whatever fails, everything is taken back."""
    parsed = session.read_sound(plan)
    place, judged = _split(options)
    work = session.begin(parsed, **place)
    if first:
        with session.rehearsal_progress(json_) as progress, work.redacted():
            record = rehearsal.rehearse(
                parsed, work.values, work.database, who=this_person(), state=place["state"], progress=progress
            )
        if not record.passed:
            _tell_record(record)
            sys.exit(4)
    with session.at_desk(work, json_=json_, max_age_s=_duration(rehearsal_max_age), **judged) as settings:
        outcome = run_plan(parsed, work.values, work.database, settings)
    _tell_outcome(outcome, work, json_)


def _again(
    act: Callable[..., Outcome], plan: Path | None, run_id: str | None, json_: bool, options: Any
) -> None:
    place, judged = _split(options)
    work = session.take_up(plan, run_id, **place)
    with session.at_desk(work, json_=json_, **judged) as settings:
        outcome = act(work.plan, work.values, work.database, settings, run_id=work.run_id)
    _tell_outcome(outcome, work, json_)


def _command_of_a_run(act: Callable[..., Outcome], help_text: str) -> None:
    """One of the commands that go on with a run; they differ in one word."""

    @main.command(act.__name__, help=help_text)
    @click.argument("plan", type=click.Path(path_type=Path), required=False)
    @click.option("--run", "run_id", help="Which run. Default: the newest.")
    @placed
    @judged
    @as_json
    @with_exit_codes
    def command(plan: Path | None, run_id: str | None, json_: bool, **options: Any) -> None:
        _again(act, plan, run_id, json_, options)


_command_of_a_run(resume, "Go on with a run that was killed or stopped: forward, or back if it had turned.")
_command_of_a_run(rollback, "Take a run back. Rows that were written since stay.")
_command_of_a_run(finish, "Drop what is kept for a rollback; after this only the backup leads back.")


@main.command("status")
@click.argument("plan", type=click.Path(path_type=Path), required=False)
@placed
@as_json
@with_exit_codes
def status_command(plan: Path | None, json_: bool, **place: Any) -> None:
    """Say where a database stands and what to do next. Reads only."""
    database, state, kept = session.locate(plan, **place)
    found = status.look(state, database, kept)
    if json_:
        write_json(dict(found.as_data()))
        return
    click.echo(
        f"{found.database}: {found.title or 'no run'}{f' (run {found.run_id})' if found.run_id else ''}"
    )
    click.echo(found.how + (f" At work: {found.holder}." if found.holder else ""))
    if found.warning:
        click.echo(found.warning)
    for line in found.lines:
        times = f"{planned(line.planned_s):>10} {seconds(line.measured_s):>10}"
        click.echo(f"  {SIGNS[line.verdict][0]} {line.label[:60]:60} {times}  {line.verdict}")
    if found.backup:
        click.echo(f"Backup: {found.backup}")
    for advice in found.advice:
        click.echo(f"  {advice}")


@main.command()
@click.argument("plan", type=click.Path(path_type=Path), required=False)
@click.option("--run", "run_id", help="Which run. Default: the newest.")
@click.option("--html", type=click.Path(path_type=Path), help="Where the page goes.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Where the text goes.")
@placed
@as_json
@with_exit_codes
def report(
    plan: Path | None, run_id: str | None, html: Path | None, markdown: Path | None, json_: bool, **place: Any
) -> None:
    """Write the report of a run again: Markdown, and one page of HTML that needs nothing else."""
    database, state, kept = session.locate(plan, run_id=run_id, **place)
    found = page.gather(state, database, kept, run_id)
    if json_:
        write_json(dict(found.as_data()))
        return
    for path in write.write(found, html=html, markdown=markdown):
        click.echo(str(path))


@contextmanager
def told(json_: bool) -> Iterator[None]:
    """What goes wrong inside is told in words (or as JSON) and ends the command with its exit code."""
    try:
        yield
    except ChangeoverError as error:
        if json_:
            write_json(
                {
                    "error": type(error).__name__,
                    "message": error.message,
                    "hint": error.hint,
                    "retryable": error.retryable,
                    "exit_code": error.exit_code,
                }
            )
        else:
            click.echo(str(error), err=True)
        sys.exit(error.exit_code)


def write_json(document: dict[str, Any]) -> None:
    """One line of JSON on stdout."""
    click.echo(json.dumps(document, ensure_ascii=False, default=str))


def _split(options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    place = {name: options[name] for name in ("state", "database", "sets")}
    return place, {name: value for name, value in options.items() if name not in place}


def _duration(text: str) -> float:
    try:
        if text.endswith("d") and text[:-1].isdigit():
            return float(text[:-1]) * 86_400
        return parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _problem(problem: Problem) -> dict[str, Any]:
    found = asdict(problem)
    found["severity"] = problem.severity.value
    return found


def _tell_record(record: Record) -> None:
    for step in record.steps:
        held = f", writers held {seconds(step.frozen_s)}" if step.frozen_s is not None else ""
        click.echo(f"  {step.verdict:7} {step.direction:10} {step.label}  {seconds(step.seconds)}{held}")
    for reason in record.skipped:
        click.echo(f"  not shown on a copy: {reason}")
    for note in record.notes:
        click.echo(f"  note: {note}")
    click.echo(f"Rehearsed {record.place}.")
    if record.faults:
        for fault in record.faults:
            click.echo(fault, err=True)
        click.echo("The rehearsal did not pass; nothing was changed, and `run` will refuse.", err=True)
        return
    click.echo(
        f"Passed: {record.rows_compared:,} rows compared, {record.writes} new writes kept.\n"
        f"Predicted: writers held {seconds(record.frozen_s)}, steps {seconds(record.seconds)},"
        f" rollback {seconds(record.rollback_s)}; disk {megabytes(record.needed_bytes)},"
        f" backup {record.backup_mb_per_s:,.0f} MB/s."
    )


def _tell_outcome(outcome: Outcome, work: session.Work, json_: bool) -> None:
    with work.redacted():
        found = page.gather(work.state, work.database, work.plan, outcome.run_id)
        paths = write.write(found)
    if json_:
        write_json({"outcome": outcome.ending.value, "exit_code": outcome.exit_code, **found.summary()})
    else:
        _tell_words(outcome, found, paths)
    sys.exit(outcome.exit_code)


def _tell_words(outcome: Outcome, found: page.Report, paths: Sequence[Path]) -> None:
    for failure in outcome.failures:
        place = f"{failure.text('position')}: " if failure.text("position") else ""
        click.echo(f"{place}{failure.text('message')}", err=True)
        if failure.text("hint"):
            click.echo(f"  {failure.text('hint')}", err=True)
    click.echo(found.sentence)
    for advice in found.advice:
        click.echo(f"  {advice}")
    click.echo(f"Report: {os.fspath(paths[-1])}")
