"""`liveone poll` and `liveone aggregate`: one round of what `serve` does by itself."""

import asyncio
import sys
from dataclasses import asdict

import click

from liveone.cli.context import CommandContext, json_option, pass_shell, print_json
from liveone.cli.systems import found_system, opened
from liveone.clock import SystemClock
from liveone.database.open import open_store
from liveone.domain.zones import zone_of
from liveone.errors import BadInput
from liveone.store import aggregates, point_repair, systems
from liveone.store.store import Store
from liveone.web.services import DailyJob, DailyOutcome, PollOutcome
from liveone.wiring.collecting import open_collector
from liveone.wiring.outcomes import poll_outcome, run_daily


@click.command("poll")
@click.option(
    "--once", is_flag=True, expose_value=False, help="Said or not: `liveone serve` polls on and on."
)
@json_option
@pass_shell
def poll_command(shell: CommandContext, as_json: bool) -> None:
    """Poll every active system once, now."""
    outcomes = asyncio.run(_poll(shell))
    if as_json:
        print_json([asdict(outcome) for outcome in outcomes])
    for outcome in [] if as_json else outcomes:
        if outcome.success:
            seen = f"solar {outcome.solar} W, battery {outcome.battery_w} W, {outcome.delay} s old"
            click.echo(f"{outcome.system}: {seen}")
        else:
            click.echo(f"{outcome.system}: FAILED {outcome.error}")
    if not all(outcome.success for outcome in outcomes):
        sys.exit(4)


async def _poll(shell: CommandContext) -> list[PollOutcome]:
    with opened(shell) as (store, vendors):
        collector = open_collector(shell.config, store, vendors, SystemClock())
        try:
            return [poll_outcome(result) for result in await collector.poll_once()]
        finally:
            await collector.stop()


@click.command("aggregate")
@click.option("--catchup", is_flag=True, help="Close every complete day that is still open.")
@click.option(
    "--rebuild", is_flag=True, help="Compute all 5-minute rows and all days anew from raw readings."
)
@click.option("--day", help="Compute one local day anew: YYYY-MM-DD.")
@click.option("--system", "system_id", type=int, help="Only this system.")
@json_option
@pass_shell
def aggregate_command(
    shell: CommandContext,
    catchup: bool,
    rebuild: bool,
    *,
    day: str | None,
    system_id: int | None,
    as_json: bool,
) -> None:
    """Close, catch up or rebuild 5-minute and daily aggregates; raw readings are never changed."""
    if catchup + rebuild + (day is not None) != 1:
        raise BadInput("say one of --catchup, --rebuild and --day")
    store = open_store(shell.config)
    try:
        outcomes = _aggregate(store, rebuild=rebuild, day=day, system_id=system_id)
    finally:
        store.close()
    if as_json:
        print_json([asdict(outcome) for outcome in outcomes])
        return
    for outcome in outcomes:
        click.echo(f"{outcome.system}: {len(outcome.days)} days{_span(outcome)} {outcome.error or 'closed'}")
    if not outcomes:
        click.echo("Nothing to do: every complete day is closed.")


def _aggregate(store: Store, *, rebuild: bool, day: str | None, system_id: int | None) -> list[DailyOutcome]:
    now_at = SystemClock().now_at()
    chosen = [found_system(store, system_id)] if system_id else systems.list_systems(store)
    if day is not None:
        jobs = [DailyJob("day", system.id, day) for system in chosen]
        for system in chosen:
            aggregates.rebuild_5m(store, system.id, *zone_of(system).bounds(day))
    elif rebuild:
        jobs = [DailyJob("clear", system.id) for system in chosen]
        for system in chosen:
            span = aggregates.extent(store, system.id)
            if span is not None:
                aggregates.rebuild_5m(store, system.id, *span)
            point_repair.rebuild(store, system)
    else:
        for system in chosen:
            aggregates.fill_5m(store, system.id)
        jobs = [DailyJob("catchup")]
    return [outcome for job in jobs for outcome in run_daily(store, job, now_at)]


def _span(outcome: DailyOutcome) -> str:
    return f" ({outcome.days[0]} to {outcome.days[-1]})" if outcome.days else ""
