"""A GoodWe inverter's module on the local network, asked over UDP."""

import socket
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from liveone.domain.sources import Role
from liveone.domain.system import SystemInfo
from liveone.vendors.adapter import Adapter, Raw
from liveone.vendors.base import TemporaryFailure, VendorAccount, VendorError
from liveone.vendors.goodwe.frames import PORT, GoodWeQuestion, registers, running_data_of_es
from liveone.vendors.goodwe.parse import es_sample
from liveone.vendors.measures import DeviceSample, Measure, fields_of, roles_of
from liveone.vendors.modbus.frames import ModbusRefused
from liveone.vendors.parameters import Settings, VendorParameter
from liveone.vendors.registers.maps import INVERTER_MEASURES, shipped_maps
from liveone.vendors.registers.parse import info_of, key_of, sample_of
from timed_http.deadline import Deadline

ET, DT, ES = "et", "dt", "es"
ET_UNIT, DT_UNIT = 0xF7, 0x7F
QUESTIONS: Mapping[str, tuple[GoodWeQuestion, ...]] = MappingProxyType(
    {
        ET: tuple(
            registers(key_of(3, at), ET_UNIT, at, count)
            for at, count in ((35100, 125), (37000, 24), (35000, 33))
        ),
        DT: (
            registers(key_of(3, 30100), DT_UNIT, 30100, 73),
            registers(key_of(3, 30195), DT_UNIT, 30195, 16),
        ),
        ES: (running_data_of_es(),),
    }
)
MAPS = MappingProxyType({ET: "goodwe-et", DT: "goodwe-dt"})
ES_FIELDS = ("solar_w", "battery_w", "grid_w", "battery_soc_pct", "solar_kwh_total", "load_kwh_total")
ANSWER_BYTES_MAX = 1024
PATIENCE_S = 2.0
"""After so long a question is sent again: UDP loses some."""

ASKED_AGAIN_S = 600.0
"""What a model did not answer is left alone for so long: it costs a whole timeout."""


class GoodWe(Adapter):
    """An inverter of one of three families."""

    vendor_type = "goodwe"
    title = "GoodWe inverter (UDP)"
    parameters: ClassVar[tuple[VendorParameter, ...]] = (
        VendorParameter("host", "Host", "host", required=True, help="The inverter's module: 192.168.1.40."),
        VendorParameter("port", "Port", "integer", default=PORT, lowest=1, highest=65_535),
        VendorParameter(
            "family", "Family", "choice", choices=(ET, DT, ES), default=ET,
            help="et: ET, EH, BT, BH. es: ES, EM, BP. dt: without a battery (DT, MS, D-NS, XS).",
        ),
    )  # fmt: skip
    measures: ClassVar[Mapping[str, Measure]] = INVERTER_MEASURES

    def __init__(self, account: VendorAccount) -> None:
        super().__init__(account)
        self._unanswered: dict[str, float] = {}

    def __repr__(self) -> str:
        return f"GoodWe({self.settings['host']})"

    def ask(self, deadline: Deadline) -> Raw:
        """The answers to all questions of the family, the first of which must come."""
        found = {}
        for question in QUESTIONS[str(self.settings["family"])]:
            if time.monotonic() < self._unanswered.get(question.name, 0.0):
                continue
            try:
                found[question.name] = self._answer(question, deadline)
            except VendorError:
                if not found:
                    raise
                self._unanswered[question.name] = time.monotonic() + ASKED_AGAIN_S
        return {"words": found}

    @classmethod
    def fields(cls, settings: Settings) -> frozenset[str]:
        """Those that the family tells."""
        family = str(settings.get("family", ET))
        names = ES_FIELDS if family == ES else [each.name for each in shipped_maps()[MAPS[family]].values]
        return fields_of({name: cls.measures[name] for name in names})

    @classmethod
    def roles(cls, settings: Settings) -> tuple[Role, ...]:
        """Those of the family's fields."""
        return roles_of(cls.fields(settings))

    @classmethod
    def parse(cls, raw: Raw, settings: Settings) -> DeviceSample:
        """By the family's register map; ES has none."""
        family = str(settings.get("family", ET))
        if family == ES:
            return es_sample(raw["words"][ES])
        return sample_of(raw, shipped_maps()[MAPS[family]])

    @classmethod
    def info(cls, raw: Raw, settings: Settings) -> SystemInfo:
        """Model and serial number of an ET."""
        return (
            info_of(raw, shipped_maps()[MAPS[ET]])
            if settings.get("family", ET) == ET
            else SystemInfo("GoodWe")
        )

    def _answer(self, question: GoodWeQuestion, deadline: Deadline) -> list[int]:
        """Ask until an answer comes, or the deadline. What is no answer to this question is passed over."""
        host, port = str(self.settings["host"]).strip("[]"), int(self.settings["port"])
        bad: VendorError | None = None
        try:
            family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
            with socket.socket(family, socket.SOCK_DGRAM) as link:
                link.connect(address)
                while (left_s := deadline.left_s()) > 0:
                    link.send(question.sent)
                    link.settimeout(min(PATIENCE_S, left_s))
                    try:
                        return question.read(link.recv(ANSWER_BYTES_MAX))
                    except TimeoutError:
                        continue
                    # A refusal is an answer: this model has no such registers, however often it is asked.
                    except ModbusRefused:
                        raise
                    except VendorError as error:
                        bad = error
                        self.pause(min(0.1, deadline.left_s()))
        except OSError as error:
            raise TemporaryFailure(f"cannot reach {host}:{port}: {error}", hint=_REACH) from None
        raise bad or TemporaryFailure(f"{host}:{port} did not answer in time", hint=_REACH)


_REACH = "Check host and family, that the inverter is on, and that this machine reaches its network."
