"""The two aggregates of readings: five minutes and a local day. Both can always be rebuilt from raw rows.

Powers are whole watts in house signs, energies kWh. ``None`` means that nothing was measured.
Sequences of six follow ``reading.COUNTERS``.
"""

from dataclasses import dataclass
from typing import NamedTuple, TypeVar

_T = TypeVar("_T")

Six = tuple[_T, _T, _T, _T, _T, _T]
"""One value per counter: solar, load, battery_in, battery_out, grid_in, grid_out."""

ENERGIES: Six[str] = (
    "solar",
    "load",
    "battery_charge",
    "battery_discharge",
    "grid_import",
    "grid_export",
)
"""The names of the six energies in a day, in the order of ``reading.COUNTERS``."""


class FiveMinutes(NamedTuple):
    """One row of ``readings_agg_5m``, fields in the order of its columns.

    Averages are weighted by time; ``_last`` is the newest value within the interval. A tuple, because a page
    reads some hundreds: a frozen dataclass takes ten times as long to make.
    """

    interval_end: int
    solar_w_avg: int | None = None
    solar_w_min: int | None = None
    solar_w_max: int | None = None
    load_w_avg: int | None = None
    load_w_min: int | None = None
    load_w_max: int | None = None
    battery_w_avg: int | None = None
    battery_w_min: int | None = None
    battery_w_max: int | None = None
    grid_w_avg: int | None = None
    grid_w_min: int | None = None
    grid_w_max: int | None = None
    battery_soc_pct_last: float | None = None
    solar_kwh_total_last: float | None = None
    load_kwh_total_last: float | None = None
    battery_in_kwh_total_last: float | None = None
    battery_out_kwh_total_last: float | None = None
    grid_in_kwh_total_last: float | None = None
    grid_out_kwh_total_last: float | None = None
    sample_count: int = 0


@dataclass(frozen=True, slots=True)
class Day:
    """One row of ``readings_agg_1d``: a system's local day ``(00:00, 24:00]``.

    ``estimated`` tells for each of the six energies whether a part of it is estimated; it is None for a day
    that the original service closed, which does not say. ``<energy>_alltime_kwh`` is the last believed
    counter of the day. ``interval_count`` counts intervals that have a reading. ``version`` 0 is re-opened,
    anything else is closed (`quality`).
    """

    day: str
    solar_kwh: float | None = None
    load_kwh: float | None = None
    battery_charge_kwh: float | None = None
    battery_discharge_kwh: float | None = None
    grid_import_kwh: float | None = None
    grid_export_kwh: float | None = None
    solar_w_min: int | None = None
    solar_w_avg: int | None = None
    solar_w_max: int | None = None
    load_w_min: int | None = None
    load_w_avg: int | None = None
    load_w_max: int | None = None
    battery_w_min: int | None = None
    battery_w_avg: int | None = None
    battery_w_max: int | None = None
    grid_w_min: int | None = None
    grid_w_avg: int | None = None
    grid_w_max: int | None = None
    battery_soc_pct_max: float | None = None
    battery_soc_pct_min: float | None = None
    battery_soc_pct_avg: float | None = None
    battery_soc_pct_end: float | None = None
    solar_alltime_kwh: float | None = None
    load_alltime_kwh: float | None = None
    battery_charge_alltime_kwh: float | None = None
    battery_discharge_alltime_kwh: float | None = None
    grid_import_alltime_kwh: float | None = None
    grid_export_alltime_kwh: float | None = None
    interval_count: int = 0
    sample_count: int = 0
    version: int = 1
    estimated: Six[bool] | None = None
