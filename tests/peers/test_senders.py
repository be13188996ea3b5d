"""Programs of others send readings: Node-RED by flows that its users draw, curl as the documents say."""

import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.web.support import SetClock, services, serving

from liveone.domain.push_token import new_push_token, push_token_hash
from liveone.domain.sources import PUSH
from liveone.domain.system import FROM_SOURCES
from liveone.store import sources as stored
from liveone.store import systems
from liveone.store.files import create
from liveone.store.store import Store, open_store
from liveone.wiring.push_intake import PushIntake

ROOT = Path(__file__).parent.parent.parent
NODE_RED, VERSION = ROOT / ".setup" / "node-red", "4.1.8"
GUIDE = ROOT / "docs" / "how-to" / "sources.md"
PATIENCE_S = 180.0
SETTINGS = """module.exports = {{
  uiHost: "127.0.0.1", uiPort: {port}, flowFile: "flows.json", credentialSecret: false,
  disableEditor: true, telemetry: {{ enabled: false }}, logging: {{ console: {{ level: "info" }} }}
}}
"""


@dataclass(frozen=True)
class Intake:
    """A LiveOne that takes readings of one source, with the token that lets it in."""

    url: str
    token: str
    store: Store

    def kept(self) -> list[dict[str, Any]]:
        """What it has of the source, by time."""
        found = stored.values_between(self.store, 1, 0, int(time.time()) + 1000)
        return [dict(values) for _, values in found]

    def wait_for(self, *wanted: dict[str, Any]) -> None:
        """Until all of that has come."""
        give_up_s = time.monotonic() + PATIENCE_S
        while not all(one in self.kept() for one in wanted):
            assert time.monotonic() < give_up_s, self.kept()
            time.sleep(0.2)


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    create(tmp_path / "push.db")
    store, token, clock = open_store(tmp_path / "push.db"), new_push_token(), SetClock()
    clock.at = int(time.time())
    house = systems.add_system(
        store, owner="alice", vendor_type=FROM_SOURCES, vendor_site_id="", display_name="Home",
        timezone_offset_min=600,
    )  # fmt: skip
    stored.add_source(
        store, house.id, name="esp", vendor_type=PUSH, roles=("solar", "grid"), settings={},
        token_hash=push_token_hash(token),
    )  # fmt: skip
    with serving(replace(services(store, clock=clock), pushes=PushIntake(store, clock))) as client:
        yield Intake(str(client.base_url).rstrip("/"), token, store)
    store.close()


def test_curl_sends_what_the_guide_says(intake: Intake) -> None:
    tool = shutil.which("curl")
    if tool is None:
        pytest.skip("curl is not installed")
    blocks = re.findall(r"```sh\n(curl .*?)```", GUIDE.read_text(), re.DOTALL)
    assert len(blocks) == 2
    now_at = int(time.time())
    for block in blocks:
        command = block.replace("http://192.168.1.5:8080", intake.url).replace("$TOKEN", intake.token)
        command = command.replace(
            "2026-06-01T12:00:00+02:00", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now_at))
        )
        done = subprocess.run(
            ["sh", "-c", command.replace("curl ", f"{tool} --silent --show-error --fail-with-body ", 1)],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    intake.wait_for({"solar_w": 3120, "grid_w": -2379, "solar_kwh_total": 5200.3})


def node_red() -> str:
    """Its program, installed once from npm."""
    program = NODE_RED / "node_modules" / ".bin" / "node-red"
    if not program.exists():
        if shutil.which("npm") is None:
            pytest.skip("Node-RED is installed by npm, which is not here")
        NODE_RED.mkdir(parents=True, exist_ok=True)
        (NODE_RED / "package.json").write_text('{"private": true}\n')
        words = [
            "npm",
            "install",
            "--prefix",
            ".",
            "--no-audit",
            "--no-fund",
            "--no-save",
            f"node-red@{VERSION}",
        ]
        subprocess.run(words, cwd=NODE_RED, check=True, timeout=900)
    return str(program)


def flow(intake: Intake) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Two flows and their credentials: JSON by "http request" with Bearer authentication, and a line of
    InfluxDB's protocol with a header that a "change" node sets."""
    inject = {"type": "inject", "z": "tab", "once": True, "onceDelay": 0.5, "repeat": "", "topic": ""}
    request = {
        "type": "http request",
        "z": "tab",
        "method": "POST",
        "ret": "txt",
        "paytoqs": "ignore",
        "wires": [[]],
    }
    body = json.dumps({"solar_w": 812, "grid_w": -95.4})
    header = {
        "t": "set",
        "p": "headers.authorization",
        "pt": "msg",
        "to": f"Token {intake.token}",
        "tot": "str",
    }
    line = f"house solar_w=2000,grid_w=7 {int(time.time()) - 5}"
    nodes = [
        {"id": "tab", "type": "tab", "label": "LiveOne"},
        inject | {
            "id": "every-minute", "props": [{"p": "payload"}], "payload": body, "payloadType": "json",
            "wires": [["as-json"]],
        },
        request | {"id": "as-json", "url": f"{intake.url}/api/readings", "authType": "bearer"},
        inject | {
            "id": "a-line", "props": [{"p": "payload"}], "payload": line, "payloadType": "str",
            "wires": [["with-a-header"]],
        },
        {"id": "with-a-header", "type": "change", "z": "tab", "rules": [header], "wires": [["as-line"]]},
        request | {"id": "as-line", "url": f"{intake.url}/api/write?precision=s", "authType": ""},
    ]  # fmt: skip
    return nodes, {"as-json": {"user": "", "password": intake.token}}


@contextmanager
def running(program: str, folder: Path, intake: Intake) -> Iterator[None]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    nodes, credentials = flow(intake)
    (folder / "settings.js").write_text(SETTINGS.format(port=port))
    (folder / "flows.json").write_text(json.dumps(nodes))
    (folder / "flows_cred.json").write_text(json.dumps(credentials))
    with (folder / "out.log").open("w") as log:
        process = subprocess.Popen([program, "--userDir", str(folder)], stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            process.wait(60)


def test_node_red_sends_json_and_lines_of_influx(intake: Intake, tmp_path: Path) -> None:
    folder = tmp_path / "node-red"
    folder.mkdir()
    with running(node_red(), folder, intake):
        try:
            intake.wait_for({"solar_w": 812, "grid_w": -95}, {"solar_w": 2000, "grid_w": 7})
        except AssertionError as missing:
            raise AssertionError(f"{missing}\n{(folder / 'out.log').read_text()}") from None
    refused = httpx2.post(f"{intake.url}/api/readings", json={"solar_w": 1})
    assert refused.status_code == 401
