"""The Modbus reader against pymodbus's server, and against devices that answer what they should not."""

import contextlib
import struct
import threading
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.vendors.modbus_device import ModbusDevice
from tests.vendors.tcp_device import TcpDevice

from liveone.vendors.base import TemporaryFailure, VendorError
from liveone.vendors.modbus.frames import (
    BadFrame,
    Framing,
    ModbusRefused,
    crc_modbus,
    rtu_answer,
    rtu_frame,
    tcp_header,
    words_of,
)
from liveone.vendors.modbus.link import ModbusLink, SharedLinks
from liveone.vendors.modbus.values import text_of, value_of
from timed_http.deadline import Deadline

WORDS = list(range(1000, 1300))


@pytest.mark.parametrize("framing", ["tcp", "rtu"])
def test_registers_of_several_units_come_over_one_connection(framing: Framing) -> None:
    units = {1: ({100: WORDS}, {7: [9]}), 5: ({0: [1, 2]}, {})}
    with ModbusDevice(units, rtu=framing == "rtu") as device:
        link = ModbusLink("127.0.0.1", device.port, framing)
        assert list(link.read(1, 3, 100, 300, Deadline(10))) == WORDS, "more than one question holds"
        assert link.read(1, 4, 7, 1, Deadline(10)) == (9,)
        assert link.read(5, 3, 0, 2, Deadline(10)) == (1, 2)
        with pytest.raises(ModbusRefused, match="no such registers") as caught:
            link.read(1, 3, 9000, 1, Deadline(10))
        assert caught.value.code == 2
        assert link.read(5, 3, 1, 1, Deadline(10)) == (2,), "a refusal ends no connection"
        assert device.connections == 1
        link.close()


def test_threads_that_share_a_link_wait_for_each_other() -> None:
    units = {unit: ({0: [unit] * 100}, {}) for unit in range(1, 11)}
    wrong: list[object] = []
    with ModbusDevice(units) as device:
        link = ModbusLink("127.0.0.1", device.port, "tcp")

        def ask(unit: int) -> None:
            for _ in range(5):
                words = link.read(unit, 3, 0, 100, Deadline(60))
                wrong.extend(word for word in words if word != unit)

        threads = [threading.Thread(target=ask, args=(unit,)) for unit in units]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (wrong, device.connections) == ([], 1)
        link.close()


def test_one_link_a_host_is_shared_and_closed_by_the_last() -> None:
    links = SharedLinks()
    first, second = links.hold("Gateway.lan", 502, "tcp"), links.hold("gateway.lan", 502, "tcp")
    assert first is second
    assert links.hold("gateway.lan", 503, "tcp") is not first
    links.release(first)
    assert links.hold("gateway.lan", 502, "tcp") is first
    links.release(first)
    links.release(first)
    assert links.hold("gateway.lan", 502, "tcp") is not first


def tcp_reply(transaction: int, unit: int, words: list[int]) -> bytes:
    pdu = struct.pack(f">BB{len(words)}H", 3, 2 * len(words), *words)
    return struct.pack(">HHHB", transaction, 0, len(pdu) + 1, unit) + pdu


def test_a_late_answer_to_another_question_is_passed_over() -> None:
    with TcpDevice(tcp_reply(77, 1, [666]) + tcp_reply(1, 9, [667]) + tcp_reply(1, 1, [5])) as port:
        link = ModbusLink("127.0.0.1", port, "tcp")
        assert link.read(1, 3, 0, 1, Deadline(10)) == (5,)
        link.close()


@pytest.mark.parametrize("framing", ["tcp", "rtu"])
@pytest.mark.parametrize("sends", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0" * 300])
def test_another_protocol_is_no_answer(framing: Framing, sends: bytes) -> None:
    with TcpDevice(sends) as port:
        link = ModbusLink("127.0.0.1", port, framing)
        with pytest.raises(TemporaryFailure):
            link.read(1, 3, 0, 1, Deadline(1))
        link.close()


def test_a_silent_device_is_left_by_the_deadline_and_then_asked_anew() -> None:
    with TcpDevice(b"") as port:
        link = ModbusLink("127.0.0.1", port, "tcp")
        for _ in range(2):
            with pytest.raises(TemporaryFailure, match="in time"):
                link.read(1, 3, 0, 1, Deadline(0.2))
        link.close()


def refused(code: int) -> Callable[[], object]:
    return lambda: words_of(bytes((0x83, code)), function=3, address=7, count=2, name="meter")


@pytest.mark.parametrize(
    ("code", "kind", "said"),
    [
        (1, ModbusRefused, "function"),
        (2, ModbusRefused, "registers 7 to 8: it has no such registers"),
        (6, TemporaryFailure, "busy"),
        (10, TemporaryFailure, "gateway has no way"),
        (11, TemporaryFailure, "behind the gateway does not answer"),
        (99, TemporaryFailure, "code 99"),
    ],
)
def test_a_refusal_is_told_in_words(code: int, kind: type[VendorError], said: str) -> None:
    with pytest.raises(kind, match=said) as caught:
        refused(code)()
    assert caught.value.hint


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=40))
def test_no_bytes_raise_anything_but_our_errors(data: bytes) -> None:
    attempts: tuple[Callable[[], object], ...] = (
        lambda: words_of(data, function=3, address=0, count=2, name="x"),
        lambda: tcp_header(data[:7].ljust(7, b"\0"), "x"),
        lambda: rtu_answer(data, 1, "x"),
    )
    for attempt in attempts:
        with contextlib.suppress(VendorError):
            attempt()


def test_the_crc_is_that_of_modbus() -> None:
    """The check value of CRC-16/MODBUS over "123456789", as catalogues of CRCs give it."""
    assert crc_modbus(b"123456789") == 0x4B37
    assert rtu_frame(1, bytes.fromhex("0300000002")).hex() == "010300000002c40b"
    with pytest.raises(BadFrame, match="CRC"):
        rtu_answer(bytes.fromhex("0103020001ffff"), 1, "x")


@pytest.mark.parametrize(
    ("words", "kind", "low_first", "value"),
    [
        ([0xFFFE], "s16", False, -2),
        ([0xFFFE], "u16", False, 65534),
        ([0x0001, 0x0002], "u32", False, 65538),
        ([0x0002, 0x0001], "u32", True, 65538),
        ([0xFFFF, 0xFFFE], "s32", False, -2),
        ([0x4366, 0x3334], "f32", False, pytest.approx(230.2, abs=1e-4)),
        ([0x7FC0, 0], "f32", False, None),
        ([4, 3, 2, 1], "u64", True, 0x0001000200030004),
        ([1], "u32", False, None),
        ([True], "u16", False, None),
        ([70000], "u16", False, None),
        (["1"], "u16", False, None),
    ],
)
def test_words_become_values(words: list[object], kind: str, low_first: bool, value: object) -> None:
    assert value_of(words, kind, low_first=low_first) == value  # type: ignore[arg-type]


def test_letters_end_at_the_first_zero() -> None:
    assert text_of([0x4142, 0x4300, 0x4400]) == "ABC"
    assert text_of([0, 0]) is None
    assert text_of([None]) is None
