"""One question by multicast DNS, and the answers of a few seconds. Source: RFC 6762 and RFC 1035.

The question comes from a port of our own, so that the answers come to that alone. Nothing is announced.
"""

import socket
import struct
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

GROUP = ("224.0.0.251", 5353)
SERVICES: Mapping[str, str] = MappingProxyType(
    {
        "_hwenergy._tcp.local": "homewizard",
        "_shelly._tcp.local": "shelly",
        "_enphase-envoy._tcp.local": "enphase",
        "_home-assistant._tcp.local": "home-assistant",
        "_Fronius-SE-Inverter._tcp.local": "fronius",
        "_mqtt._tcp.local": "mqtt",
    }
)
"""The services that devices announce, and the source that fits."""

_PTR, _SRV, _A, _IN = 12, 33, 1, 1
MESSAGE_BYTES_MAX, ANSWERS_MOST, NAMES_MOST = 9000, 500, 60


@dataclass(frozen=True, slots=True)
class AnnouncedService:
    """A service that a device announces. ``name`` is what it calls itself."""

    service: str
    name: str
    host: str
    port: int


def ask(seconds_s: float, *, group: tuple[str, int] = GROUP) -> list[AnnouncedService]:
    """What answers within so many seconds; nothing where multicast does not work."""
    found: dict[AnnouncedService, None] = {}
    give_up_s = time.monotonic() + seconds_s
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        try:
            link.sendto(question(SERVICES), group)
            for _ in range(ANSWERS_MOST):
                link.settimeout(max(0.001, give_up_s - time.monotonic()))
                message, sender = link.recvfrom(MESSAGE_BYTES_MAX)
                found.update(dict.fromkeys(services_in(message, sender[0])))
        except OSError:
            pass
    return list(found)


def question(services: Iterable[str]) -> bytes:
    """A query for everyone who offers one of these services."""
    asked = b"".join(_encoded(name) + struct.pack(">HH", _PTR, _IN) for name in services)
    return struct.pack(">6H", 0, 0, len(list(services)), 0, 0, 0) + asked


def services_in(message: bytes, sender: str) -> list[AnnouncedService]:
    """The services of ours that a message announces; none where it is no answer, or broken. The host is the
    address in it, else who sent it."""
    try:
        records = _records(message)
    except (struct.error, IndexError, ValueError):
        return []
    places = {name: data for name, kind, data in records if kind == _SRV}
    addresses = {name: str(data) for name, kind, data in records if kind == _A}
    known = {service.lower(): service for service in SERVICES}
    found = []
    for service, kind, instance in records:
        place = places.get(str(instance))
        if kind == _PTR and service in known and isinstance(place, tuple):
            port, target = place
            name = str(instance).removesuffix(f".{service}")
            found.append(AnnouncedService(known[service], name, addresses.get(target, sender), port))
    return found


def _records(message: bytes) -> list[tuple[str, int, object]]:
    """Name, type and data of each record: a name, ``(port, target)``, or an address. Names are lower case."""
    _, flags, questions, *counts = struct.unpack_from(">6H", message)
    if not flags & 0x8000:
        return []
    place = 12
    for _ in range(min(questions, ANSWERS_MOST)):
        place = _name(message, place)[1] + 4
    found: list[tuple[str, int, object]] = []
    for _ in range(min(sum(counts), ANSWERS_MOST)):
        name, place = _name(message, place)
        kind, _, _, size = struct.unpack_from(">HHIH", message, place)
        place += 10
        if kind == _PTR:
            found.append((name, kind, _name(message, place)[0]))
        elif kind == _SRV:
            port = struct.unpack_from(">H", message, place + 4)[0]
            found.append((name, kind, (port, _name(message, place + 6)[0])))
        elif kind == _A and size == 4:
            found.append((name, kind, socket.inet_ntoa(*struct.unpack_from("4s", message, place))))
        place += size
    return found


def _name(message: bytes, place: int) -> tuple[str, int]:
    """A name, which may go on elsewhere in the message, and where what follows it begins."""
    labels: list[str] = []
    behind = None
    for _ in range(NAMES_MOST):
        size = message[place]
        if size >= 0xC0:
            behind = place + 2 if behind is None else behind
            place = struct.unpack_from(">H", message, place)[0] & 0x3FFF
        elif size == 0:
            return ".".join(labels).lower(), place + 1 if behind is None else behind
        else:
            labels.append(message[place + 1 : place + 1 + size].decode("utf-8", "replace"))
            place += 1 + size
    raise ValueError("a name without an end")


def _encoded(name: str) -> bytes:
    labels = (label.encode() for label in name.split("."))
    return b"".join(bytes((len(label),)) + label for label in labels) + b"\0"
