"""What collecting gave, as the API and the commands tell it."""

from collections.abc import Callable

from liveone.collect.days import closer, point_closer
from liveone.collect.polling.poller import PollResult
from liveone.store import systems
from liveone.store.store import Store
from liveone.web.services import DailyJob, DailyOutcome, PollOutcome


def run_daily(
    store: Store, job: DailyJob, now_at: float, *, goes_on: Callable[[], bool] = lambda: True
) -> list[DailyOutcome]:
    """The daily job in each of its forms, for as long as it ``goes_on``. Raises StoreError, BadInput."""
    if job.action == "clear":
        done = closer.regenerate(store, job.system_id, now_at)
    elif job.action == "day" and job.system_id is not None and job.day is not None:
        done = [closer.close_one(store, job.system_id, job.day)]
    else:
        chosen = closer.only(store, job.system_id)
        done = closer.catch_up(store, now_at, choose=chosen, goes_on=goes_on)
    point_closer.catch_up(store, now_at, goes_on=goes_on)
    sites = {system.id: system.vendor_site_id for system in systems.list_systems(store)}
    return [
        DailyOutcome(
            system=sites.get(closed.system_id, str(closed.system_id)),
            success=closed.error is None,
            days=closed.days,
            error=str(closed.error) if closed.error else None,
        )
        for closed in done
    ]


def poll_outcome(result: PollResult) -> PollOutcome:
    """One system's poll as the API and `liveone poll` show it."""
    reading = result.reading
    return PollOutcome(
        system=result.system.vendor_site_id,
        success=result.ok,
        solar=reading.solar_w if reading else None,
        battery=reading.battery_soc_pct if reading else None,
        battery_w=reading.battery_w if reading else None,
        delay=reading.delay_s if reading else None,
        error=str(result.error) if result.error else None,
    )
