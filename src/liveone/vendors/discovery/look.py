"""Looking around: the hosts that an owner names, or those of his own subnet."""

import ipaddress
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from liveone.errors import BadInput, sentence
from liveone.vendors.discovery import mdns
from liveone.vendors.discovery.mdns import SERVICES, AnnouncedService
from liveone.vendors.discovery.probes import PORTS, FoundDevice, device_at

HOSTS_MOST = 1024
THREADS = 64
CONNECT_S, MDNS_S, WHOLE_S = 0.6, 3.0, 90.0

TOLD_EACH = 64
"""How many places are looked at between two words about how far it has come."""


@dataclass(frozen=True, slots=True)
class LookProgress:
    """How many of the places (an address and a port each) were looked at."""

    looked: int
    places: int


Ask = Callable[[float], list[AnnouncedService]]


def hosts_of(targets: Iterable[str]) -> list[str]:
    """The addresses that an owner names: addresses, names, networks. Raises BadInput for what is not on a
    local network, and for more than HOSTS_MOST."""
    found: dict[str, None] = {}
    for target in targets:
        for address in _addresses(target):
            if not _is_local(address):
                raise BadInput(
                    sentence("{place} is not on a local network", place=target),
                    hint=sentence("Only private addresses are looked at."),
                )
            found[address] = None
    if len(found) > HOSTS_MOST:
        raise BadInput(
            sentence("{count} addresses are too many", count=len(found)),
            hint=sentence("At most {count} at once.", count=HOSTS_MOST),
        )
    return list(found)


def own_subnet() -> str:
    """The /24 around this machine's own address. Raises BadInput where it has none on a local network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        try:
            link.connect(("192.0.2.1", 9))  # sends nothing; tells which address would be used
            own = link.getsockname()[0]
        except OSError:
            own = ""
    if not own or not ipaddress.ip_address(own).is_private:
        raise BadInput(
            sentence("this machine has no address on a local network"),
            hint=sentence("Name the network to look at, such as 192.168.1.0/24."),
        )
    return str(ipaddress.ip_network(f"{own}/24", strict=False))


def look(hosts: Sequence[str], ports: Sequence[int] = PORTS, *, ask: Ask = mdns.ask) -> list[FoundDevice]:
    """The devices at these hosts, each once, by address."""
    found = [each for each in looking(hosts, ports, ask=ask) if isinstance(each, FoundDevice)]
    return sorted(found, key=lambda each: (ipaddress.ip_address(each.host), each.vendor_type))


def looking(
    hosts: Sequence[str], ports: Sequence[int] = PORTS, *, ask: Ask = mdns.ask
) -> Iterator[FoundDevice | LookProgress]:
    """The devices at these hosts, each as soon as it is found, by their ports and by what they announce;
    between them how far the look has come. Only reads; ends by WHOLE_S."""
    give_up_s = time.monotonic() + WHOLE_S
    known: set[tuple[str, str]] = set()
    pool = ThreadPoolExecutor(THREADS)
    try:
        announced = pool.submit(ask, MDNS_S)
        places = [pool.submit(_device, host, port, give_up_s) for host in hosts for port in ports]
        yield from _new(_asked(places), known)
        told = (one for place in announced.result() if (one := _told(place, set(hosts))) is not None)
        yield from _new(told, known)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _addresses(target: str) -> list[str]:
    try:
        network = ipaddress.ip_network(target, strict=False)
    except ValueError:
        return _resolved(target)
    if network.num_addresses > HOSTS_MOST:
        raise BadInput(
            sentence("{place} has {count} addresses", place=target, count=network.num_addresses),
            hint=sentence("At most {count} at once: a /22, or a /24.", count=HOSTS_MOST),
        )
    return [str(address) for address in network.hosts()]


def _resolved(name: str) -> list[str]:
    try:
        found = socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise BadInput(
            sentence("{place} is no address", place=repr(name[:80])),
            hint=sentence("Such as 192.168.1.20, 192.168.1.0/24 or inverter.local."),
        ) from None
    return [str(entry[4][0]) for entry in found]


def _is_local(address: str) -> bool:
    """Whether an address is of a private network. One of IPv4 that is written as of IPv6 counts as itself."""
    place = ipaddress.ip_address(address)
    place = getattr(place, "ipv4_mapped", None) or place
    return place.is_private and not (place.is_link_local or place.is_unspecified)


def _is_open(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), CONNECT_S):
            return True
    except OSError:
        return False


def _device(host: str, port: int, give_up_s: float) -> FoundDevice | None:
    if time.monotonic() >= give_up_s or not _is_open(host, port):
        return None
    return device_at(host, port) if time.monotonic() < give_up_s else None


def _asked(places: Sequence[Future[FoundDevice | None]]) -> Iterator[FoundDevice | LookProgress]:
    for number, place in enumerate(as_completed(places), 1):
        if (found := place.result()) is not None:
            yield found
        if number % TOLD_EACH == 0:
            yield LookProgress(number, len(places))


def _told(place: AnnouncedService, hosts: set[str]) -> FoundDevice | None:
    """What a device announces, where it is one of those that were named."""
    if place.host not in hosts:
        return None
    kind = SERVICES[place.service]
    port = "" if place.port == 80 else f":{place.port}"
    settings: dict[str, str | int] = (
        {"url": f"http://{place.host}{port}"} if kind != "mqtt" else {"host": place.host}
    )
    return FoundDevice(place.host, kind, settings, f"announces itself as {place.name}")


def _new(
    found: Iterable[FoundDevice | LookProgress], known: set[tuple[str, str]]
) -> Iterator[FoundDevice | LookProgress]:
    """Each host and make once: what answered comes before what was announced."""
    for each in found:
        if isinstance(each, FoundDevice):
            if (each.host, each.vendor_type) in known:
                continue
            known.add((each.host, each.vendor_type))
        yield each
