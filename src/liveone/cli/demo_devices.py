"""What the demo's houses have beyond their balance: a car and a heat pump on meters of their own, and a
thermometer, as points with some history."""

from liveone.domain.points import Point, PointRole, address_of
from liveone.domain.system import System
from liveone.domain.zones import zone_of
from liveone.simulate.house import House
from liveone.simulate.portal_handler import METERS
from liveone.store import points
from liveone.store import sources as stored
from liveone.store.store import Store

HISTORY_S, EVERY_S = 14 * 86_400, 300
SOURCE = "meters"
KNOWN: dict[str, tuple[str, str, PointRole]] = {
    "car_w": ("Car", "W", "car"),
    "heat_pump_w": ("Heat pump", "W", "heat_pump"),
    "outside_c": ("Outside", "°C", "temperature"),
}


def connect(store: Store, system: System, house: House, portal_url: str, *, now_at: int) -> None:
    """Give a system its meters, at the address that the portal has this time, with the history that is
    missing. A database that keeps no points goes without."""
    told = {key: _point(key, value) for key, value in house.devices(now_at).items()}
    ids = points.meet(store, [(system.id, point) for point in told.values()])
    if not ids:
        return
    for source in stored.list_sources(store, system.id):
        if source.name == SOURCE:
            stored.remove_source(store, source)
    settings = {
        "url": f"{portal_url}{METERS}{system.vendor_site_id}",
        "points": "; ".join(f"{key} = $.{key}" for key in told),
    }
    stored.add_source(store, system.id, name=SOURCE, vendor_type="http-json", roles=(), settings=settings)
    by_key = {key: ids[system.id, address_of(point)] for key, point in told.items()}
    _, newest_at = points.extent(store, min(by_key.values()))
    start_at = max(now_at - HISTORY_S, newest_at + EVERY_S)
    values = [
        (by_key[key], at, value)
        for at in range(start_at + -start_at % EVERY_S, now_at, EVERY_S)
        for key, value in house.devices(at).items()
    ]
    points.record_values(store, zone_of(system), values)


def _point(key: str, value: float) -> Point:
    name, unit, role = KNOWN[key]
    return Point(key, name, unit, value, SOURCE, role)
