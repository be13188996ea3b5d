"""Frames of Solarman V5: Modbus RTU in the envelope of the Wi-Fi loggers that many inverters carry. Pure.

An envelope begins with A5 and ends with a sum and 15: length of the payload, control code, sequence number,
serial number of the logger (all lowest byte first), then 15 bytes (a question) or 14 (an answer) and the
Modbus RTU frame.
"""

import struct

from liveone.vendors.modbus.frames import BadFrame

START, END = 0xA5, 0x15
HEADER_BYTES, TRAILER_BYTES = 11, 2
QUESTION, ANSWER = 0x4510, 0x1510
INVERTER = 2
ANSWER_HEAD_BYTES = 14
PAYLOAD_BYTES_MAX = 1024


def v5_question(sequence: int, logger: int, rtu: bytes) -> bytes:
    """An RTU frame for the inverter behind a logger."""
    payload = struct.pack("<BHIII", INVERTER, 0, 0, 0, 0) + rtu
    frame = struct.pack("<BHHHI", START, len(payload), QUESTION, sequence, logger) + payload
    return frame + bytes((_sum(frame), END))


def v5_payload_bytes(header: bytes, name: str) -> int:
    """How many bytes of payload follow a header. Raises BadFrame."""
    start, length = struct.unpack("<BH", header[:3])
    if start != START or length > PAYLOAD_BYTES_MAX:
        raise BadFrame(f"{name} speaks no Solarman V5", hint=_HINT)
    return int(length)


def v5_answer(frame: bytes, sequence: int, logger: int, name: str) -> bytes | None:
    """The RTU frame in a whole envelope; None for an envelope of something else, such as a sign of life.

    Raises BadFrame.
    """
    if frame[-1] != END or frame[-2] != _sum(frame[:-2]):
        raise BadFrame(f"{name} sent an envelope whose sum is wrong", hint=_HINT)
    control, counted, sender = struct.unpack("<HHI", frame[3:HEADER_BYTES])
    # A logger counts in the upper byte itself; only the lower one is ours.
    if control != ANSWER or counted & 0xFF != sequence & 0xFF:
        return None
    rtu = frame[HEADER_BYTES + ANSWER_HEAD_BYTES : -TRAILER_BYTES]
    if sender != logger:
        raise BadFrame(f"{name} is the logger {sender}, not {logger}", hint=_SERIAL)
    if len(rtu) < 5:
        raise BadFrame(f"{name} has no answer of the inverter", hint=_SILENT)
    return rtu


def _sum(frame: bytes) -> int:
    return sum(frame[1:]) & 0xFF


_HINT = "Check host and port (8899), and that it is a Solarman logger."
_SERIAL = "Its serial number stands on its label, and in its own pages."
_SILENT = "The inverter behind it may be off (at night many are), or have another unit."
