"""How a collector works; the defaults are those of an installation that polls every minute."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CollectSettings:
    """The settings of a collector.

    ``polls`` False: somebody else calls ``poll_once`` every minute. ``pause_s`` None: the pause between polls
    by different processes follows from the cadence. At most ``slots`` polls wait for vendors at a time, in at
    most ``threads`` threads; one that lasts longer than ``stuck_after_s`` gives its slot back.
    """

    cadence_s: int = 60
    polls: bool = True
    pause_s: float | None = None
    slots: int = 16
    threads: int = 512
    stuck_after_s: float = 5.0
    poll_once_within_s: float = 50.0
    stop_within_s: float = 10.0
    tick_s: float = 1.0
    chores_every_s: float = 60.0
