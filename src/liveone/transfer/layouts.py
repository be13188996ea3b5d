"""Ready maps: what the exports of other programs and portals call the quantities of a house.

`docs/how-to/import.md` says what each map was checked against. Signs are turned into the house's here:
battery > 0 discharges, grid > 0 imports.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from liveone.errors import sentence

Target = tuple[str, int]
"""A field of Reading and the sign with which a column counts towards it."""


@dataclass(frozen=True, slots=True)
class Layout:
    """``fields`` by the column's name in small letters, without its unit; several columns may add up to a
    field. ``unit`` is that of columns that do not name theirs. A header with all names of one of the
    ``signatures`` is recognised. ``of_interval``: the columns hold the energy of the interval that begins at
    the time, not power. ``has_local_times``: of the system's own zone. ``decimal``: the mark of fractions,
    where the program always writes the same.
    """

    title: str
    fields: Mapping[str, tuple[Target, ...]]
    unit: str = "W"
    signatures: tuple[Collection[str], ...] = ()
    of_interval: bool = False
    has_local_times: bool = False
    decimal: str | None = None


def _one(**fields: str) -> dict[str, tuple[Target, ...]]:
    return {
        name: ((field.lstrip("-"), -1 if field.startswith("-") else 1),) for name, field in fields.items()
    }


def _named(names: Mapping[str, str]) -> dict[str, tuple[Target, ...]]:
    return _one(**names)


def _phases(names: Mapping[str, str]) -> dict[str, str]:
    return {f"{name} l{phase}": field for name, field in names.items() for phase in (1, 2, 3)}


EVCC = Layout(
    "evcc (InfluxDB)",
    _named(
        {
            **{"pvpower": "solar_w", "gridpower": "grid_w", "batterypower": "battery_w"},
            **{"homepower": "load_w", "chargepower": "load_w", "batterysoc": "battery_soc_pct"},
        }
    ),
    signatures=(("pvpower", "homepower"),),
)
SOLECTRUS = Layout(
    "SOLECTRUS (InfluxDB)",
    _named(
        {
            **{"inverter_power": "solar_w", "house_power": "load_w", "bat_fuel_charge": "battery_soc_pct"},
            **{"grid_power_plus": "grid_w", "grid_power_minus": "-grid_w"},
            **{"bat_power_plus": "-battery_w", "bat_power_minus": "battery_w"},
            **{"grid_import_power": "grid_w", "grid_export_power": "-grid_w"},
            **{"grid_power_import": "grid_w", "grid_power_export": "-grid_w"},
            **{"battery_charging_power": "-battery_w", "battery_discharging_power": "battery_w"},
        }
    ),
    signatures=(("inverter_power", "house_power"),),
)
PVOUTPUT = Layout(
    "PVOutput (getstatus history)",
    _one(power="solar_w", used_power="load_w"),
    has_local_times=True,
)
PVOUTPUT_PAGE = Layout(
    sentence("PVOutput (the table of a day)"),
    _named({"power": "solar_w", "power used": "load_w"}),
    signatures=(("time", "energy", "efficiency", "power"),),
    has_local_times=True,
    decimal=".",
)
PVOUTPUT_COLUMNS = (
    *("date", "time", "energy", "efficiency", "power", "average_power", "normalised", "used_energy"),
    *("used_power", "temperature", "voltage"),
)
"""The service sends no header."""

SMA = Layout(
    "SMA (Sunny Explorer, SBFspot, WebBox)",
    _named(
        {
            **{"total yield": "solar_kwh_total", "power": "solar_w"},
            **{"metering.totwhout": "solar_kwh_total", "gridms.totw": "solar_w"},
            **{"etotal": "solar_kwh_total", "pactot": "solar_w"},
        }
    ),
    has_local_times=True,
)
"""Its header is recognised by its form: `sma.sma_header`."""
FRONIUS = Layout(
    "Fronius Solar.web",
    _named(
        {
            **{
                "pv production": "solar_w",
                "pv-produktion": "solar_w",
                "pv produktion": "solar_w",
                "pv erzeugung": "solar_w",
            },
            **{"consumption": "load_w", "verbrauch": "load_w"},
            **{"energy to grid": "-grid_w", "energie ins netz eingespeist": "-grid_w"},
            **{"energy from grid": "grid_w", "energie vom netz bezogen": "grid_w"},
            **{"energy to battery": "-battery_w", "energy into battery": "-battery_w"},
            **{"energie in batterie gespeichert": "-battery_w", "energy from battery": "battery_w"},
            **{"energie aus batterie bezogen": "battery_w"},
        }
    ),
    unit="Wh",
    signatures=(("pv production", "energy to grid"), ("verbrauch", "energie ins netz eingespeist")),
    of_interval=True,
    has_local_times=True,
)
ENPHASE = Layout(
    "Enphase Enlighten",
    _named(
        {
            **{"energy produced": "solar_w", "energy consumed": "load_w"},
            **{"exported to grid": "-grid_w", "imported from grid": "grid_w"},
            **{"stored in battery": "-battery_w", "stored in batteries": "-battery_w"},
            **{"discharged from battery": "battery_w", "discharged from batteries": "battery_w"},
        }
    ),
    unit="Wh",
    signatures=(("energy produced",),),
    of_interval=True,
    has_local_times=True,
)
VRM = Layout(
    "Victron VRM (log)",
    _named(
        {
            "pv - dc-coupled": "solar_w",
            **_phases(
                {
                    "pv - ac-coupled on output": "solar_w",
                    "pv - ac-coupled on input": "solar_w",
                    "ac consumption": "load_w",
                    "grid": "grid_w",
                }
            ),
            **{"battery power": "-battery_w", "battery power (system)": "-battery_w"},
            **{"battery soc": "battery_soc_pct", "battery state of charge": "battery_soc_pct"},
            "battery state of charge (system)": "battery_soc_pct",
        }
    ),
    has_local_times=True,
)
VRM_ENERGY = Layout(
    "Victron VRM (kWh)",
    {
        "pv to consumers": (("solar_w", 1), ("load_w", 1)),
        "pv to battery": (("solar_w", 1), ("battery_w", -1)),
        "pv to grid": (("solar_w", 1), ("grid_w", -1)),
        "battery to consumers": (("battery_w", 1), ("load_w", 1)),
        "battery to grid": (("battery_w", 1), ("grid_w", -1)),
        "grid to consumers": (("grid_w", 1), ("load_w", 1)),
        "grid to battery": (("grid_w", 1), ("battery_w", -1)),
    },
    unit="kWh",
    signatures=(("grid to consumers",),),
    of_interval=True,
    has_local_times=True,
)
POWERWALL = Layout(
    "Tesla (Powerwall)",
    _one(solar="solar_w", home="load_w", powerwall="battery_w", grid="grid_w", charge="battery_soc_pct"),
    signatures=(("home", "powerwall", "solar", "grid"),),
)
"""The app's download (kW) and the export of Powerwall-Dashboard (W)."""
_SOLAREDGE = {"consumption": "load_w", "import": "grid_w", "export": "-grid_w"}
SOLAREDGE = Layout(
    "SolarEdge",
    _named({**_SOLAREDGE, "system production": "solar_w"}),
    signatures=(("system production",),),
    has_local_times=True,
)
SOLAREDGE_BATTERY = Layout(
    "SolarEdge",
    _named({**_SOLAREDGE, "solar production": "solar_w", "battery charge level": "battery_soc_pct"}),
    signatures=(("system production", "solar production"),),
    has_local_times=True,
)
"""With a battery *System Production* is what the inverter gives, the battery's share included."""
SUNNY_PORTAL = Layout(
    "SMA Sunny Portal",
    {
        f"{name} / {mean}": targets
        for mean, names in {
            "mean values": {
                **{"pv power generation": "solar_w", "total consumption": "load_w"},
                **{"external energy supply": "grid_w", "grid-supplied power": "grid_w"},
                **{"grid feed-in": "-grid_w", "battery charging": "-battery_w"},
                "battery discharging": "battery_w",
            },
            "mittelwerte": {
                **{"pv-erzeugung": "solar_w", "gesamtverbrauch": "load_w", "netzbezug": "grid_w"},
                **{"netzeinspeisung": "-grid_w", "batterieladung": "-battery_w"},
                "batterieentladung": "battery_w",
            },
        }.items()
        for name, targets in _named(names).items()
    },
    signatures=(("pv power generation / mean values",), ("pv-erzeugung / mittelwerte",)),
    has_local_times=True,
)
NEM12 = Layout(sentence("NEM12 (meters in Australia)"), {})
"""Recognised by its first line: `nem12`."""
E3DC = Layout(
    "E3/DC",
    _named(
        {
            **{"solarproduktion": "solar_w", "hausverbrauch": "load_w", "ladezustand": "battery_soc_pct"},
            **{"batterie laden": "-battery_w", "batterie entladen": "battery_w"},
            **{"netzeinspeisung": "-grid_w", "netzbezug": "grid_w"},
        }
    ),
    signatures=(("solarproduktion", "hausverbrauch"),),
    has_local_times=True,
)
FIVE_MINUTES = Layout(
    sentence("LiveOne's own 5-minute rows"),
    {
        **_one(solar_w_avg="solar_w", load_w_avg="load_w", battery_w_avg="battery_w", grid_w_avg="grid_w"),
        **_one(battery_soc_last="battery_soc_pct", battery_soc_pct_last="battery_soc_pct"),
        **{
            f"{name}_kwh_total_last": ((f"{name}_kwh_total", 1),)
            for name in ("solar", "load", "battery_in", "battery_out", "grid_in", "grid_out")
        },
    },
    signatures=(("interval_end", "solar_w_avg"),),
)
PAGE = Layout(
    sentence("LiveOne's own page"),
    _one(
        solar_w="solar_w", load_w="load_w", battery_w="battery_w", grid_w="grid_w", soc_pct="battery_soc_pct"
    ),
    signatures=(("from", "to", "load_w"),),
)
TABLE = Layout(
    sentence("LiveOne's own history (format=csv or rows)"),
    {**FIVE_MINUTES.fields},
    signatures=tuple(("start", "end", f"{name}_w") for name in ("solar", "load", "battery", "grid")),
)
HOME_ASSISTANT = Layout(sentence("Home Assistant (history)"), {})

LAYOUTS: Mapping[str, Layout] = {
    "home-assistant": HOME_ASSISTANT,
    "evcc": EVCC,
    "solectrus": SOLECTRUS,
    "pvoutput": PVOUTPUT,
    "pvoutput-page": PVOUTPUT_PAGE,
    "sma": SMA,
    "fronius": FRONIUS,
    "enphase": ENPHASE,
    "victron": VRM,
    "victron-kwh": VRM_ENERGY,
    "powerwall": POWERWALL,
    "e3dc": E3DC,
    "solaredge-battery": SOLAREDGE_BATTERY,
    "solaredge": SOLAREDGE,
    "sunny-portal": SUNNY_PORTAL,
    "nem12": NEM12,
    "liveone-5m": FIVE_MINUTES,
    "liveone-page": PAGE,
    "liveone-history": TABLE,
}
"""By the name that `--format` takes."""


def recognised(names: Collection[str]) -> str | None:
    """The ready map one of whose signatures is among a header's names; None where there is none."""
    for name, layout in LAYOUTS.items():
        if any(set(signature) <= set(names) for signature in layout.signatures):
            return name
    return None
