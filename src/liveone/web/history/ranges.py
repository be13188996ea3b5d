"""Reads which range of time a history asks for: words and dates in, whole intervals out.

A window is ``(start_at, end_at]`` and made of intervals that are named by their end. ``Rules`` says what a
time without an offset means, whether an end date is included, and where ``last`` ends. The limits of the
original service hold for its intervals; ``auto`` has none, as it chooses the resolution.
"""

import math
import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from liveone.domain.zones import Zone
from liveone.errors import BadInput
from liveone.web.answers import ApiError, bad_parameter
from liveone.web.history.rules import V2, Rules

DAY_S = 86_400
STEPS_S = {"5m": 300, "30m": 1800, "1d": DAY_S}
AUTO_STEPS_S = (300, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, DAY_S)
LIMITS = {"5m": (7.5 * DAY_S, "7.5 days"), "30m": (30.0 * DAY_S, "30 days")}
DAY_LIMIT_MONTHS, DAY_LIMIT = 13, "13 months"
EPOCH = date(1970, 1, 1)
UNITS_S = {"m": 60, "h": 3600, "d": DAY_S}
UNITS_MONTHS = {"mo": 1, "y": 12}
LAST = re.compile(r"([1-9]\d{0,5})(mo|y|m|h|d)", re.ASCII | re.IGNORECASE)
DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
LOST_PLUS = re.compile(r"(T[^T ]*) (\d{2}:?\d{2})")
FIRST_YEAR, LAST_YEAR = 1975, 2199
FIRST_AT = 157_766_400
"""The start of FIRST_YEAR."""
DEFAULT_POINTS, MOST_POINTS = 1000, 10_000


@dataclass(frozen=True, slots=True)
class TimeParameters:
    """The time parameters of a request as they came, and the rules by which they are read."""

    interval: str
    last: str | None = None
    start: str | None = None
    end: str | None = None
    points: str | None = None
    rules: Rules = V2


@dataclass(frozen=True, slots=True)
class Window:
    """Whole intervals of ``step_s`` seconds in ``(start_at, end_at]``, UTC epoch seconds.

    If ``step_s`` is whole days, the intervals are local calendar days from ``first_day`` on, ``days_each`` to
    an interval, and their lengths in seconds may differ by an hour.
    """

    interval: str
    step_s: int
    start_at: int
    end_at: int
    first_day: str = ""
    last_day: str = ""

    @property
    def in_days(self) -> bool:
        return self.step_s % DAY_S == 0

    @property
    def days_each(self) -> int:
        return self.step_s // DAY_S

    @property
    def last_start_day(self) -> str:
        """The day on which the window's last interval starts."""
        return (_date(self.last_day) - timedelta(days=self.days_each - 1)).isoformat()

    def days(self) -> list[str]:
        """Every local day of the window, in order."""
        first, last = _date(self.first_day).toordinal(), _date(self.last_day).toordinal()
        return [date.fromordinal(number).isoformat() for number in range(first, last + 1)]


def window(asked: TimeParameters, zone: Zone, now_at: float, *, in_days_beyond_s: float = math.inf) -> Window:
    """The window of a request. Raises ApiError 400 with the parameter, 501 for an unsupported interval.

    ``auto`` chooses whole days for ranges longer than ``in_days_beyond_s`` seconds, however many points were
    asked for.
    """
    if asked.interval == "auto":
        return _auto(asked, zone, now_at, in_days_beyond_s)
    if asked.interval not in STEPS_S:
        raise ApiError(501, "Only 5m, 30m, and 1d intervals are supported", parameter="interval")
    _require_one_range(asked)
    if asked.interval == "1d":
        return _days(asked, zone, now_at)
    return _minutes(asked, zone, now_at)


def _require_one_range(asked: TimeParameters) -> None:
    if asked.last is not None:
        if asked.start is not None or asked.end is not None:
            raise bad_parameter("last", "Give either last, or startTime and endTime, not both")
        return
    for name, value in (("startTime", asked.start), ("endTime", asked.end)):
        if not value:
            missing = "last, or startTime and endTime" if not (asked.start or asked.end) else name
            raise bad_parameter(name, f"Missing required parameter: {missing}")


def _minutes(asked: TimeParameters, zone: Zone, now_at: float) -> Window:
    step_s = STEPS_S[asked.interval]
    if asked.last is not None:
        edge = _ceil if asked.rules.ends_with_running_interval else _floor
        end_at = edge(math.floor(now_at), step_s, zone.offset_s(now_at))
        start_at = _floor(_back(asked.last, end_at, zone), step_s, zone.offset_s(end_at))
    else:
        start_at, end_at = _instants(asked, zone)
        for name, at in (("startTime", start_at), ("endTime", end_at)):
            if at != _floor(at, step_s, zone.offset_s(at)):
                raise bad_parameter(name, f"{name} must be on a {step_s // 60}-minute boundary")
    most_s, most = LIMITS[asked.interval]
    if end_at - start_at > most_s:
        raise _too_long(asked, most)
    return Window(asked.interval, step_s, start_at, end_at)


def _days(asked: TimeParameters, zone: Zone, now_at: float) -> Window:
    if asked.last is not None:
        last_day = _date(zone.date_of(int(now_at)))
        if asked.rules.days_end_yesterday:
            last_day -= timedelta(days=1)
            _require_days(asked.last)
        first_day = _day_back(asked.last, last_day)
    else:
        first_day, last_day = _day("startTime", asked.start or ""), _day("endTime", asked.end or "")
        if first_day > last_day:
            raise bad_parameter("startTime", "startTime must not be after endTime")
    if first_day <= months_later(last_day, -DAY_LIMIT_MONTHS):
        raise _too_long(asked, DAY_LIMIT)
    return _day_window(first_day, last_day, 1, zone)


def _auto(asked: TimeParameters, zone: Zone, now_at: float, in_days_beyond_s: float) -> Window:
    _require_one_range(asked)
    points = _points(asked.points)
    if asked.last is not None:
        edge = _ceil if asked.rules.ends_with_running_interval else _floor
        end_at = edge(math.floor(now_at), AUTO_STEPS_S[0], 0)
        start_at = _back(asked.last, end_at, zone)
    else:
        start_at, end_at = _instants(asked, zone)
    offset_s = zone.offset_s(end_at)
    for step_s in AUTO_STEPS_S[:-1]:
        first_at, last_at = _floor(start_at, step_s, offset_s), _ceil(end_at, step_s, offset_s)
        if (last_at - first_at) // step_s <= points and last_at - first_at <= in_days_beyond_s:
            return Window(_name(step_s), step_s, first_at, last_at)
    last_day = _date(zone.day_of(end_at))
    first_day = _date(zone.date_of(start_at)) if asked.last is None else _day_back(asked.last, last_day)
    return _whole_days(first_day, last_day, points, zone)


def _whole_days(first_day: date, last_day: date, points: int, zone: Zone) -> Window:
    """At most ``points`` intervals of as few days as possible, counted from EPOCH so that none moves."""
    first, last = (first_day - EPOCH).days, (last_day - EPOCH).days
    days_each = max(1, (last - first) // points)
    while last // days_each - first // days_each >= points:
        days_each += 1
    start = EPOCH + timedelta(days=first // days_each * days_each)
    end = EPOCH + timedelta(days=(last // days_each + 1) * days_each - 1)
    return _day_window(start, end, days_each, zone)


def _day_window(first_day: date, last_day: date, days_each: int, zone: Zone) -> Window:
    first, last = first_day.isoformat(), last_day.isoformat()
    start_at, end_at = zone.bounds(first)[0], zone.bounds(last)[1]
    return Window(f"{days_each}d", days_each * DAY_S, start_at, end_at, first, last)


def _instants(asked: TimeParameters, zone: Zone) -> tuple[int, int]:
    start_at = _instant("startTime", asked.start or "", zone, asked.rules)
    end_at = _instant("endTime", asked.end or "", zone, asked.rules)
    if asked.rules.end_date_included and DAY.fullmatch(asked.end or ""):
        end_at = zone.bounds(asked.end or "")[1]
    if start_at >= end_at:
        raise bad_parameter("startTime", "startTime must be before endTime")
    return start_at, end_at


def _instant(name: str, text: str, zone: Zone, rules: Rules) -> int:
    """Read ISO 8601 text; a bare date is the local midnight at which it begins."""
    if DAY.fullmatch(text):
        return zone.bounds(_day(name, text).isoformat())[0]
    try:
        moment = datetime.fromisoformat(LOST_PLUS.sub(r"\1+\2", text))
        if moment.tzinfo is None and rules.zoneless_is_utc:
            moment = moment.replace(tzinfo=UTC)
        if moment.tzinfo is None:
            at: float = _at_wall(moment.replace(tzinfo=UTC).timestamp(), zone)
        else:
            at = moment.timestamp()
    except (ValueError, OverflowError, BadInput) as error:
        raise bad_parameter(name, f"{name} is not a date or ISO 8601 time: {text[:40]!r}") from error
    _require_year(name, moment.year)
    return int(at)


def _at_wall(local_at: float, zone: Zone) -> int:
    """The instant at which clocks of the zone show what UTC clocks show at ``local_at``."""
    guess_at = local_at - zone.offset_s(local_at)
    return int(local_at - zone.offset_s(guess_at))


def _day(name: str, text: str) -> date:
    try:
        if not DAY.fullmatch(text):
            raise ValueError(text)
        day = date.fromisoformat(text)
    except ValueError as error:
        raise bad_parameter(name, f"{name} is not a day of the form YYYY-MM-DD: {text[:40]!r}") from error
    _require_year(name, day.year)
    return day


def _require_year(name: str, year: int) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise bad_parameter(name, f"{name} is outside the years {FIRST_YEAR} to {LAST_YEAR}")


def _back(last: str, end_at: int, zone: Zone) -> int:
    count, unit = _last(last)
    if unit in UNITS_S:
        start_at = end_at - count * UNITS_S[unit]
    else:
        local_at = end_at + zone.offset_s(end_at)
        today = datetime.fromtimestamp(local_at, UTC).date()
        then = months_later(today, -count * UNITS_MONTHS[unit])
        start_at = _at_wall(local_at - (today - then).days * DAY_S, zone)
    return max(start_at, FIRST_AT)


def _day_back(last: str, today: date) -> date:
    count, unit = _last(last)
    if unit in UNITS_MONTHS:
        return months_later(today, -count * UNITS_MONTHS[unit]) + timedelta(days=1)
    days = -(-count * UNITS_S[unit] // DAY_S)
    return max(today - timedelta(days=min(days, 100_000) - 1), date(FIRST_YEAR, 1, 1))


def _require_days(last: str) -> None:
    if _last(last)[1] not in ("d", *UNITS_MONTHS):
        raise bad_parameter(
            "last", f"last must be a number of days at interval=1d, such as 7d: {last[:40]!r}"
        )


def _last(text: str) -> tuple[int, str]:
    match = LAST.fullmatch(text)
    if match is None:
        raise bad_parameter("last", f"last is not a duration such as 30m, 24h, 7d or 12mo: {text[:40]!r}")
    return int(match[1]), match[2].lower()


def _points(text: str | None) -> int:
    if text is None:
        return DEFAULT_POINTS
    if not (text.isascii() and text.isdigit() and len(text) < 7 and 1 <= int(text) <= MOST_POINTS):
        raise bad_parameter("points", f"points must be a whole number from 1 to {MOST_POINTS}")
    return int(text)


def months_later(day: date, months: int) -> date:
    """The same day of another month, or the last day of that month; never before FIRST_YEAR."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year < FIRST_YEAR:
        return date(FIRST_YEAR, 1, 1)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _floor(at: int, step_s: int, offset_s: int) -> int:
    """The last boundary at or before ``at``, of a clock ``offset_s`` seconds east of UTC."""
    return (at + offset_s) // step_s * step_s - offset_s


def _ceil(at: int, step_s: int, offset_s: int) -> int:
    return -(-(at + offset_s) // step_s) * step_s - offset_s


def _name(step_s: int) -> str:
    return f"{step_s // 3600}h" if step_s >= 3600 else f"{step_s // 60}m"


def _too_long(asked: TimeParameters, most: str) -> ApiError:
    message = f"Time range exceeds maximum of {most} for {asked.interval} interval"
    return bad_parameter("last" if asked.last else "startTime", message)


def _date(day: str) -> date:
    return date.fromisoformat(day)
