"""The time zone of this machine, by its name."""

import os
from pathlib import Path

from liveone.domain.zone_names import names

LOCALTIME, TIMEZONE = Path("/etc/localtime"), Path("/etc/timezone")


def host_zone() -> str | None:
    """The IANA name from ``TZ``, ``/etc/timezone`` or where ``/etc/localtime`` leads; None if none tells."""
    for found in (os.environ.get("TZ", "").removeprefix(":"), _of_file(), _of_link()):
        if found in names():
            return found
    return None


def _of_file() -> str:
    try:
        return TIMEZONE.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _of_link() -> str:
    try:
        return os.fspath(LOCALTIME.readlink()).partition("zoneinfo/")[2]
    except OSError:
        return ""
