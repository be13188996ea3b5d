"""`liveone users`: the people who may sign in, and their API tokens."""

import secrets
from dataclasses import replace
from datetime import UTC, datetime

import click

from liveone.accounts import users
from liveone.accounts.users import Account, Token
from liveone.cli.context import CommandContext, json_option, pass_shell, print_json
from liveone.errors import BadInput
from liveone.web.auth.passwords import hash_password, hash_token

PASSWORD_CHARACTERS_MIN = 8


@click.group("users")
def users_command() -> None:
    """Add, list and remove people; passwords and API tokens. A running server knows of it at once."""


@users_command.command("list")
@json_option
@pass_shell
def list_users(shell: CommandContext, as_json: bool) -> None:
    """Who may sign in."""
    accounts = users.load(shell.config.users_path)
    if as_json:
        print_json([{"id": a.id, "email": a.email, "is_admin": a.is_admin} for a in accounts])
        return
    for account in accounts:
        role = "admin" if account.is_admin else "user"
        click.echo(f"{account.id}  {account.email}  {role}  {len(account.tokens)} tokens")
    if not accounts:
        click.echo("No users yet. Add one: liveone users add you@example.org --admin")


@users_command.command("add")
@click.argument("email", callback=lambda _ctx, _argument, email: _address(email))
@click.option("--id", "account_id", help="The account id; made up when not given.")
@click.option("--admin", is_flag=True, help="May see and change everything.")
@click.password_option(help="Asked for when not given.")
@pass_shell
def add_user(shell: CommandContext, email: str, account_id: str | None, admin: bool, password: str) -> None:
    """Let EMAIL sign in."""
    path = shell.config.users_path
    accounts = users.load(path)
    _refuse_short(password)
    new = Account(account_id or f"user_{secrets.token_hex(8)}", email, hash_password(password), admin)
    for old in accounts:
        if old.email.lower() == email.lower() or old.id == new.id:
            raise BadInput(f"{old.email} ({old.id}) exists already")
    users.save(path, [*accounts, new])
    click.echo(f"{email} may sign in as {new.id}.")


@users_command.command("remove")
@click.argument("email")
@pass_shell
def remove_user(shell: CommandContext, email: str) -> None:
    """EMAIL is out at once: sessions, tokens and open pages end. Systems and readings stay."""
    account = _find(shell, email)
    accounts = users.load(shell.config.users_path)
    users.save(shell.config.users_path, [a for a in accounts if a.id != account.id])
    click.echo(f"{account.email} ({account.id}) removed.")


@users_command.command("password")
@click.argument("email")
@click.option("--keep-tokens", is_flag=True, help="Leave the API tokens valid.")
@click.password_option(help="Asked for when not given.")
@pass_shell
def set_password(shell: CommandContext, email: str, password: str, keep_tokens: bool) -> None:
    """Give EMAIL another password: every session and API token of theirs ends at once."""
    _refuse_short(password)
    account = _find(shell, email)
    tokens = account.tokens if keep_tokens else ()
    _replace(shell, replace(account, password_hash=hash_password(password), tokens=tokens))
    ended = len(account.tokens) - len(tokens)
    click.echo(f"{account.email} has a new password; {ended} tokens were revoked.")


@users_command.command("token")
@click.argument("email")
@click.option("--name", default="", help="What it is for, such as grafana.")
@pass_shell
def give_token(shell: CommandContext, email: str, name: str) -> None:
    """Print a new API token of EMAIL; it is shown once, only its hash is kept."""
    account = _find(shell, email)
    token = f"lo_{secrets.token_urlsafe(32)}"
    today = datetime.now(UTC).date().isoformat()
    kept = Token(hash_token(token), today, " ".join(name.split()))
    _replace(shell, replace(account, tokens=(*account.tokens, kept)))
    click.echo(token)


@users_command.command("tokens")
@click.argument("email")
@json_option
@pass_shell
def list_tokens(shell: CommandContext, email: str, as_json: bool) -> None:
    """The API tokens of EMAIL: id, the day each was made, what it is for."""
    tokens = _find(shell, email).tokens
    if as_json:
        print_json([{"id": each.id, "made_on": each.made_on, "name": each.name} for each in tokens])
        return
    for each in tokens:
        click.echo(f"{each.id}  {each.made_on or 'of unknown age'}  {each.name}".rstrip())
    if not tokens:
        click.echo("No tokens. Make one: liveone users token EMAIL --name grafana")


@users_command.command("revoke")
@click.argument("email")
@click.argument("token_id")
@pass_shell
def revoke_token(shell: CommandContext, email: str, token_id: str) -> None:
    """End the API token TOKEN_ID of EMAIL at once; `all` ends every one."""
    account = _find(shell, email)
    kept = tuple(each for each in account.tokens if token_id not in ("all", each.id))
    if len(kept) == len(account.tokens):
        raise BadInput(f"no token {token_id!r}", hint=f"See `liveone users tokens {account.email}`.")
    _replace(shell, replace(account, tokens=kept))
    click.echo(f"{len(account.tokens) - len(kept)} tokens of {account.email} were revoked.")


def _replace(shell: CommandContext, changed: Account) -> None:
    accounts = users.load(shell.config.users_path)
    users.save(shell.config.users_path, [changed if a.id == changed.id else a for a in accounts])


def _address(email: str) -> str:
    if "@" not in email:
        raise BadInput(f"{email!r} is not an e-mail address")
    return email


def _refuse_short(password: str) -> None:
    if len(password) < PASSWORD_CHARACTERS_MIN:
        raise BadInput(f"a password needs at least {PASSWORD_CHARACTERS_MIN} characters")


def _find(shell: CommandContext, email: str) -> Account:
    for account in users.load(shell.config.users_path):
        if email.lower() in (account.email.lower(), account.id):
            return account
    raise BadInput(f"no user {email!r}", hint="See `liveone users list`.")
