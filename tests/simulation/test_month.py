"""Two houses with outages, faults, wrong clocks and kill -9: after each event nothing is lost."""

from contextlib import closing
from pathlib import Path

import pytest
from tests.sample import AT_LENGTH
from tests.simulation.month import Month, Plan
from tests.simulation.proof import prove
from tests.simulation.trouble import events

PLANS = {
    "a month": Plan(seed=1) if AT_LENGTH else Plan(seed=1, days=3.0, share=0.15),
    "a week on generation 1": Plan(
        seed=2,
        days=7.0 if AT_LENGTH else 1.5,
        share=0.3 if AT_LENGTH else 0.1,
        kills=6 if AT_LENGTH else 3,
        generation=1,
    ),
}
"""In `make test` the beginning of each; `make length` has them whole, `make soak` many more."""


@pytest.mark.sampled
@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS.keys())
def test_whatever_happens_nothing_is_lost_doubled_or_invented(tmp_path: Path, plan: Plan) -> None:
    with closing(Month(tmp_path, plan)) as month:
        for _ in month.run(events(month)):
            month.check()
        prove(month)
