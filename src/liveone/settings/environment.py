"""Settings in the environment, for hosts where there is no settings file: vendor accounts, files of secrets.

``LIVEONE_VENDOR_HOME_EMAIL=me@example.com`` belongs to the account ``home`` and wins over the file;
``AUTH_PASSWORD_FILE=/run/secrets/password`` names a file that holds what ``AUTH_PASSWORD`` would. Rule: a
name that is not understood is an error, as an unknown key of the settings is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from liveone.errors import ConfigError

SECRETS = (
    "AUTH_PASSWORD",
    "CRON_SECRET",
    "LIVEONE_DATABASE_TOKEN",
    "LIVEONE_MQTT_PASSWORD",
    "LIVEONE_SECRETS_KEY",
    "LIVEONE_SESSION_KEY",
    "CLERK_SECRET_KEY",
)
"""Each may be given as ``<NAME>_FILE`` too, and so may every account's password."""
FILE = "_FILE"
FILE_BYTES_MAX = 64_000


def with_secret_files(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment with the content of every file of secrets that it names, without the line's end; a
    variable that is empty, as compose files have them, is not set.

    Raises ConfigError for a file that cannot be read or is empty, and for a secret that is given twice.
    """
    given = {name: text for name, text in environment.items() if text}
    for variable in sorted(environment):
        secret, path = variable.removesuffix(FILE), environment[variable]
        if secret == variable or not path or not _is_secret(secret):
            continue
        if environment.get(secret):
            raise ConfigError(f"{secret} and {variable} are both set", hint="Leave one of them out.")
        given[secret] = _content(variable, Path(path))
        del given[variable]
    return given


def _is_secret(variable: str) -> bool:
    ends = ("_PASSWORD", "_TOKEN", "_SECRET")
    others = ("LIVEONE_INFLUX_", "LIVEONE_WEBHOOK_", "LIVEONE_SIGN_IN_")
    return variable in SECRETS or (
        (variable.startswith(VENDORS.prefix) and variable.endswith("_PASSWORD"))
        or (variable.startswith(others) and variable.endswith(ends))
    )


def _content(variable: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            text = file.read(FILE_BYTES_MAX).decode().rstrip("\r\n")
    except OSError as error:
        raise ConfigError(f"{variable}: {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{variable}: {path} is no text") from error
    if not text:
        raise ConfigError(f"{variable}: {path} is empty", hint="Write the secret into it, or unset it.")
    return text


def name_part(name: str) -> str:
    """A name as environment variables write it: ``my-home`` is ``MY_HOME``."""
    return name.upper().replace("-", "_").replace(".", "_")


@dataclass(frozen=True, slots=True)
class NamedTables:
    """Tables of the settings that each have a name, as the environment speaks of them.

    ``<prefix>HOME_EMAIL`` is the key ``email`` of the table ``home``. ``lists`` are keys that hold several
    texts, with commas between them; ``switches`` are on or off; ``secrets`` are no keys of the table.
    A name that only a variable gives is in small letters, with ``joint`` where the variable has an
    underscore: ``MY_HOME`` is ``my_home`` or ``my-home``.
    """

    prefix: str
    what: str
    texts: tuple[str, ...]
    lists: tuple[str, ...]
    switches: tuple[str, ...]
    secrets: tuple[str, ...]
    joint: str = "_"

    @property
    def keys(self) -> tuple[str, ...]:
        """Every key that a variable may end with."""
        return (*self.texts, *self.lists, *self.switches, *self.secrets)

    def variable(self, name: str, key: str) -> str:
        """The variable of a table's key: ``LIVEONE_VENDOR_HOME_PASSWORD``."""
        return f"{self.prefix}{name_part(name)}_{key.upper()}"

    def merged(self, tables: Sequence[Any], environment: Mapping[str, str]) -> list[Any]:
        """The tables with what the environment says of them, and those that only it names.

        Secrets are left out. Raises ConfigError for a variable or a value that is not understood.
        """
        merged = [dict(table) if isinstance(table, dict) else table for table in tables]
        by_part = {name_part(str(one.get("name", ""))): one for one in merged if isinstance(one, dict)}
        for variable in sorted(environment):
            if not variable.startswith(self.prefix) or not environment[variable]:
                continue
            part, key = self._split(variable)
            if key in self.secrets:
                continue
            if part not in by_part:
                by_part[part] = {"name": part.lower().replace("_", self.joint)}
                merged.append(by_part[part])
            by_part[part][key] = self._value(key, variable, environment[variable])
        return merged

    def _split(self, variable: str) -> tuple[str, str]:
        rest = variable.removeprefix(self.prefix)
        for key in self.keys:
            part = rest.removesuffix(f"_{key.upper()}")
            if part and part != rest:
                return part, key
        raise ConfigError(
            f"{variable} is no setting of {self.what}",
            hint=f"Write {self.prefix}NAME_ and one of {', '.join(key.upper() for key in self.keys)}.",
        )

    def _value(self, key: str, variable: str, text: str) -> Any:
        if key in self.lists:
            return [part.strip() for part in text.split(",") if part.strip()]
        return is_on(variable, text) if key in self.switches else text


VENDORS = NamedTables(
    "LIVEONE_VENDOR_",
    "an account",
    texts=("type", "url", "email"),
    lists=("sites",),
    switches=("verify_tls",),
    secrets=("password",),
)


def is_on(variable: str, text: str) -> bool:
    """What a switch says. Raises ConfigError where it is neither ``on`` nor ``off``."""
    if text not in ("on", "off"):
        raise ConfigError(f"{variable}={text!r} is neither 'on' nor 'off'")
    return text == "on"


def number(environment: Mapping[str, str], variable: str, what: str) -> int | None:
    """A variable that holds a whole number; None where it is not set. Raises ConfigError."""
    text = environment.get(variable)
    if not text:
        return None
    if not text.isdigit():
        raise ConfigError(f"{variable}={text!r} is not a {what}")
    return int(text)


def scheduler(environment: Mapping[str, str]) -> bool | None:
    """What LIVEONE_SCHEDULER says; None where it is not set. Raises ConfigError."""
    text = environment.get("LIVEONE_SCHEDULER")
    return None if text is None else is_on("LIVEONE_SCHEDULER", text)
