"""A device, or a program, that answers GET with JSON."""

from collections.abc import Mapping
from typing import ClassVar

from liveone.domain.sources import Role
from liveone.errors import ConfigError
from liveone.vendors.adapter import HttpAdapter, Raw
from liveone.vendors.base import VendorAccount
from liveone.vendors.httpjson.parse import TIME, JsonPlace, place_of, sample_of
from liveone.vendors.measures import HOUSE_FIELDS, HOUSE_MEASURES, DeviceSample, Measure, fields_of, roles_of
from liveone.vendors.named_points import POINTS, named_places, points_parameter
from liveone.vendors.parameters import Settings, VendorParameter
from timed_http.deadline import Deadline

_POWER_HELP = "JSONPath of W: $.power; $.power_kw * 1000 for kW."
SUCH_AS = "$.wallbox.power"
_ENERGY_HELP = "JSONPath of kWh; $.energy * 0.001 for Wh."
_HELP = {
    "battery_w": "JSONPath of W, > 0 discharges; $.battery * -1 turns it.",
    "grid_w": "JSONPath of W, > 0 imports; $.grid * -1 turns it.",
    "battery_soc_pct": "JSONPath of %; $.soc * 100 for a share.",
}


class HttpJson(HttpAdapter):
    """Which values it gives is what its settings say."""

    vendor_type = "http-json"
    title = "Any device that answers in JSON"
    parameters: ClassVar[tuple[VendorParameter, ...]] = (
        *HttpAdapter.parameters,
        VendorParameter("query", "Query", help="What follows the ? of its address, if anything does."),
        VendorParameter(
            "authorization", "Authorization", secret=True, help="The header of that name, such as Bearer abc."
        ),
        *(
            VendorParameter(
                name, label,
                help=_HELP.get(name, _POWER_HELP if name.endswith("_w") else _ENERGY_HELP),
            )
            for name, label in HOUSE_FIELDS.items()
        ),
        points_parameter(SUCH_AS),
        VendorParameter(TIME, "Time of the sample", help="JSONPath of seconds since 1970 or of ISO text."),
    )  # fmt: skip
    measures: ClassVar[Mapping[str, Measure]] = HOUSE_MEASURES

    def __init__(self, account: VendorAccount) -> None:
        super().__init__(account)
        try:
            if not self.fields(self.settings) and POINTS not in self.settings:
                names = ", ".join((*HOUSE_FIELDS, POINTS))
                raise ConfigError("http-json is told no value", hint=f"Set one of {names}.")
            _places(self.settings)
            _points(self.settings)
        except ConfigError:
            self.close()
            raise

    def headers(self) -> tuple[tuple[str, str], ...]:
        """The credential, where there is one."""
        sent = self.settings.get("authorization")
        return () if sent is None else (("authorization", str(sent)),)

    def ask(self, deadline: Deadline) -> Raw:
        """The answer to GET at the address itself."""
        query = self.settings.get("query")
        return {"answer": self.get_json("" if query is None else f"?{query}", deadline)}

    @classmethod
    def fields(cls, settings: Settings) -> frozenset[str]:
        """Those that have a path."""
        return fields_of({name: cls.measures[name] for name in HOUSE_FIELDS if name in settings})

    @classmethod
    def roles(cls, settings: Settings) -> tuple[Role, ...]:
        """Those of its fields."""
        return roles_of(cls.fields(settings))

    @classmethod
    def parse(cls, raw: Raw, settings: Settings) -> DeviceSample:
        """See ``parse.sample_of``."""
        return sample_of(raw, _places(settings), _points(settings))


def _places(settings: Settings) -> Mapping[str, JsonPlace]:
    return {name: place_of(name, str(settings[name])) for name in (*HOUSE_FIELDS, TIME) if name in settings}


def _points(settings: Settings) -> Mapping[str, JsonPlace]:
    if POINTS not in settings:
        return {}
    named = named_places(str(settings[POINTS]), SUCH_AS)
    return {key: place_of(f"points: {key}", text) for key, text in named.items()}
