"""A smart meter's P1 port behind a serial server on the network (ser2net, a SLIMMELEZER, a P1 dongle), or
in a file."""

import os
import threading
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

from liveone.domain.system import SystemInfo
from liveone.vendors.adapter import Raw
from liveone.vendors.base import ProtocolViolation, TemporaryFailure, VendorAccount, VendorError
from liveone.vendors.followed import EVERY, FollowedAdapter
from liveone.vendors.measures import DeviceSample, Measure
from liveone.vendors.p1.telegram import (
    ENCRYPTED,
    TELEGRAM_BYTES_MAX,
    newest_whole,
    sample_of,
    serial_of,
    telegram_of,
)
from liveone.vendors.parameters import Settings, VendorParameter
from liveone.vendors.tcp import TcpConnection
from timed_http.deadline import Deadline

WAITED_FOR_BYTES_MAX = 4 * TELEGRAM_BYTES_MAX


class DsmrTelegrams(FollowedAdapter):
    """The grid connection, from the newest telegram."""

    measures: ClassVar[Mapping[str, Measure]] = MappingProxyType(
        {
            "grid_w": Measure("W", positive="import"),
            "grid_in_kwh_total": Measure("kWh"),
            "grid_out_kwh_total": Measure("kWh"),
        }
    )

    @abstractmethod
    def telegram(self, deadline: Deadline) -> bytes:
        """The newest whole telegram. Raises VendorError."""

    def ask(self, deadline: Deadline) -> Raw:
        """The newest telegram, as text."""
        return {"telegram": self.telegram(deadline).decode("latin-1")}

    @classmethod
    def parse(cls, raw: Raw, settings: Settings) -> DeviceSample:
        """See ``telegram.sample_of``."""
        return sample_of(telegram_of(raw["telegram"]))

    @classmethod
    def info(cls, raw: Raw, settings: Settings) -> SystemInfo:
        """The meter's make and equipment number."""
        found = telegram_of(raw["telegram"])
        return SystemInfo(model=found.meter, serial=serial_of(found))


class DsmrP1(DsmrTelegrams):
    """A serial server that passes on what the meter sends by itself, every second or every ten."""

    vendor_type = "dsmr-p1"
    title = "Smart meter, P1 port over the network"
    parameters: ClassVar[tuple[VendorParameter, ...]] = (
        VendorParameter(
            "host", "Host", "host", required=True, help="The serial server, such as 192.168.1.40."
        ),
        VendorParameter("port", "Port", "integer", default=23, lowest=1, highest=65_535),
        EVERY,
    )

    ask_s = 15.0
    """Older meters send every ten seconds."""

    def __init__(self, account: VendorAccount) -> None:
        super().__init__(account)
        self._listening = threading.Lock()
        self._open: TcpConnection | None = None

    def telegram(self, deadline: Deadline) -> bytes:
        """Listen until a whole telegram has come. Where it is listened to between polls, the connection
        stays; of what has come in the meantime the newest counts."""
        if not self._listening.acquire(timeout=max(0.0, deadline.left_s())):
            raise TemporaryFailure(
                "no whole telegram has come in time", hint="Does the meter send by itself?"
            )
        try:
            connection, self._open = self._open or self._connected(deadline), None
            try:
                found = _newest_of(connection, deadline)
            except VendorError:
                connection.close()
                raise
            if self.streams(self.settings) and not self._closed.is_set():
                self._open = connection
            else:
                connection.close()
            return found
        finally:
            self._listening.release()

    def close(self) -> None:
        """Listen no more."""
        super().close()
        with self._listening:
            if self._open is not None:
                self._open.close()
                self._open = None

    def _connected(self, deadline: Deadline) -> TcpConnection:
        return TcpConnection(str(self.settings["host"]), int(self.settings["port"]), deadline)


def _newest_of(connection: TcpConnection, deadline: Deadline) -> bytes:
    heard = b""
    while (found := newest_whole(heard)) is None:
        if ENCRYPTED in heard:
            raise ProtocolViolation("the meter's telegrams are encrypted", hint=_DECRYPT)
        heard = (heard + connection.receive(deadline) + connection.receive_waiting())[-WAITED_FOR_BYTES_MAX:]
    return found


_DECRYPT = (
    "Let the adapter at the port decrypt them with the key of your grid operator (SLIMMELEZER, ESPHome and "
    "others do), or let it push or publish what it reads."
)


class DsmrFile(DsmrTelegrams):
    """A file to which another program appends telegrams."""

    vendor_type = "dsmr-file"
    title = "Smart meter, P1 telegrams in a file"
    parameters: ClassVar[tuple[VendorParameter, ...]] = (
        VendorParameter(
            "path", "File", required=True, help="Where another program writes what the meter sends."
        ),
        EVERY,
    )

    def telegram(self, deadline: Deadline) -> bytes:
        """The last telegram in the file; nothing else of it is shown."""
        path = Path(str(self.settings["path"]))
        try:
            with path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                file.seek(max(0, size - WAITED_FOR_BYTES_MAX))
                found = newest_whole(file.read(WAITED_FOR_BYTES_MAX))
        except (OSError, ValueError) as error:
            said = error.strerror if isinstance(error, OSError) else str(error)
            raise TemporaryFailure(
                f"{path} cannot be read: {said}", hint="Check the path, and that LiveOne may read it."
            ) from None
        if found is None:
            raise TemporaryFailure(
                f"{path} ends in no whole telegram",
                hint="Is this the file that the meter's lines are written to?",
            )
        return found
