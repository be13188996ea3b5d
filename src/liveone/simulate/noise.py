"""Randomness that is a function: the same seed and keys give the same number, in any order, on any machine.

Nothing here holds state, so a sample can be computed for any instant without computing those before.
"""

import random
from functools import lru_cache
from itertools import accumulate

_MASK = (1 << 64) - 1
TAPE_LENGTH = 1 << 14
"""Values on a tape; a power of two, so that a position wraps with ``& (TAPE_LENGTH - 1)``."""


def mix(*keys: int) -> int:
    """Spread integers over 64 bits (the finaliser of splitmix64)."""
    x = 0x9E3779B97F4A7C15
    for key in keys:
        x = (x ^ (key & _MASK)) * 0xBF58476D1CE4E5B9 & _MASK
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB & _MASK
        x ^= x >> 31
    return x


def unit(*keys: int) -> float:
    """A number in [0, 1) that belongs to these keys."""
    return mix(*keys) / (_MASK + 1)


def stream(*keys: int) -> random.Random:
    """A generator of its own for these keys."""
    return random.Random(mix(*keys))


@lru_cache(maxsize=1)
def white() -> tuple[float, ...]:
    """Independent normal values, mean 0, deviation 1."""
    source = random.Random(20200229)
    return tuple(source.gauss(0.0, 1.0) for _ in range(TAPE_LENGTH))


@lru_cache(maxsize=4)
def drifting(correlation_steps: int) -> tuple[float, ...]:
    """Normal values that wander, deviation 1: neighbours ``correlation_steps`` apart correlate by 1/e."""
    keep = 1.0 - 1.0 / correlation_steps
    push = (1.0 - keep * keep) ** 0.5
    shocks = [push * value for value in white()]
    return tuple(accumulate(shocks, lambda level, shock: keep * level + shock))


def minutes_of(tape: tuple[float, ...], *keys: int) -> list[float]:
    """1,440 consecutive values of a tape, from a place that belongs to the keys."""
    start = mix(*keys) % (TAPE_LENGTH - 1440)
    return list(tape[start : start + 1440])
