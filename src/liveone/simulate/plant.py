"""The machinery of a house over one day: panels, inverter, battery, grid or generator, and six counters.

At every minute ``solar + battery + grid = load + losses`` in house signs (battery > 0 discharges,
grid > 0 imports). The losses are those of the recorded site: the inverter's own 45 W, and 4.5 % of what
it turns from DC into AC. A house that starves sheds load; power nobody can use is never produced.
"""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

STANDBY_W = 45.0
TO_AC = 1.045
"""DC watts for one AC watt."""
TO_DC = 0.975
"""DC watts from one AC watt."""
TAPER_SHARE = 0.1
"""The last tenth of a battery fills ever more slowly."""


@dataclass(frozen=True, slots=True)
class Equipment:
    """What stands in the shed. kW and kWh as on the label; shares from 0 to 1.

    ``battery_kwh`` 0 is a house without a battery. ``export_limit_w`` None is a house off the grid, which
    has a generator of ``generator_w`` (0: none) that runs between the two charge levels.
    """

    solar_kw: float = 9.0
    dc_share: float = 0.29
    inverter_w: float = 7500.0
    battery_kwh: float = 63.6
    battery_efficiency: float = 0.95
    reserve_share: float = 0.1
    export_limit_w: float | None = None
    generator_w: float = 6000.0
    generator_start_share: float = 0.15
    generator_stop_share: float = 0.35

    @property
    def off_grid(self) -> bool:
        return self.export_limit_w is None


@dataclass(frozen=True, slots=True)
class Wishes:
    """What sky and household offer and ask each minute, W; the DC meter never shows less than its floor."""

    solar_inverter_w: Sequence[float]
    shunt_w: Sequence[float]
    shunt_floor_w: Sequence[float]
    load_w: Sequence[float]


@dataclass(frozen=True, slots=True)
class Meters:
    """The state that passes from day to day: charge in Wh and energy since installation in W-minutes."""

    charge_wh: float
    generator_on: bool = False
    solar_inverter: float = 0.0
    shunt: float = 0.0
    load: float = 0.0
    battery_in: float = 0.0
    battery_out: float = 0.0
    grid_in: float = 0.0
    grid_out: float = 0.0


COUNTED = ("solar_inverter", "shunt", "load", "battery_in", "battery_out", "grid_in", "grid_out")


@dataclass(frozen=True, slots=True)
class DayFlows:
    """One local day: mean power in W of each of 1,440 minutes; meters at the start of each and the end."""

    solar_inverter_w: Sequence[float]
    shunt_w: Sequence[float]
    load_w: Sequence[float]
    battery_w: Sequence[float]
    grid_w: Sequence[float]
    generator_on: Sequence[int]
    charge_wh: Sequence[float]
    counters: tuple[Sequence[float], ...]
    """W-minutes since installation, in the order of COUNTED."""
    end: Meters


Flow = tuple[float, float, float, float, float]
Minute = Callable[[float, bool, float, float, float], tuple[Flow, bool]]
"""From charge, generator, AC, DC and load to the minute's flows (in the order of DayFlows) and generator."""


def run_day(kit: Equipment, start: Meters, wishes: Wishes) -> DayFlows:
    """Run the day through the equipment, a minute at a time."""
    minute = _off_grid_minute(kit) if kit.off_grid else _on_grid_minute(kit)
    charge, running = start.charge_wh, start.generator_on
    flows: list[Flow] = []
    charges, runs = [charge], []
    for ac, dc, load in zip(wishes.solar_inverter_w, wishes.shunt_w, wishes.load_w, strict=True):
        flow, running = minute(charge, running, ac, dc, load)
        battery = flow[3]
        charge -= battery / 60.0 if battery > 0.0 else battery * kit.battery_efficiency / 60.0
        flows.append(flow)
        charges.append(charge)
        runs.append(running)
    return _day_flows(start, flows, charges, runs, wishes.shunt_floor_w)


def _limits(kit: Equipment) -> Callable[[float], tuple[float, float]]:
    """What the battery can take and give for the next minute, W, by its charge."""
    full = kit.battery_kwh * 1000.0
    if full <= 0.0:
        return lambda charge: (0.0, 0.0)
    take_max, give_max = min(kit.inverter_w * 1.3, full * 0.5), kit.inverter_w * TO_AC
    taper_from, reserve = full * (1.0 - TAPER_SHARE), kit.reserve_share * full
    taper = take_max / (TAPER_SHARE * full)

    def limits(charge: float) -> tuple[float, float]:
        take = take_max if charge < taper_from else taper * (full - charge) if charge < full else 0.0
        give = (charge - reserve) * 60.0
        return take, give_max if give > give_max else give if give > 0.0 else 0.0

    return limits


def _off_grid_minute(kit: Equipment) -> Minute:
    full, generator_w, limits = kit.battery_kwh * 1000.0, kit.generator_w, _limits(kit)
    start_wh, stop_wh = kit.generator_start_share * full, kit.generator_stop_share * full

    def minute(charge: float, running: bool, ac: float, dc: float, load: float) -> tuple[Flow, bool]:
        running = generator_w > 0.0 and charge < (stop_wh if running else start_wh)
        grid = generator_w if running else 0.0
        need = load - ac - grid
        battery = (need * TO_AC if need >= 0.0 else need * TO_DC) + STANDBY_W - dc
        take, give = limits(charge)
        if battery > give:
            load = max(0.0, load - (battery - give) / TO_AC)
            battery = give
        elif battery < -take:
            spare, battery = -battery - take, -take
            cut = min(grid, spare / TO_DC)
            grid, spare = grid - cut, spare - cut * TO_DC
            ac, dc = _curtailed(ac, dc, spare)
        return (ac, dc, load, battery, grid), running

    return minute


def _on_grid_minute(kit: Equipment) -> Minute:
    export_limit, limits = kit.export_limit_w or 0.0, _limits(kit)

    def minute(charge: float, running: bool, ac: float, dc: float, load: float) -> tuple[Flow, bool]:
        need, grid = load - ac, 0.0
        battery = (need * TO_AC if need >= 0.0 else need * TO_DC) + STANDBY_W - dc
        take, give = limits(charge)
        if battery > give:
            grid, battery = (battery - give) / TO_AC, give
        elif battery < -take:
            spare, battery = -battery - take, -take
            from_ac = min(spare / TO_DC, max(0.0, -need), export_limit)
            spare -= from_ac * TO_DC
            from_dc = min(spare / TO_AC, export_limit - from_ac)
            grid = -(from_ac + from_dc)
            ac, dc = _curtailed(ac, dc, spare - from_dc * TO_AC)
        return (ac, dc, load, battery, grid), running

    return minute


def _curtailed(ac: float, dc: float, spare: float) -> tuple[float, float]:
    """AC and DC solar power when ``spare`` watts of DC have nowhere to go: DC panels yield first."""
    cut = min(dc, spare)
    return ac - min(ac, (spare - cut) / TO_DC), dc - cut


def _day_flows(
    start: Meters,
    flows: list[Flow],
    charges: list[float],
    runs: list[bool],
    shunt_floor_w: Sequence[float],
) -> DayFlows:
    ac, dc, load, battery, grid = (array("d", column) for column in zip(*flows, strict=True))
    dc = array("d", map(max, dc, shunt_floor_w))
    taken = (
        ac,
        dc,
        load,
        [-w if w < 0.0 else 0.0 for w in battery],
        [w if w > 0.0 else 0.0 for w in battery],
        [w if w > 0.0 else 0.0 for w in grid],
        [-w if w < 0.0 else 0.0 for w in grid],
    )
    counters = tuple(
        array("d", accumulate(powers, initial=getattr(start, name)))
        for name, powers in zip(COUNTED, taken, strict=True)
    )
    ends = {name: counter[-1] for name, counter in zip(COUNTED, counters, strict=True)}
    end = Meters(charges[-1], runs[-1], **ends)
    return DayFlows(ac, dc, load, battery, grid, array("b", runs), array("d", charges), counters, end)
