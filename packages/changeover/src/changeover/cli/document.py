"""The commands about the document alone: `check`, `adopt`, `new`, and the schema of the front matter."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from changeover.check.front_matter import front_matter_schema
from changeover.cli.json_document import answer, write_json
from changeover.cli.options import DATABASE, PLAN, as_json, with_exit_codes
from changeover.database.where import Database
from changeover.drafting.draft import beside, database_line, draft, read_renames, schema_in
from changeover.exits import Exit
from changeover.problems import Problem, Severity
from changeover.run.check import inspect
from changeover.runbook.convert import adopt as adopt_runbook
from changeover.runbook.convert import read_runbook
from changeover.words import counted

OUTPUT = click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Where the plan goes. Default: stdout."
)


@click.command("check")
@PLAN
@click.option("--database", type=DATABASE, help="Try the scripts on its schema; read only.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="For people, or for an editor.",
)
@as_json
@with_exit_codes
def check_command(plan: Path, database: Database | None, form: str, json_: bool) -> None:
    """Read a plan and list everything that is wrong with it. Needs no database."""
    problems = inspect(plan, database)
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    code = Exit.WRONG if errors else Exit.DONE
    if json_ or form == "json":
        found = [_problem(one, plan) for one in problems]
        write_json(answer("check", "errors" if errors else "sound", code, problems=found, errors=len(errors)))
    else:
        for problem in problems:
            click.echo(str(problem))
        warnings = sum(problem.severity is Severity.WARNING for problem in problems)
        click.echo(f"{counted(len(errors), 'error')}, {counted(warnings, 'warning')}.")
    sys.exit(code)


@click.command("adopt")
@click.argument("runbook", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@OUTPUT
@as_json
@with_exit_codes
def adopt_command(runbook: Path, output: Path | None, json_: bool) -> None:
    """Turn an ordinary prose runbook into a plan; lists what was inferred and what you must decide."""
    folder = output.parent if output else runbook.parent
    name = output.name if output else "PLAN.md"
    made = adopt_runbook(read_runbook(runbook.read_bytes()), folder=folder, name=name)
    decisions = [_problem(one, folder / name) for one in made.decisions]
    inferred = [asdict(one) for one in made.inferred]
    if _give(made.plan_text, output, json_, "adopt", inferred=inferred, decisions=decisions):
        return
    for one in made.inferred:
        click.echo(f"{runbook.name}:{one.line}: {one.text}", err=True)
    for decision in made.decisions:
        click.echo(str(decision), err=True)
    click.echo(f"{len(made.inferred)} inferred, {len(made.decisions)} to decide.", err=True)


@click.command("new")
@click.option("--database", "--from", "before", required=True, metavar="FILE_OR_URL",
              help="The schema that is: a database, or a script of CREATE statements.")  # fmt: skip
@click.option("--to", "after", required=True, metavar="FILE_OR_URL",
              help="The schema that is wanted: a script, or another database.")  # fmt: skip
@click.option("--rename", "renames", multiple=True, metavar="OLD=NEW",
              help="The same under another name: a table, or TABLE.OLD=NEW for a column.")  # fmt: skip
@click.option("--title", default="Change of the schema", show_default=True)
@OUTPUT
@as_json
@with_exit_codes
def new_command(before: str, after: str, output: Path | None, json_: bool, **words: Any) -> None:
    """Draft a plan, and its way back, from the schema that is and the schema that is wanted."""
    old, new = schema_in(before), schema_in(after)
    folder = (output.parent if output else Path()).resolve()
    made = draft(
        old,
        new,
        read_renames(words["renames"], old, new),
        title=words["title"],
        database=database_line(before, folder),
        after=beside(after, folder),
    )
    if _give(made.plan, output, json_, "new", questions=list(made.questions)):
        return
    for question in made.questions:
        click.echo(f"to decide: {question}", err=True)
    click.echo(f"{counted(len(made.statements), 'statement')}, {len(made.questions)} to decide.", err=True)


@click.command("front-matter")
def front_matter_command() -> None:
    """Print the JSON schema of a plan's front matter, for an editor."""
    click.echo(json.dumps(front_matter_schema(), indent=2))


def _give(text: str, output: Path | None, json_: bool, command: str, **more: object) -> bool:
    """Write a plan where it is wanted; whether all is said with it."""
    if output is not None:
        output.write_text(text, "utf-8")
    if json_:
        write_json(answer(command, "drafted", Exit.DONE, plan=text, **more))
    elif output is None:
        click.echo(text, nl=False)
    return json_


def _problem(problem: Problem, plan: Path) -> dict[str, Any]:
    """A problem as data; ``end_column`` is behind the last sign of its line, for an editor's underline."""
    found = asdict(problem)
    found["severity"] = problem.severity.value
    found["position"] |= {"end_column": _end_column(problem, plan)}
    return found


def _end_column(problem: Problem, plan: Path) -> int:
    try:
        lines = (plan.parent / problem.position.file).read_text("utf-8").split("\n")
        return max(problem.position.column + 1, len(lines[problem.position.line - 1].rstrip()) + 1)
    except (OSError, UnicodeDecodeError, IndexError):
        return problem.position.column + 1
