"""Clouds and temperature of a place: days hang together, minutes drift, broken clouds flicker.

Everything is a function of the seed and the day, counted from 1970-01-01.
"""

import math

from liveone.simulate.noise import drifting, minutes_of, unit
from liveone.simulate.sun import season

_MEMORY = (0.5, 0.27, 0.15, 0.08)
_SKY, _FRONT = 1, 2


def cloudiness(seed: int, day: int) -> float:
    """0 = a clear day, 1 = overcast; yesterday's weather is likely today's."""
    mean = sum(weight * unit(seed, _SKY, day - back) for back, weight in enumerate(_MEMORY))
    return min(1.0, max(0.0, 0.42 + 2.1 * (mean - 0.5)))


def temperature_c(seed: int, day: int, latitude: float) -> float:
    """Mean outdoor temperature of the day in degrees Celsius; the season lags the sun by a month."""
    distance = abs(latitude)
    yearly = 28.0 - 0.008 * distance * distance
    swing = 0.19 * distance * math.copysign(1.0, latitude)
    front = 7.0 * (sum(unit(seed, _FRONT, day - back) for back in range(3)) / 3 - 0.5)
    return yearly + swing * season(day - 30) + 1.6 * front


def cloud_factors(seed: int, day: int) -> list[float]:
    """What the sky lets through of a clear day's power for each minute: 0.05 to about 1.2."""
    cloudy = cloudiness(seed, day)
    dark = 0.62 - 0.52 * cloudy
    bright = 1.0 + 0.7 * cloudy * (1.0 - cloudy) if cloudy < 0.8 else 1.11 - 2.2 * (cloudy - 0.8)
    span, threshold = bright - dark, 2.6 * cloudy - 1.45
    slow = minutes_of(drifting(120), seed, day, 3)
    fast = minutes_of(drifting(5), seed, day, 4)
    levels = (0.5 + 1.3 * (0.75 * a + 0.55 * b - threshold) for a, b in zip(slow, fast, strict=True))
    ripple = minutes_of(drifting(12), seed, day, 5)
    depth = 0.03 + 0.16 * min(1.0, cloudy + 0.1)
    return [
        (dark * max(0.3, 1.0 + depth * wave))
        if level <= 0.0
        else bright * (1.0 + 0.006 * wave)
        if level >= 1.0
        else dark + span * level
        for level, wave in zip(levels, ripple, strict=True)
    ]
