"""Settings of what LiveOne tells by MQTT: `[mqtt]`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from liveone.errors import ConfigError

_BASE = re.compile(r"[A-Za-z0-9_-]{1,40}")
_PREFIX = re.compile(r"[A-Za-z0-9_-]{1,40}(/[A-Za-z0-9_-]{1,40}){0,4}")


@dataclass(frozen=True, slots=True)
class MqttConfig:
    """The broker at ``host`` (empty: nothing is told), and how it is reached. What LiveOne says lies below
    ``base``, which two LiveOnes at one broker must not share; Home Assistant looks for devices below
    ``discovery_prefix`` (empty: they are not announced). ``password`` is a secret of its own file."""

    host: str = ""
    port: int = 0
    username: str = ""
    tls: bool = False
    verify_tls: bool = True
    ca_file: str = ""
    base: str = "liveone"
    discovery_prefix: str = "homeassistant"
    password: str = field(default="", repr=False)


def mqtt_overrides(
    environment: Mapping[str, str], secrets: Mapping[str, Any], where: str
) -> dict[str, str | None]:
    """What the environment and `[mqtt]` of the secrets, read from ``where``, say over the settings.

    Raises ConfigError for a table of secrets that holds anything but a password.
    """
    table = secrets.get("mqtt", {})
    if not isinstance(table, dict) or set(table) - {"password"}:
        raise ConfigError(f"{where} [mqtt] must hold a password, and nothing else")
    return {
        "host": environment.get("LIVEONE_MQTT_HOST"),
        "username": environment.get("LIVEONE_MQTT_USERNAME"),
        "password": environment.get("LIVEONE_MQTT_PASSWORD") or str(table.get("password", "")) or None,
    }


def check_mqtt(config: MqttConfig, where: str) -> None:
    """Raises ConfigError for what cannot be a part of a topic, and for a port that is none."""
    if not _BASE.fullmatch(config.base):
        raise ConfigError(
            f"{where}: mqtt.base cannot be {config.base!r}",
            hint="Write letters, digits, _ and -: liveone.",
        )
    if config.discovery_prefix and not _PREFIX.fullmatch(config.discovery_prefix):
        raise ConfigError(
            f"{where}: mqtt.discovery_prefix cannot be {config.discovery_prefix!r}",
            hint="Write what Home Assistant's MQTT integration calls so: homeassistant, unless changed.",
        )
    if not 0 <= config.port <= 65_535:
        raise ConfigError(f"{where}: mqtt.port = {config.port} is outside 0 to 65535")
