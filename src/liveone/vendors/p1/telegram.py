"""P1 telegrams: DSMR 2.2 to 5, and the Belgian, Luxembourgish and Swedish forms of it. Pure.

A telegram begins with ``/`` and ends with ``!``, followed from DSMR 4 on by the CRC-16 (ARC) of everything
from ``/`` to ``!``, as four hex digits. Lines are ``A-B:C.D.E(value*unit)``, at meters with an optical head
``A-B:C.D.E*255(...)``, some of which tell the power at the grid with its sign (``16.7.0``). Swiss meters tell
energies and powers on channel 1 (``1-1:1.7.0``), the phases on 0. Up to DSMR 3 gas
stands in one line of seven brackets (``24.3.0``), unit and value last. Tariffs 1 and 2 add up to the
counter, where the meter has no total (``1.8.0``). Times end in S or W: summer or winter time of the meter's
country, an hour apart.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from liveone.domain.points import Point
from liveone.vendors.answers import points, quantity, total
from liveone.vendors.base import ProtocolViolation
from liveone.vendors.measures import DeviceSample

TELEGRAM_BYTES_MAX = 16_384
_WHOLE = re.compile(rb"/[^/!]{3,%d}!(?:([0-9A-Fa-f]{4}))?\r?\n" % TELEGRAM_BYTES_MAX)
_LINE = re.compile(
    r"(\d{1,3})-(\d{1,3}):(\d{1,3}\.\d{1,3}\.\d{1,3})(?:\*\d{1,3})?((?:\([^()\r\n]{0,2000}\)\s{0,4})+)"
)
_VALUE = re.compile(r"\(([^()]{0,2000})\)")
_TIME = re.compile(r"(\d{12})([SW]?)", re.ASCII)
STANDARD_OFFSET_H = 1
"""Central Europe: every country with this port keeps that time."""

_POWER_W = {"kW": 1000.0, "W": 1.0}
_ENERGY_KWH = {"kWh": 1.0, "Wh": 0.001}
OLDER_GAS_PARTS = 7
CHANNELS = (0, 1)
"""On which a meter tells its own electricity (``1-0``, ``1-1``)."""

ENCRYPTED = b"\xdb\x08"
"""How an encrypted telegram begins (DLMS, Luxembourg and Austria), before the name of the meter."""

_KINDS = {3: ("gas", "Gas"), 4: ("heat", "Heat"), 5: ("cold", "Cold"), 7: ("water", "Water")}
"""What a meter on the M-Bus of the smart meter measures (``0-n:24.1.0``)."""


@dataclass(frozen=True, slots=True)
class P1Telegram:
    """A telegram that is whole: ``lines`` by channel and code (``1-0:1.8.1``), the texts in brackets of
    each."""

    lines: Mapping[str, tuple[str, ...]]
    meter: str


def newest_whole(data: bytes) -> bytes | None:
    """The last whole telegram in ``data`` whose CRC is right, if it has one; None where there is none yet."""
    good = [found for found in _WHOLE.finditer(data) if _is_sound(found)]
    return good[-1][0] if good else None


def first_spoilt(data: bytes) -> bool:
    """Whether there is a telegram in ``data`` that ended, with a wrong CRC."""
    return any(not _is_sound(found) for found in _WHOLE.finditer(data))


def telegram_of(text: str) -> P1Telegram:
    """The lines of a telegram. Raises ProtocolViolation where it is cut, or where its CRC is wrong."""
    data = text.encode("latin-1", "replace")
    whole = newest_whole(data if data.endswith(b"\n") else data + b"\r\n")
    if whole is None:
        what = "its CRC is wrong" if first_spoilt(data + b"\r\n") else "it is not whole"
        raise ProtocolViolation(
            f"the telegram cannot be used: {what}",
            hint="If it stays so, check the cable and the baud rate (115200 8N1; 9600 7E1 up to DSMR 3).",
        )
    content = whole.decode("latin-1")
    lines: dict[str, tuple[str, ...]] = {}
    for line in _LINE.finditer(content):
        key = f"{line[1]}-{line[2]}:{line[3]}"
        lines.setdefault(key, tuple(each.strip() for each in _VALUE.findall(line[4])))
    return P1Telegram(lines, content[1:].partition("\r")[0].partition("\n")[0].strip())


def sample_of(telegram: P1Telegram) -> DeviceSample:
    """Power at the grid in W (> 0 imports), counters in kWh, phases, gas and water."""
    imported, exported = (_power_w(telegram, f"{way}.7.0") for way in (1, 2))
    power_w = _difference(imported, exported)
    values = {
        "grid_w": _power_w(telegram, "16.7.0") if power_w is None else power_w,
        "grid_in_kwh_total": _counter_kwh(telegram, 1),
        "grid_out_kwh_total": _counter_kwh(telegram, 2),
    }
    return DeviceSample(values, _at(telegram), (*_phases(telegram), *_bus(telegram)))


def serial_of(telegram: P1Telegram) -> str | None:
    """The meter's equipment number, which it sends as the hex digits of its letters."""
    for key in ("0-0:96.1.1", "0-0:96.1.0", "0-0:42.0.0"):
        sent = telegram.lines.get(key, ("",))[0]
        try:
            found = bytes.fromhex(sent).decode("ascii")
        except ValueError:
            found = sent
        if found and found.isprintable():
            return found
    return None


def crc_of(data: bytes) -> int:
    """CRC-16/ARC: polynomial x^16 + x^15 + x^2 + 1, least significant bit first."""
    crc = 0
    for byte in data:
        crc = crc >> 8 ^ _CRC_OF_BYTE[(crc ^ byte) & 0xFF]
    return crc


def _crc_of_byte(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (0xA001 if byte & 1 else 0)
    return byte


_CRC_OF_BYTE = tuple(map(_crc_of_byte, range(256)))


def _is_sound(found: re.Match[bytes]) -> bool:
    content = found[0][: found[0].rindex(b"!") + 1]
    return found[1] is None or crc_of(content) == int(found[1], 16)


def _scaled(telegram: P1Telegram, code: str, units: Mapping[str, float]) -> float | None:
    text, _, unit = "".join(_sent(telegram, code)[-1:]).partition("*")
    found = quantity(text)
    return None if found is None or unit not in units else found * units[unit]


def _sent(telegram: P1Telegram, code: str) -> tuple[str, ...]:
    """The texts of an electricity line, on the channel where the meter tells it; none where it does not."""
    keys = (f"1-{channel}:{code}" for channel in CHANNELS)
    return next((telegram.lines[key] for key in keys if key in telegram.lines), ())


def _power_w(telegram: P1Telegram, code: str) -> float | None:
    return _scaled(telegram, code, _POWER_W)


def _counter_kwh(telegram: P1Telegram, way: int) -> float | None:
    whole = _scaled(telegram, f"{way}.8.0", _ENERGY_KWH)
    if whole is not None:
        return whole
    tariffs = [tariff for tariff in (1, 2, 3, 4) if _sent(telegram, f"{way}.8.{tariff}")]
    return total(_scaled(telegram, f"{way}.8.{tariff}", _ENERGY_KWH) for tariff in tariffs)


def _difference(imported: float | None, exported: float | None) -> float | None:
    """A meter of a house that cannot export has no line of it, but its import is the whole then."""
    if imported is None:
        return None
    return imported if exported is None else imported - exported


def _at(telegram: P1Telegram) -> float | None:
    return _instant(telegram.lines.get("0-0:1.0.0", ("",))[0])


def _instant(text: str) -> float | None:
    found = _TIME.fullmatch(text)
    if found is None or not found[2]:
        return None
    zone = timezone(timedelta(hours=STANDARD_OFFSET_H + (found[2] == "S")))
    try:
        return datetime.strptime(found[1], "%y%m%d%H%M%S").replace(tzinfo=zone).astimezone(UTC).timestamp()
    except ValueError:
        return None


def _phases(telegram: P1Telegram) -> Iterator[Point]:
    for phase, code in ((1, 20), (2, 40), (3, 60)):
        power_w = _difference(_power_w(telegram, f"{code + 1}.7.0"), _power_w(telegram, f"{code + 2}.7.0"))
        yield from points(
            (f"phase_{phase}_w", f"Phase {phase}", "W", power_w),
            (f"phase_{phase}_v", f"Phase {phase}", "V", _scaled(telegram, f"{code + 12}.7.0", {"V": 1.0})),
            (f"phase_{phase}_a", f"Phase {phase}", "A", _scaled(telegram, f"{code + 11}.7.0", {"A": 1.0})),
        )


def _counted(telegram: P1Telegram, channel: int) -> tuple[str, str]:
    """What a meter on the M-Bus counted, and its unit."""
    sent = telegram.lines.get(f"0-{channel}:24.2.1") or telegram.lines.get(f"0-{channel}:24.2.3")
    if sent:
        text, _, unit = sent[-1].partition("*")
        return text, unit
    older = telegram.lines.get(f"0-{channel}:24.3.0", ())
    return (older[-1], older[-2]) if len(older) >= OLDER_GAS_PARTS else ("", "")


def _bus(telegram: P1Telegram) -> Iterator[Point]:
    for channel in range(1, 5):
        kind = telegram.lines.get(f"0-{channel}:24.1.0", ("",))[0]
        key, name = _KINDS.get(int(kind) if kind.isascii() and kind.isdigit() else 0, ("", ""))
        text, unit = _counted(telegram, channel)
        if key and unit == "m3":
            yield from points((f"{key}_{channel}_m3_total", name, "m³", text))
        if key and unit == "GJ":
            yield from points((f"{key}_{channel}_gj_total", name, "GJ", text))
