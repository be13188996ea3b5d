"""A month of two houses with outages, faults, wrong clocks and kill -9: after each event nothing is lost."""

from pathlib import Path

import pytest
from tests.simulation.month import Month, Plan
from tests.simulation.proof import prove


@pytest.mark.parametrize("plan", [Plan(seed=1)], ids=["month"])
def test_whatever_happens_nothing_is_lost_doubled_or_invented(tmp_path: Path, plan: Plan) -> None:
    month = Month(tmp_path, plan)
    for _ in month.run():
        month.check()
    prove(month)
