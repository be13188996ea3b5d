"""Looking around: the hosts that an owner names, or those of his own subnet."""

import ipaddress
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from liveone.errors import BadInput
from liveone.vendors.discovery import mdns
from liveone.vendors.discovery.mdns import SERVICES, AnnouncedService
from liveone.vendors.discovery.probes import PORTS, FoundDevice, device_at

HOSTS_MOST = 1024
THREADS = 64
CONNECT_S, MDNS_S, WHOLE_S = 0.6, 3.0, 90.0

Ask = Callable[[float], list[AnnouncedService]]


def hosts_of(targets: Iterable[str]) -> list[str]:
    """The addresses that an owner names: addresses, names, networks. Raises BadInput for what is not on a
    local network, and for more than HOSTS_MOST."""
    found: dict[str, None] = {}
    for target in targets:
        for address in _addresses(target):
            place = ipaddress.ip_address(address)
            if not place.is_private or place.is_link_local or place.is_unspecified:
                raise BadInput(
                    f"{target} is not on a local network", hint="Only private addresses are looked at."
                )
            found[address] = None
    if len(found) > HOSTS_MOST:
        raise BadInput(f"{len(found):,} addresses are too many", hint=f"At most {HOSTS_MOST:,} at once.")
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
            "this machine has no address on a local network", hint="Name it: liveone discover 192.168.1.0/24"
        )
    return str(ipaddress.ip_network(f"{own}/24", strict=False))


def look(hosts: Sequence[str], ports: Sequence[int] = PORTS, *, ask: Ask = mdns.ask) -> list[FoundDevice]:
    """The devices at these hosts, by what they announce and by their ports. Only reads; ends by WHOLE_S."""
    give_up_s = time.monotonic() + WHOLE_S
    with ThreadPoolExecutor(THREADS) as pool:
        announced = pool.submit(ask, MDNS_S)
        places = [(host, port) for host in hosts for port in ports]
        opened = [place for place, is_open in zip(places, pool.map(_is_open, places), strict=True) if is_open]
        told = [one for place in announced.result() if (one := _told(place, set(hosts))) is not None]
        asked = pool.map(lambda place: _device(place, give_up_s), opened)
        return _once([*filter(None, asked), *told])


def _addresses(target: str) -> list[str]:
    try:
        network = ipaddress.ip_network(target, strict=False)
    except ValueError:
        return _resolved(target)
    if network.num_addresses > HOSTS_MOST:
        raise BadInput(
            f"{target} has {network.num_addresses:,} addresses",
            hint=f"At most {HOSTS_MOST:,}: a /22, or a /24.",
        )
    return [str(address) for address in network.hosts()]


def _resolved(name: str) -> list[str]:
    try:
        found = socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise BadInput(
            f"{name[:80]!r} is no address", hint="Such as 192.168.1.20, 192.168.1.0/24 or inverter.local."
        ) from None
    return [str(entry[4][0]) for entry in found]


def _is_open(place: tuple[str, int]) -> bool:
    try:
        with socket.create_connection(place, CONNECT_S):
            return True
    except OSError:
        return False


def _device(place: tuple[str, int], give_up_s: float) -> FoundDevice | None:
    return device_at(*place) if time.monotonic() < give_up_s else None


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


def _once(found: Iterable[FoundDevice]) -> list[FoundDevice]:
    """Each host and make once: what answered counts before what was announced."""
    kept: dict[tuple[str, str], FoundDevice] = {}
    for each in found:
        kept.setdefault((each.host, each.vendor_type), each)
    return sorted(kept.values(), key=lambda each: (ipaddress.ip_address(each.host), each.vendor_type))
