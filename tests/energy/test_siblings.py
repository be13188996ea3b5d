"""Houses that nobody reported: siblings of the reported ones, thought up by somebody who knows the rules.

A sample every five minutes, three days and more; each with what flowed, by day where a day can know it. The
same houses were compared at every door (see ``test_one_number``); here their numbers are kept.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from tests.domain.rows import close_days

from liveone.domain.aggregates import FiveMinutes
from liveone.domain.zones import Zone

HOUR_S = 3600
EAST, BERLIN, LORD_HOWE = Zone(600), Zone(0, "Europe/Berlin"), Zone(0, "Australia/Lord_Howe")

Flowed = Callable[[float], float]
"""What has flowed up to an hour (kWh)."""
Shown = Callable[[float, Flowed], float | None]
"""What the counter shows at an hour."""
Spans = tuple[tuple[float, float], ...]


def house_w(hour: float) -> float:
    return 400 + 300 * math.sin(hour) ** 2 + (2500 if 17.5 < hour % 24 < 19 else 0)


def night_w(hour: float) -> float:
    return 3000 if hour % 24 >= 22 or hour % 24 < 6 else 0


def sun_w(hour: float) -> float:
    return max(0.0, 5000 * math.sin((hour % 24 - 6) / 12 * math.pi))


def within(hour: float, spans: Spans) -> bool:
    return any(begin <= hour < end for begin, end in spans)


def plain(hour: float, kwh: Flowed) -> float:
    return 5000 + kwh(hour)


def ticks(size_kwh: float, of: Shown = plain) -> Shown:
    return lambda hour, kwh: math.floor((of(hour, kwh) or 0) / size_kwh + 1e-9) * size_kwh


def told_every(hours: float, first_h: float = 0.0) -> Shown:
    """A counter that arrives now and then."""
    return lambda hour, kwh: 5000 + kwh(max(0.0, (hour - first_h) // hours * hours + first_h))


def stands(begin_h: float, end_h: float, *, is_lost: bool = False) -> Shown:
    def shown(hour: float, kwh: Flowed) -> float:
        lost_kwh = kwh(end_h) - kwh(begin_h) if is_lost and hour >= end_h else 0
        return 5000 + (kwh(begin_h) if begin_h < hour < end_h else kwh(hour)) - lost_kwh

    return shown


def exchanged(*steps: tuple[float, float], of: Shown = plain) -> Shown:
    """At each hour by another meter that stands so much further or lower."""
    return lambda hour, kwh: (of(hour, kwh) or 0) + sum(by_kwh for at_h, by_kwh in steps if hour > at_h)


def zero(*spans: tuple[float, float], of: Shown = plain) -> Shown:
    return lambda hour, kwh: 0.0 if within(hour, spans) else of(hour, kwh)


def absent(*spans: tuple[float, float]) -> Shown:
    return lambda hour, kwh: None if within(hour, spans) else plain(hour, kwh)


def reset_every(hours: float) -> Shown:
    return lambda hour, kwh: kwh(hour) - kwh(hour // hours * hours)


def rolls_over(at_kwh: float, start_kwh: float) -> Shown:
    return lambda hour, kwh: (start_kwh + kwh(hour)) % at_kwh


@dataclass(frozen=True)
class Sibling:
    """``of_w`` flows; the counter shows ``shown``; nothing at all is read in ``silent``, no power in
    ``unseen``. The sum is right to ``within_kwh``, each whole day to ``day_kwh``."""

    shown: Shown
    within_kwh: float = 0.15
    day_kwh: float | None = None
    of_w: Callable[[float], float] = house_w
    silent: Spans = ()
    unseen: Spans = ()
    zone: Zone = field(default_factory=lambda: EAST)
    first_day: str = "2026-06-01"
    days: int = 3
    every_s: int = 300


SIBLINGS = {
    "ticks of 0.1 kWh": Sibling(ticks(0.1)),
    "ticks of 1 kWh": Sibling(ticks(1.0), 1.0, 1.1),
    "ticks of 10 kWh": Sibling(ticks(10.0), 3.0, days=4),
    "ticks of 1 kWh, at night only": Sibling(ticks(1.0), 1.0, 1.1, of_w=night_w),
    "ticks of 10 kWh, of the sun": Sibling(ticks(10.0), 5.0, of_w=sun_w, days=4),
    "once a day at midnight": Sibling(told_every(24), 1.0, 1.0, days=4),
    "once a day at two": Sibling(told_every(24, 2), 1.0, 1.0, days=4),
    "once a day at noon, of the sun": Sibling(told_every(24, 12), 1.0, 1.0, of_w=sun_w, days=4),
    "once a day, zeros as it arrives": Sibling(
        zero((24, 24.5), (48, 50), of=told_every(24)), 1.0, 1.3, days=4
    ),
    "once a day, rolls over": Sibling(
        lambda hour, kwh: (told_every(24)(hour, kwh) or 0) % 5010, 1.0, 1.0, days=4
    ),
    "every six hours, power read once and never again": Sibling(
        told_every(6), 1.5, unseen=((0.01, 99),), days=3
    ),
    "stands across midnight": Sibling(stands(22, 27), 0.15, 0.3),
    "stands across midnight and makes up for nothing": Sibling(stands(22, 27, is_lost=True), 0.4, 0.4),
    "stands across two midnights": Sibling(stands(20, 52), 0.5, 0.6),
    "stands through the hour that comes twice": Sibling(
        stands(22, 30), 0.3, 0.3, zone=BERLIN, first_day="2026-10-24"
    ),
    "stands through the hour that does not come": Sibling(
        stands(22, 30), 0.3, 0.3, zone=BERLIN, first_day="2026-03-28"
    ),
    "stands through Lord Howe's half hour, lost": Sibling(
        stands(22, 30, is_lost=True), 0.4, 0.4, zone=LORD_HOWE, first_day="2026-04-04"
    ),
    "stands for fifty hours": Sibling(stands(10, 60), 0.6, 0.7, days=4),
    "another meter, lower": Sibling(exchanged((13, -4000))),
    "another meter, higher": Sibling(exchanged((13, 4000))),
    "another meter, a little higher": Sibling(exchanged((13, 5)), 0.3),
    "another meter, a little lower": Sibling(exchanged((13, -2)), 0.3),
    "three other meters in a day": Sibling(exchanged((7, -3000), (12, 9000), (19, -8000)), 0.4),
    "another meter at midnight": Sibling(exchanged((24, 4000)), 0.15, 0.15),
    "another meter in a silence at midnight": Sibling(exchanged((24, -300)), 0.5, silent=((23, 25),)),
    "another meter where no power is read": Sibling(exchanged((26, -800)), 0.5, unseen=((20, 32),)),
    "begins at 0 again": Sibling(
        lambda hour, kwh: 9000 + kwh(hour) if hour < 14 else kwh(hour) - kwh(14), 0.3
    ),
    "zeros for an hour": Sibling(zero((10, 11))),
    "zeros for thirty hours": Sibling(zero((10, 40)), 0.5, days=4),
    "zeros for a week": Sibling(zero((10, 180)), 1.5, days=9),
    "zeros again and again": Sibling(zero(*((hour, hour + 0.05) for hour in range(5, 60, 3)))),
    "zeros every other time": Sibling(lambda hour, kwh: 0.0 if round(hour * 12) % 2 else 7000 + kwh(hour)),
    "zeros, then a little lower": Sibling(zero((10, 12), of=exchanged((12, -3))), 0.4),
    "zeros after a silence": Sibling(zero((30, 30.1)), 0.4, silent=((20, 30),)),
    "zeros without power": Sibling(zero((10, 17)), 0.2, unseen=((9.9, 17.1),)),
    "absent for twenty hours": Sibling(absent((10, 30)), 0.3, 0.3),
    "absent and power, too": Sibling(absent((10, 30)), 0.3, unseen=((10, 30),)),
    "starts anew six times a day": Sibling(reset_every(4)),
    "starts anew every hour": Sibling(reset_every(1), 0.5),
    "starts anew every day, ticks of 0.1": Sibling(ticks(0.1, reset_every(24)), 0.5, 0.3),
    "rolls over at 2^16 tenths": Sibling(rolls_over(6553.6, 6540)),
    "rolls over at 2^16 Wh": Sibling(rolls_over(65.536, 60)),
    "rolls over at 2^32 Wh": Sibling(rolls_over(4294967.296, 4294960)),
    "rolls over at a million": Sibling(rolls_over(1e6, 999_990)),
    "rolls over every ten kWh": Sibling(rolls_over(10, 3), 0.3),
    "2^32 - 1 for two hours": Sibling(lambda hour, kwh: 4294967.295 if 10 < hour < 12 else kwh(hour), 0.3),
    "dead, at night only": Sibling(lambda *_: 77.7, 0.3, of_w=night_w),
    "dead from noon on": Sibling(lambda hour, kwh: 5000 + kwh(min(hour, 12)), 0.5, 0.5, of_w=sun_w),
    "catches up in two steps": Sibling(
        lambda hour, kwh: 5000 + kwh(10 if 10 < hour < 12 else 11 if 12 <= hour < 12.08 else hour),
        0.3,
        of_w=lambda _: 4000,
    ),
    "two meters by turns": Sibling(
        lambda hour, kwh: (1000 if round(hour * 12) % 2 else 7000) + kwh(hour), 1.5
    ),
    "Wh in a column of kWh": Sibling(lambda hour, kwh: 1e6 + 1000 * kwh(hour), 0.6),
    "a silence over a night": Sibling(plain, 0.15, silent=((20, 30),)),
    "half an hour of silence every other hour": Sibling(
        plain, 0.1, silent=tuple((hour, hour + 0.5) for hour in range(1, 70, 2))
    ),
    "no power at night": Sibling(plain, 0.15, 0.15, unseen=((20, 32),)),
    "hourly, no counter, on the day of 25 hours": Sibling(
        lambda *_: None, 0.1, 0.1, of_w=lambda _: 1000, zone=BERLIN, first_day="2026-10-24", every_s=3600
    ),
    "half-hourly, no counter, on the day of 23": Sibling(
        lambda *_: None, 0.1, 0.1, of_w=lambda _: 1000, zone=BERLIN, first_day="2026-03-28", every_s=1800
    ),
    "hourly, ticks of 10 kWh, a zero": Sibling(
        zero((30, 30.5), of=ticks(10.0)), 10.0, of_w=lambda _: 4900, every_s=3600
    ),
    "asleep at night, awake in the sun, counts by the day": Sibling(
        lambda hour, kwh: kwh(hour) - kwh(max(0.0, (hour - 6) // 24 * 24 + 6)),
        0.3,
        0.3,
        of_w=sun_w,
        silent=((18.5, 30.2), (42.5, 54.2)),
    ),
}


def test_there_are_enough_of_them() -> None:
    assert len(SIBLINGS) >= 40


@pytest.mark.parametrize("name", SIBLINGS, ids=lambda name: name.replace(" ", "-"))
def test_what_flowed_is_told(name: str) -> None:
    one = SIBLINGS[name]
    start_at, minutes = one.zone.bounds(one.first_day)[0], one.days * 1440 + 120
    sums = [0.0]
    for minute in range(minutes):
        sums.append(sums[-1] + one.of_w((minute + 0.5) / 60) / 60_000)

    def kwh(hour: float) -> float:
        return sums[round(hour * 60)]

    rows = []
    for second in range(0, minutes * 60 + 1, one.every_s):
        hour = second / HOUR_S
        if not within(hour, one.silent):
            watts = None if within(hour, one.unseen) else round(one.of_w(max(0.0, hour - 1 / 120)))
            rows.append(
                FiveMinutes(
                    start_at + second,
                    load_w_avg=watts,
                    load_w_min=watts,
                    load_w_max=watts,
                    load_kwh_total_last=one.shown(hour, kwh),
                    sample_count=1,
                )
            )
    days = {day.day: day.load_kwh or 0 for day in close_days(rows, zone=one.zone, rated_kw=100)}
    assert sum(days.values()) == pytest.approx(kwh(minutes / 60), abs=one.within_kwh)
    for day, found_kwh in days.items():
        first, last = ((at - start_at) / HOUR_S for at in one.zone.bounds(day))
        if one.day_kwh is not None and first >= 0 and last <= minutes / 60:
            assert found_kwh == pytest.approx(kwh(last) - kwh(first), abs=one.day_kwh), day
