"""The MQTT source against a real broker: the conformance kit, and what brokers and devices do wrong."""

import json
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from tests.mqtt.mosquitto import Mosquitto, broker, until
from tests.vendors.patient_kit import PatientConformance

from liveone.mqtt.link import PAYLOAD_BYTES_MAX
from liveone.vendors.adapter import account_of
from liveone.vendors.base import CredentialsRefused, TemporaryFailure, VendorError
from liveone.vendors.conformance.device import Trouble
from liveone.vendors.conformance.kit import NOW_AT, RecordedAnswer
from liveone.vendors.mqtt import device as device_module
from liveone.vendors.mqtt.device import MqttSource
from liveone.vendors.parameters import Setting

GX = "N/c0619ab1/system/0"
VICTRON: dict[str, Setting] = {"preset": "victron-gx", "device": "c0619ab1", "retained": True}


def gx(**values: float | None) -> dict[str, str]:
    """What a GX says, by the path with _ for /."""
    return {f"{GX}/{path.replace('_', '/')}": json.dumps({"value": value}) for path, value in values.items()}


DAY = gx(
    Dc_Pv_Power=3120, Ac_Grid_L1_Power=-2379, Ac_Consumption_L1_Power=541, Dc_Battery_Power=200,
    Dc_Battery_Soc=76.5,
)  # fmt: skip
MEANT = {"solar_w": 3120, "grid_w": -2379, "load_w": 541, "battery_w": -200, "battery_soc_pct": 76.5}
OWN: dict[str, Setting] = {"grid_w": "meter $.w", "solar_w": "pv"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("brokers")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Mosquitto]:
    with broker(tmp_path) as found:
        yield found


@contextmanager
def source(port: int, settings: Mapping[str, Setting], *, timeout_s: float = 20.0) -> Iterator[MqttSource]:
    """The adapter, led to a broker on loopback."""
    account = account_of("mqtt", {"host": "127.0.0.1", "port": port, **settings}, timeout_s=timeout_s)
    adapter = MqttSource(account)
    try:
        yield adapter
    finally:
        adapter.close()


def heard(adapter: MqttSource, port: Mosquitto, sent: dict[str, str | bytes], **meant: int | None) -> None:
    """Say it until the adapter's newest values are these."""
    adapter.follow()

    def is_there() -> bool:
        port.say_all(sent)
        try:
            poll = adapter.newest(NOW_AT)
        except VendorError:
            return meant == {}
        return poll is not None and all(getattr(poll.reading, name) == meant[name] for name in meant)

    until(is_there, f"{meant}")


class TestMqttSource(PatientConformance):
    adapter = MqttSource
    recordings = (
        RecordedAnswer("day", DAY, MEANT, settings=VICTRON),
        RecordedAnswer("night", gx(Dc_Pv_Power=0), {"solar_w": 0}, settings=VICTRON),
        RecordedAnswer(
            "no battery",
            gx(Dc_Pv_Power=100, Ac_Grid_L1_Power=50, Dc_Battery_Power=None),
            {"solar_w": 100, "grid_w": 50},
            settings=VICTRON,
        ),
        RecordedAnswer("first start", gx(Dc_Pv_Power=None), None, settings=VICTRON),
    )
    troubles = ("401", "refused")

    @pytest.fixture(autouse=True)
    def _quick(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        monkeypatch.setattr(device_module, "SETTLE_S", 0.2)
        type(self).folder = folder

    @contextmanager
    def device(
        self, recording: RecordedAnswer, trouble: Trouble | None = None
    ) -> Iterator[Mapping[str, Setting]]:
        """A broker that has kept what was recorded, or that wants another password."""
        lines = ("allow_anonymous false",) if trouble == "401" else ()
        found = Mosquitto(self.folder, *lines)
        if trouble == "refused":
            yield {"host": "127.0.0.1", "port": found.port}
            return
        try:
            found.start()
            if trouble is None:
                found.say_all(dict(recording.pages), retain=True)
            yield {"host": "127.0.0.1", "port": found.port}
        finally:
            found.stop()


def test_what_the_broker_had_kept_is_not_the_present(running: Mosquitto) -> None:
    running.say_all({"pv": "3000", "meter": '{"w": 1}'}, retain=True)
    with source(running.port, OWN, timeout_s=1) as adapter:
        with pytest.raises(TemporaryFailure, match="unknown age") as caught:
            adapter.poll("house", memory={}, now_at=NOW_AT)
        assert "holds_s" in caught.value.hint
        heard(adapter, running, {"pv": "2000"}, solar_w=2000, grid_w=None)


def test_a_broker_that_restarts_is_come_back_to(running: Mosquitto) -> None:
    with source(running.port, OWN) as adapter:
        heard(adapter, running, {"pv": "2000"}, solar_w=2000)
        running.stop()
        until(lambda: adapter._link.problem is not None, "the loss")
        assert adapter.poll("house", memory={}, now_at=NOW_AT).reading.solar_w == 2000, "it holds a while"
        running.start()
        heard(adapter, running, {"pv": "1000"}, solar_w=1000)


def test_a_broker_that_stays_away_takes_its_values_along(
    running: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    with source(running.port, OWN) as adapter:
        heard(adapter, running, {"pv": "2000"}, solar_w=2000)
        monkeypatch.setattr(device_module, "AWAY_S", 0.1)
        running.stop()
        until(lambda: adapter._link.problem is not None, "the loss")
        until(lambda: time.monotonic() - adapter._link.up_s > 0.2)
        with pytest.raises(TemporaryFailure, match=r"ended the connection|cannot reach"):
            adapter.poll("house", memory={}, now_at=NOW_AT)


def test_a_gx_is_told_that_somebody_listens(running: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_module, "KEEP_ALIVE_S", 0.3)
    asked: list[str] = []
    gx_client = Client(CallbackAPIVersion.VERSION2)
    gx_client.on_connect = lambda client, *_: client.subscribe("R/#")

    def answer(client: Client, _: object, message: object) -> None:
        asked.append(message.topic)  # type: ignore[attr-defined]
        for topic, payload in DAY.items():
            client.publish(topic, payload)

    gx_client.on_message = answer
    gx_client.connect("127.0.0.1", running.port)
    gx_client.loop_start()
    try:
        with source(running.port, {**VICTRON, "retained": False}) as adapter:
            reading = adapter.poll("house", memory={}, now_at=NOW_AT).reading
            assert {name: getattr(reading, name) for name in MEANT} == MEANT
            until(lambda: len(asked) >= 3, "a keep-alive again and again")
    finally:
        gx_client.disconnect()
        gx_client.loop_stop()
    assert set(asked) == {"R/c0619ab1/keepalive"}


def test_a_device_that_leaves_takes_its_values_along(running: Mosquitto) -> None:
    settings: dict[str, Setting] = {"preset": "tasmota", "device": "plug"}
    with source(running.port, settings, timeout_s=1) as adapter:
        running.say("tele/plug/LWT", "Offline", retain=True)
        with pytest.raises(TemporaryFailure, match="says that the device is away"):
            adapter.poll("house", memory={}, now_at=NOW_AT)
        sent = {"tele/plug/LWT": "Online", "tele/plug/SENSOR": '{"ENERGY": {"Power": 60}}'}
        heard(adapter, running, dict(sent), grid_w=60)


@pytest.mark.parametrize(
    "nonsense",
    [b"\xff\xfe", b"NaN", b"[" * 100_000, b"9" * 5000, b'{"w": "1,5"}', b""],
    ids=["bytes", "nan", "deep", "long", "comma", "empty"],
)
def test_nonsense_makes_a_value_absent_and_stops_nothing(running: Mosquitto, nonsense: bytes) -> None:
    with source(running.port, OWN) as adapter:
        heard(adapter, running, {"pv": "2000", "meter": '{"w": 5}'}, solar_w=2000, grid_w=5)
        heard(adapter, running, {"pv": "1000", "meter": nonsense}, solar_w=1000, grid_w=None)
        heard(adapter, running, {"meter": '{"w": 6}'}, grid_w=6)


def test_ten_megabytes_are_not_taken(running: Mosquitto) -> None:
    with source(running.port, OWN) as adapter:
        heard(adapter, running, {"pv": "2000", "meter": '{"w": 5}'}, grid_w=5)
        running.say("meter", b'{"w": 7}' + b" " * 10_000_000)
        running.say("meter", b'{"w": 8}' + b" " * (PAYLOAD_BYTES_MAX + 1))
        heard(adapter, running, {"pv": "1000"}, solar_w=1000, grid_w=5)
        assert adapter._link.too_large == 1, "the larger one was not even sent to us"


def test_powers_are_means_of_all_that_came_since_the_last_poll(running: Mosquitto) -> None:
    with source(running.port, OWN) as adapter:
        heard(adapter, running, {"pv": "1000"}, solar_w=1000)
        adapter.poll("house", memory={}, now_at=NOW_AT)
        for watts in ("4000", "0", "4000", "0"):
            running.say("pv", watts)
        until(lambda: adapter.newest(NOW_AT).reading.solar_w == 0, "the last value")  # type: ignore[union-attr]
        mean_w = adapter.poll("house", memory={}, now_at=NOW_AT).reading.solar_w
        assert mean_w is not None
        assert 0 < mean_w < 4000
        assert adapter.poll("house", memory={}, now_at=NOW_AT).reading.solar_w == 0


@pytest.fixture(scope="module")
def certificates(folder: Path) -> Path:
    """An authority, a certificate of it for 127.0.0.1, and another authority."""

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    for name in ("ca", "other"):
        files = ("-keyout", f"{name}.key", "-out", f"{name}.pem")
        openssl("req", "-x509", *key, "-days", "2", "-subj", f"/CN={name}", *files)
    openssl("req", *key, "-subj", "/CN=broker", "-keyout", "server.key", "-out", "server.csr")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", "2", "-extfile", "names", "-out", "server.pem")  # fmt: skip
    return folder


def test_tls_and_a_password(certificates: Path, tmp_path: Path) -> None:
    made = subprocess.run(
        ["mosquitto_passwd", "-c", "-b", str(tmp_path / "users"), "liveone", "s3cret"], capture_output=True
    )
    assert made.returncode == 0, made.stderr
    with broker(
        tmp_path,
        "allow_anonymous false",
        f"password_file {tmp_path / 'users'}",
        f"cafile {certificates / 'ca.pem'}",
        f"certfile {certificates / 'server.pem'}",
        f"keyfile {certificates / 'server.key'}",
    ) as found:
        right: dict[str, Setting] = {
            **OWN, "tls": True, "ca_file": str(certificates / "ca.pem"), "username": "liveone",
            "password": "s3cret", "online": "there",
        }  # fmt: skip
        with source(found.port, right) as adapter:
            adapter.follow()
            until(lambda: adapter._link.is_up, "the connection")
        wrong: dict[str, tuple[dict[str, Setting], type[VendorError], str]] = {
            "password": ({"password": "wrong"}, CredentialsRefused, "refused the user name or password"),
            "authority": (
                {"ca_file": str(certificates / "other.pem")},
                CredentialsRefused,
                "is not believed",
            ),
            "file": ({"ca_file": str(tmp_path / "none.pem")}, CredentialsRefused, "there is no file"),
            "no TLS": ({"tls": False}, TemporaryFailure, "ended the connection|says nothing"),
        }
        for changed, kind, said in wrong.values():
            with (
                source(found.port, {**right, **changed}) as adapter,
                pytest.raises(kind, match=said) as caught,
            ):
                adapter.poll("house", memory={}, now_at=NOW_AT)
            assert caught.value.hint
            assert "s3cret" not in str(caught.value)
        with source(found.port, {**right, "ca_file": "", "verify_tls": False}) as adapter:
            adapter.follow()
            until(lambda: adapter._link.is_up, "the connection that checks nothing")


def test_a_broker_that_takes_connections_and_says_nothing_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("liveone.mqtt.link.ANSWER_S", 0.3)
    with (
        socket.create_server(("127.0.0.1", 0)) as mute,
        source(mute.getsockname()[1], OWN) as adapter,
        pytest.raises(TemporaryFailure, match="takes the connection and says nothing") as caught,
    ):
        adapter.poll("house", memory={}, now_at=NOW_AT)
    assert "TLS" in caught.value.hint


def test_two_clients_with_one_id_are_told_of_it(running: Mosquitto) -> None:
    named: dict[str, Setting] = {**OWN, "client_id": "house"}
    with source(running.port, named) as one, source(running.port, named) as two:
        one.follow()
        until(lambda: one._link.is_up, "the first")
        two.follow()
        until(lambda: one._link.problem is not None, "the loss")
        problem = one._link.problem
        assert problem is None or "client id" in problem.text + problem.hint
    with source(running.port, OWN) as one, source(running.port, OWN) as two:
        assert one._link._id != two._link._id


def test_an_old_broker_is_spoken_to_in_its_language(tmp_path: Path) -> None:
    """One that knows MQTT 3.1.1 alone answers a CONNECT of version 5 with code 1 and hangs up."""
    versions: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for code in (1, 0):
                connection, _ = server.accept()
                with connection:
                    versions.append(connection.recv(1000)[8])
                    connection.sendall(bytes((0x20, 2, 0, code)))
                    until(lambda: code == 1 or len(versions) == 3)  # noqa: B023

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with source(server.getsockname()[1], OWN) as adapter:
            adapter.follow()
            until(lambda: adapter._link.is_up, "the connection in version 3.1.1")
            versions.append(0)
        thread.join(5)
    assert versions[:2] == [5, 4]


def test_a_broken_callback_ends_nothing(running: Mosquitto) -> None:
    with source(running.port, OWN) as adapter:
        calls: list[Callable[[], None]] = []

        def fails() -> None:
            calls.append(fails)
            raise ZeroDivisionError

        adapter.on_value = fails
        heard(adapter, running, {"pv": "2000"}, solar_w=2000)
        heard(adapter, running, {"pv": "1000"}, solar_w=1000)
        assert len(calls) >= 2


def test_the_account_shows_no_secret() -> None:
    account = replace(account_of("mqtt", {"host": "a", "password": "s3cret", **OWN}))
    assert "s3cret" not in repr(account) + repr(MqttSource(account))
