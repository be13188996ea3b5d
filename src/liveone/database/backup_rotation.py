"""Which of many backups stay: the newest of each of the last days, weeks and months. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class BackupRotation:
    """How many days, weeks and months keep their newest backup."""

    daily: int
    weekly: int
    monthly: int

    def stay(self, made_at: Iterable[int]) -> set[int]:
        """Of backups made at these instants (UTC epoch seconds), those that stay; the newest always does."""
        newest_first = sorted(made_at, reverse=True)
        kept = set(newest_first[:1])
        for count, period in ((self.daily, _day), (self.weekly, _week), (self.monthly, _month)):
            kept |= _newest_of_each(newest_first, count, period)
        return kept


def _newest_of_each(
    newest_first: list[int], count: int, period: Callable[[datetime], tuple[int, ...]]
) -> set[int]:
    found: dict[tuple[int, ...], int] = {}
    for at in newest_first:
        found.setdefault(period(datetime.fromtimestamp(at, UTC)), at)
    return set(list(found.values())[:count])


def _day(moment: datetime) -> tuple[int, ...]:
    return (moment.year, moment.month, moment.day)


def _week(moment: datetime) -> tuple[int, ...]:
    return tuple(moment.isocalendar()[:2])


def _month(moment: datetime) -> tuple[int, ...]:
    return (moment.year, moment.month)
