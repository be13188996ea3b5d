"""What came of a command, in words or as one JSON document."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from changeover.cli.json_document import outcome_answer, write_json
from changeover.report import model, write
from changeover.run import session
from changeover.run.commands import Outcome
from changeover.run.records import Record
from changeover.words import counted, megabytes, seconds


def tell_record(record: Record) -> None:
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
        f"Passed: {counted(record.rows_compared, 'row')} compared,"
        f" {counted(record.writes, 'new write')} kept.\n"
        f"Predicted: writers held {seconds(record.frozen_s)}, steps {seconds(record.seconds)},"
        f" rollback {seconds(record.rollback_s)}; disk {megabytes(record.needed_bytes)},"
        f" backup {record.backup_mb_per_s:,.0f} MB/s."
    )


def tell_outcome(
    outcome: Outcome,
    work: session.BoundPlan,
    json_: bool,
    rehearsal: Record | None = None,
    *,
    left: Sequence[str] = (),
) -> NoReturn:
    """The end of a session, its report written; the command ends with its exit code."""
    with work.redacted():
        found = model.gather(work.state, work.database, work.plan, outcome.run_id)
        paths = write.write(found)
    if json_:
        more = {"left": list(left)} if left else {}
        write_json({**outcome_answer(outcome, found, rehearsal), **more})
    else:
        _tell_words(outcome, found, paths)
    sys.exit(outcome.exit_code)


def ask(what: str, consequences: Sequence[str]) -> bool:
    """What will be, and whether a person at a terminal says yes to it."""
    click.echo(what)
    for one in consequences:
        click.echo(f"- {one}")
    return sys.stdin.isatty() and click.confirm("Go on?", default=False)


def _tell_words(outcome: Outcome, found: model.Report, paths: Sequence[Path]) -> None:
    for failure in outcome.failures:
        place = f"{failure.text('position')}: " if failure.text("position") else ""
        click.echo(f"{place}{failure.text('message')}", err=True)
        if failure.text("hint"):
            click.echo(f"  {failure.text('hint')}", err=True)
    click.echo(found.sentence)
    for advice in found.advice:
        click.echo(f"  {advice}")
    click.echo(f"Report: {os.fspath(paths[-1])}")
