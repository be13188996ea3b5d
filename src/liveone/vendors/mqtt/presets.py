"""What is known of makes and programs: their topics, how often they send, what tells they are there. Pure.

Facts are from the makers' documents: victronenergy/dbus-flashmq and the D-Bus paths of victronenergy/venus,
Shelly's API (Gen1 and Gen2), Tasmota, Zigbee2MQTT, and Home Assistant's mqtt_statestream.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from liveone.domain.sources import ROLES, Role
from liveone.errors import ConfigError
from liveone.vendors.measures import HOUSE_FIELDS, metered_field
from liveone.vendors.mqtt.places import Place, place_of, topic_filter
from liveone.vendors.mqtt.topic_points import TopicPoint, topic_point
from liveone.vendors.named_points import POINTS, named_places
from liveone.vendors.parameters import Settings

METER_FIELDS = ("meter_w", "meter_in_kwh_total", "meter_out_kwh_total")
HOLDS_S = 180.0
SUCH_AS = "home/car/power"

PresetPoints = Mapping[str, tuple[str, str]]
"""A point's name and the text of its place, by its key."""


@dataclass(frozen=True, slots=True)
class TopicPreset:
    """Texts of places by field; those of a meter are of METER_FIELDS. ``points`` are what is beyond the
    house's balance. ``online`` is the topic that says
    whether the device is there, ``keep_alive`` what has to be written to regularly for values to come.
    ``holds_s`` is how long a value counts; ``believes_retained``: what a broker has kept is the present."""

    places: Mapping[str, str] = field(default_factory=dict)
    points: PresetPoints = field(default_factory=dict)
    online: str = ""
    keep_alive: str = ""
    holds_s: float = HOLDS_S
    believes_retained: bool = False


@dataclass(frozen=True, slots=True)
class TopicPlan:
    """What a source listens to, from its settings. Retained values count where ``believes_retained``."""

    places: Mapping[str, Place]
    points: tuple[TopicPoint, ...]
    online: str
    keep_alive: str
    holds_s: float
    believes_retained: bool

    @property
    def filters(self) -> tuple[str, ...]:
        """What to subscribe to."""
        places = [*self.places.values(), *(each.place for each in self.points)]
        wanted = [term.topics for place in places for term in place]
        return tuple(dict.fromkeys([*wanted, self.online] if self.online else wanted))


def _victron(settings: Settings) -> TopicPreset:
    """Powers of the system service. Its counters belong to devices of which there may be several."""
    there = f"N/{_device(settings, 'the VRM portal id of the GX')}"
    system = f"{there}/system/0"
    sun = ("Dc/Pv/Power", "Ac/PvOnOutput/+/Power", "Ac/PvOnGrid/+/Power", "Ac/PvOnGenset/+/Power")
    return TopicPreset(
        {
            "solar_w": " + ".join(f"{system}/{each} $.value" for each in sun),
            "load_w": f"{system}/Ac/Consumption/+/Power $.value",
            "grid_w": f"{system}/Ac/Grid/+/Power $.value + {system}/Ac/Genset/+/Power $.value",
            "battery_w": f"{system}/Dc/Battery/Power $.value * -1",
            "battery_soc_pct": f"{system}/Dc/Battery/Soc $.value",
            "grid_in_kwh_total": f"{there}/grid/+/Ac/Energy/Forward $.value",
            "grid_out_kwh_total": f"{there}/grid/+/Ac/Energy/Reverse $.value",
        },
        points={
            "car_+_w": ("Car charger +", f"{there}/evcharger/+/Ac/Power $.value"),
            "heat_pump_+_w": ("Heat pump +", f"{there}/heatpump/+/Ac/Power $.value"),
            "mppt_+_w": ("Solar charger +", f"{there}/solarcharger/+/Yield/Power $.value"),
            "mppt_+_kwh_total": ("Solar charger +", f"{there}/solarcharger/+/Yield/System $.value"),
            "pv_inverter_+_w": ("PV inverter +", f"{there}/pvinverter/+/Ac/Power $.value"),
            "pv_inverter_+_kwh_total": ("PV inverter +", f"{there}/pvinverter/+/Ac/Energy/Forward $.value"),
            "grid_+_w": ("Grid +", f"{system}/Ac/Grid/+/Power $.value"),
            "temperature_+_c": ("Temperature +", f"{there}/temperature/+/Temperature $.value"),
            "battery_+_c": ("Battery +", f"{there}/battery/+/Dc/0/Temperature $.value"),
        },
        keep_alive=f"R/{there[2:]}/keepalive",
        holds_s=100.0,
    )


_SHELLY = MappingProxyType(
    {
        "em": ("status/em:{n} $.total_act_power", "status/emdata:{n} $.total_act * 0.001",
               "status/emdata:{n} $.total_act_ret * 0.001"),
        "em1": ("status/em1:{n} $.act_power", "status/em1data:{n} $.total_act_energy * 0.001",
                "status/em1data:{n} $.total_act_ret_energy * 0.001"),
        "pm1": ("status/pm1:{n} $.apower", "status/pm1:{n} $.aenergy.total * 0.001",
                "status/pm1:{n} $.ret_aenergy.total * 0.001"),
        "switch": ("status/switch:{n} $.apower", "status/switch:{n} $.aenergy.total * 0.001",
                   "status/switch:{n} $.ret_aenergy.total * 0.001"),
    }
)  # fmt: skip


def _shelly(settings: Settings) -> TopicPreset:
    device = _device(settings, "the device's MQTT prefix, such as shellypro3em-a0b1c2")
    kind, _, number = str(settings.get("channel", "em:0")).partition(":")
    if kind not in _SHELLY or number not in ("", "0", "1", "2", "3"):
        raise ConfigError(
            f"channel: there is no {settings.get('channel')!r} at a Shelly",
            hint=f"Such as em:0; it may be {', '.join(_SHELLY)}.",
        )
    texts = [f"{device}/{each.format(n=number or 0)}" for each in _SHELLY[kind]]
    points = _phases(texts[0].partition(" ")[0]) if kind == "em" else _channel(texts[0], int(number or 0) + 1)
    places = dict(zip(METER_FIELDS, texts, strict=True))
    return TopicPreset(places, points, online=f"{device}/online", holds_s=300.0)


def _phases(topic: str) -> PresetPoints:
    return {
        f"channel_{number}_{unit}": (f"Channel {number}", f"{topic} $.{letter}_{name}")
        for number, letter in enumerate("abc", 1)
        for unit, name in (("w", "act_power"), ("v", "voltage"))
    }


def _channel(place: str, number: int) -> PresetPoints:
    topic = place.partition(" ")[0]
    return {
        f"channel_{number}_v": (f"Channel {number}", f"{topic} $.voltage"),
        f"channel_{number}_c": (f"Channel {number}", f"{topic} $.temperature.tC"),
    }


def _shelly_gen1(settings: Settings) -> TopicPreset:
    device = f"shellies/{_device(settings, 'the device id, such as shellyem3-A4CF12')}"
    emeter = f"{device}/emeter/{settings.get('channel', '+')}"
    texts = (f"{emeter}/power", f"{emeter}/total * 0.001", f"{emeter}/total_returned * 0.001")
    points = {
        "clamp_+_w": ("Clamp +", f"{device}/emeter/+/power"),
        "clamp_+_kwh_total": ("Clamp +", f"{device}/emeter/+/total * 0.001"),
        "clamp_+_v": ("Clamp +", f"{device}/emeter/+/voltage"),
    }
    places = dict(zip(METER_FIELDS, texts, strict=True))
    return TopicPreset(places, points, online=f"{device}/online", holds_s=120.0)


def _tasmota(settings: Settings) -> TopicPreset:
    device = f"tele/{_device(settings, 'the topic of the device')}"
    texts = ("$.ENERGY.Power", "$.ENERGY.Total", "$.ENERGY.ExportActive")
    places = {name: f"{device}/SENSOR {text}" for name, text in zip(METER_FIELDS, texts, strict=True)}
    points = {
        f"channel_{number}_w": (f"Channel {number}", f"{device}/SENSOR $.ENERGY.Power[{number - 1}]")
        for number in (1, 2, 3)
    }
    return TopicPreset(places, points, online=f"{device}/LWT", holds_s=660.0)


def _zigbee2mqtt(settings: Settings) -> TopicPreset:
    base = settings.get("base", "zigbee2mqtt")
    device = f"{base}/{_device(settings, 'the friendly name of the device')}"
    texts = ("$.power", "$.energy", "$.produced_energy")
    places = {name: f"{device} {text}" for name, text in zip(METER_FIELDS, texts, strict=True)}
    points = {
        "temperature_c": ("Temperature", f"{device} $.temperature"),
        "humidity_pct": ("Humidity", f"{device} $.humidity"),
    }
    return TopicPreset(places, points, online=f"{device}/availability", holds_s=900.0)


def _statestream(_: Settings) -> TopicPreset:
    """Which entity is what is told by the owner alone; only changes are sent, and they are kept. That Home
    Assistant is gone is what its MQTT integration leaves behind."""
    return TopicPreset(online="homeassistant/status", holds_s=86_400.0, believes_retained=True)


PRESETS: Mapping[str, Callable[[Settings], TopicPreset]] = MappingProxyType(
    {
        "own": lambda _: TopicPreset(),
        "victron-gx": _victron,
        "shelly": _shelly,
        "shelly-gen1": _shelly_gen1,
        "tasmota": _tasmota,
        "zigbee2mqtt": _zigbee2mqtt,
        "statestream": _statestream,
    }
)


def plan_of(settings: Settings) -> TopicPlan:
    """What the settings say, over what the preset knows. Raises ConfigError."""
    preset = PRESETS[str(settings.get("preset", "own"))](settings)
    places = {}
    for name, text in preset.places.items():
        kept = _kept_as(name, settings)
        if kept is not None:
            turns = name == "meter_w" and settings.get("turned") is True
            places[kept] = place_of(name, f"{text} * -1" if turns else text)
    for name in HOUSE_FIELDS:
        if name in settings:
            places[name] = place_of(name, _own(str(settings[name]), settings))
    points = _points(preset, settings)
    if not places and not points:
        names = ", ".join((*HOUSE_FIELDS, POINTS))
        raise ConfigError("mqtt is told no topic", hint=f"Set a preset, or one of {names}.")
    online = topic_filter("online", str(settings.get("online", preset.online) or "-"), wildcards=False)
    return TopicPlan(
        places,
        points,
        "" if online == "-" else online,
        preset.keep_alive,
        float(settings.get("holds_s", preset.holds_s)),
        bool(settings.get("retained", preset.believes_retained)),
    )


def _kept_as(name: str, settings: Settings) -> str | None:
    """The field of the house: a meter's is of the role that it measures."""
    metered: Role = next((role for role in ROLES if role == settings.get("measures")), "grid")
    return metered_field(name, metered, turned=settings.get("turned") is True)


def _points(preset: TopicPreset, settings: Settings) -> tuple[TopicPoint, ...]:
    """Those of the preset, and over them those that the owner names."""
    found = {key: topic_point(key, text, name) for key, (name, text) in preset.points.items()}
    if POINTS in settings:
        own = named_places(str(settings[POINTS]), SUCH_AS)
        found |= {key: topic_point(key, _own(text, settings)) for key, text in own.items()}
    return tuple(found.values())


def _own(text: str, settings: Settings) -> str:
    """At a statestream ``sensor.pv_power`` is short for the topic of that entity."""
    entity, space, rest = text.partition(" ")
    if settings.get("preset") != "statestream" or "/" in entity or "." not in entity:
        return text
    domain, _, name = entity.partition(".")
    return f"{settings.get('base', 'homeassistant')}/{domain}/{name}/state{space}{rest}"


def _device(settings: Settings, what: str) -> str:
    device = str(settings.get("device", "")).strip("/ ")
    if not device:
        raise ConfigError(f"{settings.get('preset')}: device is missing", hint=f"It is {what}.")
    return topic_filter("device", device, wildcards=False)
