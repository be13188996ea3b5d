"""Inverters and meters that are read by their register map."""

from collections.abc import Mapping
from typing import Any, ClassVar

from liveone.domain.sources import ROLES, Role
from liveone.domain.system import SystemInfo
from liveone.errors import ConfigError
from liveone.vendors.adapter import METER_PARAMETERS, METERED, Raw
from liveone.vendors.base import VendorAccount
from liveone.vendors.followed import EVERY
from liveone.vendors.measures import DeviceSample, Measure, fields_of, roles_of
from liveone.vendors.modbus.adapter import ADDRESS, ModbusAdapter
from liveone.vendors.modbus.frames import ModbusRefused
from liveone.vendors.parameters import Settings, VendorParameter
from liveone.vendors.registers.maps import (
    INVERTER_MEASURES,
    METER_MEASURES,
    RegisterMap,
    Span,
    map_in_file,
    shipped_maps,
)
from liveone.vendors.registers.parse import info_of, key_of, sample_of
from timed_http.deadline import Deadline


def _names(*, meters: bool) -> tuple[str, ...]:
    return tuple(name for name, each in shipped_maps().items() if each.is_meter is meters)


def _parameters(*, meters: bool) -> tuple[VendorParameter, ...]:
    names = _names(meters=meters)
    return (
        *ADDRESS,
        VendorParameter(
            "unit", "Unit", "integer", lowest=0, highest=255, help="Where it is not the usual one."
        ),
        VendorParameter("map", "Register map", "choice", choices=names, help="The make and model."),
        VendorParameter("file", "File", help="Or a register map of your own (TOML)."),
        EVERY,
    )


class RegisterInverter(ModbusAdapter):
    """An inverter; which values it gives is what its map says."""

    vendor_type = "modbus-inverter"
    title = "Inverter by its register map (Modbus)"
    makes: ClassVar[tuple[str, ...]] = (
        "Sungrow", "Huawei", "Growatt", "Deye", "Sunsynk", "GoodWe", "SolaX", "Victron", "Sigenergy",
    )  # fmt: skip
    parameters: ClassVar[tuple[VendorParameter, ...]] = _parameters(meters=False)
    measures: ClassVar[Mapping[str, Measure]] = INVERTER_MEASURES
    is_meter: ClassVar[bool] = False

    def __init__(self, account: VendorAccount) -> None:
        super().__init__(account)
        try:
            self._map = self.map_of(self.settings)
        except ConfigError:
            self.close()
            raise
        self._unit = int(self.settings.get("unit", self._map.unit))
        self._apart: set[Span] = set()
        """What this device refused as a whole, and is asked for number by number since."""

    @classmethod
    def map_of(cls, settings: Settings) -> RegisterMap:
        """The map that these settings name. Raises ConfigError."""
        name, file = settings.get("map"), settings.get("file")
        if (name is None) == (file is None):
            raise ConfigError(
                f"{cls.vendor_type} needs a map or a file, and not both",
                hint=f"Maps are: {', '.join(_names(meters=cls.is_meter))}.",
            )
        found = shipped_maps()[str(name)] if file is None else map_in_file(str(file))
        if found.is_meter is not cls.is_meter:
            other = "modbus-meter" if found.is_meter else "modbus-inverter"
            raise ConfigError(f"the register map {found.name} is for {other}", hint=f'Set type = "{other}".')
        return found

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._map.name} at {self._link.name} unit {self._unit})"

    def ask(self, deadline: Deadline) -> Raw:
        """The registers of the map. Those that this model has not are left out; one at least must be
        there."""
        found: dict[str, list[int]] = {}
        refused: ModbusRefused | None = None
        texts = [(each.function, each.at, each.words) for each in self._map.texts.values()]
        waiting = [*self._map.spans(), *texts]
        while waiting:
            function, at, count = span = waiting.pop(0)
            numbers = self._map.numbers_in(span)
            if span in self._apart:
                waiting.extend(numbers)
                continue
            try:
                found[key_of(function, at)] = self.words(function, at, count, deadline, unit=self._unit)
            except ModbusRefused as error:
                refused = error
                if len(numbers) > 1:
                    self._apart.add(span)
                    waiting.extend(numbers)
        if not found and refused is not None:
            raise refused
        return {"words": found}

    @classmethod
    def fields(cls, settings: Settings) -> frozenset[str]:
        """Those that the map names."""
        given = {each.name: cls.measures[each.name] for each in cls.map_of(settings).values}
        return fields_of(given, _metered(settings), turned=settings.get("turned") is True)

    @classmethod
    def roles(cls, settings: Settings) -> tuple[Role, ...]:
        """Those of the fields that the map names."""
        return roles_of(cls.fields(settings), _metered(settings))

    @classmethod
    def parse(cls, raw: Raw, settings: Settings) -> DeviceSample:
        """See ``parse.sample_of``."""
        return sample_of(raw, cls.map_of(settings))

    @classmethod
    def info(cls, raw: Raw, settings: Settings) -> SystemInfo:
        """See ``parse.info_of``."""
        return info_of(raw, cls.map_of(settings))


class RegisterMeter(RegisterInverter):
    """A meter that may hang anywhere."""

    vendor_type = "modbus-meter"
    title = "Meter by its register map (Modbus)"
    makes: ClassVar[tuple[str, ...]] = ("Eastron", "Carlo Gavazzi", "Janitza")
    parameters: ClassVar[tuple[VendorParameter, ...]] = (*_parameters(meters=True), *METER_PARAMETERS)
    measures: ClassVar[Mapping[str, Measure]] = METER_MEASURES
    is_meter: ClassVar[bool] = True


def _metered(settings: Mapping[str, Any]) -> Role | None:
    return next((role for role in ROLES if role == settings.get(METERED.name)), None)
