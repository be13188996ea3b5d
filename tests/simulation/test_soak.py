"""Two minutes of the soak: pollers, web instances, primary and replica die; nothing is lost or doubled."""

import os
from pathlib import Path

import pytest
from tests.sample import AT_LENGTH
from tests.simulation.soak import SoakPlan, soak

PLAN = SoakPlan(seed=int(os.environ.get("LIVEONE_SOAK_SEED", "7")), seconds_s=110.0, window_s=22.0)


@pytest.mark.slow
@pytest.mark.sampled
@pytest.mark.skipif(not AT_LENGTH, reason="`make length` has it, and `make soak` longer")
def test_two_minutes_of_killing_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    with soak(tmp_path, PLAN) as ready:
        outcome = ready.run()
    print(f"seed {PLAN.seed}: {outcome}")
    assert all(count >= 4 for count in outcome.kills.values())
    assert outcome.stored > 100
    assert outcome.answers > 100
