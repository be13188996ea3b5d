"""The address of a portal or box, checked before any password goes there."""

import ipaddress
from urllib.parse import urlsplit

from liveone.errors import ConfigError


def checked_url(url: str, *, carries_password: bool) -> str:
    """``url`` without a trailing slash; raises ConfigError where it cannot be used.

    A password goes over plain http only to this machine or a private network.
    """
    try:
        parts = urlsplit(url.strip())
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise ConfigError(f"the url of a vendor is not one: {error}", hint=_EXAMPLE) from None
    if parts.username or parts.password:
        raise ConfigError("the url of a vendor holds a user name or password", hint=_SECRETS)
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise ConfigError(f"the url of a vendor is not usable: {url!r}", hint=_EXAMPLE)
    if carries_password and parts.scheme == "http" and not is_private(host):
        raise ConfigError(
            f"{url} would send the password unencrypted over the internet",
            hint=f"Write https://{parts.netloc}; plain http is for this machine and private networks.",
        )
    return url.strip().rstrip("/")


def is_private(host: str) -> bool:
    """Whether a host is this machine, a private address, or a name that only a local network knows."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".local", ".lan", ".internal", ".home.arpa", ".localhost"))


_EXAMPLE = "Write scheme and host, as in https://select.live or https://192.168.1.20."
_SECRETS = "Put e-mail and password into their own settings: urls are shown in logs and reports."
