"""The sign of grid power, learned from the ticks of the import and export counters."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liveone.domain.grid_sign import (
    GridEvidence,
    GridSample,
    multiplier,
    sign_in_use,
)

TICK = 0.085


def seen(*samples: tuple[float | None, float | None, float | None], step_s: int = 60) -> GridEvidence:
    evidence = GridEvidence()
    for index, (raw_w, in_kwh, out_kwh) in enumerate(samples):
        evidence = evidence.after(GridSample(1_755_000_000 + index * step_s, raw_w, in_kwh, out_kwh))
    return evidence


def ticking(raw_w: float, ticks: int, *, export: bool = False) -> list[tuple[float, float, float]]:
    steps = [index * TICK for index in range(ticks + 1)]
    return [(raw_w, 0.0, step) if export else (raw_w, step, 0.0) for step in steps]


def test_a_new_site_counts_negative_as_import_and_says_that_it_is_unconfirmed() -> None:
    evidence = GridEvidence()
    assert multiplier("auto", evidence) == -1
    assert (evidence.confirmed, evidence.ticks) == (None, 0)


@pytest.mark.parametrize(
    ("raw_w", "export", "sign"),
    [(-3000, False, "inverted"), (3000, False, "normal"), (3000, True, "inverted"), (-3000, True, "normal")],
)
def test_three_ticks_confirm_the_sign(raw_w: float, export: bool, sign: str) -> None:
    assert seen(*ticking(raw_w, 2, export=export)).confirmed is None
    evidence = seen(*ticking(raw_w, 3, export=export))
    assert sign_in_use("auto", evidence) == sign
    assert evidence.confirmed == sign


def test_ticks_are_counted_until_they_confirm() -> None:
    one, two = seen(*ticking(-3000, 1)), seen(*ticking(3000, 2))
    assert (one.confirmed, one.leaning, one.ticks) == (None, "inverted", 1)
    assert (two.confirmed, two.leaning, two.ticks) == (None, "normal", 2)


def test_the_owner_has_the_last_word() -> None:
    evidence = seen(*ticking(-3000, 3))
    assert multiplier("normal", evidence) == 1
    assert (evidence.leaning, evidence.ticks) == ("inverted", 3)


def test_a_confirmed_sign_falls_only_to_three_contrary_ticks_in_a_row() -> None:
    evidence = seen(*ticking(-3000, 3))
    at, kwh = 1_755_000_180, 3 * TICK

    def tick(evidence: GridEvidence, raw_w: float) -> GridEvidence:
        nonlocal at, kwh
        at, kwh = at + 60, kwh + TICK
        assert evidence.last is not None
        quiet = evidence.after(GridSample(at - 30, raw_w, evidence.last.in_kwh, 0.0))
        return quiet.after(GridSample(at, raw_w, kwh, 0.0))

    evidence = tick(tick(evidence, 3000), 3000)
    assert (evidence.confirmed, evidence.leaning, evidence.ticks) == ("inverted", "normal", 2)
    evidence = tick(evidence, -3000)
    assert (evidence.confirmed, evidence.leaning) == ("inverted", "inverted")
    for _ in range(3):
        evidence = tick(evidence, 3000)
    assert evidence.confirmed == "normal"


@pytest.mark.parametrize(
    ("second", "why"),
    [
        ((-3000.0, 0.0, 0.0), "nothing ticked"),
        ((-3000.0, TICK, TICK), "both ticked"),
        ((3000.0, TICK, 0.0), "the power changed its sign in between"),
        ((-20.0, TICK, 0.0), "power too small to have a sign"),
        ((None, TICK, 0.0), "no power"),
        ((-3000.0, None, 0.0), "no counter"),
        ((-3000.0, 500.0, 0.0), "a step beyond physics"),
        ((-3000.0, TICK, -1.0), "a counter that fell"),
    ],
)
def test_what_proves_nothing_changes_nothing(second: tuple[float, float, float], why: str) -> None:
    evidence = seen((-3000.0, 0.0, 0.0), second)
    assert (evidence.leaning, evidence.ticks) == (None, 0), why


def test_a_long_pause_proves_nothing() -> None:
    assert seen(*ticking(-3000, 3), step_s=601).ticks == 0
    assert seen(*ticking(-3000, 3), step_s=600).ticks == 3


def test_a_repeated_sample_teaches_nothing() -> None:
    evidence = seen(*ticking(-3000, 1))
    assert evidence.last is not None
    assert evidence.after(evidence.last) == evidence


def test_a_clock_that_went_back_starts_a_new_comparison() -> None:
    evidence = seen(*ticking(-3000, 1)).after(GridSample(1_600_000_000, -3000, 5.0, 0.0))
    assert evidence.ticks == 1
    assert evidence.after(GridSample(1_600_000_060, -3000, 5.0 + TICK, 0.0)).ticks == 2


def test_the_memory_survives_json() -> None:
    evidence = seen(*ticking(-3000, 2))
    assert GridEvidence.from_memory(json.loads(json.dumps(evidence.to_memory()))) == evidence


@pytest.mark.parametrize(
    "memory",
    [
        None,
        [],
        "x",
        {"confirmed": 3, "ticks": "2", "last": {"at": "x"}},
        {"last": 5, "ticks": True},
        {"confirmed": []},
    ],
)
def test_a_memory_that_is_not_understood_is_empty(memory: object) -> None:
    assert GridEvidence.from_memory(memory) == GridEvidence()


@settings(max_examples=100, deadline=None)
@given(
    powers=st.lists(st.floats(-5000, 5000), min_size=2, max_size=120),
    inverted=st.booleans(),
)
def test_a_device_that_is_consistent_is_never_confirmed_wrong(powers: list[float], inverted: bool) -> None:
    flows = [power for power in powers for _ in range(5)]
    in_kwh = out_kwh = 0.0
    evidence = GridEvidence()
    for index, house_w in enumerate(flows):
        in_kwh += max(house_w, 0.0) / 60_000
        out_kwh += max(-house_w, 0.0) / 60_000
        raw_w = -house_w if inverted else house_w
        shown = (in_kwh // TICK * TICK, out_kwh // TICK * TICK)
        evidence = evidence.after(GridSample(1_755_000_000 + index * 60, raw_w, *shown))
    assert evidence.confirmed in (None, "inverted" if inverted else "normal")
