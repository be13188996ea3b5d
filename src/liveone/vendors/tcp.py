"""A TCP connection of a vendor that speaks no HTTP: every call ends by its deadline, every failure is in
words."""

import socket
from contextlib import suppress

from liveone.vendors.base import TemporaryFailure
from timed_http.deadline import Deadline

READ_BYTES_MAX = 65_536


class TcpConnection:
    """Connected when made. Not for use by several threads at once."""

    def __init__(self, host: str, port: int, deadline: Deadline) -> None:
        """Raises TemporaryFailure."""
        self.name = f"{host}:{port}"
        try:
            self._socket = socket.create_connection(
                (host.strip("[]"), port), timeout=_left_s(deadline, self.name)
            )
        except TimeoutError:
            raise TemporaryFailure(f"{self.name} did not answer in time", hint=_REACH) from None
        except (OSError, UnicodeError) as error:
            raise TemporaryFailure(f"cannot reach {self.name}: {error}", hint=_REACH) from None
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data: bytes, deadline: Deadline) -> None:
        """Send all of ``data``. Raises TemporaryFailure."""
        try:
            # Anew for each call: a socket's timeout bounds one
            # call, and a device that drips bytes would never end.
            self._socket.settimeout(_left_s(deadline, self.name))
            self._socket.sendall(data)
        except OSError as error:
            raise self._broken(error) from None

    def receive(self, deadline: Deadline, *, bytes_max: int = READ_BYTES_MAX) -> bytes:
        """What comes next, at least a byte. Raises TemporaryFailure, also where the other side has ended."""
        try:
            self._socket.settimeout(_left_s(deadline, self.name))
            found = self._socket.recv(bytes_max)
        except OSError as error:
            raise self._broken(error) from None
        if not found:
            raise TemporaryFailure(f"{self.name} ended the connection", hint=_ENDED)
        return found

    def receive_waiting(self) -> bytes:
        """What has come already, of a sender that is far ahead READ_BYTES_MAX at least; nothing where that is
        nothing, or where the other side has ended."""
        found = bytearray()
        self._socket.settimeout(0.0)
        with suppress(OSError):
            while len(found) < READ_BYTES_MAX and (part := self._socket.recv(READ_BYTES_MAX)):
                found += part
        return bytes(found)

    def receive_exactly(self, size: int, deadline: Deadline) -> bytes:
        """The next ``size`` bytes. Raises TemporaryFailure."""
        found = bytearray()
        while len(found) < size:
            found += self.receive(deadline, bytes_max=size - len(found))
        return bytes(found)

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def _broken(self, error: OSError) -> TemporaryFailure:
        if isinstance(error, TimeoutError):
            return TemporaryFailure(f"{self.name} did not answer in time", hint=_SLOW)
        return TemporaryFailure(f"{self.name} broke off the connection: {error}", hint=_ENDED)


def _left_s(deadline: Deadline, name: str) -> float:
    left_s = deadline.left_s()
    if left_s <= 0:
        raise TemporaryFailure(f"{name} did not answer in time", hint=_SLOW)
    return left_s


_REACH = "Check host and port, that the device is on, and that this machine reaches its network."
_SLOW = "LiveOne keeps asking. If it never answers, check host, port and unit, or raise the timeout."
_ENDED = "LiveOne asks again. Many devices accept one connection only: end that of other programs."
