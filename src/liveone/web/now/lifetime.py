"""The energies since the first reading here, from which means of all time are computed.

They are sums of all days, so they equal the charts. An exchanged counter, or a device clock that was wrong by
years, does no harm.
"""

from collections.abc import Sequence
from typing import Any

from liveone.domain.aggregates import Day, FiveMinutes
from liveone.domain.reading import Reading
from liveone.domain.zones import Zone
from liveone.store.system_snapshot import Lifetime
from liveone.web.now.daily import energies
from liveone.web.now.readings_json import energies as energies_json
from liveone.web.numbers import rounded

HOUR_S = 3600


def since_first(
    before: Lifetime, days: Sequence[Day], rows: Sequence[FiveMinutes], latest: Reading, zone: Zone
) -> dict[str, Any] | None:
    """``since`` when, ``hours``, and the six energies (kWh); None within the first hour.

    ``before`` sums the days before ``days``; ``rows`` are the five-minute rows of ``days``.
    """
    first_end = before.first_end or (rows[0].interval_end if rows else None)
    if first_end is None or latest.inverter_time - first_end < HOUR_S:
        return None
    return {
        "since": zone.iso(first_end),
        "hours": rounded((latest.inverter_time - first_end) / HOUR_S),
        "energy": energies_json(
            [_sum(column) for column in zip(before.kwh, *map(energies, days), strict=True)]
        ),
    }


def _sum(column: Sequence[float | None]) -> float | None:
    known = [kwh for kwh in column if kwh is not None]
    return sum(known) if known else None
