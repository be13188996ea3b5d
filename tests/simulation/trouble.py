"""Everything that goes wrong in a month, as events that act on a simulation.

An event ends with the child at rest, and with nothing wrong any more but what time has to mend.
"""

import time
from collections.abc import Callable

from tests.simulation.month import DAY_S, HOUR_S, Month

Event = Callable[[Month], None]

ANSWERS = (
    "unauthorized", "login", "html", "status500", "status503", "status404", "ratelimit:900", "empty", "half",
    "reset", "repeat", "slow:0.02", "missing:load_w", "missing:solarinverter_w", "missing:timestamp",
    "missing:solar_wh_total", "null:grid_w", "null:battery_wh_total", "null:shunt_w", "null:battery_w",
    "text:load_w", "text:battery_soc",
)  # fmt: skip
"""Misbehaviours that strike a share of the answers for an hour or three."""

SECOND_FROM = 0.6
"""The share of the events after which the second house joins."""

DEVICE_CLOCKS = ("clock:7200", "clock:-5400", "clock:1800")


def events(month: Month) -> list[Event]:
    """The events of the month in the order in which they come; its seed decides."""
    kills: list[Event] = [killed] * month.plan.kills
    bag = [*RARE, *kills, *[misanswered] * len(ANSWERS)]
    month.random.shuffle(bag)
    bag = bag[: int(len(bag) * month.plan.share)]
    bag.insert(int(len(bag) * SECOND_FROM), second_house)
    return bag


def second_house(month: Month) -> None:
    """A system is added while the collector runs."""
    month.systems.append(month.add(month.sites[1]))
    month.advance(2 * month.plan.cadence_s)


def killed(month: Month) -> None:
    """kill -9 at any moment: while starting, polling, writing, closing days."""
    month.hands.limit_s = month.hands.elapsed_s + 2 * DAY_S
    time.sleep(month.random.choice((0.05, 0.3)) * month.random.random())
    month.kill()
    month.hands.true_at += month.random.choice((1, 40, 600, 2 * HOUR_S))
    month.start()
    if month.random.random() < 0.3:
        time.sleep(month.random.uniform(0.1, 0.8))
        month.kill()
        month.start()
    month.rest()


def killed_while_locked(month: Month) -> None:
    """kill -9 while readings go to the spool, and again while they leave it."""
    with month.lock():
        month.advance(month.random.uniform(0.2, 1.5) * HOUR_S)
        month.hands.limit_s = month.hands.elapsed_s + HOUR_S
        time.sleep(0.1 * month.random.random())
        month.kill()
        month.start()
        month.advance(month.random.uniform(0.1, 1) * HOUR_S)
    month.hands.limit_s = month.hands.elapsed_s + HOUR_S
    time.sleep(0.05 * month.random.random())
    month.kill()
    month.start()
    month.rest()


def restarted(month: Month) -> None:
    """SIGTERM and a new start."""
    month.stop()
    month.hands.true_at += 30
    month.start()
    month.rest()


def outage(month: Month) -> None:
    """The portal cannot be reached."""
    month.portal.stop()
    month.advance(month.random.uniform(0.2, 5) * HOUR_S)
    month.portal.start()


def locked(month: Month) -> None:
    """Another program holds the write lock; afterwards the spool empties itself."""
    with month.lock():
        month.advance(month.random.uniform(0.3, 3) * HOUR_S)
        month.check_kept()
    month.advance(0.2 * HOUR_S)
    assert not any(month.waiting().values()) or month.plan.generation == 1, "the spool did not empty itself"


def clock_stepped(month: Month) -> None:
    """The collector's wall clock is set wrong, or right again."""
    month.read_log()
    month.hands.error_s = month.random.choice((-11, -3, 0, 2, 5.5)) * HOUR_S


def suspended(month: Month) -> None:
    """The machine sleeps for hours: the wall clock goes on, the monotonic clock does not."""
    month.hands.true_at += month.random.uniform(0.1, 9) * HOUR_S


def hung(month: Month) -> None:
    """The portal says nothing and closes at last."""
    month.portal.faults.add("hang:0.1@times=2")
    month.advance(HOUR_S)


def log_in_failed(month: Month) -> None:
    """All sessions end, and logging in fails three times."""
    month.portal.faults.add("status500@on=login,times=3")
    month.portal.sessions.end_all()


def misanswered(month: Month) -> None:
    """A share of the answers is bad in one of the ways of ANSWERS, each way in its turn."""
    kind = ANSWERS[month.events["misanswered"] % len(ANSWERS)]
    share, lasts_s = month.random.randint(20, 90), month.random.uniform(0.5, 3) * HOUR_S
    month.portal.faults.add(f"{kind}@{share}%,until=+{lasts_s:.0f}")
    month.advance(lasts_s)


def glitch(month: Month) -> None:
    """Counters read 0 once."""
    month.portal.faults.add(month.random.choice(("glitch", "glitch:solar", "glitch:load@times=1")))


def counter_reset(month: Month) -> None:
    """The device begins to count anew."""
    month.portal.faults.add(f"counterreset@site={month.any_site()},once")


def device_clock_wrong(month: Month) -> None:
    """For a while samples carry a wrong time."""
    kind = DEVICE_CLOCKS[month.events["device_clock_wrong"] % len(DEVICE_CLOCKS)]
    month.portal.faults.add(f"{kind}@site={month.any_site()},until=+{1.5 * HOUR_S}")
    month.advance(2 * HOUR_S)


RARE: list[Event] = [
    *[restarted] * 2, *[outage] * 3, *[locked] * 3, *[killed_while_locked] * 3, *[clock_stepped] * 4,
    *[suspended] * 2, hung, log_in_failed, *[glitch] * 3, counter_reset, *[device_clock_wrong] * 3,
]  # fmt: skip
