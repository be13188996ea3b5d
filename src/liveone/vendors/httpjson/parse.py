"""From any JSON to a sample, by a JSONPath for each value. Pure.

``$.inverter.power`` is a value, ``$.strings[*].power`` the sum of several, and a factor may follow:
``$.grid * -1000`` turns a power in kW that counts exports as positive. A path that finds nothing gives an
absent value.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jsonpath import JSONPath, JSONPathError, compile

from liveone.domain.points import unit_of
from liveone.errors import ConfigError
from liveone.vendors.answers import instant, points, quantity, total
from liveone.vendors.measures import DeviceSample

TIME = "time"
MILLISECONDS_FROM = 1e11
"""A time of so many is in milliseconds: in seconds it would be of the year 5138."""

_FACTOR = re.compile(r"(.*\S)\s+\*\s+(-?\d{1,9}(?:\.\d{1,9})?)\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class JsonPlace:
    """Where a value stands, and what it is multiplied by."""

    path: JSONPath
    factor: float


@lru_cache(maxsize=500)
def place_of(name: str, text: str) -> JsonPlace:
    """The place that a text names. Raises ConfigError that says which setting is wrong."""
    found = _FACTOR.fullmatch(text)
    path, factor = (found[1], float(found[2])) if found else (text, 1.0)
    try:
        compiled = compile(path.strip())
    except JSONPathError as error:
        raise ConfigError(
            f"{name} is no JSONPath: {str(error).splitlines()[0]}",
            hint="Such as $.inverter.power, or $.grid * -1.",
        ) from None
    if not isinstance(compiled, JSONPath):
        raise ConfigError(f"{name} must be one JSONPath", hint="Several values add up by $.strings[*].power.")
    return JsonPlace(compiled, factor)


def sample_of(
    raw: Mapping[str, Any], places: Mapping[str, JsonPlace], further: Mapping[str, JsonPlace]
) -> DeviceSample:
    """The sample in ``answer``; ``places`` are those of the fields, and of the time, ``further`` those of
    points. Points alone are an answer."""
    answer = raw["answer"]
    values = {name: _value(answer, place) for name, place in places.items() if name != TIME}
    found = points(*((key, key, unit_of(key), _value(answer, place)) for key, place in further.items()))
    return DeviceSample(values, _time(answer, places.get(TIME)), found, points_only=bool(found))


def _value(answer: Any, place: JsonPlace) -> float | None:
    found = total(place.path.findall(answer))
    return None if found is None else found * place.factor


def _time(answer: Any, place: JsonPlace | None) -> float | None:
    """Seconds or milliseconds since 1970, or an ISO time with its offset."""
    found = place.path.findall(answer) if place else []
    if len(found) != 1:
        return None
    at = quantity(found[0])
    if at is None:
        return instant(found[0])
    return at / 1000 if at >= MILLISECONDS_FROM else at
