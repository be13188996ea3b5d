"""A SunSpec device, and where it stands apart the meter: both behind one host."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from liveone.domain.system import SystemInfo
from liveone.vendors.adapter import Raw
from liveone.vendors.base import ProtocolViolation, VendorAccount
from liveone.vendors.measures import DeviceSample, Measure
from liveone.vendors.modbus.adapter import ModbusAdapter
from liveone.vendors.modbus.frames import ModbusRefused, ReadFunction
from liveone.vendors.parameters import Settings, VendorParameter
from liveone.vendors.sunspec.models import READ
from liveone.vendors.sunspec.parse import info_of, sample_of
from timed_http.deadline import Deadline

MARK = [0x5375, 0x6E53]
"""``SunS``, where the models begin."""

BASES = (40_000, 50_000, 0)
HOLDING: ReadFunction = 3
END = 0xFFFF
MODELS_MAX, MODEL_WORDS_MAX = 60, 1200

ModelPlaces = list[tuple[int, int, int]]
"""Number, address of the words behind its header, and how many, of each model that is read."""


class SunSpecDevice(ModbusAdapter):
    """Whatever the device describes: inverter, meter, battery."""

    vendor_type = "sunspec"
    title = "SunSpec inverter, meter or battery (Modbus)"
    makes: ClassVar[tuple[str, ...]] = ("SolarEdge", "SMA", "Kostal", "ABB", "FIMER", "Fronius", "Enphase")
    parameters: ClassVar[tuple[VendorParameter, ...]] = (
        *ModbusAdapter.parameters,
        VendorParameter(
            "meter_unit", "Unit of the meter", "integer", lowest=0, highest=255,
            help="Where the meter has a number of its own: 240 at Fronius.",
        ),
        VendorParameter(
            "meter_positive", "The meter's positive power is", "choice", choices=("auto", "import", "export"),
            default="auto", help="auto knows SolarEdge, whose meters count exports as positive.",
        ),
    )  # fmt: skip
    measures: ClassVar[Mapping[str, Measure]] = MappingProxyType(
        {
            "solar_w": Measure("W"),
            "battery_w": Measure("W", positive="discharge"),
            "grid_w": Measure("W", positive="import"),
            "battery_soc_pct": Measure("%"),
            "solar_kwh_total": Measure("Wh"),
            "grid_in_kwh_total": Measure("Wh"),
            "grid_out_kwh_total": Measure("Wh"),
            "fault_code": Measure("code"),
        }
    )

    def __init__(self, account: VendorAccount) -> None:
        super().__init__(account)
        self._places: dict[int, ModelPlaces] = {}

    def ask(self, deadline: Deadline) -> Raw:
        """The models of the device, and of the meter's unit where one is named."""
        unit = int(self.settings["unit"])
        found: dict[str, Any] = {"models": self._models(unit, deadline)}
        meter_unit = self.settings.get("meter_unit")
        if meter_unit is not None:
            found["meter"] = self._models(int(meter_unit), deadline)
        return found

    @classmethod
    def parse(cls, raw: Raw, settings: Settings) -> DeviceSample:
        """See ``parse.sample_of``."""
        return sample_of(raw, str(settings.get("meter_positive", "auto")))

    @classmethod
    def info(cls, raw: Raw, settings: Settings) -> SystemInfo:
        """See ``parse.info_of``."""
        return info_of(raw)

    def _models(self, unit: int, deadline: Deadline) -> list[dict[str, Any]]:
        """Where the models stand is found once; after a failure anew, for a device may have been changed."""
        places = self._places.pop(unit, None) or self._found(unit, deadline)
        models = [
            {"number": number, "words": self.words(HOLDING, address, count, deadline, unit=unit)}
            for number, address, count in places
        ]
        self._places[unit] = places
        return models

    def _found(self, unit: int, deadline: Deadline) -> ModelPlaces:
        address = self._base(unit, deadline) + len(MARK)
        places: ModelPlaces = []
        for _ in range(MODELS_MAX):
            number, count = self._header(unit, address, deadline, is_first=not places)
            if number == END:
                return places
            if number in READ and count <= MODEL_WORDS_MAX:
                places.append((number, address + 2, count))
            address += 2 + count
            if address > END - 2:
                break
        raise ProtocolViolation(
            f"{self.title}: the list of models does not end", hint="Report the device's model and firmware."
        )

    def _header(self, unit: int, address: int, deadline: Deadline, *, is_first: bool) -> tuple[int, int]:
        """Number and words of the model at an address. Where the registers end there is none; some devices
        leave out the mark of the end."""
        try:
            number, count = self.words(HOLDING, address, 2, deadline, unit=unit)
        except ModbusRefused:
            if is_first:
                raise
            return END, 0
        return number, count

    def _base(self, unit: int, deadline: Deadline) -> int:
        for base in BASES:
            try:
                if self.words(HOLDING, base, len(MARK), deadline, unit=unit) == MARK:
                    return base
            except ModbusRefused:
                continue
        raise ProtocolViolation(
            f"{self.title}: unit {unit} has no SunSpec models",
            hint="Check the unit, and that SunSpec (Modbus TCP) is switched on in the device's own settings.",
        )
