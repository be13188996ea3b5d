"""Where a database is: a file, or a libSQL server that answers at a URL.

Rule: a token never stands in a URL or in ``str()``: both are shown in messages, journals and reports. It
comes from the environment (`CHANGEOVER_DATABASE_TOKEN`), or from the program that calls changeover.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from changeover.errors import BadParameter, Unsuitable

SERVER_SCHEMES = ("libsql://", "http://", "https://")
TOKEN, ADMIN_URL, ADMIN_TOKEN = (
    "CHANGEOVER_DATABASE_TOKEN",
    "CHANGEOVER_ADMIN_URL",
    "CHANGEOVER_ADMIN_TOKEN",
)


@dataclass(frozen=True, slots=True)
class Server:
    """A database on a libSQL server. ``admin_url`` is where its admin API answers; empty: out of reach.

    Raises BadParameter for a URL that holds a secret.
    """

    url: str
    token: str = field(default="", repr=False)
    admin_url: str = ""
    admin_token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        _refuse_secret(self.url, "The database's URL", TOKEN)
        _refuse_secret(self.admin_url, "The URL of the admin API", ADMIN_TOKEN)

    def __str__(self) -> str:
        return self.url


Database = Path | Server


def database_of(text: str, environment: Mapping[str, str]) -> Database:
    """The database behind a plan's text: a path, ``sqlite:///path``, ``file:path``, or a server's URL.

    Raises Unsuitable for an empty text, BadParameter for a URL that holds a secret.
    """
    if text.startswith(SERVER_SCHEMES):
        return Server(
            text,
            environment.get(TOKEN, ""),
            environment.get(ADMIN_URL, ""),
            environment.get(ADMIN_TOKEN, ""),
        )
    for prefix in ("sqlite:///", "sqlite://", "file:"):
        if text.startswith(prefix):
            text = text.removeprefix(prefix).split("?")[0]
            break
    if not text.strip():
        raise Unsuitable("The plan names no database.", hint="Set `database:` in the front matter.")
    return Path(text)


def _refuse_secret(url: str, what: str, instead: str) -> None:
    if "@" in url.partition("://")[2].split("/")[0] or "authToken=" in url:
        raise BadParameter(
            f"{what} holds a secret, and URLs are shown in messages and reports.",
            hint=f"Take it out of the URL and set {instead} instead.",
        )
