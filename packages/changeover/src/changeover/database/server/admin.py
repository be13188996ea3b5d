"""The admin API of a libSQL server: a fork of a database for a rehearsal, and whether its writes are blocked.

Source: libsql-server's ``--admin-listen-addr``, seen on 0.24.32. Rule: production's own configuration is only
read. `block_writes` is never set: the change is one batch under the lock, so nothing could be left behind.
"""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import httpx2

from changeover.database.where import ADMIN_URL, Database, Server
from changeover.errors import DatabaseError, Refused
from timed_http.certificates import trusted

ASK_S = 10.0
FORK_S = 3600.0
"""A fork copies the whole database: 200 MB took up to 11 s."""
DEFAULT_NAMESPACE = "default"


@dataclass(frozen=True, slots=True)
class WriteBlock:
    """Writes, or all requests, that somebody had the server refuse; ``reason`` is theirs."""

    reads: bool
    reason: str

    def __str__(self) -> str:
        what = "Reads and writes are" if self.reads else "Writes are"
        return f"{what} blocked on the server{f' ({self.reason})' if self.reason else ''}."


def blocked(database: Database) -> WriteBlock | None:
    """The block that is on a database; None without one, for a file, and where no admin API is named.

    Raises DatabaseError when the admin API that is named does not answer.
    """
    if not isinstance(database, Server) or not database.admin_url:
        return None
    found = _ask(database, "GET", f"{_namespace(database)}/config").json()
    if not found.get("block_writes") and not found.get("block_reads"):
        return None
    return WriteBlock(bool(found.get("block_reads")), str(found.get("block_reason") or ""))


def require_open(database: Database) -> None:
    """Raises Refused while somebody has the server refuse writes."""
    found = blocked(database)
    if found is not None:
        raise Refused(
            f"{found} Nothing can be changed.",
            hint="changeover never blocks writes, so somebody else did: ask them. To lift it: POST"
            f' {{"block_reads": false, "block_writes": false}} to {_path(database)}/config of the admin API.',
        )


def create(server: Server) -> bool:
    """Make an empty database where there is none; False where it is there. Raises DatabaseError."""
    path = _namespace(server)
    if _ask(server, "GET", f"{path}/config", missing_ok=True).status_code != 404:
        return False
    _ask(server, "POST", f"{path}/create", {})
    return True


def fork(server: Server, name: str) -> Server:
    """A copy of a database, of one moment, on the same server, until `end_fork` with the same ``name``.

    It is open for writing even where the original is blocked. Raises DatabaseError when the server cannot
    fork.
    """
    copy = _fork_name(server, name)
    _ask(server, "POST", f"{_namespace(server)}/fork/{copy}", timeout_s=FORK_S)
    # A fork takes over the configuration of its original, blocks included.
    _ask(server, "POST", f"{copy}/config", {"block_reads": False, "block_writes": False})
    return _renamed(server, copy)


def end_fork(database: Database, name: str) -> None:
    """Delete a fork, if it is there. Raises DatabaseError when the admin API does not answer."""
    if isinstance(database, Server) and database.admin_url:
        _ask(database, "DELETE", _fork_name(database, name), {}, missing_ok=True)


def _fork_name(server: Server, name: str) -> str:
    return f"{_namespace(server)}-changeover-{name}"


def _namespace(server: Server) -> str:
    """Which of the server's databases a URL means: ``?namespace=``, else the first word of a host's name."""
    split = urlsplit(server.url)
    named = dict(parse_qsl(split.query)).get("namespace")
    if named:
        return quote(named, safe="")
    host = split.hostname or ""
    is_name = host.count(".") > 0 and not host.replace(".", "").isdigit()
    return quote(host.split(".")[0], safe="") if is_name else DEFAULT_NAMESPACE


def _renamed(server: Server, namespace: str) -> Server:
    split = urlsplit(server.url)
    options = {**dict(parse_qsl(split.query)), "namespace": namespace}
    return replace(server, url=urlunsplit(split._replace(query=urlencode(options))))


def _path(database: Database) -> str:
    return f"/v1/namespaces/{_namespace(database)}" if isinstance(database, Server) else ""


def _authorized(server: Server) -> list[dict[str, str]]:
    """The headers to try: sqld itself wants its ``--admin-auth-key`` as ``basic KEY``, a proxy Bearer."""
    token = server.admin_token
    return [{"authorization": f"{scheme} {token}"} for scheme in ("basic", "Bearer")] if token else [{}]


def _ask(
    server: Server,
    method: str,
    path: str,
    document: object = None,
    *,
    timeout_s: float = ASK_S,
    missing_ok: bool = False,
) -> Any:
    """One request of the admin API and its answer. Raises DatabaseError."""
    url = f"{server.admin_url.rstrip('/')}/v1/namespaces/{path}"
    try:
        for headers in _authorized(server):
            answer = httpx2.request(
                method,
                url,
                headers=headers,
                json=document,
                timeout=timeout_s,
                # The admin port is asked directly: no proxy of the environment, and no password of a .netrc.
                trust_env=False,
                verify=trusted(),
            )
            if answer.status_code != 401:
                break
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise DatabaseError(
            f"The admin API at {server.admin_url} does not answer ({error or type(error).__name__}).",
            hint=f"Check {ADMIN_URL}; without it a rehearsal is made on a local copy.",
        ) from None
    if answer.status_code != 200 and not (missing_ok and answer.status_code == 404):
        raise DatabaseError(
            f"The admin API at {server.admin_url} refuses {method} {path}: {answer.status_code}"
            f" {answer.text[:200]}",
            hint=f"Check {ADMIN_URL} and its token; without them a rehearsal is made on a local copy.",
        )
    return answer
