"""Starts LiveOne as Home Assistant's app: the options of the app become settings in the environment.

Home Assistant gives /data to root and puts the options there; LiveOne itself runs as user 10001.
"""

import json
import os
import sys
from pathlib import Path

USER = 10001
SUPERVISOR = "172.30.32.2,172.30.32.1"
"""Ingress comes from the first (https://developers.home-assistant.io/docs/add-ons/presentation#ingress), and
Home Assistant itself, which names the browser's address, is the second."""

NAMES = {
    "account_type": "LIVEONE_VENDOR_HOME_TYPE",
    "account_email": "LIVEONE_VENDOR_HOME_EMAIL",
    "account_password": "LIVEONE_VENDOR_HOME_PASSWORD",
    "account_url": "LIVEONE_VENDOR_HOME_URL",
    "password": "AUTH_PASSWORD",
}


def settings(options: dict[str, object]) -> dict[str, str]:
    """The environment that says what the options say."""
    said = {NAMES[key]: str(value) for key, value in options.items() if key in NAMES and value}
    return {"LIVEONE_HOST": "0.0.0.0", "LIVEONE_PORT": "8099", "LIVEONE_TRUSTED_PROXIES": SUPERVISOR, **said}


def main() -> None:
    data = Path(os.environ.get("LIVEONE_DATA", "/data"))
    options = json.loads((data / "options.json").read_text(encoding="utf-8"))
    home = data / "liveone"
    home.mkdir(exist_ok=True)
    if os.geteuid() == 0:
        os.chown(home, USER, USER)
        os.setgroups([])
        os.setgid(USER)
        os.setuid(USER)
    words = ["serve", "--verbose"] if options.get("log_level") == "info" else ["serve"]
    environment = {**os.environ, **settings(options), "LIVEONE_DATA": str(home)}
    program = os.environ.get("LIVEONE_ENTRYPOINT", "/usr/local/bin/liveone-entrypoint")
    sys.stdout.flush()
    os.execve(program, [program, *words], environment)


if __name__ == "__main__":
    main()
