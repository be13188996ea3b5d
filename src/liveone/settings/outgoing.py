"""Settings of what is sent on: ``[[influx]]`` and ``[[webhook]]``, their secrets apart.

``[influx.NAME]`` and ``[webhook.NAME]`` of the secrets, or ``LIVEONE_INFLUX_NAME_TOKEN``,
``LIVEONE_INFLUX_NAME_PASSWORD`` and ``LIVEONE_WEBHOOK_NAME_SECRET`` in the environment.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any
from urllib.parse import urlsplit

from liveone.errors import ConfigError
from liveone.settings.environment import name_part

SECRET_CHARS_MIN = 16
KINDS = ("reading", "day")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
_RESERVED = ("token", "password", "secret")

Section = Callable[[type[Any], Any, str], Any]
"""Fills a dataclass from a TOML table: ``config._section``."""


@dataclass(frozen=True, slots=True)
class InfluxConfig:
    """An InfluxDB, or what takes its line protocol. Version 1 has a ``database``, with ``user`` and
    ``password`` where it asks for them; version 2 has a ``bucket`` of an ``org``, and a ``token``. No
    ``systems``: all. With ``history`` the first start begins with the oldest reading, else with now."""

    name: str
    url: str = ""
    measurement: str = "liveone"
    database: str = ""
    retention_policy: str = ""
    bucket: str = ""
    org: str = ""
    user: str = ""
    verify_tls: bool = True
    systems: tuple[str, ...] = ()
    history: bool = False
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class WebhookConfig:
    """An address that each reading or each closed day is posted to, signed with ``secret``. ``lan`` allows
    this machine and private networks. The address may be secret itself: it is shown nowhere."""

    name: str
    url: str = field(default="", repr=False)
    on: str = "reading"
    lan: bool = False
    verify_tls: bool = True
    systems: tuple[str, ...] = ()
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class OutgoingConfig:
    """Every receiver."""

    influx: tuple[InfluxConfig, ...] = ()
    webhooks: tuple[WebhookConfig, ...] = ()


def outgoing_of(
    section: Section,
    table: Mapping[str, Any],
    secrets: Mapping[str, Any],
    environment: Mapping[str, str],
    where: str,
) -> OutgoingConfig:
    """The receivers that the settings name. Raises ConfigError."""
    given = _Given(section, table, secrets, environment, where)
    influx, webhooks = given.targets(InfluxConfig, "influx"), given.targets(WebhookConfig, "webhook")
    for target in influx:
        _check_influx(target, f"{where} [[influx]] {target.name}")
    for hook in webhooks:
        _check_webhook(hook, f"{where} [[webhook]] {hook.name}")
    names = [each.name for each in (*influx, *webhooks)]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigError(f"{where}: two receivers are called {twice[0]!r}", hint="Give each another name.")
    return OutgoingConfig(tuple(influx), tuple(webhooks))


@dataclass(frozen=True)
class _Given:
    """What was given, where."""

    section: Section
    table: Mapping[str, Any]
    secrets: Mapping[str, Any]
    environment: Mapping[str, str]
    where: str

    def targets(self, kind: type[Any], key: str) -> list[Any]:
        """The receivers of a kind, with their secrets."""
        tables = self.table.get(key, [])
        if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
            raise ConfigError(f"{self.where}: write receivers as [[{key}]]")
        found = [
            self._target(kind, key, each, f"{self.where} [[{key}]] {number}")
            for number, each in enumerate(tables, 1)
        ]
        names = {each.name for each in found}
        if unknown := sorted(set(self._secrets(key)) - names) if names else []:
            raise ConfigError(f"secrets [{key}.{unknown[0]}]: no [[{key}]] has that name")
        return found

    def _target(self, kind: type[Any], key: str, each: dict[str, Any], place: str) -> Any:
        if open_secrets := [name for name in _RESERVED if name in each]:
            raise ConfigError(
                f"{place}: {open_secrets[0]} is a secret", hint=f"Write it into secrets.toml, [{key}.NAME]."
            )
        if not _NAME.fullmatch(str(each.get("name", ""))):
            raise ConfigError(f"{place} has no name", hint='Letters, digits, - and _: name = "home".')
        return self._with_secrets(self.section(kind, each, place), key)

    def _with_secrets(self, target: Any, key: str) -> Any:
        given = self._secrets(key).get(target.name, {})
        wanted = [each.name for each in fields(target) if each.name in _RESERVED]
        if wrong := sorted(set(given) - set(wanted)):
            raise ConfigError(
                f"secrets [{key}.{target.name}]: unknown key {wrong[0]!r}",
                hint=f"It takes: {', '.join(wanted)}.",
            )
        begin = f"LIVEONE_{key.upper()}_{name_part(target.name)}"
        found = {
            name: self.environment.get(f"{begin}_{name.upper()}") or str(given.get(name, ""))
            for name in wanted
        }
        return replace(target, **found)

    def _secrets(self, key: str) -> Mapping[str, Mapping[str, Any]]:
        kept = self.secrets.get(key, {})
        if not isinstance(kept, dict) or not all(isinstance(each, dict) for each in kept.values()):
            raise ConfigError(f"secrets: write [{key}.NAME], and below it the secret of that receiver")
        return kept


def _check_influx(target: InfluxConfig, where: str) -> None:
    if bool(target.database) == bool(target.bucket):
        raise ConfigError(
            f"{where}: is it version 1 or 2?", hint="Set database (version 1), or bucket and org (version 2)."
        )
    if target.bucket and not target.token:
        raise ConfigError(
            f"{where} has no token", hint=f"Write it into secrets.toml, [influx.{target.name}]."
        )
    _check_systems(target.systems, where)


def _check_webhook(hook: WebhookConfig, where: str) -> None:
    try:
        parts = urlsplit(hook.url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.username or parts.password or not hook.url.isprintable() or " " in hook.url:
        raise ConfigError(f"{where}: its url cannot be used", hint="Such as https://example.org/hook.")
    if hook.on not in KINDS:
        raise ConfigError(f"{where}: on is {hook.on!r}", hint=f"It is one of {', '.join(KINDS)}.")
    if len(hook.secret) < SECRET_CHARS_MIN:
        raise ConfigError(
            f"{where} has no secret of {SECRET_CHARS_MIN} characters or more",
            hint=f"Write one into secrets.toml, [webhook.{hook.name}]: `openssl rand -base64 24` makes one.",
        )
    _check_systems(hook.systems, where)


def _check_systems(chosen: tuple[str, ...], where: str) -> None:
    if wrong := [each for each in chosen if not each.isdigit()]:
        raise ConfigError(
            f"{where}: systems holds {wrong[0]!r}", hint="They are numbers: see `liveone systems list`."
        )
