"""Local days of a system: a fixed offset, or an IANA zone when the system has one.

A day is ``(00:00, 24:00]``: it starts at the first local midnight and ends where the next one starts,
so days follow one another without hole or overlap, through every change of the clocks.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from liveone.domain.system import System
from liveone.errors import BadInput, sentence

SEARCH_S = 86_400
"""Offsets are compared a day apart, to find where they change."""


@dataclass(frozen=True, slots=True)
class Zone:
    """``offset_min`` minutes east of UTC, or the IANA zone ``name``, which wins over the offset.

    Raises BadInput for an unknown name and for an offset that no clock has. Since 1975
    every zone's offset is a multiple of five minutes; bounds of earlier days may not be.
    """

    offset_min: int
    name: str | None = None
    _tzinfo: tzinfo = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_tzinfo", _named(self.name) if self.name else _fixed(self.offset_min))

    def offset_s(self, at: float) -> int:
        """Seconds east of UTC at the instant ``at``."""
        offset = self._local(at).utcoffset()
        assert offset is not None
        return round(offset.total_seconds())

    def date_of(self, at: float) -> str:
        """The calendar date that a wall clock shows at ``at``; midnight itself shows the new date."""
        return self._local(at).date().isoformat()

    def day_of(self, at: float) -> str:
        """The day whose ``(start, end]`` holds ``at``; midnight belongs to the day that it ends."""
        day = self._local(at).date()
        # Where clocks go back over midnight (St. John's until 2011, at
        # 00:01) the old date is shown again after the new day has begun.
        if at > self._start_at(day + timedelta(days=1)):
            day += timedelta(days=1)
        while at <= self._start_at(day):
            day -= timedelta(days=1)
        return day.isoformat()

    def bounds(self, day: str) -> tuple[int, int]:
        """``(start_at, end_at)`` of a day, multiples of 300 s.

        23 or 25 hours apart where the clocks change, 0 for a date that a zone left out. Raises BadInput.
        """
        return self._start_at(_date(day)), self._start_at(_date(_next(day)))

    def next_day(self, day: str) -> str:
        """The following calendar day. Raises BadInput."""
        return _next(day)

    def iso(self, at: float) -> str:
        """The instant as local ISO 8601 text, ``2025-08-18T10:00:00+10:00``."""
        return self._local(at).isoformat(timespec="seconds")

    def __str__(self) -> str:
        """``Europe/Berlin``, or ``+10:00``."""
        hours, minutes = divmod(abs(self.offset_min), 60)
        return self.name or f"{'-' if self.offset_min < 0 else '+'}{hours:02d}:{minutes:02d}"

    def _local(self, at: float) -> datetime:
        return datetime.fromtimestamp(at, self._tzinfo)

    def _start_at(self, day: date) -> int:
        """The first midnight of ``day``; where clocks skip midnight, the moment at which they skip."""
        # fold=0: of a midnight that comes twice the first, and of one that is skipped the offset before the
        # change (PEP 495), which is the moment at which the clocks move.
        return round(datetime(day.year, day.month, day.day, tzinfo=self._tzinfo).timestamp())


def zone_of(system: System) -> Zone:
    """The zone in which the system's days are counted.

    A stored name that this machine does not know must not stop the other systems: then the offset counts.
    """
    name = system.time_zone
    return Zone(system.timezone_offset_min, name if name and is_known(name) else None)


@lru_cache(maxsize=1000)
def is_known(name: str) -> bool:
    """Whether this machine knows an IANA zone of that name."""
    try:
        _named(name)
    except BadInput:
        return False
    return True


@lru_cache(maxsize=100)
def transitions(zone: Zone, first_at: int, last_at: int) -> tuple[tuple[int, int], ...]:
    """``(instant, minutes east of UTC from then on)``: the offset at ``first_at``, then every change of it.

    Two changes within ``SEARCH_S`` that cancel each other are not found; there were none since 1975.
    """
    found = [(first_at, zone.offset_s(first_at) // 60)]
    for at in range(first_at, last_at, SEARCH_S):
        found += _changes(zone, at, min(at + SEARCH_S, last_at))
    return tuple(found)


def _changes(zone: Zone, after_at: int, until_at: int) -> Iterator[tuple[int, int]]:
    """The change of offset in ``(after_at, until_at]``, found by halving."""
    before_s, after_s = zone.offset_s(after_at), zone.offset_s(until_at)
    if before_s == after_s:
        return
    # zoneinfo tells no transitions, only the offset of a moment.
    while until_at - after_at > 1:
        middle_at = (after_at + until_at) // 2
        if zone.offset_s(middle_at) == before_s:
            after_at = middle_at
        else:
            until_at = middle_at
    yield until_at, after_s // 60


def _named(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInput(
            sentence("time zone {name} is not known", name=repr(name)),
            hint=sentence("Use an IANA name such as Australia/Melbourne, or the offset in minutes instead."),
        ) from None


def _fixed(offset_min: int) -> tzinfo:
    # datetime takes offsets below 24 hours only; intervals of five minutes want bounds on their grid.
    if offset_min % 5 or not -24 * 60 < offset_min < 24 * 60:
        raise BadInput(
            sentence("a time zone offset of {number} minutes cannot be used", number=str(offset_min)),
            hint=sentence("Give minutes east of UTC, a multiple of 5: 600 for +10:00, -210 for -03:30."),
        )
    return timezone(timedelta(minutes=offset_min))


def _date(day: str) -> date:
    try:
        parsed = date.fromisoformat(day)
    except ValueError:
        parsed = None
    # fromisoformat takes more forms than this one, such as 20250817 (Python 3.11 on).
    if parsed is None or parsed.isoformat() != day or not 1900 <= parsed.year <= 9000:
        raise BadInput(
            sentence("{day} is not a day", day=repr(day)),
            hint=sentence("Write it as YYYY-MM-DD, for example 2025-08-17."),
        )
    return parsed


def _next(day: str) -> str:
    return (_date(day) + timedelta(days=1)).isoformat()
