"""What a GoodWe module is asked over UDP and what it answers. Pure.

Newer families: a Modbus RTU question; the answer is the bytes AA 55, then a Modbus RTU answer with its CRC.
The older ES family: ``AA 55 C0 7F``, two bytes of question, a length; the answer ends in the sum of all
bytes before it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from liveone.vendors.modbus.frames import BadFrame, question, rtu_answer, rtu_frame, words_of

HEAD = b"\xaa\x55"
PORT = 8899
TITLE = "GoodWe"


@dataclass(frozen=True, slots=True)
class GoodWeQuestion:
    """Bytes to send, and what makes values of the answer, raising VendorError for what is no answer to it."""

    name: str
    sent: bytes
    read: Callable[[bytes], list[int]]


def registers(name: str, unit: int, at: int, count: int) -> GoodWeQuestion:
    """Asks for registers; the values are words."""

    def read(answer: bytes) -> list[int]:
        if not answer.startswith(HEAD):
            raise BadFrame(f"{TITLE} sent something that is no answer", hint=_HINT)
        pdu = rtu_answer(answer[len(HEAD) :], unit, TITLE)
        return list(words_of(pdu, function=3, address=at, count=count, name=TITLE))

    return GoodWeQuestion(name, rtu_frame(unit, question(3, at, count)), read)


def running_data_of_es() -> GoodWeQuestion:
    """Asks an inverter of the ES family for what it measures; the values are bytes."""
    sent = bytes.fromhex("aa55c07f010600")

    def read(answer: bytes) -> list[int]:
        is_answer = answer.startswith(bytes.fromhex("aa557fc00186")) and len(answer) > 9
        if not is_answer or len(answer) != answer[6] + 9:
            raise BadFrame(f"{TITLE} sent something that is no answer", hint=_HINT)
        if sum(answer[:-2]) & 0xFFFF != int.from_bytes(answer[-2:], "big"):
            raise BadFrame(f"{TITLE} sent an answer whose sum is wrong", hint=_HINT)
        return list(answer[7:-2])

    return GoodWeQuestion("es", sent + (sum(sent) & 0xFFFF).to_bytes(2, "big"), read)


_HINT = "LiveOne asks again. If it stays so, check the family of the inverter."
