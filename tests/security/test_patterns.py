"""No pattern backtracks: on any hostile text its time grows as the text does, not as its square.

`re` keeps the interpreter while it searches. A pattern whose time grows with the square of a text lets a
portal, a visitor or a file stop every request and every poll of the process.
"""

import re
import time
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any

import pytest
from tests.sample import drawn
from tests.security.patterns import Used, modules, place_of, pumps, used_patterns

REPEATS = (8, 12, 16, 20, 24, 32, 64, 256)
"""Few ones first: a pattern whose time doubles with every repeat would never end on a long text."""

LONGEST = 6_000
"""The last text is as long as this, beside a quarter of it: growth with the square is noticed then."""

PUMPS = 120
"""So many hostile texts for each pattern; every one of them at length."""

NOTICED_S = 0.02
"""Quicker than this no text of these can be while its time grows with the square."""

GROWTH_MAX = 2.4
"""How much faster than the text the time may grow; with the square it is 4 from one length to the next."""


def test_the_walk_finds_the_patterns_of_both_packages() -> None:
    found = [used for path in modules() for used in used_patterns(path)]
    assert {used.place.partition(".")[0].partition("/")[0] for used in found} >= {"liveone", "changeover"}
    assert len(found) > 100


@pytest.mark.sampled
@pytest.mark.parametrize("path", modules(), ids=place_of)
def test_patterns_take_time_in_proportion_to_the_text(path: Path) -> None:
    for used in used_patterns(path):
        for way in sorted(used.ways):
            found = _slow_on_a_hostile_text(used, way)
            assert found is None, f"{used.place} {used.pattern.pattern!r} {way} on {found}"


@pytest.mark.parametrize(
    "text", [r"[\w.+%-]+@[\w-]+", r"<(script)\b.*?</\1\s*>", r"(a+)+$", r"\s+#+$", r"^(\d+\.?)*x"]
)
def test_a_pattern_that_backtracks_is_found(text: str) -> None:
    pattern = re.compile(text, re.DOTALL)
    assert any(slow(pattern, "finditer", *pump) for pump in pumps(pattern))


def _slow_on_a_hostile_text(used: Used, way: str) -> str | None:
    for before, again, after in drawn(pumps(used.pattern), PUMPS):
        if found := slow(used.pattern, way, before, again, after):
            return f"{before!r} + {again!r}*n: {found}"
    return None


def slow(pattern: "re.Pattern[Any]", way: str, before: str, again: str, after: str) -> str | None:
    """By how much the time grew faster than the text, or None where it did not."""
    most = (LONGEST - len(before) - len(after)) // len(again)
    for fewer, more in [*takewhile(lambda pair: pair[1] < most, pairwise(REPEATS)), (most // 4, most)]:
        shorter, longer = (_subject(pattern, before + again * repeats + after) for repeats in (fewer, more))
        took_s = _once_s(pattern, way, longer)
        if took_s <= NOTICED_S:
            continue
        long_s = min([took_s, *(_once_s(pattern, way, longer) for _ in range(4 if took_s < 1 else 0))])
        short_s = min(_once_s(pattern, way, shorter) for _ in range(5))
        growth = long_s / short_s / (len(longer) / len(shorter))
        if long_s > NOTICED_S and growth > GROWTH_MAX:
            return f"{len(shorter)} letters {short_s:.4f} s, {len(longer)} letters {long_s:.4f} s"
    return None


def _subject(pattern: "re.Pattern[Any]", text: str) -> Any:
    return text.encode("utf-8", "replace") if isinstance(pattern.pattern, bytes) else text


def _once_s(pattern: "re.Pattern[Any]", way: str, subject: Any) -> float:
    began_s = time.thread_time()  # what other processes do is not counted
    found = getattr(pattern, way)(subject)
    if way == "finditer":
        for _ in found:
            pass
    return time.thread_time() - began_s
