"""What a household switches on: a load curve for each local day, from habits, season and chance.

A day is made of events ``(first_minute, minutes, watts)``; what runs past midnight goes on the next day.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from liveone.simulate.noise import drifting, minutes_of, stream, white

MINUTES = 1440
NOISE_W = 9.0
"""What the recorded load trembles by from minute to minute when nothing is switched."""
Event = tuple[int, int, float]
Device = Literal["heat_pump", "car"]
"""What a house may have a meter of its own for."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How a household lives. Powers in W; ``activity`` scales how often people switch things on."""

    base_w: float = 190.0
    activity: float = 1.0
    heater_w: float = 2000.0
    cooler_w: float = 1500.0
    hot_water_w: float = 1000.0
    hot_water_minute: int = 660
    pump_w: float = 0.0
    car_charger_w: float = 0.0

    @property
    def metered(self) -> Mapping[Device, float]:
        """The power of each device that may have a meter of its own; 0: there is none."""
        return {"car": self.car_charger_w, "heat_pump": self.heater_w}


def events(seed: int, day: int, temperature_c: float, habits: Habits) -> list[Event]:
    """Everything that is switched on that day, in any order; ``day`` counts from 1970-01-01."""
    return [each for made in _made(seed, day, temperature_c, habits).values() for each in made]


def device_curve(
    device: Device, habits: Habits, seed: int, day: int, temperatures_c: tuple[float, float]
) -> list[float]:
    """What one device takes of the load, in W for each of the 1,440 minutes."""
    curve = [0.0] * MINUTES
    _add(curve, _made(seed, day - 1, temperatures_c[0], habits)[device], MINUTES)
    _add(curve, _made(seed, day, temperatures_c[1], habits)[device], 0)
    return curve


def _made(seed: int, day: int, temperature_c: float, habits: Habits) -> dict[str, list[Event]]:
    """The events of a day by what makes them. They draw from one stream: their order matters."""
    chance = stream(seed, day, 11)
    return {
        "cold": _cold_things(chance),
        "kitchen": _kitchen(chance, habits.activity),
        "laundry": _laundry(chance, habits.activity),
        "evening": _evening(chance, day),
        "bursts": _short_bursts(chance, habits.activity),
        "heat_pump": _climate(chance, temperature_c, habits),
        "hot_water": _hot_water(chance, temperature_c, habits),
        "pump": _pump(temperature_c, habits),
        "car": _car(chance, habits),
    }


def load_curve(habits: Habits, seed: int, day: int, temperatures_c: tuple[float, float]) -> list[float]:
    """Load in W for each of the 1,440 minutes; ``temperatures_c`` are of the day before and the day."""
    noise, wander = minutes_of(white(), seed, day, 12), minutes_of(drifting(90), seed, day, 13)
    base_w = habits.base_w
    curve = [
        base_w * (1.0 + 0.1 * max(-2.5, slow)) + NOISE_W * fast
        for fast, slow in zip(noise, wander, strict=True)
    ]
    _add(curve, events(seed, day - 1, temperatures_c[0], habits), MINUTES)
    _add(curve, events(seed, day, temperatures_c[1], habits), 0)
    return curve


def _add(curve: list[float], made: list[Event], elapsed_min: int) -> None:
    for start, minutes, watts in made:
        first, last = max(0, start - elapsed_min), min(MINUTES, start + minutes - elapsed_min)
        if first < last:
            curve[first:last] = [level + watts for level in curve[first:last]]


def _cold_things(chance: random.Random) -> list[Event]:
    made: list[Event] = []
    for watts, on_min, off_min in ((115.0, 14, 31), (85.0, 18, 55)):
        minute = chance.randrange(off_min)
        while minute < MINUTES:
            run = on_min + chance.randrange(6)
            made.append((minute, min(run, MINUTES - minute), watts + chance.random() * 10))
            minute += run + off_min + chance.randrange(9)
    return made


def _kitchen(chance: random.Random, activity: float) -> list[Event]:
    made: list[Event] = []
    for centre, spread in ((425, 25), (470, 40), (625, 30), (755, 30), (930, 40), (1130, 35), (1220, 40)):
        if chance.random() < 0.75 * activity:
            made.append((int(chance.gauss(centre, spread)), chance.randint(2, 4), chance.uniform(1800, 2300)))
    if chance.random() < 0.5 * activity:
        made.append((int(chance.gauss(760, 25)), chance.randint(4, 12), chance.uniform(900, 1500)))
    if chance.random() < 0.9:
        start, watts = int(chance.gauss(1095, 30)), chance.uniform(1300, 2300)
        made += [(start + at, chance.randint(1, 3), watts) for at in range(0, chance.randint(20, 55), 4)]
    if chance.random() < 0.55 * activity:
        start = int(chance.gauss(1190, 40))
        made += [(start, 14, 1850.0), (start + 14, 45, 65.0), (start + 59, 11, 1850.0)]
    return made


def _laundry(chance: random.Random, activity: float) -> list[Event]:
    if chance.random() > 0.42 * activity:
        return []
    start = int(chance.uniform(540, 840))
    return [(start, 17, 1950.0), (start + 17, 48, 190.0), (start + 65, 12, 420.0)]


def _evening(chance: random.Random, day: int) -> list[Event]:
    late = 30 if day % 7 in (1, 2) else 0
    rise, dusk, bed = chance.gauss(385, 15), chance.gauss(1050, 20), chance.gauss(1345 + late, 18)
    lights = [(int(rise), 65, chance.uniform(70, 150)), (int(dusk), int(bed - dusk), chance.uniform(90, 190))]
    return [*lights, (int(dusk + 70), max(1, int(bed - dusk - 80)), chance.uniform(110, 220))]


def _short_bursts(chance: random.Random, activity: float) -> list[Event]:
    count = int(chance.gauss(17, 4) * activity)
    places = (int(chance.gauss(940, 330)) % MINUTES for _ in range(max(0, count)))
    return [(place, chance.randint(2, 7), chance.uniform(250, 1050)) for place in places]


def _climate(chance: random.Random, temperature_c: float, habits: Habits) -> list[Event]:
    cold, hot = max(0.0, 14.5 - temperature_c), max(0.0, temperature_c - 22.5)
    if hot > 0.0:
        spans, watts, effort = [(720, 1140), (1140, 1300)], habits.cooler_w, hot
    else:
        spans, watts, effort = [(345, 500), (1020, 1320)], habits.heater_w, cold
        if cold > 6.0:
            spans.append((1320, 1440 + 330))
    share = min(0.95, effort / 10.0)
    made: list[Event] = []
    for first, last in spans:
        minute = first + chance.randrange(15)
        while share > 0.02 and watts > 0.0 and minute < last:
            run = max(2, int(22 * share + chance.randrange(5)))
            made.append((minute, run, watts * chance.uniform(0.85, 1.0)))
            minute += run + max(1, int(22 * (1.0 - share)) + chance.randrange(6))
    return made


def _hot_water(chance: random.Random, temperature_c: float, habits: Habits) -> list[Event]:
    if habits.hot_water_w <= 0.0:
        return []
    minutes = int((160 - 3 * temperature_c) * 1000 / habits.hot_water_w * chance.uniform(0.7, 1.2))
    return [(habits.hot_water_minute + chance.randrange(8), max(15, minutes), habits.hot_water_w)]


def _pump(temperature_c: float, habits: Habits) -> list[Event]:
    return [(600, 240, habits.pump_w)] if habits.pump_w > 0.0 and temperature_c > 12.0 else []


def _car(chance: random.Random, habits: Habits) -> list[Event]:
    if habits.car_charger_w <= 0.0 or chance.random() >= 0.4:
        return []
    return [(chance.randint(1080, 1380), chance.randint(60, 200), habits.car_charger_w)]
