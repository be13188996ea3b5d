"""Receivers in the settings, and a server that sends while it polls."""

import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.cli.house import House
from tests.outgoing.test_influx import record
from tests.vendors.wire import Heard, Wire, reply

from liveone.cli.root import root
from liveone.clock import SystemClock
from liveone.database.open import open_store
from liveone.errors import ConfigError
from liveone.outgoing import forwarder
from liveone.outgoing.forwarder import read_state
from liveone.settings.config import load
from liveone.wiring.outgoing import sending

HOOK = '[[webhook]]\nname = "hook"\nurl = "https://example.org/h"\n'
INFLUX = '[[influx]]\nname = "grafana"\nurl = "http://192.168.1.5:8086"\ndatabase = "solar"\n'
SECRET = "a-secret-of-the-owner-7f3a"


def written(folder: Path, settings: str, secrets: str = "") -> Path:
    (folder / "liveone.toml").write_text(settings)
    (folder / "secrets.toml").write_text(secrets)
    (folder / "secrets.toml").chmod(0o600)
    return folder / "liveone.toml"


def test_secrets_stand_apart_or_in_the_environment(tmp_path: Path) -> None:
    secrets = f'[webhook.hook]\nsecret = "{SECRET}"\n[influx.grafana]\npassword = "p"\n'
    path = written(tmp_path, HOOK + INFLUX + 'user = "u"\nsystems = [1]\n', secrets)
    found = load(path, {}).outgoing
    assert (found.webhooks[0].secret, found.influx[0].password) == (SECRET, "p")
    assert found.influx[0].systems == ("1",)
    assert SECRET not in repr(load(path, {}))
    assert "example.org/h" not in repr(found)
    given = {"LIVEONE_WEBHOOK_HOOK_SECRET": "another-secret-of-16", "LIVEONE_INFLUX_GRAFANA_TOKEN": "t"}
    assert load(path, given).outgoing.webhooks[0].secret == "another-secret-of-16"
    assert load(path, given).outgoing.influx[0].token == "t"


@pytest.mark.parametrize(
    ("settings", "secrets", "said"),
    [
        (HOOK, "", "has no secret"),
        (HOOK + f'secret = "{SECRET}"\n', "", "secret is a secret"),
        (HOOK.replace("https", "ftp"), "", "its url cannot be used"),
        (HOOK.replace("example", "me:word@example"), "", "its url cannot be used"),
        (HOOK + 'on = "hour"\n', "", "on is 'hour'"),
        (HOOK.replace('"hook"', '"../hook"'), "", "has no name"),
        (HOOK + 'onn = "day"\n', "", "unknown key 'onn'"),
        (INFLUX + 'bucket = "b"\n', "", "is it version 1 or 2"),
        (INFLUX.replace("database", "bucket"), "", "has no token"),
        (INFLUX + 'systems = ["Home"]\n', "", "systems holds 'Home'"),
        (INFLUX + INFLUX, "", "two receivers are called 'grafana'"),
        (INFLUX, '[influx.grafna]\ntoken = "t"\n', "no \\[\\[influx\\]\\] has that name"),
        (INFLUX, '[influx.grafana]\ntokn = "t"\n', "unknown key 'tokn'"),
        ('influx = "x"\n', "", "write receivers as"),
    ],
)
def test_settings_that_cannot_be_are_refused_in_words(
    tmp_path: Path, settings: str, secrets: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        load(written(tmp_path, settings, secrets), {})
    assert SECRET not in str(caught.value)


def test_a_receiver_is_tried_by_command_before_anything_is_sent(tmp_path: Path) -> None:
    assert CliRunner().invoke(root, ["init", str(tmp_path / "home")]).exit_code == 0
    house = House(tmp_path / "home", portal=None)  # type: ignore[arg-type]
    assert "No receivers" in house.ok("outgoing", "list")
    with Wire(lambda heard: reply(204)) as wire:
        path = house.folder / "liveone.toml"
        path.write_text(path.read_text() + INFLUX.replace("http://192.168.1.5:8086", wire.url))
        assert "there is nothing to send yet" in str(house.run("outgoing", "test", "grafana").exception)
        house.ok("systems", "add", "none", "--name", "Home", "--timezone", "+10:00")
        (tmp_path / "one.csv").write_text("time,solar_w\n2026-01-01T00:00:00Z,3120\n")
        house.ok("import", str(tmp_path / "one.csv"), "--system", "1")
        assert "grafana took reading-1-1767225600" in house.ok("outgoing", "test", "grafana")
        assert wire.heard[0].body == "liveone,system=1,name=Home solar_w=3120.0 1767225600"
        assert "there is no receiver 'x'" in str(house.run("outgoing", "test", "x").exception)
    assert "grafana  0 sent  ok" in house.ok("outgoing", "list")


def test_a_server_sends_what_comes_in_and_polling_does_not_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwarder, "LOOK_S", 0.02)
    assert CliRunner().invoke(root, ["init", str(tmp_path / "home")]).exit_code == 0
    house = House(tmp_path / "home", portal=None)  # type: ignore[arg-type]
    house.ok("systems", "add", "none", "--name", "Home", "--timezone", "+10:00")
    path, arrived, hangs = house.folder / "liveone.toml", threading.Event(), threading.Event()

    def answer(heard: Heard) -> list[bytes]:
        arrived.set()
        hangs.wait(30)
        return reply(204)

    with Wire(answer) as wire:
        path.write_text(path.read_text() + INFLUX.replace("http://192.168.1.5:8086", wire.url))
        config = load(path, {})
        with closing(open_store(config)) as store, sending(config, store, SystemClock()):
            state = house.folder / "outgoing" / "grafana.json"
            wait_until(state.is_file)
            now_at = int(SystemClock().now_at())
            record(store, 1, from_at=now_at - 60)
            assert arrived.wait(30)
            record(store, 1, from_at=now_at)
            assert len(wire.heard) == 1, "the receiver hangs, and readings are recorded all the same"
            hangs.set()
            wait_until(lambda: read_state(state).sent == 2)
        assert state.stat().st_mode & 0o077 == 0
    web = replace(config, serve=replace(config.serve, role="web"))
    with sending(web, store, SystemClock()):
        assert not [each for each in threading.enumerate() if each.name.startswith("outgoing")]


def wait_until(holds: Callable[[], bool]) -> None:
    give_up_s = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < give_up_s
        time.sleep(0.01)
