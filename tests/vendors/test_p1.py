"""P1 telegrams: written here line by line, read by us and by dsmr-parser, which must agree."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from dsmr_parser import telegram_specifications
from dsmr_parser.parsers import TelegramParser
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.vendors.patient_kit import PatientConformance
from tests.vendors.tcp_device import TcpDevice

from liveone.vendors.adapter import account_of
from liveone.vendors.base import ProtocolViolation, TemporaryFailure, VendorError
from liveone.vendors.conformance.device import Trouble
from liveone.vendors.conformance.kit import RecordedAnswer
from liveone.vendors.p1.device import DsmrFile, DsmrP1
from liveone.vendors.p1.telegram import crc_of, newest_whole, sample_of, serial_of, telegram_of
from liveone.vendors.parameters import Setting
from timed_http.deadline import Deadline

AT = 1_764_500_000
DUTCH = (
    "1-3:0.2.8(50)",
    "0-0:1.0.0(251130115320W)",
    "0-0:96.1.1(4B384547303034303436333935353037)",
    "1-0:1.8.1(012345.678*kWh)",
    "1-0:1.8.2(004321.001*kWh)",
    "1-0:2.8.1(000100.500*kWh)",
    "1-0:2.8.2(000200.250*kWh)",
    "0-0:96.14.0(0002)",
    "1-0:1.7.0(00.000*kW)",
    "1-0:2.7.0(01.234*kW)",
    "1-0:99.97.0(1)(0-0:96.7.19)(000101000001W)(2147483647*s)",
    "1-0:32.7.0(230.1*V)",
    "1-0:31.7.0(005*A)",
    "1-0:21.7.0(00.000*kW)",
    "1-0:22.7.0(01.234*kW)",
    "0-1:24.1.0(003)",
    "0-1:96.1.0(3232323241424344313233343536373839)",
    "0-1:24.2.1(251130115000W)(01234.567*m3)",
)
MEANT = {"grid_w": -1234, "grid_in_kwh_total": 16666.679, "grid_out_kwh_total": 300.75}


def telegram(*lines: str, crc: str | None = "", head: str = "/KFM5KAIFA-METER") -> str:
    """A telegram of these lines; ``crc`` None leaves it out, a text replaces it."""
    content = "\r\n".join([head, "", *lines, "!"])
    return content + (("" if crc is None else crc or f"{crc_of(content.encode()):04X}") + "\r\n")


class TestDsmrP1(PatientConformance):
    adapter = DsmrP1
    recordings = (
        RecordedAnswer("day", {"telegram": telegram(*DUTCH)}, MEANT, now_at=AT + 1),
        RecordedAnswer("first start", {"telegram": telegram("1-3:0.2.8(50)")}, None),
    )
    troubles = ("half a body", "slow", "refused")

    @contextmanager
    def device(
        self, recording: RecordedAnswer, trouble: Trouble | None = None
    ) -> Iterator[Mapping[str, Setting]]:
        whole = recording.pages["telegram"].encode()
        heard = {None: whole[40:] + whole, "half a body": whole[: len(whole) // 2], "slow": b""}
        with TcpDevice(
            b"" if trouble == "refused" else heard[trouble], ends=trouble == "half a body"
        ) as port:
            if trouble != "refused":
                yield {"host": "127.0.0.1", "port": port}
        if trouble == "refused":
            yield {"host": "127.0.0.1", "port": port}


class TestDsmrFile(PatientConformance):
    adapter = DsmrFile
    recordings = TestDsmrP1.recordings
    troubles = ("half a body", "refused")

    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path) -> None:
        self.file = tmp_path / "p1.log"

    @contextmanager
    def device(
        self, recording: RecordedAnswer, trouble: Trouble | None = None
    ) -> Iterator[Mapping[str, Setting]]:
        whole = recording.pages["telegram"]
        if trouble != "refused":
            self.file.write_bytes((whole[: len(whole) // 2] if trouble else whole + whole[:50]).encode())
        yield {"path": str(self.file)}

    def settings(self, recording: RecordedAnswer) -> Mapping[str, Setting]:
        return {"path": "p1.log"}


@settings(max_examples=40, deadline=None)
@given(
    energies=st.lists(st.integers(0, 999_999_999), min_size=4, max_size=4),
    watts=st.tuples(st.integers(0, 99_999), st.integers(0, 99_999)),
    at=st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)),
    summer=st.booleans(),
)
def test_dsmr_parser_reads_the_same(
    energies: list[int], watts: tuple[int, int], at: datetime, summer: bool
) -> None:
    whole = telegram(
        "1-3:0.2.8(50)",
        f"0-0:1.0.0({at:%y%m%d%H%M%S}{'S' if summer else 'W'})",
        *(
            f"1-0:{way}.8.{tariff}({energies[2 * way + tariff - 3] / 1000:010.3f}*kWh)"
            for way in (1, 2)
            for tariff in (1, 2)
        ),
        f"1-0:1.7.0({watts[0] / 1000:06.3f}*kW)",
        f"1-0:2.7.0({watts[1] / 1000:06.3f}*kW)",
    )
    oracle: Any = TelegramParser(telegram_specifications.V5).parse(whole, throw_ex=True)
    sample = sample_of(telegram_of(whole))
    power_w = (oracle.CURRENT_ELECTRICITY_USAGE.value - oracle.CURRENT_ELECTRICITY_DELIVERY.value) * 1000
    assert sample.values["grid_w"] == pytest.approx(float(power_w))
    for name, way in (("grid_in_kwh_total", "USED"), ("grid_out_kwh_total", "DELIVERED")):
        tariffs = (getattr(oracle, f"ELECTRICITY_{way}_TARIFF_{tariff}").value for tariff in (1, 2))
        assert sample.values[name] == pytest.approx(float(sum(tariffs)))
    if datetime(at.year, 4, 1) < at < datetime(at.year, 10, 1) and summer:
        assert sample.at == pytest.approx(
            oracle.P1_MESSAGE_TIMESTAMP.value.astimezone(UTC).timestamp(), abs=1
        )


def test_a_whole_telegram_tells_phases_gas_and_its_number() -> None:
    found = telegram_of(telegram(*DUTCH))
    points = {each.key: each.value for each in sample_of(found).points}
    assert points == {"phase_1_w": -1234, "phase_1_v": 230.1, "phase_1_a": 5, "gas_1_m3_total": 1234.567}
    assert serial_of(found) == "K8EG004046395507"
    assert sample_of(found).at == datetime(2025, 11, 30, 10, 53, 20, tzinfo=UTC).timestamp()


def test_kilowatts_leave_no_binary_dust() -> None:
    (point,) = sample_of(telegram_of(telegram("1-0:21.7.0(0001.023*kW)"))).points
    assert point.value == 1023


def test_summer_is_an_hour_earlier_than_winter() -> None:
    times = [sample_of(telegram_of(telegram(f"0-0:1.0.0(251026023000{season})"))).at for season in "SW"]
    assert times[1] is not None
    assert times[0] == times[1] - 3600


def test_before_dsmr_4_there_is_no_crc() -> None:
    old = telegram("1-0:1.8.1(00001.001*kWh)", "1-0:1.7.0(0001.01*kW)", crc=None, head="/ISk5\\2ME382-1003")
    assert sample_of(telegram_of(old)).values["grid_w"] == pytest.approx(1010)


def test_a_total_of_the_meter_goes_before_its_tariffs() -> None:
    swedish = telegram("1-0:1.8.0(00006678.394*kWh)", "1-0:1.8.1(1*kWh)", "1-0:1.7.0(0001.5*kW)")
    assert sample_of(telegram_of(swedish)).values["grid_in_kwh_total"] == 6678.394


def test_a_tariff_that_cannot_be_read_leaves_no_sum() -> None:
    broken = telegram("1-0:1.8.1(1*kWh)", "1-0:1.8.2(?*kWh)", "1-0:1.7.0(0001.5*kW)")
    assert sample_of(telegram_of(broken)).values["grid_in_kwh_total"] is None


def test_a_wrong_crc_is_told_and_the_next_telegram_taken() -> None:
    good, bad = telegram(*DUTCH), telegram(*DUTCH, crc="0000")
    with pytest.raises(ProtocolViolation, match="CRC"):
        telegram_of(bad)
    assert newest_whole((good[100:] + bad + good + bad[:80]).encode()) == good.encode()


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_no_telegram_however_mangled_raises_anything_but_our_errors(data: st.DataObject) -> None:
    lines = [
        data.draw(st.sampled_from([line, line[: len(line) // 2], line + "(", line.replace("(", "(x"), ""]))
        for line in DUTCH
    ]
    whole = telegram(*lines, crc=data.draw(st.sampled_from([None, "", "12AB"])))
    cut = data.draw(st.integers(0, len(whole)))
    text = data.draw(st.sampled_from([whole, whole[:cut], whole[cut:], whole.replace("*", chr(cut % 256))]))
    try:
        DsmrP1.read({"telegram": text}, {}, now_at=AT)
    except VendorError:
        return


def test_a_meter_that_never_ends_is_left_by_the_deadline() -> None:
    with TcpDevice(b"/noise " * 20_000) as port:
        meter = DsmrP1(account_of("dsmr-p1", {"host": "127.0.0.1", "port": port}, timeout_s=0.6))
        with pytest.raises(TemporaryFailure, match="in time"):
            meter.poll("house", memory={}, now_at=AT)
        meter.close()
    assert threading.active_count() < 50


def test_encrypted_telegrams_are_called_so() -> None:
    with TcpDevice(b"\xdb\x08SAGgp\0\0\x05\x82\1\x1f" + bytes(range(200))) as port:
        meter = DsmrP1(account_of("dsmr-p1", {"host": "127.0.0.1", "port": port}, timeout_s=5))
        with pytest.raises(ProtocolViolation, match="encrypted"):
            meter.poll("house", memory={}, now_at=AT)
        meter.close()


def spoken(watts: int) -> bytes:
    return telegram(f"1-0:1.7.0({watts / 1000:06.3f}*kW)").encode()


def test_between_polls_one_connection_is_listened_to_and_the_newest_counts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings = {"host": "127.0.0.1", "port": server.getsockname()[1], "every_s": 1}
        adapter = DsmrP1(account_of("dsmr-p1", settings))
        asked: list[object] = []

        def ask() -> None:
            asked.append(adapter.ask(Deadline(20))["telegram"])

        first = threading.Thread(target=ask)
        first.start()
        meter, _ = server.accept()
        with meter:
            meter.sendall(spoken(100))
            first.join()
            meter.sendall(spoken(200) + spoken(300))
            ask()
            adapter.close()
            assert meter.recv(1) == b"", "it has ended the one connection that it had"
    powers = [DsmrP1.read({"telegram": each}, adapter.settings, now_at=AT).reading.grid_w for each in asked]
    assert powers == [100, 300]
