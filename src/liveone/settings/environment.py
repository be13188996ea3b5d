"""Settings in the environment, for hosts where there is no settings file: vendor accounts, files of secrets.

``LIVEONE_VENDOR_HOME_EMAIL=me@example.com`` belongs to the account ``home`` and wins over the file;
``AUTH_PASSWORD_FILE=/run/secrets/password`` names a file that holds what ``AUTH_PASSWORD`` would. Rule: a
name that is not understood is an error, as an unknown key of the settings is.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from liveone.errors import ConfigError

PREFIX = "LIVEONE_VENDOR_"
SUFFIXES = {
    "TYPE": "type",
    "URL": "url",
    "EMAIL": "email",
    "SITES": "sites",
    "VERIFY_TLS": "verify_tls",
    "PASSWORD": "password",
}
PASSWORD = "password"
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
SWITCH = {"on": True, "off": False}


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
        (variable.startswith(PREFIX) and variable.endswith("_PASSWORD"))
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


def name_part(vendor_name: str) -> str:
    """An account's name as environment variables write it: ``my-home`` is ``MY_HOME``."""
    return vendor_name.upper().replace("-", "_").replace(".", "_")


def with_environment(tables: Sequence[Any], environment: Mapping[str, str]) -> list[Any]:
    """``[[vendor]]`` tables with what the environment says of their accounts, and those only it names.

    Passwords are left out. Raises ConfigError for a variable or a value that is not understood.
    """
    merged = [dict(table) if isinstance(table, dict) else table for table in tables]
    by_part = {name_part(str(table.get("name", ""))): table for table in merged if isinstance(table, dict)}
    for variable in sorted(environment):
        if variable.startswith(PREFIX) and environment[variable]:
            part, key = _split(variable)
            if key == PASSWORD:
                continue
            if part not in by_part:
                by_part[part] = {"name": part.lower()}
                merged.append(by_part[part])
            by_part[part][key] = _value(key, variable, environment[variable])
    return merged


def _split(variable: str) -> tuple[str, str]:
    rest = variable.removeprefix(PREFIX)
    for suffix, key in SUFFIXES.items():
        part = rest.removesuffix(f"_{suffix}")
        if part and part != rest:
            return part, key
    raise ConfigError(
        f"{variable} is no setting of an account",
        hint=f"Write {PREFIX}NAME_ and one of {', '.join(SUFFIXES)}.",
    )


def _value(key: str, variable: str, text: str) -> Any:
    if key == "sites":
        return [site.strip() for site in text.split(",") if site.strip()]
    if key == "verify_tls":
        if text not in SWITCH:
            raise ConfigError(f"{variable}={text!r} is neither 'on' nor 'off'")
        return SWITCH[text]
    return text


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
    if text is None:
        return None
    if text not in ("on", "off"):
        raise ConfigError(f"LIVEONE_SCHEDULER={text!r} is neither 'on' nor 'off'")
    return text == "on"
