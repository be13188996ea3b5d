"""Plausible houses by name, for demos and tests."""

from dataclasses import dataclass

from liveone.domain.system import SystemInfo
from liveone.errors import BadInput
from liveone.simulate.appliances import Habits
from liveone.simulate.house import SINCE_DAY, House
from liveone.simulate.plant import Equipment


@dataclass(frozen=True, slots=True)
class Preset:
    """A kind of house, where such a house stands, and what its owner calls it.

    It lives by ``offset_min``, standard time; its days are counted in ``time_zone``.
    """

    display_name: str
    latitude: float
    longitude: float
    offset_min: int
    time_zone: str
    equipment: Equipment
    habits: Habits


PRESETS: dict[str, Preset] = {
    "off-grid": Preset(
        "Off-grid farm", -36.4, 146.7, 600, "Australia/Melbourne", Equipment(), Habits(hot_water_minute=640)
    ),
    "grid": Preset(
        "Town house",
        48.1,
        11.6,
        60,
        "Europe/Berlin",
        Equipment(9.8, 0.0, 8000.0, 10.2, reserve_share=0.1, export_limit_w=5000.0),
        Habits(heater_w=1600.0, cooler_w=900.0, hot_water_minute=700, car_charger_w=3700.0),
    ),
    "no-battery": Preset(
        "Terrace without battery",
        -33.9,
        151.2,
        600,
        "Australia/Sydney",
        Equipment(6.6, 0.0, 5000.0, 0.0, export_limit_w=5000.0),
        Habits(pump_w=750.0, hot_water_minute=1),
    ),
    "cabin": Preset(
        "Mountain cabin",
        61.5,
        8.8,
        60,
        "Europe/Oslo",
        Equipment(3.2, 0.6, 3000.0, 14.4, generator_w=2500.0),
        Habits(base_w=70.0, activity=0.5, heater_w=300.0, cooler_w=0.0, hot_water_w=0.0),
    ),
    "tropics": Preset(
        "House on the equator",
        -1.3,
        36.8,
        180,
        "Africa/Nairobi",
        Equipment(5.5, 0.2, 5000.0, 9.6, export_limit_w=0.0),
        Habits(base_w=150.0, heater_w=0.0, hot_water_w=800.0),
    ),
}


def house(
    preset: str = "off-grid",
    *,
    seed: int = 1,
    place: tuple[float, float] | None = None,
    since_day: str = SINCE_DAY,
) -> House:
    """A house of this kind, at its usual place or at ``place`` (latitude, longitude)."""
    kind = named(preset)
    latitude, longitude = place or (kind.latitude, kind.longitude)
    return House(
        latitude,
        longitude,
        seed=seed,
        equipment=kind.equipment,
        habits=kind.habits,
        offset_min=None if place else kind.offset_min,
        since_day=since_day,
    )


def named(preset: str) -> Preset:
    """The preset of that name; BadInput lists the names."""
    if preset not in PRESETS:
        raise BadInput(f"there is no kind of house {preset!r}", hint=f"Choose one of: {', '.join(PRESETS)}.")
    return PRESETS[preset]


def system_info(equipment: Equipment, serial: str) -> SystemInfo:
    """What the vendor's page says of such a system, in its words."""
    battery = f"{equipment.battery_kwh:g} kWh" if equipment.battery_kwh else ""
    return SystemInfo(
        model="SPMC482",
        serial=serial,
        ratings=f"{equipment.inverter_w / 1000:g}kW, 48V",
        solar_size=f"{equipment.solar_kw:g} kW",
        battery_size=battery,
    )
