"""Settings: one TOML file and the environment, read once into frozen dataclasses.

The environment wins over the file. Unknown keys are errors. Secrets come from the environment or from
``secrets.toml`` beside the settings, which must be readable by its owner alone (mode 0600).
"""

import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from liveone.errors import ConfigError
from liveone.settings import environment as in_environment
from liveone.settings.backup import BackupConfig
from liveone.settings.mqtt import MqttConfig, mqtt_overrides
from liveone.settings.outgoing import OutgoingConfig, outgoing_of
from liveone.settings.ranges import SECRET_KEYS, SECTIONS, check_ranges, check_role
from liveone.settings.sign_in import SignInConfig, sign_ins

CONFIG_NAME = "liveone.toml"
SECRETS_NAME = "secrets.toml"
USERS_NAME = "users.toml"
GRID_SIGNS = ("auto", "normal", "inverted")


@dataclass(frozen=True, slots=True)
class DatabaseConfig:
    """``url`` is a path (relative to the settings) or a URL of a libSQL server, which may have a replica."""

    url: str = "liveone.db"
    replica_url: str = ""


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """Where ``serve`` listens. ``public_url`` is the address that people open (``https://solar.example.org``),
    with the base path; ``base_path`` is the path of its host that LiveOne is below (``/solar``);
    ``trusted_proxies`` are the peers whose X-Forwarded-* headers count; ``stream_s`` is how long an event
    stream lasts before its client must come again."""

    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str = ""
    base_path: str = ""
    trusted_proxies: tuple[str, ...] = ()
    stream_s: int | None = None

    @property
    def local_url(self) -> str:
        """Where this machine reaches it: ``http://127.0.0.1:8080``."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


@dataclass(frozen=True, slots=True)
class CollectConfig:
    """How to poll: every ``cadence_s`` seconds with ``workers`` threads; where the spool lies."""

    cadence_s: int = 60
    workers: int = 16
    scheduler: bool = True
    spool: str = "spool"


@dataclass(frozen=True, slots=True)
class ServeConfig:
    """What ``serve`` does: ``web`` shows and takes changes, ``poller`` polls and closes days, ``all`` all."""

    role: str = "all"


@dataclass(frozen=True, slots=True)
class VendorConfig:
    """One account at one vendor, or one LAN box. ``sites`` empty: all systems of that type. ``settings`` are
    what its adapter needs beside these keys; the adapter's declaration says whether they are right."""

    name: str
    type: str = "select.live"
    url: str = ""
    email: str = ""
    sites: tuple[str, ...] = ()
    verify_tls: bool | None = None
    timeout_s: float = 20.0
    grid_sign: Mapping[str, str] = field(default_factory=dict)
    reserve_pct: Mapping[str, float] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Secrets:
    """What must never be printed."""

    auth_password: str = field(default="", repr=False)
    cron_secret: str = field(default="", repr=False)
    database_token: str = field(default="", repr=False)
    session_key: str = field(default="", repr=False)
    sealing_keys: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Config:
    """Everything a command needs to know; ``folder`` is where relative paths start.

    ``path`` is absolute: commands of a plan, which run in another folder, are given it.
    """

    folder: Path
    path: Path | None
    database: DatabaseConfig = field(default_factory=DatabaseConfig)
    server: ServerConfig = field(default_factory=ServerConfig)
    serve: ServeConfig = field(default_factory=ServeConfig)
    collect: CollectConfig = field(default_factory=CollectConfig)
    backup: BackupConfig = field(default_factory=BackupConfig)
    mqtt: MqttConfig = field(default_factory=MqttConfig)
    vendors: tuple[VendorConfig, ...] = ()
    outgoing: OutgoingConfig = field(default_factory=OutgoingConfig)
    sign_ins: tuple[SignInConfig, ...] = ()
    secrets: Secrets = field(default_factory=Secrets)

    @property
    def is_server(self) -> bool:
        """Whether the database is a libSQL server, not a file."""
        return "://" in self.database.url.removeprefix("file:").removeprefix("sqlite:")

    @property
    def database_path(self) -> Path:
        """The database's file; a ConfigError where the database is a server."""
        url = self.database.url
        if self.is_server:
            raise ConfigError(
                f"this works on a database file, and {url} is a server",
                hint="See docs/operations/libsql.md for the server's way of doing it.",
            )
        path = url.removeprefix("sqlite:").removeprefix("file:")
        return (self.folder / ("/" + path.lstrip("/") if path.startswith("//") else path)).resolve()

    @property
    def spool_path(self) -> Path:
        return (self.folder / self.collect.spool).resolve()

    @property
    def backups_path(self) -> Path:
        return (self.folder / self.backup.folder).resolve()

    @property
    def users_path(self) -> Path:
        return self.folder / USERS_NAME


def load(path: Path | None = None, environment: Mapping[str, str] = os.environ) -> Config:
    """Read the settings.

    ``path`` (or ``LIVEONE_CONFIG``) must exist when given; otherwise ``liveone.toml`` in the current
    folder is read when it is there, and without it the defaults hold. Raises ConfigError.
    """
    environment = in_environment.with_secret_files(environment)
    named = path or (Path(environment["LIVEONE_CONFIG"]) if environment.get("LIVEONE_CONFIG") else None)
    candidate = named or Path(CONFIG_NAME)
    if named is not None and not named.is_file():
        raise ConfigError(f"no settings at {named}", hint="Write them with `liveone init`.")
    found = candidate.absolute() if candidate.is_file() else None
    table = read_toml(candidate) if found else {}
    folder = candidate.parent.resolve()
    secrets = _secrets_table(folder / SECRETS_NAME)
    return replace(_build(table, secrets, folder, str(candidate), environment), path=found)


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as a dict; ConfigError names the file and the line."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error


def require_private(path: Path) -> None:
    """Raise ConfigError when others than the owner may read a file of secrets."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise ConfigError(
            f"{path} holds secrets and others may read it (mode {mode:04o})", hint=f"chmod 600 {path}"
        )


def _secrets_table(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    require_private(path)
    return read_toml(path)


def _build(
    table: dict[str, Any],
    secrets: dict[str, Any],
    folder: Path,
    where: str,
    environment: Mapping[str, str],
) -> Config:
    """Everything but ``path``; ``where`` is what messages call the file."""
    _refuse_unknown(table, SECTIONS, where)
    passwords = _passwords(secrets, str(folder / SECRETS_NAME))
    database = _section(DatabaseConfig, table.get("database", {}), f"{where} [database]")
    server = _section(ServerConfig, table.get("server", {}), f"{where} [server]")
    serve = _section(ServeConfig, table.get("serve", {}), f"{where} [serve]")
    collect = _section(CollectConfig, table.get("collect", {}), f"{where} [collect]")
    kept = _section(BackupConfig, table.get("backup", {}), f"{where} [backup]")
    config = Config(
        folder=folder,
        path=None,
        database=_override(
            database,
            {
                "url": environment.get("LIVEONE_DATABASE_URL"),
                "replica_url": environment.get("LIVEONE_REPLICA_URL"),
            },
        ),
        server=_override(
            server,
            {
                "host": environment.get("LIVEONE_HOST"),
                "port": in_environment.number(environment, "LIVEONE_PORT", "port number"),
                "public_url": environment.get("LIVEONE_PUBLIC_URL"),
                "base_path": environment.get("LIVEONE_BASE_PATH"),
                "stream_s": in_environment.number(environment, "LIVEONE_STREAM_S", "number of seconds"),
                "trusted_proxies": _listed(environment.get("LIVEONE_TRUSTED_PROXIES")),
            },
        ),
        serve=_override(serve, {"role": environment.get("LIVEONE_ROLE") or None}),
        collect=_override(collect, {"scheduler": in_environment.scheduler(environment)}),
        backup=_override(
            kept,
            {
                "every_h": in_environment.number(environment, "LIVEONE_BACKUP_EVERY_H", "number of hours"),
                "copy_to": environment.get("LIVEONE_BACKUP_COPY_TO"),
            },
        ),
        mqtt=_override(
            _section(MqttConfig, table.get("mqtt", {}), f"{where} [mqtt]"),
            {
                **mqtt_overrides(environment, secrets, SECRETS_NAME),
                "port": in_environment.number(environment, "LIVEONE_MQTT_PORT", "port number"),
            },
        ),
        vendors=_vendors(table.get("vendor", []), where, passwords, environment),
        outgoing=outgoing_of(_section, table, secrets, environment, where),
        sign_ins=sign_ins(table.get("sign_in", []), where, secrets, environment, _section),
        secrets=_secrets(secrets, environment),
    )
    check_ranges(config, where)
    _refuse_unclaimed(passwords, config.vendors, str(folder / SECRETS_NAME))
    return config


def _section(kind: type[Any], table: Any, where: str) -> Any:
    """Fill a dataclass from a TOML table: unknown keys and wrong types are errors."""
    if not isinstance(table, dict):
        raise ConfigError(f"{where} must be a table of keys")
    hidden = ("password", "token", "secret", "client_secret")
    names = [f.name for f in fields(kind) if f.name not in hidden]
    _refuse_unknown(table, names, where)
    hints = get_type_hints(kind)
    return kind(**{key: _typed(value, hints[key], f"{where} {key}") for key, value in table.items()})


def _typed(value: Any, wanted: Any, where: str) -> Any:
    origin = get_origin(wanted)
    if origin is tuple:
        if isinstance(value, list) and all(isinstance(item, str | int) for item in value):
            return tuple(str(item) for item in value)
    elif origin is Mapping and get_args(wanted)[1] is Any:
        if isinstance(value, dict) and all(isinstance(each, str | int | float) for each in value.values()):
            return value
        raise ConfigError(f"{where} must map names to texts, numbers, true or false")
    elif origin is Mapping and get_args(wanted)[1] is float:
        if isinstance(value, dict) and all(_is_pct(item) for item in value.values()):
            return {str(key): float(item) for key, item in value.items()}
        raise ConfigError(f"{where} must map sites to percentages from 0 to 100")
    elif origin is Mapping:
        if isinstance(value, dict) and all(item in GRID_SIGNS for item in value.values()):
            return {str(key): str(item) for key, item in value.items()}
        raise ConfigError(f"{where} must map sites to one of {', '.join(GRID_SIGNS)}")
    elif wanted is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    else:
        kinds = tuple(kind for kind in get_args(wanted) if kind is not type(None)) or (wanted,)
        if type(value) in kinds:
            return value
    raise ConfigError(f"{where} = {value!r} has the wrong type")


def _is_pct(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 100


def _refuse_unknown(table: Mapping[str, Any], known: Any, where: str) -> None:
    for key in table:
        if key not in known:
            near = get_close_matches(key, list(known), n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known keys: {', '.join(known)}."
            raise ConfigError(f"{where}: unknown key {key!r}", hint=hint)


def _override(section: Any, values: Mapping[str, Any]) -> Any:
    given = {key: value for key, value in values.items() if value is not None}
    current = {f.name: getattr(section, f.name) for f in fields(section)}
    return type(section)(**{**current, **given})


def _listed(text: str | None) -> tuple[str, ...] | None:
    return tuple(part.strip() for part in text.split(",") if part.strip()) if text else None


def _vendors(
    tables: Any, where: str, passwords: Mapping[str, Mapping[str, str]], environment: Mapping[str, str]
) -> tuple[VendorConfig, ...]:
    if not isinstance(tables, list):
        raise ConfigError(f"{where}: write vendor accounts as [[vendor]]")
    found: dict[str, VendorConfig] = {}
    variables: dict[str, str] = {}
    for number, table in enumerate(in_environment.VENDORS.merged(tables, environment), 1):
        place = f"{where} [[vendor]] {number}" if number <= len(tables) else "environment"
        if not isinstance(table, dict) or not table.get("name"):
            raise ConfigError(f"{place} has no name", hint='Give each account a name, e.g. name = "home".')
        vendor = _section(VendorConfig, table, place)
        if vendor.name in found:
            raise ConfigError(f"{place}: the name {vendor.name!r} is used twice")
        variable = password_variable(vendor.name)
        if variable in variables:
            raise ConfigError(f"{place}: {vendor.name!r} and {variables[variable]!r} would share {variable}")
        variables[variable] = vendor.name
        secret = passwords.get(vendor.name, {})
        password = environment.get(variable) or secret.get("password", "")
        others = {key: value for key, value in secret.items() if key != "password"}
        found[vendor.name] = _override(
            vendor, {"password": password, "settings": {**vendor.settings, **others}}
        )
    return tuple(found.values())


def password_variable(vendor_name: str) -> str:
    """The environment variable that holds a vendor account's password: LIVEONE_VENDOR_HOME_PASSWORD."""
    return in_environment.VENDORS.variable(vendor_name, "password")


def _passwords(secrets: Mapping[str, Any], where: str) -> dict[str, dict[str, str]]:
    """The password of each account, and what else its adapter keeps secret."""
    _refuse_unknown(secrets, SECRET_KEYS, where)
    tables = secrets.get("vendor", {})
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise ConfigError(f"{where}: write [vendor.NAME], and below it the password of that account")
    return {name: {key: str(value) for key, value in table.items()} for name, table in tables.items()}


def _refuse_unclaimed(
    passwords: Mapping[str, Mapping[str, str]], vendors: tuple[VendorConfig, ...], where: str
) -> None:
    """A password of no account is a typo, of which the portal would only say that it refuses the login.

    Without any account it merely waits for one.
    """
    names = [vendor.name for vendor in vendors]
    for name in passwords if names else ():
        if name not in names:
            near = get_close_matches(name, names, n=1) or names
            hint = f"Did you mean [vendor.{near[0]}]?"
            raise ConfigError(f"{where} [vendor.{name}]: no [[vendor]] has that name", hint=hint)


def _secrets(table: Mapping[str, Any], environment: Mapping[str, str]) -> Secrets:
    def secret(variable: str, key: str) -> str:
        return environment.get(variable) or str(table.get(key, ""))

    return Secrets(
        auth_password=secret("AUTH_PASSWORD", "auth_password"),
        cron_secret=secret("CRON_SECRET", "cron_secret"),
        database_token=secret("LIVEONE_DATABASE_TOKEN", "database_token"),
        session_key=secret("LIVEONE_SESSION_KEY", "session_key"),
        sealing_keys=tuple(environment.get("LIVEONE_SECRETS_KEY", "").replace(",", " ").split()),
    )


def with_role(config: Config, role: str | None) -> Config:
    """The settings with another role for ``serve``; None keeps theirs. Raises ConfigError."""
    changed = replace(config, serve=_override(config.serve, {"role": role}))
    check_role(changed.serve.role)
    return changed
