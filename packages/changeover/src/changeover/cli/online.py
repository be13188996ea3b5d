"""The commands that steer a table that is made anew online, from another terminal."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import click

from changeover.cli.json_document import answer, write_json
from changeover.cli.options import A_PLAN, RUN_ID, WHO, as_json, place_of, placed, with_exit_codes
from changeover.database.online.control import OnlineOrders
from changeover.errors import BadParameter
from changeover.exits import Exit
from changeover.run import session, steer
from changeover.run.commands import this_person

Change = Callable[[OnlineOrders], OnlineOrders]


@click.group("online")
def online_command() -> None:
    """Steer a table that is made anew online, while it is copied.

    What is asked holds until something else is, also for the runner that `changeover resume` starts.
    `changeover status` shows it.
    """


def _steering(command: Callable[..., None]) -> Callable[..., None]:
    for option in (with_exit_codes, as_json, WHO, placed, RUN_ID, A_PLAN):
        command = option(command)
    return command


@online_command.command("pause")
@_steering
def pause_command(**options: Any) -> None:
    """Stop copying at the end of the chunk under way; what is written meanwhile is followed later."""
    _steer("pause", options, lambda now: replace(now, paused=True))


@online_command.command("resume")
@_steering
def resume_command(**options: Any) -> None:
    """Go on after a pause."""
    _steer("resume", options, lambda now: replace(now, paused=False))


@online_command.command("pace")
@_steering
@click.option("--to", "percent", type=click.IntRange(1, 100), required=True, help="Per cent of the time.")
def pace_command(percent: int, **options: Any) -> None:
    """Work for a part of the time only; 100 is as fast as writers allow."""
    _steer("pace", options, lambda now: replace(now, pace=percent / 100))


@online_command.command("swap")
@_steering
@click.option("--at", "at", metavar="HH:MM", help="Not before then; or a date and time as in ISO 8601.")
@click.option("--hold", is_flag=True, help="Not before somebody says --now.")
@click.option("--now", "now_", is_flag=True, help="As soon as it is copied and checked.")
def swap_command(at: str | None, hold: bool, now_: bool, **options: Any) -> None:
    """Say when the new table may take the old one's place."""
    if sum((at is not None, hold, now_)) != 1:
        raise click.UsageError("Say one of --at, --hold and --now.")
    try:
        from_at = steer.moment(at) if at is not None else None
    except BadParameter as error:
        raise click.UsageError(f"{error.message} {error.hint}") from error
    _steer("swap", options, lambda now: replace(now, swap_at=from_at, swap_held=hold))


def _steer(verb: str, options: dict[str, Any], change: Change) -> NoReturn:
    plan: Path | None = options["plan"]
    work = session.take_up(plan, options["run_id"], **place_of(options))
    who = options["who"] or this_person()
    found = steer.steer(work, lambda now: replace(change(now), who=who))
    if options["json_"]:
        facts = {"paused": found.paused, "pace": found.pace, "swap_at": found.swap_at}
        write_json(answer(f"online {verb}", "asked", Exit.DONE, swap_held=found.swap_held, **facts))
    else:
        click.echo(f"Asked of run {work.run_id}: {found}.")
    raise SystemExit(Exit.DONE)
