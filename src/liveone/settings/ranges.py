"""What settings may be: roles, paths, and the ranges of numbers."""

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from liveone.errors import ConfigError
from liveone.settings.mqtt import check_mqtt

if TYPE_CHECKING:
    from liveone.settings.config import Config

SECTIONS = (
    *("database", "server", "serve", "collect", "backup"),
    *("mqtt", "vendor", "influx", "webhook", "sign_in"),
)
SECRET_KEYS = (
    *("auth_password", "cron_secret", "database_token", "session_key"),
    *("mqtt", "vendor", "influx", "webhook", "sign_in"),
)
"""The tables of the settings, and the keys and tables of the secrets."""

ROLES = ("web", "poller", "all")
BASE_PATH = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+")
BASE_PATH_CHARS_MAX = 200
OWN_PATHS = ("/admin", "/api", "/dashboard", "/docs", "/login", "/offline", "/static")
"""Where pages and files of ours lie: below such a name nothing tells a base path from a page."""


def is_base_path(path: str) -> bool:
    """Whether LiveOne can be served below ``path`` of a host: ``/solar``, ``/house/power``."""
    return len(path) <= BASE_PATH_CHARS_MAX and bool(BASE_PATH.fullmatch(path)) and path not in OWN_PATHS


def check_role(role: str) -> None:
    """Raises ConfigError for a role that there is not."""
    if role not in ROLES:
        raise ConfigError(
            f"serve.role (LIVEONE_ROLE, --role) is {role!r}, and must be web, poller or all",
            hint="web shows and takes changes, poller polls and closes days, all does both.",
        )


def check_ranges(config: "Config", where: str) -> None:
    """Raises ConfigError for the first setting that is out of its range; ``where`` names the file."""
    check_role(config.serve.role)
    base = config.server.base_path
    if base and not is_base_path(base):
        raise ConfigError(
            f"{where}: server.base_path (LIVEONE_BASE_PATH) cannot be {base!r}",
            hint="Write a path such as /solar: letters, digits and _ - . ~ between slashes, none at its end, "
            "and no address that LiveOne has itself (/api).",
        )
    check_mqtt(config.mqtt, where)
    _check_public_url(config.server.public_url, where)
    rules = (
        ("server.port", config.server.port, 0, 65535),
        ("server.stream_s", config.server.stream_s or 3600, 5, 86_400),
        ("collect.cadence_s", config.collect.cadence_s, 1, 300),
        ("backup.every_h", config.backup.every_h, 0, 24 * 31),
        ("backup.keep_daily", config.backup.keep_daily, 0, 3660),
        ("backup.keep_weekly", config.backup.keep_weekly, 0, 520),
        ("backup.keep_monthly", config.backup.keep_monthly, 0, 1200),
        ("backup.keep_upgrades_days", config.backup.keep_upgrades_days, 0, 36_600),
        ("collect.workers", config.collect.workers, 1, 256),
        *((f"vendor {each.name!r}: timeout_s", each.timeout_s, 0.1, 300) for each in config.vendors),
    )
    for name, value, low, high in rules:
        if not low <= value <= high:
            raise ConfigError(f"{where}: {name} = {value} is outside {low} to {high}")


def _check_public_url(url: str, where: str) -> None:
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment):
        raise ConfigError(
            f"{where}: server.public_url (LIVEONE_PUBLIC_URL) cannot be {url!r}",
            hint="Write the address that people open, such as https://solar.example.org or http://house.lan:8080.",
        )
