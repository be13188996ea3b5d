"""The demo's car and heat pump: points with some history, which go on wherever the portal is next time."""

from pathlib import Path

from liveone.cli.demo_devices import EVERY_S, HISTORY_S, connect
from liveone.domain.system import System
from liveone.simulate.portal import Portal, PortalSite
from liveone.simulate.presets import house
from liveone.store import points, systems
from liveone.store import sources as stored
from liveone.store.files import create
from liveone.store.store import open_store
from liveone.vendors.adapter import account_of
from liveone.vendors.httpjson.device import HttpJson

NOW_AT = 1_764_500_000
SITE = "1587"


def test_meters_of_their_own_are_points_with_history_and_go_on(tmp_path: Path) -> None:
    create(tmp_path / "demo.db")
    store, made = open_store(tmp_path / "demo.db"), house("grid", since_day="2025-11-01")
    system: System = systems.add_system(
        store, owner=None, vendor_type="select.live", vendor_site_id=SITE, display_name="Home",
        timezone_offset_min=60,
    )  # fmt: skip
    with Portal([PortalSite(SITE, made)], now=lambda: NOW_AT) as portal:
        connect(store, system, made, "http://127.0.0.1:1", now_at=NOW_AT - 3600)
        connect(store, system, made, portal.url, now_at=NOW_AT)
        (source,) = stored.list_sources(store, system.id)
        adapter = HttpJson(account_of(source.vendor_type, source.settings))
        told = {each.key: each.value for each in adapter.poll("", memory={}, now_at=NOW_AT).points}
        adapter.close()
    assert told == made.devices(NOW_AT)
    known = points.list_points(store, system.id)
    assert {each.role: each.name for each in known} == {
        "car": "Car", "heat_pump": "Heat pump", "temperature": "Outside",
    }  # fmt: skip
    assert points.count_values(store, system.id) == 3 * (HISTORY_S + 3600) // EVERY_S
    store.close()
