"""What `make length` proves at every point, and `make test` at points that a seed draws.

``LIVEONE_TESTS=length``: every point. ``LIVEONE_TESTS_SEED``: other points than those of seed 0. Tests that
ask here carry the mark ``sampled``.
"""

import os
import random
from collections.abc import Iterable
from typing import TypeVar

AT_LENGTH = os.environ.get("LIVEONE_TESTS") == "length"
SEED = os.environ.get("LIVEONE_TESTS_SEED", "0")
_T = TypeVar("_T")


def drawn(points: Iterable[_T], most: int) -> list[_T]:
    """Every point at length; else ``most`` of them, in their order."""
    every = list(points)
    if AT_LENGTH or len(every) <= most:
        return every
    places = random.Random(f"{SEED} of {len(every)}").sample(range(len(every)), most)
    return [every[place] for place in sorted(places)]
