"""The commands that only look: where a database stands, and the report of a run."""

from pathlib import Path
from typing import Any

import click

from changeover.cli.fleet import show_each, status_options
from changeover.cli.json_document import answer, write_json
from changeover.cli.options import A_PLAN, RUN_ID, as_json, place_of, placed, with_exit_codes
from changeover.display.terminal import SIGNS
from changeover.exits import Exit
from changeover.report import model, write
from changeover.run import session, status
from changeover.words import planned, seconds


@click.command("status")
@A_PLAN
@placed
@status_options
@as_json
@with_exit_codes
def status_command(plan: Path | None, json_: bool, **options: Any) -> None:
    """Say where a database stands and what to do next. Reads only."""
    if options["each"]:
        show_each(plan, options, json_=json_)
    database, state, stored = session.locate(plan, **place_of(options))
    found = status.look(state, database, stored)
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


@click.command("report")
@A_PLAN
@RUN_ID
@click.option("--html", type=click.Path(path_type=Path), help="Where the page goes.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Where the text goes.")
@placed
@as_json
@with_exit_codes
def report_command(
    plan: Path | None, run_id: str | None, html: Path | None, markdown: Path | None, json_: bool, **place: Any
) -> None:
    """Write the report of a run again: Markdown, and one page of HTML that needs nothing else."""
    database, state, stored = session.locate(plan, run_id=run_id, **place)
    found = model.gather(state, database, stored, run_id)
    if json_:
        write_json(answer("report", found.outcome, Exit.DONE, **found.as_data()))
        return
    for path in write.write(found, html=html, markdown=markdown):
        click.echo(str(path))
