"""A real InfluxDB 1.6, from Debian, on loopback."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

START_S = 120.0
SETTINGS = """
reporting-disabled = true
bind-address = "127.0.0.1:{backup}"
[meta]
dir = "{folder}/meta"
[data]
dir = "{folder}/data"
wal-dir = "{folder}/wal"
[http]
bind-address = "127.0.0.1:{port}"
auth-enabled = {auth}
log-enabled = false
max-body-size = {body_bytes}
[monitor]
store-enabled = false
"""


class InfluxPeer:
    """``ask`` sends one statement as its administrator."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.credential: dict[str, str] = {}

    def ask(self, statement: str, database: str = "") -> Any:
        words = urllib.parse.urlencode({"q": statement, "db": database, "epoch": "s"})
        request = urllib.request.Request(f"{self.url}/query", words.encode(), self.credential)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())["results"][0]

    def rows(self, statement: str, database: str) -> list[dict[str, Any]]:
        (found,) = self.ask(statement, database).get("series", [{"columns": [], "values": []}])
        return [dict(zip(found["columns"], row, strict=True)) for row in found["values"]]


@contextmanager
def influxd(folder: Path, *, auth: bool = False, body_bytes: int = 25_000_000) -> Iterator[InfluxPeer]:
    """The test is skipped where it is not installed, but never in CI."""
    if shutil.which("influxd") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("influxd is missing, and CI must not skip it: .ci/debian-packages installs it")
        pytest.skip("influxd is not installed (Debian: influxdb)")
    port, backup = _free(), _free()
    settings = folder / "influxdb.conf"
    words = {"folder": folder, "port": port, "backup": backup, "body_bytes": body_bytes}
    settings.write_text(SETTINGS.format(auth=str(auth).lower(), **words))
    with (folder / "influxd.log").open("w") as log:
        process = subprocess.Popen(["influxd", "-config", str(settings)], stdout=log, stderr=log)
        try:
            peer = InfluxPeer(f"http://127.0.0.1:{port}")
            _wait_for(process, peer)
            if auth:
                peer.ask("CREATE USER root WITH PASSWORD 'root-word' WITH ALL PRIVILEGES")
                peer.credential = {"authorization": f"Basic {b64encode(b'root:root-word').decode()}"}
            yield peer
        finally:
            process.terminate()
            process.wait(60)


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def _wait_for(process: "subprocess.Popen[bytes]", peer: InfluxPeer) -> None:
    give_up_s = time.monotonic() + START_S
    while time.monotonic() < give_up_s:
        assert process.poll() is None, "influxd ended; see influxd.log"
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(f"{peer.url}/ping", timeout=5).close()
            return
        time.sleep(0.05)
    raise AssertionError("influxd does not answer")
