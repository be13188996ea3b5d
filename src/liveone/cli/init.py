"""`liveone init`: commented settings, an empty database, and the next step."""

import os
import secrets
from pathlib import Path

import click

from hrana.address import is_server
from liveone.errors import BadInput
from liveone.settings.config import CONFIG_NAME, SECRETS_NAME, Config, DatabaseConfig, Secrets
from liveone.store.files import create

FILE_NAME = "liveone.db"

SETTINGS = """\
# LiveOne's settings. Every key stands here with its default; unknown keys are errors.
# The environment wins: LIVEONE_DATABASE_URL, LIVEONE_REPLICA_URL, LIVEONE_HOST, LIVEONE_PORT,
# LIVEONE_BASE_PATH, LIVEONE_ROLE, LIVEONE_SCHEDULER=off. Secrets do not belong here: they come from the
# environment (AUTH_PASSWORD, CRON_SECRET, LIVEONE_DATABASE_TOKEN, LIVEONE_VENDOR_<NAME>_PASSWORD) or from
# secrets.toml beside this file.

[database]
url = "liveone.db"          # a file, relative to this one; or a libSQL server, e.g. "libsql://HOST"
replica_url = ""            # a replica of that server, to read from

[server]
host = "127.0.0.1"          # 0.0.0.0 to serve the network; needs a password or an account
port = 8080
public_url = ""             # the address that people open, e.g. "https://solar.example.org"
base_path = ""              # "/solar" where LiveOne is below a path of its host
trusted_proxies = []        # addresses of reverse proxies whose X-Forwarded-* headers count

[serve]
role = "all"                # "web" only shows, "poller" only polls: for several processes on one database

[collect]
cadence_s = 60              # seconds between polls of one system
workers = 16                # how many systems are polled at the same time
scheduler = true            # false where a host calls /api/cron/minutely and /api/cron/daily instead
spool = "spool"             # where readings wait while the database refuses them

[backup]
every_h = 24                # hours between the backups that `liveone serve` makes; 0: none
keep_daily = 3              # so many days, weeks and months keep their newest
keep_weekly = 2
keep_monthly = 3
folder = "backups"
copy_to = ""                # each is copied there, too: a folder, sftp://USER@HOST/FOLDER, s3://BUCKET/PREFIX

[mqtt]                      # tells each reading by a broker; Home Assistant finds the systems by itself
host = ""                   # the broker; empty: nothing is told
port = 0                    # 0: 1883, or 8883 with tls
username = ""               # its password: LIVEONE_MQTT_PASSWORD or [mqtt] in secrets.toml
tls = false
verify_tls = true
ca_file = ""                # who signed the broker's certificate, if this machine does not know it
base = "liveone"            # what its topics begin with; two LiveOnes at one broker need two
discovery_prefix = "homeassistant"  # as in Home Assistant's MQTT integration; empty: not announced to it

# [[sign_in]]: where people may sign in besides here (Authelia, Google, Clerk); see docs/how-to/sign-in.md

# One [[vendor]] for each account at a portal, or each box on your network.
# [[vendor]]
# name = "home"             # its password: LIVEONE_VENDOR_HOME_PASSWORD or [vendor.home] in secrets.toml
# type = "select.live"      # "select.live" is the portal, "select.live-lan" a box on your network
# email = "you@example.org"
# url = ""                  # the box's address for select.live-lan, e.g. "https://192.168.1.20"
# sites = []                # the site numbers this account serves; empty: all systems of its type
# timeout_s = 20.0
# grid_sign = {}            # { "1586" = "auto" } - or "normal", "inverted", if the grid's sign is wrong
# reserve_pct = {}          # { "1586" = 20 }: what stays in the battery; learned from past days unless set
"""

SECRETS = """\
# LiveOne's secrets; keep this file at mode 0600. The environment wins over it.
auth_password = "{auth_password}"
cron_secret = "{cron_secret}"
session_key = "{session_key}"

# [vendor.home]
# password = ""
"""


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path("."))
@click.option("--database", "url", default=FILE_NAME, help="A libSQL server's URL instead of a file.")
def init_command(folder: Path, url: str) -> None:
    """Write commented settings, fresh secrets and an empty database into FOLDER (default: here).

    On a server (token: LIVEONE_DATABASE_TOKEN) the tables are made in the database that the URL names.
    """
    settings, private = folder / CONFIG_NAME, folder / SECRETS_NAME
    for path in (settings, private, *([] if is_server(url) else [folder / url])):
        if path.exists():
            raise BadInput(f"{path} exists already", hint="init never overwrites: choose another folder.")
    if is_server(url):
        _create_on_server(folder, url)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        settings.write_text(SETTINGS.replace(f'url = "{FILE_NAME}"', f'url = "{url}"'), encoding="utf-8")
        private.touch(mode=0o600)
        private.write_text(_fresh_secrets(), encoding="utf-8")
    except OSError as error:
        raise BadInput(f"cannot write into {folder}: {error.strerror}") from error
    if not is_server(url):
        create(folder / url)
    _say_next(folder, settings, private)


def _create_on_server(folder: Path, url: str) -> None:
    from liveone.database.open import create_database

    token = Secrets(database_token=os.environ.get("LIVEONE_DATABASE_TOKEN", ""))
    create_database(Config(folder=folder, path=None, database=DatabaseConfig(url), secrets=token))


def _fresh_secrets() -> str:
    return SECRETS.format(
        auth_password=secrets.token_urlsafe(12),
        cron_secret=secrets.token_urlsafe(24),
        session_key=secrets.token_hex(32),
    )


def _say_next(folder: Path, settings: Path, private: Path) -> None:
    here = "" if folder.resolve() == Path.cwd() else f"cd {folder}\n  "
    click.echo(f"""\
Written: {settings}, {private} (with a fresh sign-in password) and an empty database.

Next:
  {here}liveone discover              # what stands on your network, each with the command that adds it
  liveone systems add sources --name Home --timezone Europe/Berlin
  liveone sources add fronius 1 --name roof --url http://192.168.1.20
  liveone serve                 # the dashboard at http://127.0.0.1:8080/
Or, with an account at select.live:
  edit {CONFIG_NAME}: one [[vendor]] with its e-mail
  edit {SECRETS_NAME}: its password under [vendor.home]
  liveone systems discover      # the sites your account sees
  liveone systems add select.live SITE --name Home --timezone Australia/Melbourne
Sign in with auth_password of {SECRETS_NAME} (any e-mail address will do).""")
