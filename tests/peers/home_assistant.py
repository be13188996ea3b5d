"""A real Home Assistant in a folder: set up once, started, and asked as its owner would."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

ROOT = Path(__file__).parent.parent.parent
SETUP = ROOT.parent / "shared" / "tools" / "home-assistant-peer.sh"
FOLDER = ROOT / ".setup" / "home-assistant"
PORT = 8127
START_S = 1200.0
FOLDER_VARIABLE = "LIVEONE_PEERS_HOME_ASSISTANT"
"""A folder in which one runs already; it is left running."""


@dataclass(frozen=True)
class HomeAssistantPeer:
    """A Home Assistant that answers, and its owner's token."""

    url: str
    token: str

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The answer to a POST of its REST API."""
        return _post(self.url + path, body, self.token)

    def set_state(self, entity_id: str, state: object, **attributes: object) -> None:
        """Set an entity as an integration would."""
        self.post(f"/api/states/{entity_id}", {"state": str(state), "attributes": attributes})

    def ask(self, kind: str, **words: Any) -> Any:
        """The result of one command of its WebSocket API."""
        with connect(f"ws{self.url[4:]}/api/websocket", proxy=None, max_size=None) as link:
            link.recv()
            link.send(json.dumps({"type": "auth", "access_token": self.token}))
            link.recv()
            link.send(json.dumps({"id": 1, "type": kind, **words}))
            answer = json.loads(link.recv(timeout=60))
        assert answer["success"], answer
        return answer["result"]


@contextmanager
def running() -> Iterator[HomeAssistantPeer]:
    """A Home Assistant; the test is skipped where it cannot be set up."""
    given = os.environ.get(FOLDER_VARIABLE)
    folder = Path(given) if given else FOLDER
    if given:
        yield _owned(folder)
        return
    if not SETUP.is_file() or os.geteuid() != 0:
        pytest.skip(f"Home Assistant is set up by {SETUP.name}, as root; neither is here")
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "out.log").open("w") as log:
        process = subprocess.Popen([str(SETUP), str(folder), str(PORT)], stdout=log, stderr=log)
        try:
            _wait_for(process)
            yield _owned(folder)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(120)


def _wait_for(process: "subprocess.Popen[bytes]") -> None:
    give_up_s = time.monotonic() + START_S
    while time.monotonic() < give_up_s:
        assert process.poll() is None, "Home Assistant ended; see out.log and hass.log in its folder"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", PORT), 1):
            return
        time.sleep(1)
    raise AssertionError(f"Home Assistant does not answer after {START_S:.0f} s")


def _owned(folder: Path) -> HomeAssistantPeer:
    """Its owner's token: made with the owner's account the first time, kept beside it."""
    url, kept = f"http://127.0.0.1:{PORT}", folder / "token"
    if kept.is_file():
        return HomeAssistantPeer(url, kept.read_text())
    client = f"{url}/"
    owner = {"client_id": client, "name": "T", "username": "t", "password": "t-password", "language": "en"}
    code = _post(f"{url}/api/onboarding/users", owner)["auth_code"]
    asked = {"grant_type": "authorization_code", "code": code, "client_id": client}
    first = HomeAssistantPeer(url, _post(f"{url}/auth/token", asked, form=True)["access_token"])
    steps = {"core_config": {}, "analytics": {}, "integration": {"client_id": client, "redirect_uri": client}}
    for step, body in steps.items():
        with contextlib.suppress(urllib.error.HTTPError):
            first.post(f"/api/onboarding/{step}", body)
    first.ask("http/config/promote")
    token = first.ask("auth/long_lived_access_token", client_name="liveone", lifespan=365)
    kept.write_text(token)
    return HomeAssistantPeer(url, token)


def _post(url: str, body: Mapping[str, Any], token: str = "", *, form: bool = False) -> Any:
    data = urllib.parse.urlencode(body).encode() if form else json.dumps(body).encode()
    kind = "application/x-www-form-urlencoded" if form else "application/json"
    request = urllib.request.Request(url, data, {"content-type": kind})
    if token:
        request.add_header("authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read() or b"null")
