"""Points that an owner names, each with the place of its value: ``car_w = wallbox/power; flow_c = pump $.t``.
Pure.

Rule: the end of a key says the unit (``_w``, ``_kwh_total``, ``_c``), as in what is pushed. What the house's
balance has a field for is no point.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from liveone.domain.points import KEY_CHARS_MAX
from liveone.errors import ConfigError
from liveone.vendors.measures import HOUSE_FIELDS
from liveone.vendors.parameters import VendorParameter

POINTS = "points"
_KEY = re.compile(r"[a-z+][a-z0-9_+]*")
_SUCH_AS = "Such as car_w = {such_as}; several are divided by semicolons."


def points_parameter(such_as: str) -> VendorParameter:
    """The setting; ``such_as`` is the place of a power at this adapter."""
    return VendorParameter(
        POINTS, "Further values", help=f"Car, heat pump ...: car_w = {such_as}; flow_c = ..."
    )


@lru_cache(maxsize=200)
def named_places(text: str, such_as: str) -> Mapping[str, str]:
    """The text of a place by its point's key. Raises ConfigError."""
    hint = _SUCH_AS.format(such_as=such_as)
    found: dict[str, str] = {}
    for each in filter(None, map(str.strip, text.split(";"))):
        key, equals, place = (part.strip() for part in each.partition("="))
        if not equals or not place or not _KEY.fullmatch(key) or len(key) > KEY_CHARS_MAX:
            raise ConfigError(f"points: {each[:60]!r} is no key with its place", hint=hint)
        if key in HOUSE_FIELDS:
            raise ConfigError(
                f"points: {key} is a value of the house, and no point", hint=f"Set {key} itself."
            )
        if key in found:
            raise ConfigError(f"points: {key} is there twice", hint=hint)
        found[key] = place
    if not found:
        raise ConfigError("points names no point", hint=hint)
    return MappingProxyType(found)
