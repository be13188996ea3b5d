"""The columns of a file of readings: the database's names, the house's names, and select.live's."""

from dataclasses import fields

from liveone.domain.reading import COUNTERS, Reading

FIELDS = tuple(field.name for field in fields(Reading))
"""The fields of a Reading, in order; rows of readings have this form."""

EXPORTED = {"battery_soc_pct": "battery_soc", "fault_at": "fault_timestamp"}
"""Where a file uses the database's name instead of the Reading's."""

ALIASES = {
    "battery_soc": "battery_soc_pct",
    "fault_timestamp": "fault_at",
    "fault_ts": "fault_at",
    "gen_status": "generator_status",
    "solarinverter_w": "solar_inverter_w",
    "timestamp": "inverter_time",
    **{f"{name}_wh_total": f"{name}_kwh_total" for name in COUNTERS},
}
"""Other names for the same columns; select.live's `*_wh_total` hold kWh in spite of their names."""

TIME_NAMES = (
    *("time", "datetime", "date/time", "date time", "date and time", "date_time", "last_changed", "_time"),
    *("zeit", "zeitstempel", "datum und uhrzeit", "datum/uhrzeit", "datum", "date", "day/time", "utc"),
    *("local time", "date-time string", "date-time", "uhrzeit", "start time", "period start"),
    *("updated time", "measurement time", "measured time", "horodate", "time period", "time interval"),
)
"""What other programs call the time of a reading, where no column has a name of ours."""

DATE_NAMES = ("date", "datum", "fecha", "data")
CLOCK_NAMES = (
    *("time", "zeit", "uhrzeit", "start time", "time from", "from time", "from", "start", "begin", "hora"),
    *("zeit von", "von", "beginn", "uhrzeit von"),
)
"""A date and a clock in two columns; a clock at which an interval begins goes before one at which it ends."""

IGNORED = frozenset({"id", "system_id", "delay_seconds", "created_at"})
"""Columns of our own exports and tables that a reading does not need."""

EARLIEST_AT, LATEST_AT = 946_684_800, 4_102_444_800
"""2000-01-01 and 2100-01-01: outside, a time is a mistake (a reset clock, another unit)."""


def field_of(name: str) -> str | None:
    """The field of Reading that a name of ours means."""
    known = ALIASES.get(name, name)
    return known if known in FIELDS else None


def column_of(field: str) -> str:
    """The column of ``readings`` that holds a field."""
    return EXPORTED.get(field, field)
