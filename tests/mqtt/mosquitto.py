"""A real broker on loopback: Debian's mosquitto. Where it is missing the test is skipped, but never in CI."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from paho.mqtt import publish
from paho.mqtt.enums import MQTTProtocolVersion
from tests.ports import free_port

PATIENCE_S = 30.0
PROGRAM = shutil.which("mosquitto") or (
    "/usr/sbin/mosquitto" if os.access("/usr/sbin/mosquitto", os.X_OK) else ""
)


def until(condition: Callable[[], bool], what: str = "it") -> None:
    """Wait for a state, generously."""
    give_up_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < give_up_s, f"{what} did not come about"
        time.sleep(0.01)


class Mosquitto:
    """One broker, which can be ended and started again at its port."""

    def __init__(self, folder: Path, *lines: str, port: int | None = None) -> None:
        if not PROGRAM:
            if os.environ.get("CI") == "true":
                pytest.fail("mosquitto is not installed, and CI must not skip it")
            pytest.skip("mosquitto is not installed (Debian: apt-get install mosquitto)")
        self.port = port or free_port()
        self._config = folder / f"mosquitto-{self.port}.conf"
        text = [f"listener {self.port} 127.0.0.1", *(lines or ("allow_anonymous true",)), "user root"]
        self._config.write_text("\n".join(text) + "\n")
        self._log = folder / f"mosquitto-{self.port}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Mosquitto":
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([PROGRAM, "-c", str(self._config)], stdout=log, stderr=log)
        until(self._answers, f"mosquitto ({self._log.read_text()})")
        return self

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE_S)
            self._process = None

    def say(self, topic: str, payload: str | bytes, *, retain: bool = False) -> None:
        """Publish once, and wait until the broker has it."""
        self.say_all({topic: payload}, retain=retain)

    def say_all(self, sent: dict[str, str | bytes], *, retain: bool = False) -> None:
        """Publish all of it by one connection."""
        messages = [(topic, payload, 1, retain) for topic, payload in sent.items()]
        publish.multiple(
            messages, hostname="127.0.0.1", port=self.port, protocol=MQTTProtocolVersion.MQTTv311
        )

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True


@contextmanager
def broker(folder: Path, *lines: str, port: int | None = None) -> Iterator[Mosquitto]:
    """A broker that has started; ``lines`` of its configuration stand in the place of open access."""
    found = Mosquitto(folder, *lines, port=port)
    try:
        yield found.start()
    finally:
        found.stop()
