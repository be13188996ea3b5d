"""`liveone secrets`: the keys that seal what the database keeps secret, and their rotation."""

import sys
from collections import Counter
from contextlib import closing

import click

from liveone.cli.context import CommandContext, json_option, pass_shell, print_json
from liveone.database.open import open_store
from liveone.errors import BadInput
from liveone.sealing import SecretBox, key_id, key_id_of, new_key
from liveone.settings import sealing_keys
from liveone.settings.config import Config
from liveone.store.sealed import reseal, sealed_cells
from liveone.store.store import Store


@click.group("secrets")
def secrets_command() -> None:
    """Keys of the secrets in the database: passwords of portals and devices are kept sealed."""


@secrets_command.command("key")
def print_key() -> None:
    """Print a fresh key, for LIVEONE_SECRETS_KEY. Nothing is changed."""
    click.echo(new_key())


@secrets_command.command("status")
@json_option
@pass_shell
def show_status(shell: CommandContext, as_json: bool) -> None:
    """Which keys there are, and how many secrets each of them opens. Exits with 1 where a key is missing."""
    keys = _key_ids(shell.config)
    with closing(open_store(shell.config)) as store:
        needed = Counter(key_id_of(cell.text) or "" for cell in sealed_cells(store))
    missing = sorted(set(needed) - set(keys))
    if as_json:
        print_json(
            {"current": keys[0] if keys else None, "keys": keys, "secrets": needed, "missing": missing}
        )
    else:
        for place, name in enumerate(keys):
            click.echo(f"key {name}  {'current' if place == 0 else 'older'}  {needed[name]} secrets")
        for name in missing:
            click.echo(f"key {name or '?'}  NOT HERE  {needed[name]} secrets cannot be opened")
        if not keys:
            click.echo("No key yet: the first secret that is kept makes one.")
    if missing:
        sys.exit(1)


@secrets_command.command("rotate")
@pass_shell
def rotate(shell: CommandContext) -> None:
    """Seal every secret anew, with a fresh key. LiveOne may go on running.

    Older keys stay, for backups that were made before: `liveone secrets forget` drops them. With keys in the
    environment put the new one first yourself (`liveone secrets key`), then run this.
    """
    config = shell.config
    with closing(open_store(config)) as store:
        if not config.secrets.sealing_keys:
            sealing_keys.add_key(config.folder / sealing_keys.KEY_FILE)
        done = reseal(store, sealing_keys.secret_box(config))
    keys = _key_ids(config)
    click.echo(f"{done} secrets are sealed with the key {keys[0]} now; {len(keys) - 1} older keys are kept.")


@secrets_command.command("forget")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_shell
def forget(shell: CommandContext, yes: bool) -> None:
    """Drop all keys but the current one. Secrets in backups made under them open no more."""
    config = shell.config
    if config.secrets.sealing_keys:
        raise BadInput(
            f"the keys are in the environment ({sealing_keys.VARIABLE})",
            hint="Take the old ones out there, when `liveone secrets status` counts no secret of theirs.",
        )
    with closing(open_store(config)) as store:
        _refuse_needed(store, sealing_keys.secret_box(config))
    old = _key_ids(config)[1:]
    if not old:
        click.echo("There is no older key.")
        return
    if not yes:
        click.confirm(f"Drop {len(old)} older keys for ever ({', '.join(old)})?", abort=True, err=True)
    gone = sealing_keys.forget_keys(config.folder / sealing_keys.KEY_FILE)
    click.echo(f"Gone: {', '.join(gone)}.")


def _refuse_needed(store: Store, box: SecretBox) -> None:
    old = sum(not box.is_current(cell.text) for cell in sealed_cells(store))
    if old:
        raise BadInput(f"{old} secrets need an older key", hint="First: liveone secrets rotate")


def _key_ids(config: Config) -> list[str]:
    """Their names, the current one first."""
    given = config.secrets.sealing_keys or sealing_keys.read_keys(config.folder / sealing_keys.KEY_FILE)
    return [key_id(key) for key in given]
