"""Solarman V5 against a stand-in of a logger before pymodbus's inverter; its envelopes are those of
pysolarmanv5."""

import contextlib
import socket
import struct
import threading
from typing import Self

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pysolarmanv5 import PySolarmanV5
from tests.vendors.modbus_device import ModbusDevice
from tests.vendors.test_registers import STATED

from liveone.errors import ConfigError
from liveone.vendors.adapter import account_of
from liveone.vendors.base import TemporaryFailure, VendorError
from liveone.vendors.modbus.solarman import v5_answer, v5_payload_bytes, v5_question
from liveone.vendors.registers.device import RegisterInverter

LOGGER = 2_712_345_678
ALIVE = struct.pack("<BHHHI", 0xA5, 1, 0x4710, 0, LOGGER) + b"\0"


class Logger:
    """Passes the Modbus frames of its envelopes on, and puts the answers into envelopes."""

    def __init__(self, inverter: int, *, chatty: bool = False) -> None:
        self._inverter, self._chatty = inverter, chatty
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._threads.append(threading.Thread(target=self._serve, args=(connection,), daemon=True))
                self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with (
            contextlib.suppress(OSError),
            connection,
            socket.create_connection(("127.0.0.1", self._inverter)) as bus,
        ):
            while asked := connection.recv(1024):
                bus.sendall(asked[26:-2])
                rtu = bus.recv(1024)
                if self._chatty:
                    connection.sendall(self._closed(ALIVE))
                payload = b"\x02\x01" + bytes(12) + rtu
                head = struct.pack("<BHH", 0xA5, len(payload), 0x1510) + asked[5:11]
                connection.sendall(self._closed(head + payload))

    @staticmethod
    def _closed(frame: bytes) -> bytes:
        return frame + bytes((sum(frame[1:]) & 0xFF, 0x15))


@pytest.mark.parametrize("chatty", [False, True])
def test_an_inverter_behind_a_logger_is_read(chatty: bool) -> None:
    stated = STATED["deye-3p"]
    with ModbusDevice(stated.units(), rtu=True) as inverter, Logger(inverter.port, chatty=chatty) as logger:
        given = {"host": "127.0.0.1", "port": logger.port, "map": "deye-3p", "framing": "solarman"}
        adapter = RegisterInverter(account_of("modbus-inverter", {**given, "logger": LOGGER}, timeout_s=20))
        reading = adapter.poll("house", memory={}, now_at=1_764_500_000).reading
        adapter.close()
    assert {name: getattr(reading, name) for name in stated.meant} == stated.meant


class Envelopes(PySolarmanV5):  # type: ignore[misc]
    """pysolarmanv5 without its socket."""

    def _socket_setup(self, *_: object) -> None:
        """Nothing is connected."""


def test_pysolarmanv5_makes_and_opens_the_same_envelopes() -> None:
    theirs = Envelopes("127.0.0.1", LOGGER)
    theirs.sequence_number = 4
    rtu = bytes.fromhex("010300640003")
    assert bytes(theirs._v5_frame_encoder(rtu)) == v5_question(5, LOGGER, rtu)
    sent = answer(bytes.fromhex("0103060007000800094d70"))
    assert theirs._v5_frame_decoder(sent) == v5_answer(sent, 5, LOGGER, "x")


def test_the_serial_number_of_the_logger_is_needed() -> None:
    given = {"host": "127.0.0.1", "map": "deye-3p", "framing": "solarman"}
    with pytest.raises(ConfigError, match="logger"):
        RegisterInverter(account_of("modbus-inverter", given))


def answer(rtu: bytes, *, sequence: int = 5, logger: int = LOGGER, control: int = 0x1510) -> bytes:
    payload = b"\x02\x01" + bytes(12) + rtu
    frame = struct.pack("<BHHHI", 0xA5, len(payload), control, sequence, logger) + payload
    return frame + bytes((sum(frame[1:]) & 0xFF, 0x15))


def test_another_logger_and_a_silent_inverter_are_told() -> None:
    assert v5_answer(answer(b"12345"), 5, LOGGER, "x") == b"12345"
    assert v5_answer(answer(b"12345", sequence=6), 5, LOGGER, "x") is None
    assert v5_answer(answer(b"12345", control=0x4710), 5, LOGGER, "x") is None
    with pytest.raises(TemporaryFailure, match="is the logger 7"):
        v5_answer(answer(b"12345", logger=7), 5, LOGGER, "x")
    with pytest.raises(TemporaryFailure, match="no answer of the inverter"):
        v5_answer(answer(b"\x05\0"), 5, LOGGER, "x")
    with pytest.raises(TemporaryFailure, match="sum"):
        v5_answer(answer(b"12345")[:-2] + b"\0\x15", 5, LOGGER, "x")


@settings(max_examples=100, deadline=None)
@given(st.binary(min_size=13, max_size=60))
def test_no_bytes_raise_anything_but_our_errors(data: bytes) -> None:
    with contextlib.suppress(VendorError):
        v5_payload_bytes(data[:11], "x")
    with contextlib.suppress(VendorError):
        v5_answer(data, 1, LOGGER, "x")
    assert v5_question(1, LOGGER, data)[0] == 0xA5
