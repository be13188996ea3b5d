"""Houses in the states that a healthy demo does not show, for pictures and for looking at.

Six of them stand as the names below say, the others are well: a fault while the generator runs, silence with
a portal that fails, values that stand still, a hole in the day, no reading yet, polling paused.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from liveone.clock import SystemClock
from liveone.collect.days import closer
from liveone.domain.reading import Reading
from liveone.simulate import presets
from liveone.simulate.run import PortalOptions, house_of
from liveone.store import bulk, polling, systems
from liveone.store.files import create
from liveone.store.readings import reading_of, row_of
from liveone.store.store import Store, open_store

KINDS = ("off-grid", "cabin", "grid", "no-battery", "tropics")
DAYS_S, HOUR_S = 2 * 86_400, 3600
FAULTY, SILENT, STILL, HOLED, EMPTY, PAUSED = 2, 3, 4, 5, 6, 7

Change = Callable[[list[Reading]], list[Reading]]


def made(path: Path, number: int = 24) -> Store:
    """A new database at ``path`` with ``number`` houses and two days of minutes each, up to now."""
    create(path)
    store, now_at = open_store(path), int(SystemClock().now_at())
    for index in range(number):
        _add(store, index, now_at)
    closer.catch_up(store, now_at)
    polling.failed(store, SILENT, now_at - 20, "the portal answered 503")
    systems.set_active(store, PAUSED, active=False)
    return store


def _add(store: Store, index: int, now_at: int) -> None:
    kind = KINDS[index % len(KINDS)]
    preset = presets.named(kind)
    system = systems.add_system(
        store,
        owner=None,
        vendor_type="select.live",
        vendor_site_id=str(1586 + index),
        display_name=f"{preset.display_name} {index + 1}",
        timezone_offset_min=preset.offset_min,
        info=presets.system_info(preset.equipment, serial=str(230000 + index)),
    )
    if system.id == EMPTY:
        return
    house = house_of(PortalOptions(sites=1, presets=(kind,)), 0)
    rows = [reading_of(row) for row in house.rows(now_at - DAYS_S, now_at, 60)]
    bulk.import_readings(store, system.id, map(row_of, CHANGES.get(system.id, list)(rows)))


def _faulty(rows: list[Reading]) -> list[Reading]:
    began_at = rows[-90].inverter_time
    return rows[:-90] + [
        replace(row, fault_code=57, fault_at=began_at, generator_status=1, grid_w=2300, battery_w=-1500)
        for row in rows[-90:]
    ]


def _still(rows: list[Reading]) -> list[Reading]:
    last = rows[-30]
    return rows[:-30] + [
        replace(last, inverter_time=row.inverter_time, received_time=row.received_time) for row in rows[-30:]
    ]


def _holed(rows: list[Reading]) -> list[Reading]:
    until_at = rows[-1].inverter_time - HOUR_S
    return [row for row in rows if not until_at - 2 * HOUR_S < row.inverter_time < until_at]


CHANGES: dict[int, Change] = {
    FAULTY: _faulty,
    SILENT: lambda rows: rows[:-47],
    STILL: _still,
    HOLED: _holed,
}
