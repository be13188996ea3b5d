"""A generated house: the sample at an instant is a function of seed, parameters and time alone.

Every local day is integrated once from the state of the day before, starting with half a battery and
counters at zero on ``since_day``; so a history that is filled in and the live polls after it agree, and
a restarted portal goes on where the last one stopped. Within a minute power is constant but for a
small flutter, and counters rise in straight lines and tick like the real ones.
"""

import math
import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from liveone.domain.reading import COUNTERS, Reading
from liveone.errors import BadInput
from liveone.simulate.appliances import Device, Habits, device_curve, load_curve
from liveone.simulate.noise import TAPE_LENGTH, minutes_of, mix, unit, white
from liveone.simulate.payload import (
    AC_POWER_STEP_W,
    AC_TICK_KWH,
    DC_POWER_STEP_W,
    DC_TICK_KWH,
    SOC_STEP_PCT,
)
from liveone.simulate.plant import DayFlows, Equipment, Meters, Wishes, run_day
from liveone.simulate.sample import Sample
from liveone.simulate.sun import clear_sky
from liveone.simulate.telemetry import Telemetry
from liveone.simulate.weather import cloud_factors, temperature_c

DAY_S = 86400
SINCE_DAY = "2025-01-01"
DAYS_KEPT = 3
WARMEST, SWING_C = 15 / 24, 4.0
"""The part of the day at which it is warmest, and by how much."""

PERFORMANCE = 0.86
"""What dust, wiring and mismatch leave of a panel's power."""
_EPOCH = date(1970, 1, 1)
_TAPE_END = TAPE_LENGTH - 1
_W_MINUTES = 60000.0
_AC_TICK, _DC_TICK = AC_TICK_KWH * _W_MINUTES, DC_TICK_KWH * _W_MINUTES

Row = tuple[
    int, int, int, int, int, int, int | None, int, float | None, int, int, int,
    float, float, float | None, float | None, float, float,
]  # fmt: skip
"""The fields of liveone.domain.reading.Reading, in its order."""

Measured = tuple[float, float, float, float, float, float, int, float, float, float, float, float, float]
"""ac_w, dc_w, load_w, battery_w, grid_w, soc_pct, generator status, and six totals in kWh (COUNTERS)."""


class House:
    """A house at a place. Safe to use from many threads.

    ``offset_min`` is its local time in minutes east of UTC (by default that of the longitude, in whole
    hours); ``since_day`` the local day its counters began. Instants before that day raise BadInput.
    """

    def __init__(
        self,
        latitude: float,
        longitude: float,
        *,
        seed: int = 1,
        equipment: Equipment | None = None,
        habits: Habits | None = None,
        offset_min: int | None = None,
        since_day: str = SINCE_DAY,
    ) -> None:
        if not (-90.0 <= latitude <= 90.0 and -180.0 <= longitude <= 180.0):
            raise BadInput(
                f"there is no place at latitude {latitude}, longitude {longitude}",
                hint="Give degrees: latitude -90 to 90, longitude -180 to 180, for example -36.4,146.7.",
            )
        self.latitude, self.longitude, self.seed = latitude, longitude, seed
        self.equipment, self.habits = equipment or Equipment(), habits or Habits()
        self.offset_min = round(longitude / 15) * 60 if offset_min is None else offset_min
        self._first_day = (_day_of(since_day) - _EPOCH).days
        self._tilt_deg = min(35.0, abs(latitude) * 0.8)
        self._metered: tuple[Device, ...] = tuple(
            device for device, watts in self.habits.metered.items() if watts > 0.0
        )
        self._telemetry = Telemetry(seed)
        self._flutter = white()
        self._lock = threading.Lock()
        self._starts = {self._first_day: Meters(charge_wh=500.0 * self.equipment.battery_kwh)}
        self._kept: dict[int, DayFlows] = {}
        self._devices: dict[tuple[Device, int], list[float]] = {}

    @property
    def since_at(self) -> int:
        """The first instant for which there is a sample."""
        return self._first_day * DAY_S - self.offset_min * 60 + 8 * 6

    def sample(self, at: float) -> Sample:
        """The newest sample that the portal holds at this instant, with unrounded raw values."""
        number = self._telemetry.newest_number(at)
        taken_at = self._telemetry.taken_at(number)
        day = (taken_at + self.offset_min * 60) // DAY_S
        ac, dc, load, battery, grid, soc, generator, *totals = self._measure(number, taken_at)
        midnight = _totals(self._flows(day), 0, 0.0)
        stored = self.equipment.battery_kwh > 0
        lacks = set() if stored else {"battery_in", "battery_out"}
        return Sample(
            taken_at=taken_at,
            solar_inverter_w=ac,
            shunt_w=dc,
            load_w=load,
            battery_w=battery if stored else None,
            grid_w=grid,
            battery_soc_pct=soc if stored else None,
            generator_status=generator,
            total_kwh={n: t for n, t in zip(COUNTERS, totals, strict=True) if n not in lacks},
            today_kwh={
                n: t - m for n, t, m in zip(COUNTERS, totals, midnight, strict=True) if n not in lacks
            },
        )

    def devices(self, at: float) -> dict[str, float]:
        """What has a meter of its own at an instant: the powers in W of those that the house has got, which
        are part of its load, and the temperature outside in °C."""
        day, second = divmod(int(at) + self.offset_min * 60, DAY_S)
        temperatures_c = tuple(temperature_c(self.seed, each, self.latitude) for each in (day - 1, day))
        found = {
            f"{device}_w": round(self._device(device, day, temperatures_c)[second // 60], 1)
            for device in self._metered
        }
        warmest = math.cos((second / DAY_S - WARMEST) * math.tau)
        return {**found, "outside_c": round(temperatures_c[1] + SWING_C * warmest, 1)}

    def rows(
        self, start_at: int, end_at: int, cadence_s: int = 60, *, skip: Callable[[int], bool] | None = None
    ) -> Iterator[Row]:
        """What polling every ``cadence_s`` in [start_at, end_at) would have read, as Reading's fields.

        ``skip`` says of a poll whether the portal failed then (``Hiccup.hides``). Samples that a poll
        meets a second time are left out.
        """
        stored = self.equipment.battery_kwh > 0
        newest, taken, measure = self._telemetry.newest_number, self._telemetry.taken_at, self._measure
        seen = -1
        for at in range(max(start_at, self.since_at), end_at, cadence_s):
            number = newest(at)
            if number == seen or (skip is not None and skip(at)):
                continue
            seen = number
            taken_at = taken(number)
            ac, dc, load, battery, grid, soc, generator, solar, *more = measure(number, taken_at)
            used, stored_in, stored_out, grid_in, grid_out = more
            yield (
                taken_at, at, round(ac) + round(dc), round(ac), round(dc), round(load),
                round(battery) if stored else None, round(grid), soc if stored else None, 0, 0, generator,
                solar, used, stored_in if stored else None, stored_out if stored else None, grid_in, grid_out,
            )  # fmt: skip

    def readings(
        self, start_at: int, end_at: int, cadence_s: int = 60, *, skip: Callable[[int], bool] | None = None
    ) -> Iterator[Reading]:
        """``rows`` as readings."""
        return (Reading(*row) for row in self.rows(start_at, end_at, cadence_s, skip=skip))

    def _measure(self, number: int, taken_at: int) -> Measured:
        day, second = divmod(taken_at + self.offset_min * 60, DAY_S)
        flows = self._kept.get(day) or self._flows(day)
        minute, into_s = divmod(second, 60)
        ac, dc, load = flows.solar_inverter_w[minute], flows.shunt_w[minute], flows.load_w[minute]
        battery, grid = flows.battery_w[minute], flows.grid_w[minute]
        flutter = self._flutter[number & _TAPE_END]
        load_flutter = 0.004 * load * flutter
        sun_flutter = 0.006 * ac * self._flutter[(number * 7) & _TAPE_END]
        if battery:
            battery += load_flutter - sun_flutter
        else:
            grid += load_flutter - sun_flutter if grid else 0.0
        charge = (
            flows.charge_wh[minute] + (flows.charge_wh[minute + 1] - flows.charge_wh[minute]) * into_s / 60
        )
        full = self.equipment.battery_kwh * 1000.0
        return (
            round(max(0.0, ac + sun_flutter) / AC_POWER_STEP_W) * AC_POWER_STEP_W,
            round(dc / DC_POWER_STEP_W) * DC_POWER_STEP_W,
            round((load + load_flutter) / AC_POWER_STEP_W) * AC_POWER_STEP_W,
            round(battery / DC_POWER_STEP_W) * DC_POWER_STEP_W,
            round(grid / AC_POWER_STEP_W) * AC_POWER_STEP_W,
            round(charge * 100.0 / full / SOC_STEP_PCT) * SOC_STEP_PCT if full else 0.0,
            flows.generator_on[minute],
            *_totals(flows, minute, into_s / 60),
        )

    def _device(self, device: Device, day: int, temperatures_c: tuple[float, ...]) -> list[float]:
        with self._lock:
            if (kept := self._devices.get((device, day))) is None:
                while len(self._devices) >= DAYS_KEPT:
                    self._devices.pop(next(iter(self._devices)))
                before_c, now_c = temperatures_c
                kept = device_curve(device, self.habits, self.seed, day, (before_c, now_c))
                self._devices[device, day] = kept
            return kept

    def _flows(self, day: int) -> DayFlows:
        with self._lock:
            flows = self._kept.get(day)
            if flows is None:
                flows = self._integrate(day)
            return flows

    def _integrate(self, day: int) -> DayFlows:
        if day < self._first_day:
            first = _EPOCH + timedelta(days=self._first_day)
            raise BadInput(
                f"the generated house has no sample before {first}",
                hint="Ask for a later time, or give the house an earlier since_day.",
            )
        known = max(start for start in range(self._first_day, day + 1) if start in self._starts)
        for at_day in range(known, day + 1):
            flows = self._run(at_day)
            self._starts[at_day + 1] = flows.end
        while len(self._kept) >= DAYS_KEPT:
            self._kept.pop(next(iter(self._kept)), None)
        self._kept[day] = flows
        return flows

    def _run(self, day: int) -> DayFlows:
        kit, seed = self.equipment, self.seed
        before_c, now_c = (temperature_c(seed, at, self.latitude) for at in (day - 1, day))
        heat = 1.0 - 0.004 * max(0.0, now_c + 8.0 - 25.0)
        sky = clear_sky(day, self.latitude, self.longitude, self.offset_min, self._tilt_deg)
        watts = 1000.0 * kit.solar_kw * PERFORMANCE * heat
        sun = [watts * clear * clouds for clear, clouds in zip(sky, cloud_factors(seed, day), strict=True)]
        ac_share, ac_limit, dc_share = 1.0 - kit.dc_share, kit.solar_kw * 800.0, kit.dc_share
        ac = [min(ac_limit, ac_share * power) if power > 25.0 else 0.0 for power in sun]
        dc = [dc_share * power for power in sun]
        load = load_curve(self.habits, seed, day, (before_c, now_c))
        return run_day(kit, self._starts[day], Wishes(ac, dc, _shunt_floor(seed, day), load))


def _shunt_floor(seed: int, day: int) -> list[float]:
    """What the DC meter shows and counts at night, as on the recorded site: 4 to 23 W."""
    level = 6.0 + 13.0 * unit(seed, day, 31)
    return [min(22.0, max(4.0, level + 1.5 * wander)) for wander in minutes_of(white(), seed, day, 32)]


def _totals(flows: DayFlows, minute: int, part: float) -> tuple[float, float, float, float, float, float]:
    """The six counters ``part`` (0 to 1) into a minute, in whole ticks of kWh."""
    ac, dc, load, b_in, b_out, g_in, g_out = flows.counters
    i, j = minute, minute + 1
    return (
        int((ac[i] + part * (ac[j] - ac[i])) / _AC_TICK) * AC_TICK_KWH
        + int((dc[i] + part * (dc[j] - dc[i])) / _DC_TICK) * DC_TICK_KWH,
        int((load[i] + part * (load[j] - load[i])) / _AC_TICK) * AC_TICK_KWH,
        int((b_in[i] + part * (b_in[j] - b_in[i])) / _DC_TICK) * DC_TICK_KWH,
        int((b_out[i] + part * (b_out[j] - b_out[i])) / _DC_TICK) * DC_TICK_KWH,
        int((g_in[i] + part * (g_in[j] - g_in[i])) / _AC_TICK) * AC_TICK_KWH,
        int((g_out[i] + part * (g_out[j] - g_out[i])) / _AC_TICK) * AC_TICK_KWH,
    )


def _day_of(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{text!r} is not a day", hint="Write a day as YYYY-MM-DD.") from None


def small_seed(*keys: int) -> int:
    """A small seed for one of several houses, from the seed of them all."""
    return mix(*keys) & 0x7FFFFFFF
