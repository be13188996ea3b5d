"""Where the sun stands and what it gives on a clear day, minute by minute.

Declination and equation of time by the usual series (Cooper 1969; Spencer 1971, shortened); good to
about a degree and a minute, which is plenty for a pretended roof.
"""

import math
from functools import lru_cache

MINUTES = 1440
_COS = tuple(math.cos(2 * math.pi * minute / MINUTES) for minute in range(MINUTES))
_SLOTS = 256
_EQUINOX_DAY = 78.9
_YEAR_DAYS = 365.2422


def season(day: int) -> float:
    """-1 at the December solstice, +1 at the June one; ``day`` counts from 1970-01-01."""
    return math.sin(2 * math.pi * (day - _EQUINOX_DAY) / _YEAR_DAYS)


def _transmittance(sine: float) -> float:
    """Direct share that passes a clear sky at this sine of elevation (Meinel: 0.7 ^ airmass ^ 0.678)."""
    return float(0.7 ** ((1.0 / (sine + 0.02)) ** 0.678))


_DIRECT = tuple(1.353 * _transmittance(slot / _SLOTS) for slot in range(_SLOTS + 1))
_DIFFUSE = tuple(0.12 * math.sqrt(slot / _SLOTS) for slot in range(_SLOTS + 1))


def solar_noon_minute(day: int, longitude: float, offset_min: int) -> int:
    """The minute of the local day at which the sun is highest."""
    angle = 2 * math.pi * ((day % _YEAR_DAYS) - 81) / 364
    equation_min = 9.87 * math.sin(2 * angle) - 7.53 * math.cos(angle) - 1.5 * math.sin(angle)
    return round(720 + offset_min - 4 * longitude - equation_min)


@lru_cache(maxsize=64)
def clear_sky(
    day: int, latitude: float, longitude: float, offset_min: int, tilt_deg: float
) -> tuple[float, ...]:
    """kW per installed kW on a cloudless day for each minute of the local day, panels facing the equator."""
    declination = math.radians(23.44) * season(day)
    place = math.radians(latitude)
    panel = place - math.copysign(math.radians(tilt_deg), latitude)
    height, swing = math.sin(declination) * math.sin(place), math.cos(declination) * math.cos(place)
    p_height, p_swing = math.sin(declination) * math.sin(panel), math.cos(declination) * math.cos(panel)
    noon = solar_noon_minute(day, longitude, offset_min) % MINUTES
    hours = _COS[MINUTES - noon :] + _COS[: MINUTES - noon]
    direct, diffuse, slots = _DIRECT, _DIFFUSE, _SLOTS
    return tuple(
        direct[slot] * max(0.0, p_height + p_swing * c) + diffuse[slot]
        if (slot := int(slots * (height + swing * c))) > 0
        else 0.0
        for c in hours
    )
