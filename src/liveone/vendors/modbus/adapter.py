"""What adapters over Modbus have in common: their address, and the link that they share."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, cast

from liveone.errors import ConfigError
from liveone.vendors.base import VendorAccount
from liveone.vendors.followed import EVERY, FollowedAdapter
from liveone.vendors.modbus.frames import Framing, ReadFunction
from liveone.vendors.modbus.link import LINKS
from liveone.vendors.parameters import VendorParameter
from timed_http.deadline import Deadline

PORTS: Mapping[Framing, int] = MappingProxyType({"tcp": 502, "rtu": 502, "solarman": 8899})
ADDRESS = (
    VendorParameter("host", "Host", "host", required=True, help="Device or gateway, such as 192.168.1.40."),
    VendorParameter(
        "port", "Port", "integer", lowest=1, highest=65_535, help="If not 502 (8899 for a Solarman logger)."
    ),
    VendorParameter(
        "framing", "Framing", "choice", choices=("tcp", "rtu", "solarman"), default="tcp",
        help="rtu for a serial server that passes bytes on; solarman for a Wi-Fi logger of that make.",
    ),
    VendorParameter(
        "logger", "Serial number of the logger", "integer", lowest=1, highest=2**32 - 1,
        help="Of a Solarman logger: ten digits on its label.",
    ),
)  # fmt: skip


def unit_parameter(default: int) -> VendorParameter:
    """The device's number behind its host."""
    return VendorParameter(
        "unit", "Unit", "integer", default=default, lowest=0, highest=255, help="Its number on the bus."
    )


class ModbusAdapter(FollowedAdapter):
    """A device that is read over Modbus. Its ``ask`` uses ``words``; nothing can be written."""

    parameters: ClassVar[tuple[VendorParameter, ...]] = (*ADDRESS, unit_parameter(1), EVERY)

    def __init__(self, account: VendorAccount) -> None:
        super().__init__(account)
        framing = cast(Framing, self.settings["framing"])
        logger = int(self.settings.get("logger", 0))
        if framing == "solarman" and not logger:
            raise ConfigError(
                f"{self.vendor_type}: the serial number of the Solarman logger is missing",
                hint="Set logger: ten digits, on its label and in its own pages.",
            )
        port = int(self.settings.get("port", PORTS[framing]))
        self._link = LINKS.hold(str(self.settings["host"]), port, framing, logger)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._link.name} unit {self.settings['unit']})"

    def words(
        self, function: ReadFunction, address: int, count: int, deadline: Deadline, *, unit: int | None = None
    ) -> list[int]:
        """Registers of the device, or of another unit behind the same host. Raises VendorError."""
        asked = int(self.settings["unit"]) if unit is None else unit
        return list(self._link.read(asked, function, address, count, deadline))

    def close(self) -> None:
        """Give the link back."""
        super().close()
        LINKS.release(self._link)


Words = Mapping[str, list[int]]
"""Registers as ``ask`` found them: by function and first address (``4:13000``)."""
