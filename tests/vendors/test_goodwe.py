"""GoodWe over UDP: recorded answers, which the library goodwe reads the same."""

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import goodwe.dt
import goodwe.es
import goodwe.et
import goodwe.protocol
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.vendors.patient_kit import PatientConformance
from tests.vendors.recordings import ARE_HERE, needs_recordings, text

from liveone.vendors.adapter import account_of
from liveone.vendors.base import VendorError
from liveone.vendors.conformance.device import Trouble
from liveone.vendors.conformance.kit import RecordedAnswer
from liveone.vendors.goodwe.device import ES, ET, QUESTIONS, GoodWe
from liveone.vendors.modbus.frames import rtu_frame
from liveone.vendors.parameters import Setting

FILES = {
    "3:35100": "et/GW10K-ET_running_data1.hex",
    "3:37000": "et/GW10K-ET_battery_info.hex",
    "3:35000": "et/GW10K-ET_device_info_fw819.hex",
    "3:30100": "dt/GW8K-DT_running_data.hex",
    "es": "es/GW5048-EM_running_data.hex",
}
SENT = {name: bytes.fromhex(text(f"goodwe/{file}")) for name, file in FILES.items()}
HYBRID = {
    "solar_w": 3456,
    "load_w": 947,
    "battery_w": -2512,
    "grid_w": 3,
    "battery_soc_pct": 68,
    "solar_kwh_total": 6085.3,
    "load_kwh_total": 8820.2,
    "battery_in_kwh_total": 2758.1,
    "battery_out_kwh_total": 2442.1,
    "grid_in_kwh_total": 58,
    "grid_out_kwh_total": 4718.6,
}
OLD = {
    "solar_w": 142,
    "load_w": 1119,
    "battery_w": 979,
    "grid_w": -2,
    "battery_soc_pct": 97,
    "solar_kwh_total": 957.8,
    "load_kwh_total": 1803.7,
}


class UdpDevice:
    """Answers each question once it has been asked ``lost`` times."""

    def __init__(self, answers: Mapping[bytes, bytes], *, lost: int = 0) -> None:
        self._answers, self._lost = answers, lost
        self.heard: list[bytes] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.2)
        self.port: int = self._socket.getsockname()[1]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "UdpDevice":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while not self._over.is_set():
            try:
                asked, who = self._socket.recvfrom(1024)
            except TimeoutError:
                continue
            except OSError:
                return
            self.heard.append(asked)
            if self._lost > 0:
                self._lost -= 1
            elif asked in self._answers:
                self._socket.sendto(self._answers[asked], who)


def answers_of(pages: Mapping[str, bytes]) -> dict[bytes, bytes]:
    """By the bytes that ask for each."""
    questions = [question for family in QUESTIONS.values() for question in family]
    return {question.sent: pages[question.name] for question in questions if question.name in pages}


@needs_recordings
class TestGoodWe(PatientConformance):
    adapter = GoodWe
    recordings = (
        RecordedAnswer("day", SENT, HYBRID, name="GW10K-ET"),
        RecordedAnswer("night", SENT, OLD, settings={"family": ES}, name="GW5048-EM"),
        RecordedAnswer("no battery", SENT, {"solar_w": 643}, settings={"family": "dt"}, name="GW8K-DT"),
        RecordedAnswer(
            "first start",
            {"es": SENT["es"][:7] + b"\xff" * (len(SENT["es"]) - 9)} if ARE_HERE else {},
            None,
            settings={"family": ES},
        ),
    )
    troubles = ("half a body", "slow", "refused")
    waited_out = ("half a body", "slow")

    @contextmanager
    def device(
        self, recording: RecordedAnswer, trouble: Trouble | None = None
    ) -> Iterator[Mapping[str, Setting]]:
        pages = dict(recording.pages)
        if recording.expected is None:
            pages["es"] += (sum(pages["es"]) & 0xFFFF).to_bytes(2, "big")
        cut = {name: data[: len(data) // 2] for name, data in pages.items()}
        sent = {None: pages, "half a body": cut, "slow": {}, "refused": {}}[trouble]
        with UdpDevice(answers_of(sent)) as device:
            port = device.port
            if trouble != "refused":
                yield {"host": "127.0.0.1", "port": port}
        if trouble == "refused":
            yield {"host": "127.0.0.1", "port": port}


def theirs(inverter: Any, name: str, command: Any) -> dict[str, Any]:
    """What the library goodwe makes of an answer."""
    response = goodwe.protocol.ProtocolResponse(SENT[name], command)
    found = {}
    for sensor in inverter.sensors():
        with contextlib.suppress(ValueError, IndexError):
            found[sensor.id_] = sensor.read(response)
    return found


@needs_recordings
def test_the_library_goodwe_asks_and_reads_the_same() -> None:
    old = goodwe.es.ES("127.0.0.1", 8899)
    command = old._READ_DEVICE_RUNNING_DATA
    assert command.request == QUESTIONS[ES][0].sent
    found = theirs(old, "es", command)
    assert OLD["solar_w"] == pytest.approx(found["ppv"], abs=1)
    assert OLD["battery_w"] == found["pbattery1"]
    assert OLD["grid_w"] == -found["pgrid"]
    assert OLD["load_w"] == pytest.approx(found["house_consumption"], abs=1)
    assert (OLD["battery_soc_pct"], OLD["solar_kwh_total"]) == (found["battery_soc"], found["e_total"])
    command = goodwe.protocol.ModbusRtuReadCommand(0x7F, 30100, 73)
    assert command.request == QUESTIONS["dt"][0].sent
    found = theirs(goodwe.dt.DT("127.0.0.1", 8899), "3:30100", command)
    assert found["total_inverter_power"] == 643
    command = goodwe.protocol.ModbusRtuReadCommand(0xF7, 35100, 125)
    assert command.request == QUESTIONS[ET][0].sent
    found = theirs(goodwe.et.ET("127.0.0.1", 8899), "3:35100", command)
    assert (HYBRID["solar_w"], HYBRID["battery_w"]) == (found["ppv"], found["pbattery1"])
    assert HYBRID["load_w"] == found["house_consumption"]


@needs_recordings
def test_a_lost_question_is_asked_again() -> None:
    with UdpDevice(answers_of(SENT), lost=1) as device:
        settings = {"host": "127.0.0.1", "port": device.port, "family": "dt"}
        adapter = GoodWe(TestGoodWe().account(settings))
        adapter.account = adapter.account.__class__("goodwe", timeout_s=30, settings=settings)
        assert adapter.poll("house", memory={}, now_at=1_764_500_000).reading.solar_w == 643
        adapter.close()


def test_what_a_model_refuses_is_asked_once_and_costs_no_timeout() -> None:
    """An EH without a battery refuses its registers."""
    running, battery, _ = QUESTIONS[ET]
    words = [0] * 125
    words[35106 - 35100], words[35140 - 35100] = 3000, 1000
    data = b"".join(word.to_bytes(2, "big") for word in words)
    answers = {
        running.sent: b"\xaa\x55" + rtu_frame(0xF7, bytes([3, len(data)]) + data),
        battery.sent: b"\xaa\x55" + rtu_frame(0xF7, b"\x83\x02"),
    }
    with UdpDevice(answers) as device:
        adapter = GoodWe(account_of("goodwe", {"host": "127.0.0.1", "port": device.port}, timeout_s=3))
        readings = [adapter.poll("house", memory={}, now_at=1_764_500_000).reading for _ in range(2)]
        adapter.close()
    assert device.heard.count(battery.sent) == 1
    assert device.heard.count(running.sent) == 2
    for reading in readings:
        assert (reading.solar_w, reading.grid_w, reading.load_w) == (3000, -1000, 2000)
        assert (reading.battery_w, reading.battery_soc_pct) == (None, None)


def test_an_es_without_a_battery_tells_none() -> None:
    data = bytearray(85)
    data[0:4] = (2500).to_bytes(2, "big") + (10).to_bytes(2, "big")
    data[10:12], data[18:20] = (521).to_bytes(2, "big"), (3).to_bytes(2, "big")
    data[38:40] = (100).to_bytes(2, "big")
    poll = GoodWe.read({"words": {ES: list(data)}}, {"family": ES}, now_at=1_764_500_000)
    reading = poll.reading
    assert (reading.solar_w, reading.grid_w, reading.load_w) == (250, -100, 150)
    assert (reading.battery_w, reading.battery_soc_pct, poll.lacks) == (None, None, {"battery"})


def test_a_dt_tells_the_grid_where_its_meter_answers() -> None:
    words = {"3:30100": [0] * 73, "3:30195": [0, 1200, *[0] * 12, 1, 0]}
    words["3:30100"][28] = 2000
    read = [
        GoodWe.read(
            {"words": {**words, "3:30195": [*words["3:30195"][:14], state, 0]}},
            {"family": "dt"},
            now_at=1_764_500_000,
        )
        for state in (1, 2)
    ]
    assert [(poll.reading.grid_w, poll.reading.load_w) for poll in read] == [(-1200, 800), (None, None)]


@needs_recordings
def test_an_et_tells_its_model() -> None:
    words = {question.name: question.read(SENT[question.name]) for question in QUESTIONS[ET]}
    info = GoodWe.info({"words": words}, {"family": ET})
    assert info.serial == "0" * 16
    assert info.model is not None
    assert info.model.endswith("GW10K-ET")


@needs_recordings
@settings(max_examples=150, deadline=None)
@given(st.data())
def test_mangled_answers_raise_only_our_errors(data: st.DataObject) -> None:
    family = data.draw(st.sampled_from(sorted(QUESTIONS)))
    question = QUESTIONS[family][0]
    sent = bytearray(SENT[question.name])
    for _ in range(data.draw(st.integers(0, 4))):
        sent[data.draw(st.integers(0, len(sent) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(sent[: data.draw(st.sampled_from([len(sent), len(sent) // 2, 3, 0]))])
    with contextlib.suppress(VendorError):
        values = question.read(cut)
        GoodWe.read({"words": {question.name: values}}, {"family": family}, now_at=1_764_500_000)
