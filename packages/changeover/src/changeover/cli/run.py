"""The commands that carry a plan out, take it back, and lead out of a run that is stuck."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from changeover.cli.fleet import again, do_each, each_options, run_options
from changeover.cli.json_document import answer, record_answer, write_json
from changeover.cli.options import (
    A_PLAN,
    PLAN,
    RUN_ID,
    WHO,
    as_json,
    duration,
    judged,
    placed,
    split,
    with_exit_codes,
)
from changeover.cli.words import ask, tell_outcome, tell_record
from changeover.engine.entries import Command
from changeover.errors import BadParameter
from changeover.exits import Exit
from changeover.run import preconditions, recovery, rehearsal, session
from changeover.run.commands import Outcome, abandon, finish, require_sense, resume, rollback, this_person
from changeover.run.commands import run as run_plan
from changeover.run.records import Record
from changeover.words import megabytes


@click.command("rehearse")
@PLAN
@placed
@WHO
@as_json
@with_exit_codes
def rehearse_command(plan: Path, who: str | None, json_: bool, **place: Any) -> None:
    """Prove a plan on a copy of the real data, there and back. Production is only read."""
    parsed = session.read_sound(plan)
    record = _rehearsed(session.begin(parsed, **place), who, json_)
    if json_:
        write_json(record_answer(record))
    else:
        tell_record(record)
    sys.exit(Exit.DONE if record.passed else Exit.WENT_BACK)


@click.command("run")
@PLAN
@placed
@judged
@click.option("--rehearse", "first", is_flag=True, help="Rehearse now, then run if that passes.")
@click.option("--rehearsal-max-age", default="7d", show_default=True, help="How old a rehearsal may be.")
@run_options
@as_json
@with_exit_codes
def run_command(plan: Path, first: bool, rehearsal_max_age: str, json_: bool, **options: Any) -> None:
    """Carry a rehearsed plan out. Whatever fails, everything is taken back."""
    parsed = session.read_sound(plan)
    if options["each"]:
        options["max_age_s"] = duration(rehearsal_max_age)
        do_each(Command.RUN, parsed, options, json_=json_)
    place, judgement = split(options)
    work = session.begin(parsed, **place)
    record = _rehearsed_for_run(work, judgement["who"], json_) if first else None
    with session.operator_settings(
        work, json_=json_, max_age_s=duration(rehearsal_max_age), **judgement
    ) as settings:
        outcome = run_plan(parsed, work.values, work.database, settings)
    tell_outcome(outcome, work, json_, record)


def _rehearsed(work: session.BoundPlan, who: str | None, json_: bool) -> Record:
    with session.rehearsal_progress(json_) as progress, work.redacted():
        return rehearsal.rehearse(
            work.plan,
            work.values,
            work.database,
            who=who or this_person(),
            state=work.state.path,
            progress=progress,
        )


def _rehearsed_for_run(work: session.BoundPlan, who: str | None, json_: bool) -> Record:
    """A rehearsal that passed, or the end of the command; where nothing is to do, nothing is rehearsed."""
    preconditions.require_no_open_run(work.state, work.plan, work.database)
    preconditions.require_not_applied(work.plan, work.database)
    record = _rehearsed(work, who, json_)
    if record.passed:
        return record
    if json_:
        write_json({**record_answer(record), "command": "run"})
    else:
        tell_record(record)
    sys.exit(Exit.WENT_BACK)


@click.command("resume")
@A_PLAN
@RUN_ID
@placed
@judged
@as_json
@with_exit_codes
def resume_command(plan: Path | None, run_id: str | None, json_: bool, **options: Any) -> None:
    """Go on with a run that was killed or stopped: forward, or back if it had turned."""
    _go_on(resume, plan, run_id, options, json_=json_)


@click.command("finish")
@A_PLAN
@RUN_ID
@placed
@judged
@each_options
@as_json
@with_exit_codes
def finish_command(plan: Path | None, run_id: str | None, json_: bool, **options: Any) -> None:
    """Drop what is kept for a rollback; after this only the backup leads back."""
    if options["each"]:
        again(Command.FINISH, plan, {**options, "run_id": run_id}, json_=json_)
    _go_on(finish, plan, run_id, options, json_=json_)


def _go_on(
    act: Callable[..., Outcome],
    plan: Path | None,
    run_id: str | None,
    options: dict[str, Any],
    *,
    json_: bool,
) -> NoReturn:
    """Another session of a run that there is."""
    place, judgement = split(options)
    work = session.take_up(plan, run_id, **place)
    with session.operator_settings(work, json_=json_, **judgement) as settings:
        outcome = act(work.plan, work.values, work.database, settings, run_id=work.run_id)
    tell_outcome(outcome, work, json_)


@click.command("rollback")
@A_PLAN
@RUN_ID
@click.option(
    "--with", "script", type=click.Path(path_type=Path), help="SQL in place of a way back that fails."
)
@click.option("--undoes", metavar="ID", help="With --with: the change that it takes back.")
@click.option("--accept", multiple=True, metavar="NAME=WHY", help="With --with: a finding that is meant.")
@placed
@judged
@each_options
@as_json
@with_exit_codes
def rollback_command(plan: Path | None, run_id: str | None, json_: bool, **options: Any) -> None:
    """Take a run back. Rows that were written since stay."""
    if options["each"]:
        again(Command.ROLLBACK, plan, {**options, "run_id": run_id}, json_=json_)
    script, undoes = options["script"], options["undoes"]
    if script is None:
        _go_on(rollback, plan, run_id, options, json_=json_)
    place, judgement = split(options)
    accept = _reasons(options["accept"])
    work = session.take_up(plan, run_id, **place)
    arguments = (work.plan, work.values, work.database)
    with session.operator_settings(work, json_=json_, **judgement) as settings:
        outcome = recovery.roll_back_with(
            script, *arguments, settings, run_id=work.run_id, undoes=undoes, accept=accept
        )
    tell_outcome(outcome, work, json_)


def _reasons(accept: Sequence[str]) -> dict[str, str]:
    """Names with reasons of ``--accept``. Raises BadParameter for one without a reason."""
    found = {name.strip(): why.strip() for name, _, why in (one.partition("=") for one in accept)}
    if not all(found.values()):
        raise BadParameter("--accept needs a reason.", hint="Write --accept 'NAME=why it is meant'.")
    return found


@click.command("abandon")
@A_PLAN
@RUN_ID
@click.option("--yes", is_flag=True, help="You know what will be left.")
@placed
@judged
@as_json
@with_exit_codes
def abandon_command(plan: Path | None, run_id: str | None, yes: bool, json_: bool, **options: Any) -> None:
    """Give a run up where it stands. Says what will be left, and asks."""
    place, judgement = split(options)
    work = session.take_up(plan, run_id, **place)
    require_sense(Command.ABANDON, work.plan, work.state.entries(work.run_id), work.state, work.run_id)
    left = recovery.left_behind(work.plan, work.state.entries(work.run_id), work.database)
    if not yes and not (not json_ and ask("Nothing of this run will be done or taken back any more:", left)):
        _undecided("abandon", left, json_)
    with session.operator_settings(work, json_=json_, **judgement) as settings:
        outcome = abandon(work.plan, work.values, work.database, settings, run_id=work.run_id)
    tell_outcome(outcome, work, json_, left=left)


@click.command("restore")
@click.argument("backup", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@A_PLAN
@click.option("--yes", is_flag=True, help="You know that what was written since is only in the file kept.")
@placed
@WHO
@as_json
@with_exit_codes
def restore_command(
    backup: Path, plan: Path | None, yes: bool, who: str | None, json_: bool, **place: Any
) -> None:
    """Put a backup back in the database's place. The state before is kept in a file beside it."""
    database, state, _ = session.locate(plan, **place)
    consequences = [
        f"{database} becomes what {backup} is.",
        "What was written since will only be in the file kept.",
    ]
    if not yes and not (not json_ and ask("A backup is put back:", consequences)):
        _undecided("restore", consequences, json_)
    done = recovery.put_back(backup, database, session.settings_of(state, who))
    if json_:
        previous = str(done.previous) if done.previous else None
        facts = {"path": str(done.path), "bytes": done.bytes, "seconds": done.seconds, "kept": previous}
        write_json(answer("restore", "restored", Exit.DONE, backup=str(backup), **facts))
        return
    click.echo(f"{done.path} is what {backup} is ({megabytes(done.bytes)}).")
    if done.previous:
        click.echo(f"As it was before: {done.previous}")


def _undecided(command: str, left: list[str], json_: bool) -> None:
    """Nobody has said yes: the command ends, with what it would do or leave."""
    if json_:
        write_json(answer(command, "undecided", Exit.UNDECIDED, left=left, hint="Say it with --yes."))
    else:
        click.echo("Nothing was done. Say that you mean it with --yes.", err=True)
    sys.exit(Exit.UNDECIDED)
