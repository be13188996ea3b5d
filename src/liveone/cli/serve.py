"""`liveone serve`: poll the systems, serve the API and the dashboard."""

import logging

import click

from liveone.cli.context import CommandContext, pass_shell
from liveone.database.open import only_reads
from liveone.release import release
from liveone.settings.config import Config, with_role
from liveone.settings.sign_in import LOOPBACK
from liveone.wiring import serve
from liveone.wiring.log_limit import LogLimit
from liveone.wiring.log_lines import PlainFormatter

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@click.command("serve")
@click.option(
    "--role", metavar="web|poller|all", help="What this process does [serve.role, LIVEONE_ROLE, or all]."
)
@click.option("-v", "--verbose", is_flag=True, help="Log every step.")
@pass_shell
def serve_command(shell: CommandContext, role: str | None, verbose: bool) -> None:
    """Poll the systems, serve the API and the dashboard until interrupted.

    Several processes may work on one database: `--role web` shows and takes changes, `--role poller` polls
    and closes days. Pollers share the systems among themselves.
    """
    start_logging(verbose=verbose)
    config = with_role(shell.config, role)
    serve.serve(config, ready=lambda served: announce(config, served))


def start_logging(*, verbose: bool) -> None:
    """Log to standard error; third parties only when something is wrong.

    The limit belongs to the handler made here: one that somebody else gave the root logger keeps all it gets.
    """
    ours = logging.StreamHandler()
    ours.addFilter(LogLimit())
    ours.setFormatter(PlainFormatter(LOG_FORMAT))
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, handlers=[ours])
    logging.getLogger("httpx2").setLevel(logging.WARNING)


def announce(config: Config, served: serve.ServedAddress) -> None:
    """Say where to look, how to set up, and why only from here when that is so."""
    click.echo(f"LiveOne {release()} serves {config.database.url} at {served.url}")
    if served.setup:
        click.echo(
            "Nobody has an account yet. This link makes yours, once, and holds for a day:\n"
            f"  {served.setup}\n"
            "Until then only this machine may look, and everybody on it."
        )
    elif served.is_open:
        click.echo(
            "Listening on this machine only: without AUTH_PASSWORD or a user, anybody who reached it "
            f"would see everything.{_unheeded(config)}"
        )
    if config.serve.role == "web":
        click.echo("Role web: this process shows and takes changes; it neither polls nor closes days.")
    if config.serve.role == "poller":
        click.echo("Role poller: this process polls and closes days; only /api/health and /metrics answer.")
    if only_reads(config):
        click.echo("The database token only reads: this instance shows; it neither polls nor closes days.")
    if not config.collect.scheduler:
        click.echo("The schedule is off: call /api/cron/minutely and /api/cron/daily.")
    if not config.vendors:
        click.echo(
            "No [[vendor]] is configured: only systems made of devices are polled (`liveone sources list`)."
        )


def _unheeded(config: Config) -> str:
    host = config.server.host
    return "" if host in LOOPBACK else f" Set one of them to listen on {host} as configured."
