"""Where a webhook may go: never where an owner cannot have meant it to.

Rule: each address that a name has is looked at when the connection is made, and the connection goes to just
that address, so that a name which changes its mind in between leads nowhere else.
"""

import ipaddress
import socket
from collections.abc import Iterable

import httpcore2

from timed_http.deadline import BoundedBackend

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_METADATA = (ipaddress.ip_address("fd00:ec2::254"), ipaddress.ip_address("100.100.100.200"))
"""Where clouds tell machines their secrets, outside the link-local range."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressRefused(OSError):
    """A webhook leads where it may not."""


def refusal(text: str, *, lan: bool) -> str:
    """Why a connection to an address is refused; empty where it is not. ``lan`` allows this machine and
    private networks. Link-local addresses, where clouds keep secrets, are never allowed."""
    address = _meant(ipaddress.ip_address(text.partition("%")[0]))
    if address.is_link_local or address.is_multicast or address.is_unspecified or address in _METADATA:
        return f"{text} is no address for a webhook"
    if address.is_reserved and not address.is_loopback:
        return f"{text} is no address for a webhook"
    if not lan and (not address.is_global or address.is_loopback):
        return f"{text} is on this machine or a private network, and lan is not set"
    return ""


def _meant(address: Address) -> Address:
    """The IPv4 address within an IPv6 one that stands for it."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


class GuardedBackend(BoundedBackend):
    """Connects to allowed addresses only."""

    def __init__(self, *, lan: bool) -> None:
        super().__init__()
        self._lan = lan

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """To the first address of the host that answers; raises AddressRefused where one is not allowed."""
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        for address in addresses:
            if why := refusal(address, lan=self._lan):
                raise AddressRefused(why)
        for address in addresses[:-1]:
            try:
                return super().connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return super().connect_tcp(addresses[-1], port, timeout, local_address, socket_options)
