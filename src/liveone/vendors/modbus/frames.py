"""Frames of Modbus, over TCP (with a header) and RTU over TCP (with a CRC-16). Pure.

By "Modbus application protocol" 1.1b3 and "Modbus messaging on TCP/IP" 1.0b. Words are registers of 16 bits.
"""

import struct
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from liveone.vendors.base import ProtocolViolation, TemporaryFailure, VendorError

Framing = Literal["tcp", "rtu", "solarman"]
ReadFunction = Literal[3, 4]
"""3 reads holding registers, 4 input registers."""

# An answer of 125 has 252 bytes with its function and count; one more would exceed the 253 of a PDU.
WORDS_MAX = 125
"""What one question may ask for."""

HEADER_BYTES = 7
PDU_BYTES_MAX = 253
REFUSED_BIT = 0x80
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3

_SAID: Mapping[int, str] = MappingProxyType(
    {
        ILLEGAL_FUNCTION: "it does not know this function",
        ILLEGAL_ADDRESS: "it has no such registers",
        ILLEGAL_VALUE: "it does not give so many registers",
        4: "it failed",
        5: "it needs longer",
        6: "it is busy",
        8: "its memory is damaged",
        10: "the gateway has no way to the device",
        11: "the device behind the gateway does not answer",
    }
)


class ModbusRefused(ProtocolViolation):
    """The device answered with an exception that asking again does not change; ``code`` is which."""

    def __init__(self, message: str, code: int, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code


class BadFrame(TemporaryFailure):
    """Bytes that are no answer: noise on the line, or another protocol."""


def question(function: ReadFunction, address: int, count: int) -> bytes:
    """What asks for ``count`` words from ``address`` on."""
    return struct.pack(">BHH", function, address, count)


def words_of(pdu: bytes, *, function: ReadFunction, address: int, count: int, name: str) -> tuple[int, ...]:
    """The words in the answer to ``question``. Raises VendorError, in words."""
    if len(pdu) == 2 and pdu[0] == function | REFUSED_BIT:
        raise _refusal(pdu[1], f"{name}, registers {address} to {address + count - 1}")
    if len(pdu) != 2 + 2 * count or pdu[0] != function or pdu[1] != 2 * count:
        raise BadFrame(f"{name} sent something that is no answer", hint=_FRAMING)
    return struct.unpack(f">{count}H", pdu[2:])


def tcp_frame(transaction: int, unit: int, pdu: bytes) -> bytes:
    """A frame over TCP."""
    return struct.pack(">HHHB", transaction, 0, len(pdu) + 1, unit) + pdu


def tcp_header(header: bytes, name: str) -> tuple[int, int, int]:
    """Transaction, unit, and how many bytes of the answer follow. Raises BadFrame."""
    transaction, protocol, length, unit = struct.unpack(">HHHB", header)
    if protocol != 0 or not 2 <= length <= PDU_BYTES_MAX + 1:
        raise BadFrame(f"{name} speaks no Modbus TCP", hint=_FRAMING)
    return transaction, unit, length - 1


def rtu_frame(unit: int, pdu: bytes) -> bytes:
    """A frame as on a serial line."""
    data = bytes((unit,)) + pdu
    # The CRC alone goes low byte first; registers go high byte first.
    return data + crc_modbus(data).to_bytes(2, "little")


def rtu_rest(first: bytes) -> int:
    """How many bytes follow the first three of an answer on a serial line: unit, function, and one more."""
    return 2 if first[1] & REFUSED_BIT else first[2] + 2


def rtu_answer(frame: bytes, unit: int, name: str) -> bytes:
    """The answer in a whole frame of a serial line. Raises BadFrame."""
    if len(frame) < 5 or crc_modbus(frame[:-2]) != int.from_bytes(frame[-2:], "little"):
        raise BadFrame(f"{name} sent a frame whose CRC is wrong", hint=_FRAMING)
    if frame[0] != unit:
        raise BadFrame(f"{name} sent an answer of unit {frame[0]} for unit {unit}", hint=_FRAMING)
    return frame[1:-2]


def crc_modbus(data: bytes) -> int:
    """CRC-16/Modbus: polynomial x^16 + x^15 + x^2 + 1, least significant bit first, from FFFF on."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def _refusal(code: int, what: str) -> VendorError:
    said = _SAID.get(code, f"it refuses (code {code})")
    if code in (ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE):
        return ModbusRefused(f"{what}: {said}", code, hint=_MODEL)
    return TemporaryFailure(f"{what}: {said}", hint=_UNIT)


_FRAMING = "Check the port, and the setting framing: Modbus TCP, RTU over TCP, Solarman."
_MODEL = "Check unit and model: another device, or another firmware, has other registers."
_UNIT = "LiveOne keeps asking. If it stays so, check the unit and the wiring behind the gateway."
