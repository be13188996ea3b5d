"""What a serverless instance is told, what it refuses, and what the files for the host promise."""

import asyncio
import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.serverless.host import ROOT

from liveone import serverless
from liveone.clock import SystemClock
from liveone.collect.collector import Collector
from liveone.collect.per_request import PerRequestCollector
from liveone.collect.queue.null_queue import NullQueue
from liveone.collect.settings import CollectSettings
from liveone.errors import ConfigError
from liveone.settings.config import load
from liveone.simulate.run import PortalOptions, make_portal
from liveone.store.database import Unavailable
from liveone.store.files import create
from liveone.store.readings import count
from liveone.store.store import open_store
from liveone.store.systems import add_system
from liveone.vendors.base import VendorAccount
from liveone.vendors.registry import open_vendor

SERVER = {"LIVEONE_DATABASE_URL": "http://127.0.0.1:9", "AUTH_PASSWORD": "x"}


def asked(app: Any, path: str) -> httpx2.Response:
    async def ask() -> httpx2.Response:
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get(path)

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"AUTH_PASSWORD": "x"}, "needs its database on a server"),
        ({**SERVER, "LIVEONE_STREAM_S": "soon"}, "not a number of seconds"),
        ({**SERVER, "LIVEONE_VENDOR_HOME_EMIAL": "me"}, "LIVEONE_VENDOR_HOME_EMIAL is no setting"),
    ],
)
def test_a_wrong_setting_is_answered_to_every_request(
    environment: dict[str, str], words: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("LIVEONE_")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    answer = asked(serverless.application(), "/api/cron/minutely")
    assert answer.status_code == 503
    assert words in answer.json()["error"]
    assert answer.json()["hint"] or "seconds" in words


def test_accounts_without_a_key_for_sessions_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    account = '[[user]]\nid = "a"\nemail = "a@example.com"\npassword_hash = "scrypt$14$8$5$bm8=$AAAA"\n'
    users = tmp_path / "users.toml"
    users.write_text(account)
    users.chmod(0o600)
    monkeypatch.setenv("LIVEONE_DATABASE_URL", "http://127.0.0.1:9")
    assert "one instance only" in asked(serverless.application(), "/").json()["error"]
    monkeypatch.setenv("LIVEONE_SESSION_KEY", "long and random")
    assert asked(serverless.application(), "/login").status_code == 200


def test_an_account_stands_in_the_environment_alone(tmp_path: Path) -> None:
    found = load(
        None,
        {
            "LIVEONE_VENDOR_MY_HOME_EMAIL": "me@example.com",
            "LIVEONE_VENDOR_MY_HOME_PASSWORD": "sunshine",
            "LIVEONE_VENDOR_MY_HOME_SITES": "1586, 648",
            "LIVEONE_VENDOR_BOX_TYPE": "select.live-lan",
            "LIVEONE_VENDOR_BOX_URL": "https://10.0.0.9",
            "LIVEONE_VENDOR_BOX_VERIFY_TLS": "off",
            "LIVEONE_VENDOR_GONE_PASSWORD": "of an account that is no longer there",
        },
    ).vendors
    assert [(one.name, one.type, one.sites) for one in found] == [
        ("box", "select.live-lan", ()),
        ("my_home", "select.live", ("1586", "648")),
    ]
    assert found[0].verify_tls is False
    assert found[1].password == "sunshine"


def test_the_environment_wins_over_the_settings_file(tmp_path: Path) -> None:
    settings = tmp_path / "liveone.toml"
    settings.write_text('[[vendor]]\nname = "home"\nemail = "file@example.com"\nurl = "https://file"\n')
    found = load(
        settings, {"LIVEONE_VENDOR_HOME_PASSWORD": "p", "LIVEONE_VENDOR_HOME_EMAIL": "other"}
    ).vendors
    assert [(one.email, one.url, one.password) for one in found] == [("other", "https://file", "p")]
    with pytest.raises(ConfigError, match="neither 'on' nor 'off'"):
        load(settings, {"LIVEONE_VENDOR_BOX_VERIFY_TLS": "maybe"})


def test_what_the_database_refuses_is_lost_with_its_call_which_says_so(tmp_path: Path) -> None:
    path = tmp_path / "live.db"
    create(path)
    options = PortalOptions(hiccup=False, since_day="2026-01-01")
    with make_portal(options) as portal, closing(open_store(path, busy_timeout_s=0.1)) as store:
        add_system(store, owner=None, vendor_type="select.live", vendor_site_id="1586",
                   display_name="Home", timezone_offset_min=600)  # fmt: skip
        account = VendorAccount("select.live", url=portal.url, email=options.email, password=options.password)
        with closing(open_vendor(account)) as vendor:
            settings = CollectSettings(polls=False)
            oncall = PerRequestCollector(
                lambda: Collector(store, lambda _: vendor, SystemClock(), NullQueue(), settings)
            )
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                with pytest.raises(Unavailable, match=r"1 readings are lost: .*locked"):
                    asyncio.run(oncall.poll_once())
                other.execute("ROLLBACK")
            assert count(store, 1) == 0
            assert [result.ok for result in asyncio.run(oncall.poll_once())] == [True]
            assert count(store, 1) == 1


def test_the_files_for_the_host_name_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    said = json.loads((ROOT / "vercel.json").read_text())
    for name, value in SERVER.items():
        monkeypatch.setenv(name, value)
    app: Any = serverless.application()
    for cron in said["crons"]:
        assert len(cron["schedule"].split()) == 5
        assert asked(app, cron["path"]).status_code == 401, "it is there, and wants CRON_SECRET"
    (rewrite,) = said["rewrites"]
    (function,) = said["functions"]
    assert (ROOT / function).is_file()
    assert f"{rewrite['destination'][1:]}.py" == function
    kept = [line[1:] for line in (ROOT / ".vercelignore").read_text().splitlines() if line.startswith("!")]
    assert all((ROOT / name).exists() for name in kept)
    assert {"api", "src", "packages", "pyproject.toml", "requirements.txt", "vercel.json"} <= set(kept)
