"""The `liveone` command: finds the file of a subcommand when it is asked for, so that start-up stays fast."""

import os
import sys
from pathlib import Path

import click

from changeover.cli.lazy_group import LazyGroup
from liveone import __version__
from liveone.cli.context import CommandContext, fail
from liveone.errors import LiveOneError

PRIVATE = 0o077
"""Whatever is written (database, journal, backups, settings, exports) is its owner's alone."""

COMMANDS = {
    "init": ("init", "Write commented settings and an empty database."),
    "demo": ("demo", "A simulated house, its history and the live dashboard, at once."),
    "serve": ("serve", "Poll the systems, serve the API and the dashboard."),
    "service": ("service", "Run LiveOne under systemd: install, status, remove."),
    "simulate": ("simulate", "Run a portal that speaks select.live's protocol."),
    "systems": ("systems", "Add, list, test, discover and remove systems."),
    "discover": ("discover", "The devices on the local network, each with the command that adds it."),
    "sources": ("sources", "The devices that a system is made of: add, list, test, remove."),
    "points": ("points", "What a system measures beyond its balance: list, name, hide, export, import."),
    "outgoing": ("outgoing", "What readings and days are sent on to: InfluxDB, webhooks."),
    "vendor": ("vendor", "The makes that LiveOne speaks with."),
    "users": ("users", "People: accounts, roles, passwords, sessions, API tokens."),
    "audit": ("audit", "Who did what, and when."),
    "secrets": ("secrets", "Keys of the secrets that the database keeps; their rotation."),
    "accounts": ("accounts", "Ask the account directory whether account ids are real."),
    "poll": ("collect", "Poll every active system once."),
    "aggregate": ("collect", "Close, catch up or rebuild 5-minute and daily aggregates."),
    "import": ("transfer", "Read readings from a file: LiveOne's own exports, and many others'."),
    "readings": ("readings", "What was imported when, and undo; forget or exclude readings."),
    "export": ("transfer", "Write readings, 5-minute or daily rows to a file."),
    "backup": ("backup", "Make a verified copy of the database while it is in use."),
    "restore": ("backup", "Put a verified backup in the database's place."),
    "doctor": ("doctor", "One screen: what is well, what is not, what to do."),
    "adopt": ("adopt", "Take over a database of an older LiveOne."),
    "schema": ("schema", "What this release needs of the database, and what is there."),
    "upgrade": ("upgrade", "Bring the database to this release's schema, underneath the running server."),
    "db": ("db", "The database: SQL, create, move, restore; tokens of a server."),
}
PLACES = {
    name: (f"liveone.cli.{module}", f"{name}_command", text) for name, (module, text) in COMMANDS.items()
}


@click.group(cls=LazyGroup, commands=PLACES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="liveone")
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    help="The settings file [LIVEONE_CONFIG, or liveone.toml in this folder].",
)
@click.pass_context
def root(ctx: click.Context, config_path: Path | None) -> None:
    """LiveOne: a self-hosted live monitor for solar, battery and grid systems.

    Exit codes: 0 done, 1 failed or done in part, 2 wrong usage or settings, 3 the database, 4 a vendor.
    """
    os.umask(PRIVATE)
    ctx.obj = CommandContext(config_path)


def main() -> None:
    """Run the command; errors become one message a stranger can act on."""
    try:
        root(standalone_mode=False)
    except LiveOneError as error:
        fail(error)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(130)
