"""Times as files hold them: epoch seconds to nanoseconds, ISO 8601, spreadsheet dates, local time of a zone.

Rule: a local time is never guessed at. Where the clocks skip it, it did not exist; where it comes twice, the
order of the file decides, and whoever imports is told.
"""

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo

from liveone.domain.zones import Zone
from liveone.errors import Sentence, sentence
from liveone.transfer.fields import EARLIEST_AT, LATEST_AT

SERIAL_LEAST, SERIAL_MOST = 36_526, 73_050
"""Days since 1899-12-30, as spreadsheets count: from 2000 to 2099."""
SERIAL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001
DAY_S = 86_400
UNITS = (1, 1_000, 1_000_000, 1_000_000_000)
"""Seconds, milli-, micro- and nanoseconds since 1970."""
_NUMBER = re.compile(r"\d{5,19}(?:[.,]\d*)?|\d[.,]\d{1,17}[eE]\+?\d\d?", re.ASCII)
_DAY_FIRST = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d\d)[ T,]*(.*)", re.ASCII)
_YEAR_FIRST = re.compile(r"(\d{4})([./-]?)(\d{1,2})\2(\d{1,2})[ T,]*(.*)", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2})[:.](\d\d)(?:[:.](\d\d)(?:[.,]\d+)?)?\s*([AaPp])?\.?[Mm]?\.?", re.ASCII)
_PLACE = re.compile(r"\[[\w/+-]{1,40}\]$", re.ASCII)
"""The zone behind an offset, as Java writes it: ``+02:00[Europe/Berlin]``."""
_SPAN = re.compile(r"\s(?:to|bis|until|-|\u2013)\s(?=\d).*", re.ASCII)
"""The end of an interval behind its beginning, as some utilities write both into one cell."""
_SUMMER = "DST"
"""Behind a local time that is summer time, as FusionSolar writes it."""
_OFFSET = re.compile(r"(.*?)(Z|UTC|GMT|[+-]\d\d:?(?:\d\d)?)", re.ASCII | re.IGNORECASE)


class _EitherWayError(ValueError):
    """Day and month may stand either way round."""


@dataclass(slots=True)
class TimeReader:
    """Reads the times of one file, in their order.

    ``date_order`` says what 03/04/2025 means: ``dmy`` or ``mdy``; with a point or a dash between, the day is
    first. ``latest_at``: what was taken later is in the future.
    """

    zone: Zone | None = None
    date_order: str | None = None
    latest_at: int = LATEST_AT
    last_at: int | None = None
    is_falling: bool = False
    usual_zone: Zone | None = None
    """The system's, which a refusal names where no zone is given."""
    twice: list[str] = field(default_factory=list)
    twice_count: int = 0
    marks_summer: bool = False
    """Whether the file says of its times in summer that they are, so that others are not."""

    day: str | None = None
    """Of times that are clocks alone, YYYY-MM-DD; midnight behind them is its end."""

    def read(self, text: str) -> int:
        """UTC epoch seconds. Raises ValueError with what is wrong."""
        written = _SPAN.sub("", text.strip())
        at = _epoch_s(written)
        if at is None:
            at = self._clocked(written) if self.day else self._moment(written)
        if not EARLIEST_AT <= at < LATEST_AT:
            raise ValueError(sentence("time {text} is not between the years 2000 and 2100", text=repr(text)))
        if at > self.latest_at:
            raise ValueError(
                sentence(
                    "time {text} is {value} in the future", text=repr(text), value=_ahead(at - self.latest_at)
                )
            )
        if self.last_at is not None and at != self.last_at:
            self.is_falling = at < self.last_at
        self.last_at = at
        return at

    def copy(self) -> "TimeReader":
        """The same state, for a chunk that may have to be read once more."""
        return replace(self, twice=list(self.twice))

    def _clocked(self, text: str) -> int:
        at = self._moment(f"{self.day} {text}")
        is_end = (
            self.last_at is not None and not self.is_falling and at < self.last_at and not any(_clock(text))
        )
        return at + DAY_S if is_end else at

    def _moment(self, text: str) -> int:
        is_summer = text.endswith(_SUMMER) and text[: -len(_SUMMER)][-1:].isspace()
        self.marks_summer = self.marks_summer or is_summer
        moment = self._parsed(text.removesuffix(_SUMMER).rstrip() if is_summer else _PLACE.sub("", text))
        if moment.tzinfo is not None:
            return _whole_s(moment)
        if self.zone is None:
            raise ValueError(_whose(text, self.usual_zone))
        return self._local(moment, text, is_summer=is_summer)

    def _parsed(self, text: str) -> datetime:
        try:
            return datetime.fromisoformat(text.upper())
        except ValueError:
            pass
        if _NUMBER.fullmatch(text) and SERIAL_LEAST <= float(text.replace(",", ".")) < SERIAL_MOST:
            days = float(text.replace(",", "."))
            return SERIAL_EPOCH + timedelta(seconds=round(days * 86_400))
        offset = _OFFSET.fullmatch(text)
        try:
            moment = self._written(offset[1].rstrip() if offset else text)
        except ValueError as error:
            if isinstance(error, _EitherWayError):
                raise ValueError(
                    sentence(
                        "time {text} has its day and month in an order that is not known "
                        "(--date-order dmy or mdy)",
                        text=repr(text),
                    )
                ) from None
            if is_clock(text):
                raise ValueError(
                    sentence(
                        "time {text} has no date, and the name of the file tells no day "
                        "(call it ...2026-06-01.csv)",
                        text=repr(text),
                    )
                ) from None
            raise ValueError(
                sentence("time {text} is neither epoch seconds nor ISO 8601", text=repr(text))
            ) from None
        return moment.replace(tzinfo=_offset(offset[2])) if offset else moment

    def _written(self, text: str) -> datetime:
        """A date and a clock in one of the orders that people use."""
        if match := _YEAR_FIRST.fullmatch(text):
            year, _, month, day, clock = match.groups()
        elif match := _DAY_FIRST.fullmatch(text):
            day, mark, month, year, clock = match.groups()
            if mark == "/" and self._is_month_first(int(day), int(month)):
                day, month = month, day
        else:
            raise ValueError
        hour, minute, second = _clock(clock)
        century = 2000 if len(year) == 2 else 0
        return datetime(century + int(year), int(month), int(day), hour, minute, second)  # noqa: DTZ001

    def _is_month_first(self, first: int, second: int) -> bool:
        if self.date_order:
            return self.date_order == "mdy"
        if first <= 12 and second <= 12 and first != second:
            raise _EitherWayError
        return second > 12

    def _local(self, moment: datetime, text: str, *, is_summer: bool) -> int:
        assert self.zone is not None
        place = _tzinfo(self.zone)
        first, second = (_whole_s(moment.replace(tzinfo=place, fold=fold)) for fold in (0, 1))
        if first == second:
            return first
        if first > second:
            raise ValueError(
                sentence(
                    "time {text} did not exist in {zone}: the clocks skipped it",
                    text=repr(text),
                    zone=self.zone,
                )
            )
        if self.marks_summer:
            return first if is_summer else second
        self.twice_count += 1
        day = f"{moment:%Y-%m-%d}"
        if day not in self.twice:
            self.twice.append(day)
        return self._of_two(first, second)

    def _of_two(self, first: int, second: int) -> int:
        """The one that goes on with the order of the file; the first where both do."""
        if self.is_falling:
            return second if self.last_at is None or second < self.last_at else first
        return first if self.last_at is None or first > self.last_at else second


def is_clock(text: str) -> bool:
    """Whether a time is a clock without a date."""
    return bool(_CLOCK.fullmatch(text.strip()))


def is_falling(texts: list[str], date_order: str | None) -> bool:
    """Whether the times of a file go from the newest to the oldest, by most of their steps."""
    times, found = TimeReader(Zone(0), date_order), []
    for text in texts:
        try:
            found.append(times.read(text))
        except ValueError:
            continue
    return sum((later > earlier) - (later < earlier) for earlier, later in pairwise(found)) < 0


def date_order_of(texts: list[str]) -> str | None:
    """The order in which some times of a file have day and month: None where they do not tell."""
    pairs = [
        (int(match[1]), int(match[3])) for text in texts if (match := _DAY_FIRST.fullmatch(text.strip()))
    ]
    if any(first > 12 for first, _ in pairs):
        return "dmy"
    return "mdy" if any(second > 12 for _, second in pairs) else None


def _epoch_s(text: str) -> int | None:
    """A number that is a time since 1970 in one of the units; None for any other."""
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text.replace(",", "."))
    for unit in UNITS:
        if EARLIEST_AT <= value / unit < LATEST_AT:
            return int(text) // unit if text.isdecimal() else int(value / unit)
    return None


def _clock(text: str) -> tuple[int, int, int]:
    if not text.strip():
        return 0, 0, 0
    match = _CLOCK.fullmatch(text.strip())
    if not match:
        raise ValueError
    hour, half = int(match[1]), (match[4] or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    return hour, int(match[2]), int(match[3] or 0)


def _offset(text: str) -> tzinfo:
    if text.upper() in ("Z", "UTC", "GMT"):
        return UTC
    found = datetime.strptime(text.replace(":", "").ljust(5, "0"), "%z").tzinfo
    assert found is not None
    return found


def _tzinfo(zone: Zone) -> tzinfo:
    return ZoneInfo(zone.name) if zone.name else _offset(str(zone))


def _whole_s(moment: datetime) -> int:
    return int(moment.timestamp())


def _whose(text: str, usual: Zone | None) -> Sentence:
    if usual is None:
        return sentence(
            "time {text} has no offset from UTC (--timezone says whose time it is)", text=repr(text)
        )
    return sentence(
        "time {text} has no offset from UTC (--timezone says whose time it is, such as {zone})",
        text=repr(text),
        zone=usual,
    )


def _ahead(seconds_s: int) -> Sentence:
    days = seconds_s / 86_400
    if days >= 365:
        return sentence("{number} years", number=round(days / 365.25, 1))
    if days >= 2:
        return sentence("{number} days", number=round(days))
    if seconds_s >= 3600:
        return sentence("{number} hours", number=round(seconds_s / 3600, 1))
    return sentence("{number} minutes", number=-(-seconds_s // 60))
