"""Where a libSQL server is, as a URL says it.

``libsql://db-name.turso.io``, ``http://127.0.0.1:8080``, ``http://127.0.0.1:8080?namespace=prod``. A token
never stands in a URL: URLs are shown in messages. Over plain http to another machine a token is sent only
where the URL names that host once more: ``http://db.lan:8080?plain=db.lan``.
"""

import ipaddress
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from hrana.errors import BadAddress

SCHEMES = {"libsql": "https", "https": "https", "http": "http"}


@dataclass(frozen=True, slots=True)
class Address:
    """``origin`` is what HTTP connects to; ``namespace`` is empty where the host alone names the database.

    ``may_carry_token``: over https, to this machine, or where the URL allows plain http to that host by name.
    """

    origin: str
    namespace: str
    label: str
    may_carry_token: bool = True


def is_server(url: str) -> bool:
    """Whether a database URL names a libSQL server; everything else names a file."""
    return url.partition("://")[0].lower() in SCHEMES and "://" in url


def parse(url: str) -> Address:
    """The address in ``url``. Raises BadAddress, which never repeats a secret."""
    try:
        split = urlsplit(url)
        _ = split.port  # raises for one that is no number, or too high
    except ValueError:
        raise BadAddress("the database URL is not the address of a libSQL server") from None
    options = dict(parse_qsl(split.query, keep_blank_values=True))
    # authToken is how other libSQL clients write it; refused and not taken, because URLs are shown.
    if split.username or split.password or "authToken" in options:
        raise BadAddress("the database URL holds a secret, and URLs are shown in messages", holds_secret=True)
    unknown = sorted(options.keys() - {"namespace", "tls", "plain"})
    if unknown or split.path not in ("", "/") or split.fragment or not split.hostname or not is_server(url):
        raise BadAddress(f"{url!r} is not the address of a libSQL server")
    scheme = "http" if options.get("tls") == "0" else SCHEMES[split.scheme.lower()]
    namespace = options.get("namespace", "")
    shown = f"{split.scheme}://{split.netloc}" + (f"?namespace={namespace}" if namespace else "")
    is_safe = scheme == "https" or is_own(split.hostname) or options.get("plain") == split.hostname
    return Address(f"{scheme}://{split.netloc}", namespace, shown, is_safe)


def is_own(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
