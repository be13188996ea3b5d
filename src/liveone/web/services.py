"""What the routes need, wired by ``main``: the web never sees the collector, only what it can ask of it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from liveone.clock import Clock
from liveone.store.store import Store
from liveone.web.auth import AuthSettings


@dataclass(frozen=True, slots=True)
class PollOutcome:
    """What polling one system gave: ``solar`` and ``battery`` in W (house signs), ``delay`` in seconds.

    ``system`` is the vendor's name of the site; ``error`` says why when ``success`` is false.
    """

    system: str
    success: bool
    solar: int | None = None
    battery: int | None = None
    delay: float | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class DailyOutcome:
    """The ``days`` (YYYY-MM-DD, local) that were closed for one system."""

    system: str
    success: bool
    days: Sequence[str] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class DailyJob:
    """What the daily job is asked to do.

    ``yesterday``: close the day before today of every system; ``catchup``: close every complete day that
    is still open; ``clear``: compute all days again; ``day``: one ``day`` of ``system_id``.
    """

    action: Literal["yesterday", "catchup", "clear", "day"]
    system_id: int | None = None
    day: str | None = None


@dataclass(frozen=True, slots=True)
class Services:
    """``poll_now`` polls every active system once; ``daily`` closes days; ``collector_status`` says how
    collecting goes (numbers, ``spool_waiting`` among them, and ``problems`` in words); ``release`` is
    ``<version>+<commit>``; ``cadence_s`` the seconds between polls.
    """

    store: Store
    clock: Clock
    auth: AuthSettings
    poll_now: Callable[[], Awaitable[Sequence[PollOutcome]]]
    daily: Callable[[DailyJob], Awaitable[Sequence[DailyOutcome]]]
    collector_status: Callable[[], Mapping[str, Any]]
    release: str
    cadence_s: int = 60
