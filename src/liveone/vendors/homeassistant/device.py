"""A Home Assistant, of which an owner chooses entities."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, ClassVar

from liveone.clock import SystemClock
from liveone.domain.averages import Timed
from liveone.domain.sources import Role
from liveone.domain.system import SystemInfo
from liveone.errors import ConfigError
from liveone.vendors.adapter import Adapter, Raw
from liveone.vendors.base import Memory, Poll, ProtocolViolation, TemporaryFailure, VendorAccount
from liveone.vendors.homeassistant import entities
from liveone.vendors.homeassistant.entities import EntityTerm
from liveone.vendors.homeassistant.socket import HomeAssistantSocket
from liveone.vendors.homeassistant.statistics import UNITS, history_of
from liveone.vendors.measures import HOUSE_FIELDS, HOUSE_MEASURES, DeviceSample, Measure, fields_of, roles_of
from liveone.vendors.parameters import Settings, VendorParameter
from timed_http.deadline import Deadline

POINTS = "points"
PIECE_S = 30 * 86_400
"""So much history is asked for at once."""

FINE_S = 11 * 86_400
"""Home Assistant keeps spans of five minutes for ten days."""

_HELP = {
    "battery_w": "Entity, > 0 discharges: -sensor.battery turns it, sensor.discharging - sensor.charging.",
    "grid_w": "Entity, > 0 imports: -sensor.grid turns it, sensor.import - sensor.export are two.",
}


class HomeAssistant(Adapter):
    """Which values it gives is what its settings say; each in the unit that its entity tells."""

    vendor_type = "home-assistant"
    title = "Home Assistant"
    parameters: ClassVar[tuple[VendorParameter, ...]] = (
        VendorParameter(
            "url", "Address", "url", required=True, help="Home Assistant's address: http://192.168.1.10:8123."
        ),
        VendorParameter(
            "verify_tls", "Check its certificate", "switch", default=True,
            help="Off for a certificate of its own making.",
        ),
        VendorParameter(
            "token", "Token", secret=True, required=True,
            help="A long-lived access token: your profile in Home Assistant, Security.",
        ),
        *(
            VendorParameter(name, label, help=_HELP.get(name, "Entity, such as sensor.pv_power."))
            for name, label in HOUSE_FIELDS.items()
        ),
        VendorParameter(POINTS, "Further entities", help="Shown beside the house, divided by commas."),
    )  # fmt: skip
    measures: ClassVar[Mapping[str, Measure]] = HOUSE_MEASURES

    def __init__(self, account: VendorAccount) -> None:
        super().__init__(account)
        if not wanted_of(self.settings):
            raise ConfigError(
                "home-assistant is told no entity", hint=f"Set one of {', '.join(HOUSE_FIELDS)}."
            )
        further_of(self.settings)
        self.socket = HomeAssistantSocket(
            str(self.settings["url"]),
            str(self.settings["token"]),
            verify_tls=self.settings.get("verify_tls") is not False,
        )

    def __repr__(self) -> str:
        return f"HomeAssistant({self.socket.host})"

    def ask(self, deadline: Deadline) -> Raw:
        """The states of the chosen entities; for one that is not there, the id that is nearest."""
        wanted = [*entities.entities_of(wanted_of(self.settings)), *further_of(self.settings)]
        event = self.socket.first_event("subscribe_entities", deadline, entity_ids=wanted)
        added = event.get("a") if isinstance(event, dict) else None
        if not isinstance(added, dict):
            raise ProtocolViolation(
                f"{self.socket.host} told no states", hint="Home Assistant 2022.4 or newer is needed."
            )
        states = {key: entities.kept(state) for key, state in added.items() if isinstance(state, dict)}
        gone = [each for each in wanted if each not in states]
        return {"states": states, "near": entities.nearest(gone, self._known(deadline)) if gone else {}}

    def backfill(self, start_at: int, end_at: int) -> Iterator[Timed]:
        """What its statistics hold of ``(start_at, end_at]``, oldest first: spans of five minutes where it
        has them, hours before. Raises VendorError."""
        fine_at = max(start_at, int(SystemClock().now_at()) - FINE_S)
        fine = list(self._history("5minute", fine_at, end_at)) if fine_at < end_at else []
        until_at = fine[0][0] if fine else end_at + 1
        yield from (each for each in self._history("hour", start_at, until_at) if each[0] < until_at)
        yield from fine

    @classmethod
    def fields(cls, settings: Settings) -> frozenset[str]:
        """Those that have an entity."""
        return fields_of({name: cls.measures[name] for name in wanted_of(settings)})

    @classmethod
    def roles(cls, settings: Settings) -> tuple[Role, ...]:
        """Those of its fields."""
        return roles_of(cls.fields(settings))

    @classmethod
    def parse(cls, raw: Raw, settings: Settings) -> DeviceSample:
        """The entities' values; their time is that of the answer, for a state holds until the next one."""
        states = raw["states"]
        values = {name: entities.value_of(name, terms, states) for name, terms in wanted_of(settings).items()}
        return DeviceSample(values, points=entities.points_in(further_of(settings), states))

    @classmethod
    def info(cls, raw: Raw, settings: Settings) -> SystemInfo:
        """Nothing: entities are not hardware."""
        return SystemInfo()

    @classmethod
    def read(
        cls, raw: Raw, settings: Settings, *, now_at: float, memory: Memory = MappingProxyType({})
    ) -> Poll:
        """As of any adapter; each entity that gives nothing is named, with the reason."""
        try:
            poll = super().read(raw, settings, now_at=now_at, memory=memory)
        except TemporaryFailure as error:
            said = "; ".join(f"{name}: {why}" for name, why in _absences(raw, settings).items())
            raise TemporaryFailure(f"no entity gives a value. {said}", hint=error.hint) from None
        return replace(poll, missing=_absences(raw, settings))

    def close(self) -> None:
        """End the connection."""
        super().close()
        self.socket.close()

    def _known(self, deadline: Deadline) -> list[str]:
        listed = self.socket.call("config/entity_registry/list_for_display", deadline)
        found = listed.get("entities") if isinstance(listed, dict) else None
        return [str(each.get("ei")) for each in found or () if isinstance(each, dict)]

    def _history(self, period: str, start_at: int, end_at: int) -> Iterator[Timed]:
        wanted = wanted_of(self.settings)
        for piece_at in range(start_at, end_at, PIECE_S):
            rows: Any = self.socket.call(
                "recorder/statistics_during_period",
                Deadline(self.account.timeout_s),
                start_time=_iso(piece_at),
                end_time=_iso(min(piece_at + PIECE_S, end_at)),
                statistic_ids=list(entities.entities_of(wanted)),
                period=period,
                types=["mean", "state"],
                units=UNITS,
            )
            yield from history_of(rows if isinstance(rows, dict) else {}, wanted, period=period)


def wanted_of(settings: Settings) -> Mapping[str, tuple[EntityTerm, ...]]:
    """The entities of each field that has any. Raises ConfigError."""
    found = {name: entities.terms_of(name, str(settings[name])) for name in HOUSE_FIELDS if name in settings}
    if len(found.get("battery_soc_pct", ())) > 1:
        raise ConfigError("battery_soc_pct is one entity", hint="Add another source for a second battery.")
    return found


def further_of(settings: Settings) -> tuple[str, ...]:
    """The entities that are shown beside the house. Raises ConfigError."""
    return entities.listed(POINTS, str(settings[POINTS])) if POINTS in settings else ()


def _absences(raw: Raw, settings: Settings) -> Mapping[str, str]:
    near = raw.get("near")
    return entities.absences(wanted_of(settings), raw["states"], near if isinstance(near, dict) else {})


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()
