"""``[[sign_in]]``: where people may sign in besides here, an issuer of OpenID Connect or Clerk.

The client's secret stands in ``secrets.toml`` below ``[sign_in.NAME]``, or in the environment:
``LIVEONE_SIGN_IN_AUTHELIA_CLIENT_SECRET`` belongs to the entry ``authelia`` and wins over the file. Rule: a
name that is not understood is an error.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from liveone.errors import ConfigError
from liveone.settings.environment import NamedTables

SECRET = "client_secret"
TYPES = ("oidc", "clerk")
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")
LOOPBACK = ("127.0.0.1", "::1", "localhost")
SIGN_INS = NamedTables(
    "LIVEONE_SIGN_IN_",
    "a place to sign in",
    texts=("type", "title", "issuer", "client_id"),
    lists=("authorized_parties",),
    switches=("trusts_email", "sign_up"),
    secrets=(SECRET,),
    joint="-",
)


@dataclass(frozen=True, slots=True)
class SignInConfig:
    """One place to sign in. ``name`` is part of the addresses, ``title`` what people read.

    ``issuer`` is the address of its discovery document, of Clerk the Frontend API. ``trusts_email``: an
    address that it calls verified opens the account that has it. ``sign_up``: who has no account gets one,
    to which nothing is shared. ``authorized_parties``: the origins for which Clerk's session tokens count.
    """

    name: str
    issuer: str = ""
    client_id: str = ""
    type: str = "oidc"
    title: str = ""
    trusts_email: bool = False
    sign_up: bool = False
    authorized_parties: tuple[str, ...] = ()
    client_secret: str = field(default="", repr=False)

    @property
    def is_clerk(self) -> bool:
        """Whether its subjects are the account ids that an upgraded database names."""
        return self.type == "clerk"

    @property
    def label(self) -> str:
        """What people call it."""
        return self.title or self.name.capitalize()


Section = Callable[[type[Any], Any, str], Any]
"""Fills a dataclass from a table of the settings, refusing what it does not know."""


def sign_ins(
    tables: Any, where: str, secrets: Mapping[str, Any], environment: Mapping[str, str], section: Section
) -> tuple[SignInConfig, ...]:
    """The entries of the settings with what the environment says. Raises ConfigError."""
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigError(f"{where}: write places to sign in as [[sign_in]]")
    hidden = _secrets_of(secrets)
    found: dict[str, SignInConfig] = {}
    for table in SIGN_INS.merged(tables, environment):
        place = f"{where} [[sign_in]] {table.get('name', '')!r}"
        if SECRET in table:
            raise ConfigError(f"{place}: {SECRET} stands in secrets.toml, below [sign_in.NAME]")
        one = _checked(section(SignInConfig, table, place), place)
        if one.name in found:
            raise ConfigError(f"{place}: the name is used twice")
        secret = environment.get(SIGN_INS.variable(one.name, SECRET)) or hidden.pop(one.name, "")
        found[one.name] = replace(one, client_secret=secret)
    if found and hidden:
        raise ConfigError(f"secrets.toml [sign_in.{next(iter(hidden))}]: no [[sign_in]] has that name")
    return tuple(found.values())


def _checked(one: SignInConfig, place: str) -> SignInConfig:
    if not NAME.fullmatch(one.name):
        raise ConfigError(f"{place}: a name has small letters, digits and hyphens", hint='name = "authelia"')
    if one.type not in TYPES:
        raise ConfigError(f"{place}: type is {one.type!r}, and must be one of {', '.join(TYPES)}")
    address = urlsplit(one.issuer)
    is_here = address.scheme == "http" and address.hostname in LOOPBACK
    if not (address.scheme == "https" or is_here) or not address.hostname or address.query:
        raise ConfigError(
            f"{place}: issuer = {one.issuer!r} must be an https address",
            hint="It is what its discovery document calls `issuer`; plain http is for this machine only.",
        )
    if not one.client_id and not one.is_clerk:
        raise ConfigError(f"{place} needs a client_id", hint="Register LiveOne there as a client.")
    return one


def _secrets_of(secrets: Mapping[str, Any]) -> dict[str, str]:
    tables = secrets.get("sign_in", {})
    if not isinstance(tables, dict) or not all(
        isinstance(table, dict) and list(table) == [SECRET] for table in tables.values()
    ):
        raise ConfigError(f"secrets.toml: write [sign_in.NAME], and below it {SECRET}")
    return {name: str(table[SECRET]) for name, table in tables.items()}
