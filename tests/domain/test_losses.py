"""What the meters leave unexplained, in the cases with which tests/js tries the charts."""

import json
from pathlib import Path
from typing import Any

import pytest

from liveone.domain.reading import Reading

CASES = json.loads((Path(__file__).parents[1] / "losses.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=str)
def test_losses_are_what_the_charts_draw(case: dict[str, Any]) -> None:
    powers = {f"{name}_w": case[f"{name}W"] for name in ("solar", "battery", "grid", "load")}
    assert Reading(0, 0, **powers).losses_w == case["lossesW"]
