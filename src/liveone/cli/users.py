"""`liveone users`: who may come in, to what, and what lets them in."""

import secrets
from dataclasses import replace
from datetime import UTC, datetime

import click

from liveone.accounts import audit, links, second_steps
from liveone.accounts.credentials import SCOPES, StoredCredential, new_secret, until
from liveone.accounts.passwords import hash_password, hash_token, refuse_weak
from liveone.accounts.people import OWNER, ROLES, People
from liveone.accounts.users import Account
from liveone.cli.account_book import Book, open_book
from liveone.cli.context import CommandContext, json_option, pass_shell, print_json, shown
from liveone.clock import SystemClock
from liveone.errors import BadInput
from liveone.store import systems

WHO = "command line"


@click.group("users")
def users_command() -> None:
    """People: accounts, roles, passwords, sessions, API tokens. A running server knows of it at once."""


@users_command.command("list")
@json_option
@pass_shell
def list_users(shell: CommandContext, as_json: bool) -> None:
    """Who may sign in, and their roles by system."""
    with open_book(shell.config) as book:
        found = book.asked()
    roles = {account: dict(found.roles.get(account, {})) for account in found.accounts}
    rows = [
        {
            "id": one.id,
            "email": one.email,
            "name": one.name,
            "is_admin": one.is_admin,
            "is_disabled": one.is_disabled,
            "roles": roles[one.id],
            "tokens": len(found.of(one.id, "token")),
            "sessions": len(found.of(one.id, "session")),
        }
        for one in found.accounts.values()
    ]
    if as_json:
        print_json(rows)
        return
    for one in rows:
        role = "admin" if one["is_admin"] else "user"
        disabled = "  disabled" if one["is_disabled"] else ""
        given = "".join(f"  {role} of {number}" for number, role in sorted(roles[str(one["id"])].items()))
        click.echo(f"{one['id']}  {one['email']}  {role}  {one['tokens']} tokens{disabled}{given}")
    if not rows:
        click.echo("No users yet. Add one: liveone users add you@example.org --admin")


@users_command.command("add")
@click.argument("email", callback=lambda _ctx, _argument, email: links.address(email))
@click.option("--id", "account_id", help="The account id; made up when not given.")
@click.option("--name", default="", help="What to call them.")
@click.option("--admin", is_flag=True, help="May see and change everything.")
@click.password_option(help="Asked for when not given.")
@pass_shell
def add_user(
    shell: CommandContext, *, email: str, account_id: str | None, name: str, admin: bool, password: str
) -> None:
    """Let EMAIL sign in."""
    refuse_weak(password)
    new = Account(new_id(account_id), email, hash_password(password), admin, name=links.person_name(name))
    with open_book(shell.config) as book:
        book.add(new)
        _note(book, "added an account", _about(new))
    click.echo(f"{email} may sign in as {new.id}.")


@users_command.command("remove")
@click.argument("email")
@pass_shell
def remove_user(shell: CommandContext, email: str) -> None:
    """EMAIL is out at once: sessions, tokens, share links and open pages end. Systems and readings stay."""
    with open_book(shell.config) as book:
        account = _find(book, email)
        book.remove(account.id)
        _note(book, "removed an account", _about(account))
    click.echo(f"{account.email} ({account.id}) removed.")


@users_command.command("passwd")
@click.argument("email")
@click.option("--keep-tokens", is_flag=True, help="Leave the API tokens valid.")
@click.password_option(help="Asked for when not given.")
@pass_shell
def set_password(shell: CommandContext, email: str, password: str, keep_tokens: bool) -> None:
    """Give EMAIL another password: every session and API token of theirs ends at once."""
    refuse_weak(password)
    with open_book(shell.config) as book:
        account = _find(book, email)
        book.change(replace(account, password_hash=hash_password(password)))
        ended = 0 if keep_tokens else book.end_of(account.id, "token")
        book.end_of(account.id, "session", "reset")
        _note(book, "set a password", _about(account))
    click.echo(f"{account.email} has a new password; {ended} tokens were revoked.")


@users_command.command("second-step")
@click.argument("email")
@click.option("--remove", is_flag=True, help="Take all of it away: the password alone opens the account.")
@pass_shell
def second_step(shell: CommandContext, email: str, remove: bool) -> None:
    """What EMAIL is asked for besides the password; for whoever lost it, take it away."""
    with open_book(shell.config) as book:
        account, found = _find(book, email), book.asked()
        mine = found.steps_of(account.id)
        if remove and mine and isinstance(book, People):
            book.write(second_steps.removing_all(found, account.id))
            _note(book, "took a second step away", _about(account))
    for one in mine:
        gone = "  taken away" if remove else ""
        click.echo(f"{one.kind}  {shown(one.name)}  since {_moment(one.made_at)}{gone}")
    if not mine:
        click.echo(f"{account.email} has no second step.")


@users_command.command("disable")
@click.argument("email")
@pass_shell
def disable_user(shell: CommandContext, email: str) -> None:
    """EMAIL may not come in until `enable`: sessions and open pages end at once; tokens and roles wait."""
    with open_book(shell.config) as book:
        account = _find(book, email)
        book.change(replace(account, disabled_at=int(SystemClock().now_at())))
        book.end_of(account.id, "session", "reset")
        _note(book, "disabled an account", _about(account))
    click.echo(f"{account.email} ({account.id}) may not come in any more.")


@users_command.command("enable")
@click.argument("email")
@pass_shell
def enable_user(shell: CommandContext, email: str) -> None:
    """EMAIL may come in again."""
    with open_book(shell.config) as book:
        account = _find(book, email)
        book.change(replace(account, disabled_at=None))
        _note(book, "enabled an account", _about(account))
    click.echo(f"{account.email} ({account.id}) may come in again.")


@users_command.command("admin")
@click.argument("email")
@click.option("--no", "is_no", is_flag=True, help="Not any more.")
@pass_shell
def administer(shell: CommandContext, email: str, is_no: bool) -> None:
    """EMAIL administers the installation: sees and changes everything."""
    with open_book(shell.config) as book:
        account = _find(book, email)
        book.change(replace(account, is_admin=not is_no))
        _note(book, "took the administration from" if is_no else "made an administrator", _about(account))
    click.echo(f"{account.email} {'no longer administers' if is_no else 'administers'} this LiveOne.")


@users_command.command("grant")
@click.argument("email")
@click.argument("system_id", type=int)
@click.option("--role", type=click.Choice(ROLES), default=ROLES[0], show_default=True)
@pass_shell
def grant_role(shell: CommandContext, email: str, system_id: int, role: str) -> None:
    """EMAIL may see SYSTEM_ID (viewer), change it (admin), or owns it (owner)."""
    with open_book(shell.config) as book:
        account = _find(book, email)
        if isinstance(book, People) and systems.get_system(book.store, system_id) is None:
            raise BadInput(f"there is no system {system_id}", hint="See `liveone systems list`.")
        book.grant(account.id, system_id, role)
        _note(book, f"gave the role {role}", f"{_about(account)}, system {system_id}")
    click.echo(f"{account.email} is {role} of system {system_id}.")


@users_command.command("sessions")
@click.argument("email")
@json_option
@pass_shell
def list_sessions(shell: CommandContext, email: str, as_json: bool) -> None:
    """Where EMAIL is signed in: id, device, since when, last seen."""
    with open_book(shell.config) as book:
        found = book.asked().of(_find(book, email).id, "session")
    if as_json:
        print_json([_told(one) for one in found])
        return
    for one in found:
        click.echo(
            f"{one.label}  {shown(one.name)}  since {_moment(one.made_at)}, seen {_moment(one.seen_at)}"
        )
    if not found:
        click.echo("No sessions.")


@users_command.command("token")
@click.argument("email")
@click.option("--name", default="", help="What it is for, such as grafana.")
@click.option(
    "--scope", type=click.Choice(SCOPES), default=SCOPES[-1], show_default=True,
    help="read: look; write: change what EMAIL may change; admin: administer, where EMAIL does.",
)  # fmt: skip
@click.option("--days", type=int, help="It ends after so many days; without it, when it is revoked.")
@pass_shell
def give_token(shell: CommandContext, *, email: str, name: str, scope: str, days: int | None) -> None:
    """Print a new API token of EMAIL; it is shown once, only its hash is kept."""
    with open_book(shell.config) as book:
        account, token = _find(book, email), new_secret("lo_")
        until_at, title = until(days, SystemClock().now_at()), links.person_name(name)
        book.keep(
            StoredCredential(
                "token", hash_token(token), account.id, scope=scope, name=title, until_at=until_at
            )
        )
        _note(book, f"made a token with the scope {scope}", f"{_about(account)}, {title}")
    click.echo(token)


@users_command.command("tokens")
@click.argument("email")
@json_option
@pass_shell
def list_tokens(shell: CommandContext, email: str, as_json: bool) -> None:
    """The API tokens of EMAIL: id, the day each was made, what it is for, what it may."""
    with open_book(shell.config) as book:
        found = book.asked().of(_find(book, email).id, "token")
    if as_json:
        print_json([_told(one) for one in found])
        return
    for one in found:
        ends = f", until {_day(one.until_at)}" if one.until_at else ""
        made = _day(one.made_at) if one.made_at else "of unknown age"
        click.echo(f"{one.label}  {made}  {one.scope}{ends}  {shown(one.name)}".rstrip())
    if not found:
        click.echo("No tokens. Make one: liveone users token EMAIL --name grafana")


@users_command.command("revoke")
@click.argument("email")
@click.argument("credential", required=False)
@click.option("--system", "system_id", type=int, help="Take the role on this system instead.")
@pass_shell
def revoke(shell: CommandContext, *, email: str, credential: str | None, system_id: int | None) -> None:
    """End at once the API token or session CREDENTIAL of EMAIL (`all`: every one), or a role."""
    if (credential is None) == (system_id is None):
        raise BadInput("say what to revoke", hint="The id of a token or session, `all`, or --system NUMBER.")
    with open_book(shell.config) as book:
        account = _find(book, email)
        if system_id is not None:
            book.revoke(account.id, system_id)
            _note(book, "took the role", f"{_about(account)}, system {system_id}")
            click.echo(f"{account.email} has no role on system {system_id} any more.")
            return
        going = [
            one for one in book.asked().of(account.id, "token", "session") if credential in ("all", one.label)
        ]
        if not going:
            raise BadInput(
                f"no token or session {credential!r}",
                hint=f"See `liveone users tokens {account.email}`, or `sessions` in its place.",
            )
        for one in going:
            book.end_one(one)
        _note(book, "revoked tokens or sessions", f"{_about(account)}, {len(going)}")
    kinds = " and ".join(sorted({f"{one.kind}s" for one in going}, reverse=True))
    click.echo(f"{len(going)} {kinds} of {account.email} were revoked.")


def new_id(wished: str | None = None) -> str:
    """The id of a new account. Raises BadInput for the one that the single owner has."""
    if wished == OWNER:
        raise BadInput(f"the id {OWNER!r} is that of who signs in by AUTH_PASSWORD", hint="Take another one.")
    return wished or f"user_{secrets.token_hex(8)}"


def _find(book: Book, email: str) -> Account:
    found = book.asked()
    account = found.named(email) or found.accounts.get(email)
    if account is None:
        raise BadInput(f"no user {email!r}", hint="See `liveone users list`.")
    return account


def _note(book: Book, what: str, about: str) -> None:
    if isinstance(book, People):
        audit.note(book, WHO, what, about, now_at=SystemClock().now_at())


def _about(account: Account) -> str:
    return f"{account.email} ({account.id})"


def _told(one: StoredCredential) -> dict[str, object]:
    told = {"id": one.label, "name": one.name, "made_on": _day(one.made_at) if one.made_at else ""}
    seen_at, until_at = _moment(one.seen_at), _day(one.until_at) if one.until_at else None
    return told | {"scope": one.scope, "until": until_at, "seen": seen_at if one.seen_at else None}


def _day(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()


def _moment(at: int | None) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC") if at else "never"
