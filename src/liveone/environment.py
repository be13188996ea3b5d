"""Vendor accounts written in the environment, for hosts where there is no settings file.

``LIVEONE_VENDOR_HOME_EMAIL=me@example.com`` belongs to the account ``home``. Rule: a name that is not
understood is an error, as an unknown key of the settings is.
"""

from collections.abc import Iterable, Mapping
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
SWITCH = {"on": True, "off": False}


def name_part(vendor_name: str) -> str:
    """An account's name as environment variables write it: ``my-home`` is ``MY_HOME``."""
    return vendor_name.upper().replace("-", "_").replace(".", "_")


def vendor_tables(environment: Mapping[str, str], known: Iterable[str]) -> list[dict[str, Any]]:
    """One table for each account that stands in the environment alone, as ``[[vendor]]`` would hold it.

    ``known`` are the accounts of the settings: what the environment says of them is not of this concern.
    Passwords are left out. Raises ConfigError for a variable or a value that is not understood.
    """
    taken = {name_part(name) for name in known}
    found: dict[str, dict[str, Any]] = {}
    for variable in sorted(environment):
        if variable.startswith(PREFIX) and environment[variable]:
            part, key = _split(variable)
            if part not in taken and key != PASSWORD:
                table = found.setdefault(part, {"name": part.lower()})
                table[key] = _value(key, variable, environment[variable])
    return list(found.values())


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
