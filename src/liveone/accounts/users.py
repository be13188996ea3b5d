"""The people who may sign in before plan 0004 brings accounts into the database: ``users.toml``, mode 0600.

It is also the account directory that a migration asks whether an account id is real.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from liveone.errors import ConfigError
from liveone.settings.config import read_toml, require_private
from liveone.settings.private_file import replace_private
from liveone.settings.watched import WatchedFile

HEADER = "# LiveOne's users; written by `liveone users`. Keep this file at mode 0600.\n"


@dataclass(frozen=True, slots=True)
class Token:
    """An API token as it is kept: its SHA-256 in hex, the day it was made (UTC, ISO), and what it is for."""

    hash: str = field(repr=False)
    made_on: str = ""
    name: str = ""

    @property
    def id(self) -> str:
        """What it is called in lists; says nothing of the token."""
        return self.hash[:8]


@dataclass(frozen=True, slots=True)
class Account:
    """One person. ``password_hash`` is the text form of ``accounts.passwords``; ``disabled_at`` is UTC epoch
    seconds, None for one who may come in; ``language`` is empty until one was chosen. ``tokens`` are those of
    the file alone."""

    id: str
    email: str
    password_hash: str = field(default="", repr=False)
    is_admin: bool = False
    tokens: tuple[Token, ...] = field(default=(), repr=False)
    name: str = ""
    language: str = ""
    disabled_at: int | None = None

    @property
    def is_disabled(self) -> bool:
        return self.disabled_at is not None

    @property
    def title(self) -> str:
        """What to call this person."""
        return self.name or self.email


def address_key(email: str) -> str:
    """An e-mail address without the case of its letters from a to z, as the database compares it.

    Of other letters some become like a to z in lower case (the Kelvin sign is a k then): whoever can have
    such an address would be taken for somebody else.
    """
    return "".join(letter.lower() if letter.isascii() else letter for letter in email.strip())


def current(path: Path) -> Callable[[], Sequence[Account]]:
    """The accounts of that file as it is whenever they are asked for. Raises ConfigError."""
    return WatchedFile(path, load).current


def load(path: Path) -> tuple[Account, ...]:
    """All accounts; none where the file is absent. Raises ConfigError with the place of a mistake."""
    if not path.is_file():
        return ()
    require_private(path)
    tables = read_toml(path).get("user", [])
    accounts = tuple(_account(table, f"{path} [[user]] {n}") for n, table in enumerate(tables, 1))
    for name, values in (
        ("id", [a.id for a in accounts]),
        ("email", [address_key(a.email) for a in accounts]),
    ):
        if len(set(values)) < len(values):
            raise ConfigError(f"{path}: the same {name} stands twice")
    return accounts


def save(path: Path, accounts: Sequence[Account]) -> None:
    """Replace the file by one that holds these accounts; a crash leaves the old one or the new one."""
    text = HEADER + "".join(_table(account) for account in accounts)
    replace_private(path, text.encode())


def _account(table: dict[str, Any], where: str) -> Account:
    known = {"id": str, "email": str, "password_hash": str, "is_admin": bool, "token_hashes": list}
    for key, value in table.items():
        if key not in known or not isinstance(value, known[key]):
            raise ConfigError(f"{where}: {key} is unknown or of the wrong type")
    if not table.get("id") or not table.get("email"):
        raise ConfigError(f"{where} needs an id and an email")
    fields = {key: value for key, value in table.items() if key != "token_hashes"}
    return Account(**fields, tokens=tuple(_token(line, where) for line in table.get("token_hashes", ())))


def _token(line: object, where: str) -> Token:
    """``<hash>``, ``<hash> <day>`` or ``<hash> <day> <name>``."""
    if not isinstance(line, str) or not line:
        raise ConfigError(f"{where}: token_hashes must be a list of texts")
    return Token(*line.split(" ", 2))


def _table(account: Account) -> str:
    def text(value: str) -> str:
        return orjson.dumps(value).decode()

    tokens = ", ".join(text(f"{each.hash} {each.made_on} {each.name}".strip()) for each in account.tokens)
    return (
        f"\n[[user]]\nid = {text(account.id)}\nemail = {text(account.email)}\n"
        f"password_hash = {text(account.password_hash)}\n"
        f"is_admin = {str(account.is_admin).lower()}\ntoken_hashes = [{tokens}]\n"
    )
