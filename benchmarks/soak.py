"""Months of trouble, one seed after another: `python -m benchmarks.soak` (LIVEONE_SOAK_MINUTES=30: longer).

Each line is a month of two houses polled every minute, with outages, faults, wrong clocks, locks and kill -9.
A month that breaks an invariant is reported with its seed and its folder, which is kept; the exit code is 1.
"""

import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tests.simulation.month import Month, Plan
from tests.simulation.proof import energies, prove
from tests.simulation.trouble import events

from liveone.store import readings

MINUTES = float(os.environ.get("LIVEONE_SOAK_MINUTES", "5"))
FIRST_SEED = int(os.environ.get("LIVEONE_SOAK_SEED", "100"))
HEAD = " seed gen events kills readings  answers worst kWh     s"


@dataclass(frozen=True)
class Outcome:
    """What one month gave; ``error`` is why it failed."""

    plan: Plan
    events: int
    kills: int
    readings: int
    answers: int
    worst_kwh: float
    lasted_s: float
    error: str = ""

    def __str__(self) -> str:
        numbers = (
            f"{self.events:>6} {self.kills:>5} {self.readings:>8} {self.answers:>8} {self.worst_kwh:>9.3f}"
        )
        plan, verdict = self.plan, self.error or "ok"
        return f"{plan.seed:>5} {plan.generation:>3} {numbers} {self.lasted_s:>5.0f} {verdict}"


def main() -> None:
    """Run months until the time is up; at least one."""
    print(HEAD, flush=True)
    failed = 0
    for outcome in outcomes(time.monotonic() + MINUTES * 60):
        print(outcome, flush=True)
        failed += bool(outcome.error)
    sys.exit(1 if failed else 0)


def outcomes(end_s: float) -> Iterator[Outcome]:
    """Months by seed; every third is on a database of generation 1. The first is always run."""
    for seed in count(FIRST_SEED):
        yield lived(Plan(seed=seed, cadence_s=60, tick_s=20.0, generation=1 if seed % 3 == 2 else 2))
        if time.monotonic() > end_s:
            return


def lived(plan: Plan) -> Outcome:
    """One month; its folder is removed unless it failed."""
    began_s, folder = time.monotonic(), Path(tempfile.mkdtemp(prefix=f"soak-{plan.seed}-"))
    with closing(Month(folder, plan)) as month:
        error, worst_kwh = "", 0.0
        try:
            for _ in month.run(events(month)):
                month.check()
            prove(month)
            found = [
                each for site, system in month.observed() for each in energies(month, site.house, system)
            ]
            worst_kwh = max(abs(each.error_kwh) for each in found)
        except Exception:
            error = f"{folder}\n{traceback.format_exc()}"
        outcome = Outcome(
            plan,
            events=sum(month.events.values()),
            kills=month.kills,
            readings=sum(readings.count(month.store, system.id) for _, system in month.observed()),
            answers=sum(site.account.accepted for site, _ in month.observed()),
            worst_kwh=worst_kwh,
            lasted_s=time.monotonic() - began_s,
            error=error,
        )
    if not error:
        shutil.rmtree(folder)
    return outcome


if __name__ == "__main__":
    main()
