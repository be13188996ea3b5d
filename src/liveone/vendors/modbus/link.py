"""One connection a host, shared by all sources behind it: most devices accept one only, and a gateway
answers for ten. Questions wait for each other; each ends by its deadline. After a failure the connection is
made anew."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from liveone.vendors.base import TemporaryFailure, VendorError
from liveone.vendors.modbus.frames import (
    HEADER_BYTES,
    WORDS_MAX,
    Framing,
    ModbusRefused,
    ReadFunction,
    question,
    rtu_answer,
    rtu_frame,
    rtu_rest,
    tcp_frame,
    tcp_header,
    words_of,
)
from liveone.vendors.modbus.solarman import HEADER_BYTES as V5_HEADER_BYTES
from liveone.vendors.modbus.solarman import TRAILER_BYTES, v5_answer, v5_payload_bytes, v5_question
from liveone.vendors.tcp import TcpConnection
from timed_http.deadline import Deadline

STALE_MAX = 16
"""Late answers to questions that were given up, which are passed over."""


class ModbusLink:
    """Reads registers of every unit behind one host; safe to call from threads."""

    def __init__(self, host: str, port: int, framing: Framing, logger: int = 0) -> None:
        """``logger`` is the serial number of a Solarman logger."""
        self._address, self._framing, self._logger = (host, port), framing, logger
        self._lock = threading.Lock()
        self._connection: TcpConnection | None = None
        self._transaction = 0

    @property
    def name(self) -> str:
        """The host and its port."""
        return f"{self._address[0]}:{self._address[1]}"

    def read(
        self, unit: int, function: ReadFunction, address: int, count: int, deadline: Deadline
    ) -> tuple[int, ...]:
        """``count`` words (up to WORDS_MAX at a time) from ``address`` on. Raises VendorError."""
        found: list[int] = []
        with self._exclusively(deadline):
            while len(found) < count:
                part = min(WORDS_MAX, count - len(found))
                found += self._read(unit, function, address + len(found), part, deadline)
        return tuple(found)

    def close(self) -> None:
        """End the connection; a question makes it anew."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    @contextmanager
    def _exclusively(self, deadline: Deadline) -> Iterator[None]:
        if not self._lock.acquire(timeout=deadline.left_s()):
            raise TemporaryFailure(
                f"{self.name} was still answering another question",
                hint="Several sources share its one connection: poll less often, or raise the timeout.",
            )
        try:
            yield
        # A refusal is a whole answer: the connection is in step, and stays.
        except ModbusRefused:
            raise
        # After half an answer nobody knows where the next frame begins.
        except VendorError:
            self.close()
            raise
        finally:
            self._lock.release()

    def _read(
        self, unit: int, function: ReadFunction, address: int, count: int, deadline: Deadline
    ) -> tuple[int, ...]:
        if self._connection is None:
            self._connection = TcpConnection(*self._address, deadline)
        self._transaction = (self._transaction + 1) % 0x10000
        pdu = question(function, address, count)
        ways = {"tcp": self._over_tcp, "rtu": self._over_rtu, "solarman": self._over_solarman}
        answer = ways[self._framing](self._connection, unit, pdu, deadline)
        name = f"{self.name} unit {unit}"
        return words_of(answer, function=function, address=address, count=count, name=name)

    def _over_tcp(self, connection: TcpConnection, unit: int, pdu: bytes, deadline: Deadline) -> bytes:
        connection.send(tcp_frame(self._transaction, unit, pdu), deadline)
        for _ in range(STALE_MAX):
            header = connection.receive_exactly(HEADER_BYTES, deadline)
            transaction, answering, length = tcp_header(header, self.name)
            answer = connection.receive_exactly(length, deadline)
            if transaction == self._transaction and answering == unit:
                return answer
        raise self._astray()

    def _over_rtu(self, connection: TcpConnection, unit: int, pdu: bytes, deadline: Deadline) -> bytes:
        connection.send(rtu_frame(unit, pdu), deadline)
        # RTU has no length in front: three bytes tell whether it is a refusal, or how many bytes follow.
        first = connection.receive_exactly(3, deadline)
        return rtu_answer(first + connection.receive_exactly(rtu_rest(first), deadline), unit, self.name)

    def _over_solarman(self, connection: TcpConnection, unit: int, pdu: bytes, deadline: Deadline) -> bytes:
        connection.send(v5_question(self._transaction, self._logger, rtu_frame(unit, pdu)), deadline)
        for _ in range(STALE_MAX):
            header = connection.receive_exactly(V5_HEADER_BYTES, deadline)
            rest = v5_payload_bytes(header, self.name) + TRAILER_BYTES
            frame = header + connection.receive_exactly(rest, deadline)
            rtu = v5_answer(frame, self._transaction, self._logger, self.name)
            if rtu is not None:
                return rtu_answer(rtu, unit, self.name)
        raise self._astray()

    def _astray(self) -> TemporaryFailure:
        return TemporaryFailure(
            f"{self.name} answers other questions than ours", hint="LiveOne asks again, on a new connection."
        )


class SharedLinks:
    """The links of this process, by host, port, framing and logger; each is closed when nobody holds it any
    more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[tuple[str, int, Framing, int], tuple[ModbusLink, int]] = {}

    def hold(self, host: str, port: int, framing: Framing, logger: int = 0) -> ModbusLink:
        """The one link to a host; give it back with ``release``."""
        key = (host.lower(), port, framing, logger)
        with self._lock:
            link, holders = self._held.get(key, (ModbusLink(host, port, framing, logger), 0))
            self._held[key] = (link, holders + 1)
            return link

    def release(self, link: ModbusLink) -> None:
        """Done with a link."""
        with self._lock:
            for key, (held, holders) in list(self._held.items()):
                if held is link and holders > 1:
                    self._held[key] = (held, holders - 1)
                elif held is link:
                    del self._held[key]
                    held.close()


LINKS = SharedLinks()
