"""The `changeover` command: what it reads and shows; `cli_run` has the commands that carry a plan out.

Its exit codes are those of `changeover.exits`.
"""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from changeover import __version__, cli_run, inspection, session, status
from changeover.adopt import adopt as adopt_runbook
from changeover.adopt import read_runbook
from changeover.answers import answer, write_json
from changeover.cli_options import A_PLAN, DATABASE, PLAN, RUN_ID, as_json, placed, with_exit_codes
from changeover.database.names import counted
from changeover.database.where import Database
from changeover.display import SIGNS, planned, seconds
from changeover.exits import Exit, table
from changeover.problems import Problem, Severity
from changeover.report import page, write

EXIT_CODES = f"\b\nExit codes\n{table()}"


@click.group(epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="changeover")
def main() -> None:
    """Carry out a production SQLite migration from an executable Markdown plan.

    \b
    The order of the night:  check - rehearse - run - (rollback) - finish
    Something was killed:    status, then resume or rollback
    Nothing leads on:        rollback --with MENDED.sql, abandon, restore BACKUP
    """


for _command in cli_run.COMMANDS:
    main.add_command(_command)


@main.command()
@PLAN
@click.option("--database", type=DATABASE, help="Try the scripts on its schema; read only.")
@as_json
@with_exit_codes
def check(plan: Path, database: Database | None, json_: bool) -> None:
    """Read a plan and list everything that is wrong with it. Needs no database."""
    problems = inspection.inspect(plan, database)
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if json_:
        found = [_problem(one) for one in problems]
        outcome = "errors" if errors else "sound"
        code = Exit.WRONG if errors else Exit.DONE
        write_json(answer("check", outcome, code, problems=found, errors=len(errors)))
    else:
        for problem in problems:
            click.echo(str(problem))
        warnings = len(problems) - len(errors)
        click.echo(f"{counted(len(errors), 'error')}, {counted(warnings, 'warning')}.")
    sys.exit(Exit.WRONG if errors else Exit.DONE)


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
            answer(
                "adopt",
                "drafted",
                Exit.DONE,
                plan=made.plan_text,
                inferred=[asdict(one) for one in made.inferred],
                decisions=[_problem(one) for one in made.decisions],
            )
        )
        return
    if output is None:
        click.echo(made.plan_text, nl=False)
    for one in made.inferred:
        click.echo(f"{runbook.name}:{one.line}: {one.text}", err=True)
    for decision in made.decisions:
        click.echo(str(decision), err=True)
    click.echo(f"{len(made.inferred)} inferred, {len(made.decisions)} to decide.", err=True)


@main.command("status")
@A_PLAN
@placed
@as_json
@with_exit_codes
def status_command(plan: Path | None, json_: bool, **place: Any) -> None:
    """Say where a database stands and what to do next. Reads only."""
    database, state, kept = session.locate(plan, **place)
    found = status.look(state, database, kept)
    if json_:
        write_json(answer("status", found.outcome, Exit.DONE, **found.as_data()))
        return
    click.echo(
        f"{found.database}: {found.title or 'no run'}{f' (run {found.run_id})' if found.run_id else ''}"
    )
    click.echo(found.how + (f" At work: {found.holder}." if found.holder else ""))
    for reason in found.reason.splitlines():
        click.echo(f"  {reason}")
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
@A_PLAN
@RUN_ID
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
        write_json(answer("report", found.outcome, Exit.DONE, **found.as_data()))
        return
    for path in write.write(found, html=html, markdown=markdown):
        click.echo(str(path))


def _problem(problem: Problem) -> dict[str, Any]:
    found = asdict(problem)
    found["severity"] = problem.severity.value
    return found
