"""What a battery does, and when it will be full or empty.

The page draws what is decided here; ``tests/directions.json`` has the cases by which its script and this
module are both tested.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from liveone.domain.reading import Reading

State = Literal["charging", "discharging", "idle", "unknown"]
Towards = Literal["full", "empty"]

IDLE_W = 50
"""Below this the battery is idle: inverters exchange some tens of watts with it all the time."""

MEAN_S = 900
"""The outlook uses the mean of a quarter of an hour, because clouds and kettles pass within minutes."""

MEAN_S_MIN = 240
"""Readings of a shorter time say nothing of it: the first after a start, or after a silence."""

LEARNED_DAYS, LEARNED_SPREAD_PCT = 3, 1.0
"""A reserve is learned from so many days that ended their discharge within so many per cent of one level."""

_CAPACITY = re.compile(r"(\d{1,9}(?:[.,]\d{1,9})?)\s{0,9}([kM]?)Wh", re.IGNORECASE | re.ASCII)
_KILO = {"": 0.001, "k": 1.0, "m": 1000.0}


@dataclass(frozen=True, slots=True)
class Outlook:
    """Where the battery is heading: ``hours`` until ``towards`` (full or empty), at ``mean_w`` (house signs).

    ``towards`` and ``hours`` are None if nothing can be said. Empty means down to ``reserve_pct``.
    """

    state: State
    mean_w: float | None = None
    towards: Towards | None = None
    hours: float | None = None
    reserve_pct: float = 0.0


def state_of(battery_w: float | None) -> State:
    """What the battery does at a power in W (> 0 discharges)."""
    if battery_w is None:
        return "unknown"
    if abs(battery_w) < IDLE_W:
        return "idle"
    return "discharging" if battery_w > 0 else "charging"


def capacity_kwh(text: str | None) -> float | None:
    """The capacity in a vendor's text (``63.6 kWh``, ``9600 Wh``) in kWh; None if it has none."""
    found = _CAPACITY.search((text or "")[:200])
    kwh = float(found[1].replace(",", ".")) * _KILO[found[2].lower()] if found else 0.0
    return kwh or None


def learned_reserve_pct(lowest_pct: Sequence[float | None]) -> float | None:
    """The state of charge at which discharging ends, from the lowest of some days; None if it is unknown.

    A single low day says little: several days must have ended at one level, and none below it.
    """
    known = [pct for pct in lowest_pct if pct is not None]
    floor = min(known, default=None)
    if floor is None:
        return None
    return floor if sum(pct <= floor + LEARNED_SPREAD_PCT for pct in known) >= LEARNED_DAYS else None


def outlook(
    recent: Sequence[Reading], capacity: float | None, reserve_pct: float, *, is_fresh: bool
) -> Outlook:
    """Where the battery is heading.

    ``recent`` are readings, oldest first, of at least the last MEAN_S seconds; ``capacity`` is in kWh.
    Without ``is_fresh`` the readings are too old to say anything.
    """
    newest = recent[-1] if recent else None
    state = state_of(newest.battery_w) if newest else "unknown"
    mean_w = _mean_w(recent)
    level = newest.battery_soc_pct if newest else None
    if not is_fresh or mean_w is None or state_of(mean_w) != state or state in ("idle", "unknown"):
        return Outlook(state, mean_w, reserve_pct=reserve_pct)
    towards: Towards = "empty" if state == "discharging" else "full"
    hours = None
    if capacity is not None and level is not None:
        share_pct = max(0.0, level - reserve_pct) if towards == "empty" else 100.0 - level
        hours = share_pct / 100 * capacity * 1000 / abs(mean_w)
    return Outlook(state, mean_w, towards, hours, reserve_pct)


def _mean_w(recent: Sequence[Reading]) -> float | None:
    if not recent:
        return None
    since_at = recent[-1].inverter_time - MEAN_S
    known = [one for one in recent if one.battery_w is not None and one.inverter_time > since_at]
    if not known or known[-1].inverter_time - known[0].inverter_time < MEAN_S_MIN:
        return None
    return sum(one.battery_w or 0 for one in known) / len(known)
