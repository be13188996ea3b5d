"""The battery in ``/api/data`` and the overview: what it does, and when it will be full or empty."""

from collections.abc import Sequence
from typing import Any

from liveone.domain.battery import Outlook, capacity_kwh, learned_reserve_pct, outlook
from liveone.domain.reading import Reading
from liveone.domain.system import System
from liveone.store import history
from liveone.web.now.daily import earlier
from liveone.web.numbers import rounded
from liveone.web.services import Services

LEARNED_FROM_DAYS = 30


def battery(
    services: Services, system: System, recent: Sequence[Reading], *, today: str, is_fresh: bool
) -> dict[str, Any]:
    """``state``, ``meanW`` of the last quarter of an hour, and ``hours`` until ``towards`` (full or empty).

    The reserve, which is what empty means, comes with where it is from.
    """
    reserve_pct, source = _reserve(services, system, today)
    capacity = capacity_kwh(system.battery_size)
    found = outlook(recent, capacity, reserve_pct or 0.0, is_fresh=is_fresh)
    settings = {"capacityKwh": rounded(capacity), "reservePct": rounded(reserve_pct), "reserveFrom": source}
    return _json(found) | settings


def _json(found: Outlook) -> dict[str, Any]:
    return {
        "state": found.state,
        "meanW": None if found.mean_w is None else round(found.mean_w),
        "towards": found.towards,
        "hours": None if found.hours is None else round(found.hours, 2),
    }


def _reserve(services: Services, system: System, today: str) -> tuple[float | None, str | None]:
    wished = services.reserve_pct(system)
    if wished is not None:
        return wished, "settings"
    since_day, until_day = earlier(today, LEARNED_FROM_DAYS), earlier(today, 1)
    _, lowest = history.day_columns(services.store, system.id, since_day, until_day, ["battery_soc_pct_min"])
    learned = learned_reserve_pct(lowest)
    return learned, None if learned is None else "learned"
